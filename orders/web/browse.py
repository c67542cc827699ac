"""Looking around: home, shelves, search, one product."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.templatetags.ui import in_language
from catalog import queries as goods
from catalog.services import log_search
from inventory import queries as stock
from orders import queries
from orders.models import Order
from orders.queries import FoundCards
from orders.queries.shelves import stocked
from orders.states import Status
from orders.web import cards
from orders.web.choosing import Choosing
from orders.web.facts import facts_of, keeps
from orders.web.places import not_here
from orders.web.sentences import headline
from orders.web.shopper import Shopper, is_htmx, next_path

PAGE_SIZE = 40
STRIPS = 4
STRIP_LENGTH = 10
SUGGESTED = ("search", "product", "category", "brand")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The arrival range, the search field, the shelves; what was bought before and today's lowest prices."""
    shopper = Shopper(request)
    place = shopper.place
    if not place.served:
        return _not_here(request)
    tree = goods.category_tree(store_id=place.store_id)
    popular = goods.shelf_page(store_id=place.store_id, limit=100)
    offers = queries.best_offers(popular, most=STRIP_LENGTH)
    strips = {
        top.slug: goods.shelf_page(store_id=place.store_id, category_ids=top.ids(), limit=STRIP_LENGTH)
        for top in tree[:STRIPS]
    }
    rows = [*offers, *(row for strip in strips.values() for row in strip)]
    free = stock.free(store_id=place.store_id, product_ids=stocked(rows))
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
    """A shelf with its neighbours; more cards follow by cursor. Filters and order stand in the address."""
    shopper = Shopper(request)
    category = goods.category(slug)
    if not shopper.place.served:
        return _not_here(request)
    choosing = Choosing(request)
    page = queries.shelf(
        store_code=shopper.place.store_code,
        category_slug=slug,
        cursor=request.GET.get("cursor", ""),
        limit=PAGE_SIZE,
        wanted=choosing.wanted,
        sort=choosing.sort,
        with_facets=choosing.needs_facets,
    )
    context = {
        "category": category,
        "cards": cards.of_shelf(page.items, shopper.quantities),
        "next_cursor": page.next_cursor,
        "more": choosing.link(cursor=page.next_cursor),
        "choosing": choosing.shown(page.facets),
    }
    if is_htmx(request) and "cursor" in request.GET:
        return shopper.render("shop/shelf.html#more", context)
    if choosing.is_asked:
        return choosing.answer(shopper.render("shop/shelf.html#goods", context))
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
    choosing = Choosing(request, q=q)
    found = (
        queries.find(
            store_code=shopper.place.store_code,
            q=q,
            limit=60,
            wanted=choosing.wanted,
            sort=choosing.sort,
            with_facets=choosing.needs_facets,
        )
        if q
        else FoundCards([])
    )
    typing = is_htmx(request)
    if q and not typing and not choosing.wanted.is_set:  # a question that was sent, not one still being typed
        log_search(store_id=shopper.place.store_id, q=q, results=found.matched, now=shopper.now)
    context = {
        "q": q,
        "found": found,
        "cards": cards.of_shelf(found.cards, shopper.quantities),
        "categories": goods.category_tree(store_id=shopper.place.store_id),
        "ideas": [_("milk"), _("bread"), _("onion"), _("atta"), _("eggs"), _("dal"), _("tea"), _("ice cream")],
        "back": "/",
        "searchable": "always",
        "choosing": choosing.shown(found.facets),
    }
    if choosing.is_asked:
        return choosing.answer(shopper.render("shop/search.html#found", context))
    return shopper.render("shop/search.html#found" if typing else "shop/search.html", context)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Options of the search field's list while somebody types; what this store is asked for most before that."""
    place = Shopper(request).place
    if not place.served:
        return HttpResponse()
    q = " ".join(request.GET.get("q", "").split())[:80]
    offers = queries.suggestions(store_code=place.store_code, q=q)
    of_kind = {kind: [offer for offer in offers if offer.kind == kind] for kind in SUGGESTED}
    return render(request, "shop/_suggest.html", {"q": q, **of_kind})


@require_POST
def missing(request: HttpRequest) -> HttpResponse:
    """A person tells what they looked for and did not find: one line more for the people who fill the shelves."""
    shopper = Shopper(request)
    wish = " ".join(request.POST.get("wish", "").split())[:80]
    if len(wish) > 1 and shopper.place.served:
        log_search(store_id=shopper.place.store_id, q=wish, results=0, now=shopper.now)
        messages.success(request, _("Thank you. We noted “%(wish)s” for your store.") % {"wish": wish})
    return redirect(next_path(request))


@require_safe
def product(request: HttpRequest, sku: str) -> HttpResponse:
    shopper = Shopper(request)
    place = shopper.place
    if not place.served:
        return _not_here(request)
    detail, card = queries.product(store_code=place.store_code, sku=sku)
    row = detail.row
    companions = queries.goes_with(store_code=place.store_code, sku=sku, limit=STRIP_LENGTH)
    shown = {it.card.row.sku for it in companions}
    near = [
        it
        for it in queries.similar(store_code=place.store_code, sku=sku)
        if it.card.row.sku not in shown and it.card.row.family != row.family
    ]
    context = {
        "card": cards.of_card(card, shopper.quantities),
        "detail": detail,
        "packs": card.packs,
        "label": facts_of(detail.facts),
        "keeps": keeps(detail.shelf_life_days),
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
        {
            "id": order.pk,
            "number": order.number,
            "total_paise": order.total_paise,
            "sentence": headline(order),
            "pays": order.status == Status.PENDING,
        }
        for order in Order.objects.of(customer_id).live().order_by("-placed_at")[:3]
    ]
