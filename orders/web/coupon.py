"""The coupon field of the cart."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from blinkit.kernel.errors import Refusal
from blinkit.kernel.limits import check_limit
from blinkit.kernel.words import said
from orders import services
from orders.web import cart as cart_page
from orders.web.shopper import Shopper, is_htmx


@require_POST
def coupon(request: HttpRequest) -> HttpResponse:
    """Put a code on the cart, or take it off. The cart says what became of it."""
    shopper = Shopper(request)
    owner = shopper.owner(begin=True)
    try:
        check_limit("coupon", str(owner), limit=20, per_s=60)
        code = request.POST.get("code", "")[:40]
        view = services.set_coupon(code=code, now=shopper.now, to=shopper.place.point, **owner)
    except Refusal as refusal:
        return cart_page.show(shopper, changed=said(refusal.detail))
    shopper.cart = shopper.summarise(view)
    return cart_page.show(shopper) if is_htmx(request) or view.offered.coupon else redirect("shop-cart")
