"""What the pages of operations share: who may come in, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import NotAllowed, NotFound, Refusal, SignInNeeded
from blinkit.kernel.permissions import web_role
from blinkit.kernel.words import said

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
ROLES = ("ops", "admin")


def screen(view: View[P]) -> Door[P]:
    return never_cache(require_safe(web_role(*ROLES)(view)))


def act(back: str, *, keep: str = "") -> Callable[[View[P]], Door[P]]:
    """A form's target: after a refusal the person is back on the page named `back`, with the sentence said to them;
    `keep` is the field that says what that page showed. A form htmx sends stays as it is under the sentence."""

    def decorate(view: View[P]) -> Door[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                response = view(request, *args, **kwargs)
            except (NotAllowed, NotFound, SignInNeeded):
                raise
            except Refusal as refusal:
                if is_htmx(request):
                    raise
                messages.error(request, said(refusal.detail))
                kept = urlencode({keep: request.POST[keep]}) if request.POST.get(keep) else ""
                return redirect(f"{resolve_url(back, *kwargs.values())}{'?' if kept else ''}{kept}")
            if is_htmx(request) and response.status_code == 302:
                return HttpResponse(status=204, headers={"HX-Redirect": response["Location"]})
            return response

        return require_POST(web_role(*ROLES)(guarded))

    return decorate


def actor_of(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"


def before_of(request: HttpRequest) -> datetime | None:
    """Where the page before this one of a list ended; None on the first, and for what is no instant."""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:
        return None
    return None if before is None or timezone.is_naive(before) else before


def is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {"home_url": "/ops/", "default_theme": "dark"} | context)
