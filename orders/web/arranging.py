"""How the next order shall come: now or in which slot, and whether it is a gift."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from blinkit.kernel.errors import Refusal
from orders import services
from orders.web import cart as cart_page
from orders.web.shopper import Shopper, is_htmx
from orders.web.when import SLOT_KEY, slot_id_of


@require_POST
def when(request: HttpRequest) -> HttpResponse:
    """Keep the choice until the order is placed."""
    slot = request.POST.get("slot", "")
    request.session[SLOT_KEY] = slot if slot_id_of(slot) else ""
    return cart_page.show(Shopper(request)) if is_htmx(request) else redirect("shop-cart")


@require_POST
def gift(request: HttpRequest) -> HttpResponse:
    """A gift with a note, or none any more."""
    shopper = Shopper(request)
    form = request.POST
    try:
        services.set_gift(
            is_gift=form.get("is_gift") == "1",
            note=form.get("note", ""),
            from_name=form.get("from_name", ""),
            **shopper.owner(begin=True),
        )
    except Refusal as refusal:
        return cart_page.show(shopper, changed=refusal.detail)
    return cart_page.show(Shopper(request)) if is_htmx(request) else redirect("shop-cart")
