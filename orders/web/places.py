"""Where to: addresses, the map, and the honest page where nobody delivers yet."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Address
from accounts.phones import normalise
from accounts.templatetags.ui import shop_name
from blinkit.kernel.errors import Refusal
from blinkit.kernel.geo import Point
from blinkit.kernel.words import said
from catalog import queries as goods
from catalog.services import join_waitlist, note_unmet
from orders import queries
from orders.services import open_cart
from orders.services.showing import note_shown
from orders.web.shopper import Shopper, next_path, point_of
from orders.web.streets import known_streets, map_words


def map_facts(*, near: Point | None = None, pick: bool = False) -> dict[str, Any]:
    """What static/js/map.js draws: our stores and their areas, and where the pin starts."""
    stores = goods.active_stores()
    facts: dict[str, Any] = {
        "areas": [{"name": short_name(store.name), "ring": store.area} for store in stores],
        "padding": [16, 16],
    }
    if pick:
        facts["pick"] = {"lat": "#lat", "lng": "#lng", "placed": "#placed", "label": _("Your door")}
        facts["zoom"] = 13.5
        names = [short_name(store.name) for store in stores]
        facts["points"] = [
            {"id": store.code, "kind": "store", "lat": store.lat, "lng": store.lng, "label": name, "named": True}
            for store, name in zip(stores, names, strict=True)
        ]
        facts["words"] = map_words(known_streets(stores), without=names)
        if near is not None:
            facts["center"] = [near.lat, near.lng]
    return facts


def short_name(store_name: str) -> str:
    """ "Tokri Indiranagar" is just "Indiranagar" where everybody knows whose shop it is."""
    return store_name.removeprefix(f"{shop_name()} ")


@require_http_methods(["GET", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Choose where to: a saved address, a point on the map, or a neighbourhood."""
    shopper = Shopper(request)
    if request.method == "POST":
        return _choose(request, shopper)
    addresses = Address.objects.none()
    if shopper.customer_id is not None:
        own = Address.objects.filter(user_id=shopper.customer_id, deleted_at=None)
        addresses = own.order_by("-is_default", "-created_at")
    context = {
        "addresses": addresses,
        "stores": [{"code": store.code, "name": short_name(store.name)} for store in goods.active_stores()],
        "facts": map_facts(near=shopper.place.point, pick=True),
        "next": next_path(request),
        "heading": _("Where to?"),
        "back": next_path(request),
    }
    return shopper.render("shop/place.html", context)


def _choose(request: HttpRequest, shopper: Shopper) -> HttpResponse:
    form = request.POST
    if form.get("address") and request.user.is_authenticated:
        address = Address.objects.filter(pk=form["address"], user_id=request.user.pk, deleted_at=None).first()
        if address is None:
            return redirect("shop-place")
        point, label = address.point, f"{_(address.label)} · {address.line1}"
    elif form.get("store"):
        store = goods.store_by_code(form["store"])
        point, label = store.point, short_name(store.name)
    else:
        try:
            point = point_of(form)
        except ValueError:
            return redirect("shop-place")
        label = _("Pin on the map")
    pinned = form.get("placed") == "1" and label == _("Pin on the map")
    shopper.choose(point=point, label=label, pinned=pinned)
    answer = queries.serviceability(point=point, now=shopper.now)
    if answer.store is None:
        note_unmet(point=point, now=shopper.now)
        return redirect("shop-not-here")
    if label == _("Pin on the map"):
        shopper.choose(point=point, pinned=pinned, label=_("Near %(store)s") % {"store": short_name(answer.store.name)})
    if shopper.customer_id is not None or shopper.guest_token is not None:
        open_cart(store_id=answer.store.pk, now=shopper.now, **shopper.owner())
    return redirect(next_path(request))


@require_GET
def verdict(request: HttpRequest) -> HttpResponse:
    """Whether we deliver to a point, while the pin is being moved."""
    shopper = Shopper(request)
    try:
        point = point_of(request.GET)
    except ValueError:
        return HttpResponse("")
    answer = queries.serviceability(point=point, now=shopper.now)
    note_shown(answer, page="pin", customer_id=shopper.customer_id, guest=shopper.guest_token, now=shopper.now)
    said = {
        "served": answer.store is not None,
        "store_name": answer.store.name if answer.store else "",
        "eta_low_m": answer.eta_from_m,
        "eta_high_m": answer.eta_to_m,
    }
    return shopper.render("shop/place.html#verdict", {"verdict": said})


def not_here(request: HttpRequest, **extra: Any) -> HttpResponse:
    """Nobody delivers there yet: where we are, and a list to be told."""
    shopper = Shopper(request)
    context = {"facts": map_facts(), "heading": _("Not here yet"), "back": "/place/", **extra}
    return shopper.render("shop/not_here.html", context)


@require_POST
def waitlist(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    phone = request.POST.get("phone", "")
    try:
        join_waitlist(phone=normalise(phone), point=shopper.place.point, now=timezone.now())
    except Refusal as refusal:
        return not_here(request, error=said(refusal.detail), phone=phone)
    return not_here(request, thanks=True)
