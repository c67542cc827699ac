"""What the screens of the floor share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID, uuid4

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import NotAllowed, NotFound, Refusal, SignInNeeded
from blinkit.kernel.permissions import web_role
from blinkit.kernel.words import said
from catalog.models import Store
from fulfillment import access

P = ParamSpec("P")
Screen = Callable[Concatenate[HttpRequest, P], HttpResponse]
Door = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the last scan did, for eyes and ears. `kind`: right, wrong, note or refused."""

    kind: str
    text: str


def screen(view: Screen[P]) -> Door[P]:
    """A page for the floor's people; strangers sign in first. Which store is theirs the view asks `access`."""
    return never_cache(require_safe(web_role(*access.EVERYBODY)(view)))


def act(back: str) -> Callable[[Screen[P]], Door[P]]:
    """A form's target: after a refusal the person is back on the page named `back`, with the sentence said to them."""

    def decorate(view: Screen[P]) -> Door[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except (NotAllowed, NotFound, SignInNeeded):
                raise
            except Refusal as refusal:
                messages.error(request, said(refusal.detail))
                return redirect(back_of(request, back), str(kwargs["code"]))

        return require_POST(web_role(*access.EVERYBODY)(guarded))

    return decorate


def back_of(request: HttpRequest, usual: str) -> str:
    """The page an act leads back to: the one it was done on."""
    return {"floor": "floor-live", "staff": "floor-staff"}.get(request.POST.get("back", ""), usual)


def show(
    request: HttpRequest, template: str, store: Store, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    may_work, may_manage = access.standing(request.user, store)
    shared = {
        "store": store,
        "home_url": f"/store/{store.code}/",
        "floor": True,
        "may_work": may_work,
        "may_manage": may_manage,
    }
    return render(request, template, shared | context, status=status)


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def number_of(request: HttpRequest, name: str, *, default: int = 0) -> int:
    """A whole number somebody typed; nonsense is the default, the service judges the rest."""
    text = request.POST.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default


def me(request: HttpRequest) -> int:
    """Who is signed in, behind `screen` and `act`."""
    return int(request.user.pk)  # type: ignore[arg-type]  # the decorators let only signed-in people in


def qr(text: str, *, scale: int = 5, border: int = 2, error: str = "m") -> SafeString:
    """The text as a QR code to print, an inline SVG."""
    return mark_safe(segno.make(text, error=error, micro=False).svg_inline(scale=scale, border=border))


def nonce_of(request: HttpRequest) -> str:
    """What the form or the device made up for this tap; a tap without one counts for itself."""
    return request.POST.get("nonce", "")[:64] or uuid4().hex


def uuid_of(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        return None
