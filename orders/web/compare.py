"""What others charge, for shoppers: one product or a whole list on every platform, and deals.

A page of the storefront: it has the shop's header, place and cart, and reads nothing above the catalogue. The box for
questions on it is a template of the app that answers them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from blinkit.kernel.limits import check_limit, client_address, is_exempt
from catalog import market_queries as market
from catalog.basketing.reading import MOST_LINES, read_list
from catalog.baskets import BasketAnswer, BasketAsk, Order, WantedLine, plan
from catalog.market_queries.deals import ORDERS
from orders.web.shopper import Shopper, is_htmx

LONGEST_LIST = 2_000
MOST_BUDGET_RUPEES = 100_000
HISTORY_DAYS = 30
PAGE_SIZE = 24
EXAMPLES = ("onion", "milk", "atta", "eggs", "banana")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """`q`: what is called so, on every platform; `sku`: that product with its history; `list`: a whole basket."""
    shopper = Shopper(request)
    _limit(request)
    city = _city(shopper)
    text = request.GET.get("list", "")[: LONGEST_LIST + 1]
    q = " ".join(request.GET.get("q", "").split())[:80]
    sku = request.GET.get("sku", "")[:40]
    budget = request.GET.get("budget", "").strip()[:12]
    context: dict[str, Any] = {
        "heading": _("Compare prices"), "back": "/", "city": city, "live_url": f"/ws/market/{city.slug}/",
        "q": q, "list": text, "sku": sku, "budget": budget, "here": "compare", "examples": EXAMPLES,
        "again": request.get_full_path(), "stale_hours": settings.MARKET_STALE_AFTER_S // 3600,
        "platforms": market.platforms(city.id, now=shopper.now),
    }  # fmt: skip
    if text.strip():
        context |= _basket(text, budget, city, shopper.now)
    elif sku:
        context |= _product(sku, city, shopper.now)
    elif q:
        context["found"], after = market.search(
            q, city_id=city.id, now=shopper.now, cursor=request.GET.get("cursor", "")[:200], limit=PAGE_SIZE
        )
        context["more"] = after and f"{reverse('shop-compare')}?{urlencode({'q': q, 'cursor': after})}"
        if is_htmx(request) and "cursor" in request.GET:
            return shopper.render("shop/compare.html#more", context)
    else:
        context["indexes"] = _by_category(market.category_indexes(city.id))
    return shopper.render("shop/compare.html#found" if is_htmx(request) else "shop/compare.html", context)


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """Much below the MRP, or soon over; with coupons, bank offers and bundles that hold now."""
    shopper = Shopper(request)
    _limit(request)
    city = _city(shopper)
    there = market.platforms(city.id, now=shopper.now)
    order = request.GET.get("order", "")
    order = order if order in ORDERS else ORDERS[0]
    platform = request.GET.get("platform", "")
    platform = platform if platform in {it.slug for it in there} else ""
    cursor = request.GET.get("cursor", "")[:200]
    found, after = market.deals(
        city.id, now=shopper.now, order=order, platform=platform, cursor=cursor, limit=PAGE_SIZE
    )
    here = {"order": order, "platform": platform}
    context = {
        "heading": _("Deals everywhere"), "back": reverse("shop-compare"), "here": "compare", "city": city,
        "live_url": f"/ws/market/{city.slug}/", "platforms": there, "order": order, "platform": platform,
        "found": found, "again": request.get_full_path(),
        "more": after and f"{reverse('shop-compare-deals')}?{urlencode(here | {'cursor': after})}",
        "stale_hours": settings.MARKET_STALE_AFTER_S // 3600,
    }  # fmt: skip
    if is_htmx(request) and cursor:
        return shopper.render("shop/compare_deals.html#more", context)
    alive = market.offers_alive(city.id, now=shopper.now, platform=platform)
    context["offers"] = [it for it in alive if it.kind != "flash" or not it.listing_name]  # those are deals themselves
    name = "shop/compare_deals.html#found" if is_htmx(request) else "shop/compare_deals.html"
    return shopper.render(name, context)


def _limit(request: HttpRequest) -> None:
    address = client_address(request)
    if settings.MARKET_REQUESTS_PER_MINUTE and not is_exempt(address):
        check_limit("compare", address, limit=settings.MARKET_REQUESTS_PER_MINUTE, per_s=60)


def _city(shopper: Shopper) -> market.MarketCity:
    store = shopper.place.answer.store
    return market.market_city(store.city.slug if store else "")


def _product(sku: str, city: market.MarketCity, now: datetime) -> dict[str, Any]:
    found = market.product_prices(sku, city_id=city.id, now=now)
    since = now - timedelta(days=HISTORY_DAYS)
    series = market.history([it.id for it in found.same], since=since, until=now) if found.same else []
    lines, low, high = market.points_of(series, since=since, until=now)
    hues = {it.id: it.hue for it in found.same}
    chart = [(one, points, hues[one.listing_id]) for one, points in lines]
    lows = [
        (one, min(day for _at, day in daily), max(day for _at, day in daily), daily[-7:])
        for one in series
        if (daily := one.daily_low(since=since, until=now, zone=settings.TIME_ZONE))
    ]
    return {"product": found, "chart": chart, "low": low, "high": high, "since": since, "now": now, "lows": lows}


def _basket(text: str, budget: str, city: market.MarketCity, now: datetime) -> dict[str, Any]:
    lines = read_list(text[:LONGEST_LIST], most=MOST_LINES + 1)
    is_cut = len(lines) > MOST_LINES or len(text) > LONGEST_LIST
    lines = lines[:MOST_LINES]
    wanted = [WantedLine(line.item, line.amount, line.measure, line.pieces) for line in lines]
    figures = budget.removeprefix("₹").replace(",", "").strip()
    rupees = int(figures) if figures.isascii() and figures.isdigit() and len(figures) < 8 else 0
    if not 0 < rupees <= MOST_BUDGET_RUPEES:
        rupees = 0
    unread = bool(budget) and not rupees
    if not wanted:
        return {"basket": None, "is_list": True, "unread_budget": unread}
    answer = plan(BasketAsk(wanted, rupees * 100 if rupees else None), city=city.slug, now=now)
    split = answer.split
    shares = {line: order for order in split.orders for line in (it.line for it in order.taken)} if split else {}
    return {
        "basket": answer, "is_list": True, "unread_budget": unread,
        "cut_after": len(lines) if is_cut else 0, "written": [(line, shares.get(line.number)) for line in answer.lines],
        "is_shared": bool(split and (len(split.orders) > 1 or answer.budget_paise is not None)),
        "cheapest": _cheapest(answer), "why_left": {it.line: it.why for it in answer.left_out},
    }  # fmt: skip


def _cheapest(answer: BasketAnswer) -> Order | None:
    """The order that is called the best: only one that has everything anybody has."""
    best, nowhere = answer.best, answer.nowhere
    return best if best is not None and set(best.missing) <= nowhere else None


def _by_category(rows: list[market.CategoryIndex]) -> list[tuple[market.CategoryIndex, list[market.CategoryIndex]]]:
    """Per category its platforms with an index, the cheapest first; those with fewer than two are no comparison."""
    groups: dict[str, list[market.CategoryIndex]] = {}
    for row in rows:
        if row.index_bp is not None:
            groups.setdefault(row.category, []).append(row)
    ordered = (sorted(its, key=lambda it: (it.index_bp or 0, it.platform)) for its in groups.values() if len(its) > 1)
    return [(its[0], its) for its in ordered]
