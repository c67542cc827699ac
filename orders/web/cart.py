"""Filling the cart: each act is a form that posts and redirects; htmx swaps the parts that changed instead."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.templatetags.ui import in_language
from blinkit.kernel.errors import Invalid
from blinkit.kernel.words import said
from catalog import queries as goods
from inventory import queries as stock
from inventory.errors import OutOfStock
from orders import queries, services
from orders.errors import CartEmpty
from orders.web import cards, when
from orders.web.cards import Card
from orders.web.places import short_name
from orders.web.shopper import Shopper, is_htmx, next_path
from orders.words import DOOR_CHIPS

INSTRUCTIONS_KEY = "instructions"
COMPANIONS = 10
TIPS_PAISE = (0, 1000, 2000, 3000, 5000)
CAPS_PAISE = (0, 1000, 2000, 5000)
"""How much dearer a substitute may be, as chips; the first is "not dearer"."""


@never_cache
@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    return show(Shopper(request))


def show(shopper: Shopper, *, changed: str = "", status: int = 200) -> HttpResponse:
    """The cart as a page, or as its one partial for htmx."""
    names = {line.product_id: in_language(line.row) for line in shopper.cart.view.lines if line.row is not None}
    changed = changed or " ".join(
        said(problem.sentence, **({"name": names[problem.product_id]} if problem.product_id in names else {}))
        for problem in shopper.cart.view.problems
        if problem.code not in ("out-of-stock", "not-on-shelf")
    )
    store = shopper.cart.view.store
    if store is not None and not store.is_active:
        off = _("%(store)s takes no orders now. Another store near you may have these items: you see its bill first.")
        changed = f"{off % {'store': short_name(store.name)}} {changed}".strip()
    short = _short(shopper) if shopper.cart.is_short or shopper.cart.view.gone_ids else []
    companions = queries.goes_with_view(shopper.cart.view, limit=COMPANIONS) if shopper.cart.cards else []
    context: dict[str, Any] = {
        "here": "cart",
        "heading": _("Cart"),
        "back": "/",
        "searchable": "desktop",
        "tips": TIPS_PAISE,
        "changed": changed,
        "instead": {one["row"].sku: one["cards"] for one in short},
        "gone": [one for one in short if one["gone"]],
        "companions": cards.of_shelf([it.card for it in companions], shopper.quantities),
        "companions_from": cards.where_from(companions),
        "when": when.when(shopper) if shopper.cart.cards else None,
        "caps": CAPS_PAISE,
        "gift": shopper.cart.view.cart,
        "instructions": shopper.request.session.get(INSTRUCTIONS_KEY, []),
        "instruction_choices": instruction_choices(),
    }
    return shopper.render("shop/cart.html#cart" if is_htmx(shopper.request) else "shop/cart.html", context, status)


def _short(shopper: Shopper) -> list[dict[str, Any]]:
    """The lines that are not there (any more) in this number, with what is like them. Two or three statements."""
    view = shopper.cart.view
    assert view.store is not None
    rows = {card.row.product_id: card.row for card in shopper.cart.cards if card.short}
    gone = queries.no_longer_listed(store_id=view.store.pk, product_ids=view.gone_ids)
    near = queries.near_substitutes(
        store_id=view.store.pk, rows=[*rows.values(), *gone.values()], without=shopper.quantities
    )
    return [
        {"row": row, "cards": cards.of_shelf(near[pk], shopper.quantities), "gone": pk in gone}
        for pk, row in {**rows, **gone}.items()
    ]


def instruction_choices() -> list[tuple[str, str, str]]:
    return [(code, str(words), icon) for code, (words, icon) in DOOR_CHIPS.items()]


@require_POST
def set_line(request: HttpRequest) -> HttpResponse:
    """How many of one product; 0 takes it out."""
    shopper = Shopper(request)
    sku = request.POST.get("sku", "")
    try:
        qty = int(request.POST.get("qty", ""))
    except ValueError:
        raise Invalid(_("Say how many.")) from None
    view = services.set_line(
        sku=sku,
        qty=qty,
        now=shopper.now,
        store_code=shopper.place.store_code,
        to=shopper.place.point,
        **shopper.owner(begin=True),
    )
    shopper.cart = shopper.summarise(view)
    if not is_htmx(request):
        return redirect(next_path(request, "/cart/"))
    if request.POST.get("from") == "cart":
        return show(shopper)
    card = next((card for card in shopper.cart.cards if card.row.sku == sku), None)
    if card is None:
        row = goods.shelf_rows_by_sku(store_id=shopper.place.store_id, skus=[sku]).get(sku)
        if row is None:
            return HttpResponse(headers={"HX-Refresh": "true"})
        free = stock.free(store_id=shopper.place.store_id, product_ids=[row.product_id])
        card = Card(row, free.get(row.product_id, 0))
    # `next` of forms in the answer must lead to the page, not to this address.
    return shopper.render("shop/_cart_oob.html", {"card": card, "back_to": ""})


@require_POST
def take_what_is_there(request: HttpRequest) -> HttpResponse:
    """One tap for a cart whose shelf ran short: fewer units where some are left, none where none are."""
    shopper = Shopper(request)
    for card in shopper.cart.cards:
        if card.short:
            qty = max(card.free, 0)
            services.set_line(sku=card.row.sku, qty=qty, now=shopper.now, **shopper.owner())
    for product_id in shopper.cart.view.gone_ids:
        services.set_line(product_id=product_id, qty=0, now=shopper.now, **shopper.owner())
    return show(Shopper(request)) if is_htmx(request) else redirect("shop-cart")


@require_POST
def take_instead(request: HttpRequest) -> HttpResponse:
    """One tap: something similar for what is not there of a line."""
    shopper = Shopper(request)
    try:
        services.swap_line(
            sku=request.POST.get("sku", "")[:40], instead=request.POST.get("instead", "")[:40], now=shopper.now,
            **shopper.owner(),
        )  # fmt: skip
    except CartEmpty:  # tapped twice: the first tap has done it
        pass
    except OutOfStock as refusal:
        return show(Shopper(request), changed=said(refusal.detail), status=409 if not is_htmx(request) else 200)
    return show(Shopper(request)) if is_htmx(request) else redirect("shop-cart")


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """What to do when a line cannot be found: refund, substitute (how much dearer at most), call."""
    shopper = Shopper(request)
    sku = request.POST.get("sku", "")
    line = next((card for card in shopper.cart.cards if card.row.sku == sku), None)
    if line is not None:
        view = services.set_line(
            sku=sku,
            qty=line.qty,
            consent=request.POST.get("consent", ""),
            substitute_up_to_paise=_paise(request.POST.get("cap", "")),
            now=shopper.now,
            to=shopper.place.point,
            **shopper.owner(),
        )
        shopper.cart = shopper.summarise(view)
    return show(shopper) if is_htmx(request) else redirect("shop-cart")


@require_POST
def tip(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    try:
        tip_paise = int(request.POST.get("tip_paise", ""))
    except ValueError:
        raise Invalid(_("Say how much.")) from None
    services.set_tip(tip_paise=tip_paise, **shopper.owner(begin=True))
    return show(shopper) if is_htmx(request) else redirect("shop-cart")


@require_POST
def instructions(request: HttpRequest) -> HttpResponse:
    """What the rider should know at the door; kept with the browser until the order is placed."""
    chosen = [code for code in request.POST.getlist("instruction") if code in services.INSTRUCTIONS]
    request.session[INSTRUCTIONS_KEY] = chosen
    return show(Shopper(request)) if is_htmx(request) else redirect("shop-cart")


def _paise(text: str) -> int | None:
    """A cap as a chip sends it; None where none was sent."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
