"""Inviting a friend: one's own code to share, and entering a friend's."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from blinkit.kernel.errors import Refusal
from blinkit.kernel.words import said
from orders import queries, services
from orders.web.shopper import REFERRAL_KEY, Shopper, customer_of

DEVICE_COOKIE = "device"
DEVICE_COOKIE_S = 400 * 24 * 3600


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def refer(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    customer_id = customer_of(request)
    device = _device(request) or uuid4().hex
    error, status = "", 200
    typed = request.POST.get("code", "")[:40]
    if request.method == "POST":
        try:
            services.enter_referral(customer_id=customer_id, code=typed, device=device, now=shopper.now)
        except Refusal as refusal:
            error, status = refusal.detail, refusal.status
        else:
            request.session.pop(REFERRAL_KEY, None)
            messages.success(request, _("Your friend's code is kept."))
            return _remember(redirect("shop-refer"), device, request)
    mine = services.my_referral_code(user_id=customer_id, now=shopper.now, device=device)
    view = queries.referral_view(customer_id=customer_id, code=mine.code)
    link = request.build_absolute_uri(f"{reverse('shop-home')}?{REFERRAL_KEY}={view.code}")
    context: dict[str, Any] = {
        "heading": _("Invite a friend"),
        "back": reverse("shop-account"),
        "searchable": "desktop",
        "referral": view,
        "link": link,
        "typed": typed or request.session.get(REFERRAL_KEY, ""),
        "error": error,
    }
    return _remember(shopper.render("shop/refer.html", context, status), device, request)


def take_friends_code(request: HttpRequest, user: Any, response: HttpResponse) -> HttpResponse:
    """After signing in: the code of the link somebody came by is entered. One that does not count is told once.

    The response marks the browser: another newcomer on it is none.
    """
    code = request.session.pop(REFERRAL_KEY, "")
    if not code:
        return response
    device = _device(request) or uuid4().hex
    try:
        services.enter_referral(customer_id=user.pk, code=code, device=device, now=timezone.now())
    except Refusal as refusal:
        messages.info(request, said(refusal.detail))
    else:
        messages.success(request, _("Your friend's code is kept: both of you get credit after your first order."))
    return _remember(response, device, request)


def _device(request: HttpRequest) -> str:
    """A random mark of this browser; empty before the first one is given."""
    return request.get_signed_cookie(DEVICE_COOKIE, default="", max_age=DEVICE_COOKIE_S) or ""


def _remember(response: HttpResponse, device: str, request: HttpRequest) -> HttpResponse:
    response.set_signed_cookie(
        DEVICE_COOKIE, device, max_age=DEVICE_COOKIE_S, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response
