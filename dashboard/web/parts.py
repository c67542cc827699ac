"""What the pages of operations share: who may come in, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import NotAllowed, NotFound, Refusal, SignInNeeded
from blinkit.kernel.permissions import web_role

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
ROLES = ("ops", "admin")


def screen(view: View[P]) -> Door[P]:
    return never_cache(require_safe(web_role(*ROLES)(view)))


def act(back: str) -> Callable[[View[P]], Door[P]]:
    """A form's target: after a refusal the person is back on the page named `back`, with the sentence said to them."""

    def decorate(view: View[P]) -> Door[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except (NotAllowed, NotFound, SignInNeeded):
                raise
            except Refusal as refusal:
                messages.error(request, refusal.detail)
                return redirect(back, *kwargs.values())

        return require_POST(web_role(*ROLES)(guarded))

    return decorate


def actor_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {"home_url": "/ops/", "default_theme": "dark"} | context)
