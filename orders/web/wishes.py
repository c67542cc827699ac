"""What a customer marks: hearts, and "tell me when it is back". Asks for a sign-in on the first tap."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog import queries as goods
from catalog import services
from inventory import queries as stock
from orders import queries
from orders.web import cards
from orders.web.places import not_here
from orders.web.shopper import Shopper, is_htmx, next_path


@never_cache
@login_required
@require_safe
def favourites(request: HttpRequest) -> HttpResponse:
    """The hearts, newest first, as far as this store sells them; how many it does not is said."""
    shopper = Shopper(request)
    if not shopper.place.served or shopper.customer_id is None:
        return not_here(request)
    found = queries.favourites(customer_id=shopper.customer_id, store_code=shopper.place.store_code)
    context = {
        "heading": _("Favourites"),
        "back": "/",
        "searchable": "desktop",
        "cards": cards.of_shelf(found, shopper.quantities),
        "elsewhere": len(shopper.favourites) - len(found),
    }
    return shopper.render("shop/favourites.html", context)


@require_POST
def heart(request: HttpRequest) -> HttpResponse:
    """Full (`on`) or empty; the second tap takes the first one back."""
    shopper = Shopper(request)
    if shopper.customer_id is None:
        return _sign_in_first(request)
    sku = request.POST.get("sku", "")
    if request.POST.get("heart") == "on":
        store_id = shopper.place.store_id or None
        services.add_favourite(customer_id=shopper.customer_id, sku=sku, now=shopper.now, store_id=store_id)
    else:
        services.remove_favourite(customer_id=shopper.customer_id, sku=sku)
    return _answer(request, shopper, sku, "shop/_heart.html")


@require_POST
def tell_me(request: HttpRequest) -> HttpResponse:
    """Wait for a sold-out product at this store (`on`), or wait no longer."""
    shopper = Shopper(request)
    if shopper.customer_id is None:
        return _sign_in_first(request)
    sku, store_id = request.POST.get("sku", ""), shopper.place.store_id
    if request.POST.get("wait") == "on":
        services.ask_for_restock(customer_id=shopper.customer_id, store_id=store_id, sku=sku, now=shopper.now)
    else:
        services.forget_restock(customer_id=shopper.customer_id, store_id=store_id, sku=sku)
    return _answer(request, shopper, sku, "components/line.html")


@require_POST
def watch(request: HttpRequest) -> HttpResponse:
    """Hear when it is cheaper here than now (`on`), or no longer."""
    shopper = Shopper(request)
    if shopper.customer_id is None:
        return _sign_in_first(request)
    sku, store_id = request.POST.get("sku", ""), shopper.place.store_id
    if request.POST.get("watch") == "on":
        services.watch_price(customer_id=shopper.customer_id, store_id=store_id, sku=sku, now=shopper.now)
    else:
        services.forget_cheaper(customer_id=shopper.customer_id, store_id=store_id, sku=sku)
    return _answer(request, shopper, sku, "shop/_watch.html")


def _answer(request: HttpRequest, shopper: Shopper, sku: str, template: str) -> HttpResponse:
    """The part of every card of this product, or the way back to the page."""
    if not is_htmx(request):
        return redirect(next_path(request))
    row = goods.shelf_rows_by_sku(store_id=shopper.place.store_id, skus=[sku]).get(sku)
    if row is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    free = stock.free(store_id=shopper.place.store_id, product_ids=[row.product_id])
    card = cards.of_rows([row], free, shopper.quantities)[0]
    return shopper.render(template, {"card": card, "oob": True})


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    going = here.path + (f"?{here.query}" if here.query else "") if here.path else next_path(request)
    url = f"{reverse('sign-in')}?{urlencode({'next': going})}"
    return HttpResponse(headers={"HX-Redirect": url}) if is_htmx(request) else redirect(url)
