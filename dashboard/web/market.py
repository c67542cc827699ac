"""Price watch: how we stand against each platform, who is below us, what moved, the audit of our own prices, and feeds
that went silent. For operations and administrators; the same rows as files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import market_queries as market
from catalog import queries as goods
from catalog.models import City
from dashboard.web.parts import is_htmx, screen, show

SHOWN = 12
IN_FILE = 5_000
CHANGES_FOR = timedelta(days=2)
FILES = ("indexes", "undercuts", "changes", "audit", "feeds")


@screen
def watch(request: HttpRequest) -> HttpResponse:
    """Nine statements beside the page's own; re-read on every hint of the city's market."""
    now = timezone.now()
    city, category = _asked(request)
    below, more_below = market.undercuts(city.id, now=now, category=category, limit=SHOWN)
    moved, _more = market.changes(city.id, now=now, since=now - CHANGES_FOR, limit=SHOWN)
    findings = market.audit(above_bp=settings.MARKET_ABOVE_BP, city_id=city.id, limit=SHOWN)
    there = market.platforms(city.id, now=now)
    context = {
        "here": "market",
        "live_url": f"/ws/market/{city.slug}/",
        "city": city,
        "cities": list(City.objects.order_by("name").values_list("slug", "name")),
        "category": category,
        "categories": goods.category_tree(),
        "grid": _grid(market.category_indexes(city.id, category=category), there),
        "below": below,
        "more_below": more_below,
        "moved": moved,
        "findings": findings,
        "platforms": there,
        "silent": market.stale_feeds(now=now),
        "above_percent": f"{settings.MARKET_ABOVE_BP / 100:g}",
        "again": request.get_full_path(),
        "says": _says(below, bool(more_below)),
    }
    return show(request, "dashboard/market.html#now" if is_htmx(request) else "dashboard/market.html", context)


@screen
def file(request: HttpRequest, what: str) -> HttpResponse:
    """The rows behind a panel, at most IN_FILE of them. Money in rupees with two places."""
    if what not in FILES:
        raise Http404
    city, category = _asked(request)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="market-{what}-{city.slug}.csv"'},
    )
    response.write("\ufeff")  # tells Excel that Hindi names are UTF-8
    csv.writer(response).writerows(_rows(what, city, category, timezone.now()))
    return response


def _asked(request: HttpRequest) -> tuple[market.MarketCity, str]:
    """What the address says; anything it can't mean is left out."""
    slug = request.GET.get("city", "")
    known = set(City.objects.values_list("slug", flat=True))
    category = request.GET.get("category", "")[:50]
    return market.market_city(slug if slug in known else ""), category


def _grid(rows: Iterable[market.CategoryIndex], platforms: Sequence[market.PlatformRow]) -> dict[str, Any]:
    """A row for each category, a place for each platform; ours first."""
    names = sorted(((not it.is_ours, n, it.slug, it.name) for n, it in enumerate(platforms) if it.listings))
    table: dict[str, dict[str, Any]] = {}
    for row in rows:
        line = table.setdefault(row.category, {"head": row, "of": {}})
        line["of"][row.platform] = row
    return {
        "platforms": [name for _no, _n, _slug, name in names],
        "rows": [
            {"head": it["head"], "cells": [it["of"].get(slug) for _no, _n, slug, _name in names]}
            for it in table.values()
        ],
    }


def _says(below: Sequence[market.Undercut], more: bool) -> str:
    if not below:
        return _("Nobody is below us on a product we both have in stock.")
    said = ngettext("%(n)s product is cheaper elsewhere", "%(n)s products are cheaper elsewhere", len(below)) % {
        "n": f"{len(below)}{'+' if more else ''}"
    }
    return f"{said}."


def _rupees(paise: int | None) -> str:
    return "" if paise is None else f"{paise / 100:.2f}"


def _at(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat(timespec="seconds")


def _safe(text: str) -> str:
    """A name from outside never begins a formula in a spreadsheet."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rows(what: str, city: market.MarketCity, category: str, now: datetime) -> Iterable[Sequence[Any]]:
    if what == "indexes":
        yield ("category", "platform", "ours", "products", "index", "cheapest", "discount_percent")
        for row in market.category_indexes(city.id, category=category):
            index = "" if row.index_bp is None else f"{row.index_bp / 100:.1f}"
            yield (
                row.category, row.platform, int(row.is_ours), row.products, index, row.cheapest,
                f"{row.discount_bp / 100:.1f}",
            )  # fmt: skip
    elif what == "undercuts":
        yield ("sku", "product", "ours", "platform", "theirs", "below_percent", "since", "seen", "listing")
        for below in market.undercuts(city.id, now=now, category=category, limit=IN_FILE)[0]:
            yield (
                below.sku, _safe(below.name), _rupees(below.ours_paise), below.theirs.platform,
                _rupees(below.theirs.price_paise), f"{below.by_bp / 100:.1f}", _at(below.since),
                _at(below.theirs.seen_at), _safe(below.theirs.name),
            )  # fmt: skip
    elif what == "changes":
        yield ("platform", "listing", "pack", "sku", "was", "now", "percent", "changed")
        for move in market.changes(city.id, now=now, since=now - CHANGES_FOR, limit=IN_FILE)[0]:
            one = move.listing
            yield (
                one.platform, _safe(one.name), _safe(one.pack), one.sku, _rupees(one.was_paise),
                _rupees(one.price_paise), f"{move.by_bp / 100:.1f}", _at(one.changed_at),
            )  # fmt: skip
    elif what == "audit":
        yield ("finding", "sku", "product", "where", "price", "held_against", "whose", "percent", "since")
        for it in market.audit(above_bp=settings.MARKET_ABOVE_BP, city_id=city.id, limit=IN_FILE):
            yield (
                it.kind, it.sku, _safe(it.name), _safe(it.where), _rupees(it.price_paise), _rupees(it.should_paise),
                _safe(it.whose), f"{it.by_bp / 100:.1f}", _at(it.since),
            )  # fmt: skip
    else:
        yield ("feed", "platform", "city", "last")
        for feed in market.stale_feeds(now=now):
            yield (feed.slug, feed.platform_name, feed.city, _at(feed.last_at))
