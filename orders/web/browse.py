"""Looking around: home, shelves, search, one product."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.templatetags.ui import in_language
from catalog import queries as goods
from catalog.services import log_search
from inventory import queries as stock
from orders import queries
from orders.models import Order
from orders.queries import FoundCards
from orders.web import cards
from orders.web.places import not_here
from orders.web.sentences import headline
from orders.web.shopper import Shopper, is_htmx

PAGE_SIZE = 40
STRIPS = 4
STRIP_LENGTH = 10
MOST_OF_A_KIND = 2


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The arrival range, the search field, the shelves; what was bought before and today's lowest prices."""
    shopper = Shopper(request)
    place = shopper.place
    if not place.served:
        return _not_here(request)
    tree = goods.category_tree(store_id=place.store_id)
    popular = goods.shelf_page(store_id=place.store_id, limit=100)
    offers = _offers(popular)
    strips = {
        top.slug: goods.shelf_page(store_id=place.store_id, category_ids=top.ids(), limit=STRIP_LENGTH)
        for top in tree[:STRIPS]
    }
    rows = [*offers, *(row for strip in strips.values() for row in strip)]
    free = stock.free(store_id=place.store_id, product_ids=list({row.product_id for row in rows}))
    context = {
        "here": "home",
        "categories": tree,
        "offers": cards.of_rows(offers, free, shopper.quantities),
        "again": _bought_before(shopper),
        "shelves": [
            {"category": top, "cards": cards.of_rows(strips[top.slug], free, shopper.quantities)}
            for top in tree[:STRIPS]
        ],
        "live_orders": _live_orders(shopper.customer_id),
    }
    return shopper.render("shop/home.html", context)


@require_safe
def shelves(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    if not shopper.place.served:
        return _not_here(request)
    tree = goods.category_tree(store_id=shopper.place.store_id)
    context = {"here": "shelf", "searchable": "desktop", "heading": _("Shelves"), "categories": tree}
    return shopper.render("shop/shelves.html", context)


@require_safe
def shelf(request: HttpRequest, slug: str) -> HttpResponse:
    """A shelf with its neighbours; more cards follow by cursor."""
    shopper = Shopper(request)
    category = goods.category(slug)
    if not shopper.place.served:
        return _not_here(request)
    page = queries.shelf(
        store_code=shopper.place.store_code,
        category_slug=slug,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE_SIZE,
    )
    context = {
        "category": category,
        "cards": cards.of_shelf(page.items, shopper.quantities),
        "next_cursor": page.next_cursor,
    }
    if is_htmx(request) and "cursor" in request.GET:
        return shopper.render("shop/shelf.html#more", context)
    top = goods.category(category.parent_slug) if category.parent_slug else category
    sold = {node.slug: node for node in goods.category_tree(store_id=shopper.place.store_id)}
    tabs = [top, *(sold[top.slug].children if top.slug in sold else top.children)]
    name = category.name_hi if request.LANGUAGE_CODE == "hi" and category.name_hi else category.name  # type: ignore[attr-defined]
    context |= {
        "top": top,
        "tabs": tabs,
        "here": "shelf",
        "heading": name,
        "back": "/shelves/",
        "searchable": "desktop",
    }
    return shopper.render("shop/shelf.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    if not shopper.place.served:
        return _not_here(request)
    q = " ".join(request.GET.get("q", "").split())[:80]
    found = queries.find(store_code=shopper.place.store_code, q=q, limit=60) if q else FoundCards([])
    typing = is_htmx(request)
    if q and not typing:  # a question that was sent, not one still being typed
        log_search(store_id=shopper.place.store_id, q=q, results=found.matched, now=shopper.now)
    context = {
        "q": q,
        "found": found,
        "cards": cards.of_shelf(found.cards, shopper.quantities),
        "categories": goods.category_tree(store_id=shopper.place.store_id),
        "ideas": [_("milk"), _("bread"), _("onion"), _("atta"), _("eggs"), _("dal"), _("tea"), _("ice cream")],
        "back": "/",
        "searchable": "always",
    }
    return shopper.render("shop/search.html#found" if typing else "shop/search.html", context)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Options for the search field while somebody types: the words to search for, plain and quick."""
    shopper = Shopper(request)
    if not shopper.place.served:
        return HttpResponse()
    q = " ".join(request.GET.get("q", "").split())[:80]
    offers = queries.suggestions(store_code=shopper.place.store_code, q=q)
    texts = dict.fromkeys(offer.text for offer in offers)
    return HttpResponse(format_html_join("", '<option value="{}"></option>', ((text,) for text in texts)))


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shopper = Shopper(request)
    place = shopper.place
    if not place.served:
        return _not_here(request)
    detail, free = queries.product(store_code=place.store_code, sku=sku)
    row = detail.row
    companions = queries.goes_with(store_code=place.store_code, sku=sku, limit=STRIP_LENGTH)
    shown = {it.card.row.sku for it in companions}
    near = [it for it in queries.similar(store_code=place.store_code, sku=sku) if it.card.row.sku not in shown]
    context = {
        "card": cards.Card(row, free, shopper.quantities.get(row.product_id, 0)),
        "detail": detail,
        "gst_percent": f"{row.gst_bp / 100:g}",
        "companions": cards.of_shelf([it.card for it in companions], shopper.quantities),
        "companions_from": cards.where_from(companions),
        "similar": cards.of_shelf([it.card for it in near[:STRIP_LENGTH]], shopper.quantities),
        "heading": row.brand or in_language(row),
        "back": f"/shelf/{row.category_slug}/",
        "searchable": "desktop",
    }
    return shopper.render("shop/product.html", context)


def _not_here(request: HttpRequest) -> HttpResponse:
    """No store, no shelf: the page that says where we are. A fragment's answer sends the whole window there."""
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": reverse("shop-not-here")})
    return not_here(request)


def _offers(rows: list[goods.ShelfRow]) -> list[goods.ShelfRow]:
    """Furthest below MRP first, at most two of a kind, so that the strip is more than vegetables."""
    seen: Counter[str] = Counter()
    chosen = []
    for row in sorted(rows, key=lambda row: (row.price_paise * 100 // row.mrp_paise, -row.rank)):
        if row.price_paise < row.mrp_paise and seen[row.category_slug] < MOST_OF_A_KIND:
            seen[row.category_slug] += 1
            chosen.append(row)
    return chosen[:STRIP_LENGTH]


def _bought_before(shopper: Shopper) -> list[cards.Card]:
    """What the customer was brought before, most wanted first."""
    if shopper.customer_id is None:
        return []
    bought = queries.buy_again(
        customer_id=shopper.customer_id, store_code=shopper.place.store_code, now=shopper.now, limit=STRIP_LENGTH
    )
    return cards.of_shelf([it.card for it in bought], shopper.quantities)


def _live_orders(customer_id: int | None) -> list[dict[str, object]]:
    if customer_id is None:
        return []
    return [
        {"id": order.pk, "number": order.number, "total_paise": order.total_paise, "sentence": headline(order)}
        for order in Order.objects.of(customer_id).live().order_by("-placed_at")[:3]
    ]
