"""Offers of platforms that hold now: to be shown, and to be reckoned with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.market_queries.rows import fetch


@dataclass(frozen=True, slots=True)
class AliveOffer:
    """What it gives, and from what on. `pieces`: of a bundle."""

    id: int
    kind: str
    title: str
    code: str
    bank: str
    off_bp: int
    off_paise: int
    most_paise: int | None
    minimum_paise: int
    pieces: int


@dataclass(frozen=True, slots=True)
class MarketOfferRow(AliveOffer):
    platform: str
    platform_name: str
    is_ours: bool
    hue: int
    category: str
    listing_name: str
    ends_at: datetime | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class OfferOf(AliveOffer):
    """With what it is for: one listing, these categories (one and what is below it), or everything."""

    listing: int | None
    categories: frozenset[int]


# In the order of AliveOffer's fields; takes the city and the instant. Alias: o offer.
COLUMNS = """o.id, o.kind, o.title, o.code, o.bank, o.off_bp, o.off_paise, o.most_paise, o.minimum_paise, o.pieces"""
ALIVE = """(o.city_id IS NULL OR o.city_id = %(city)s) AND o.starts_at <= %(now)s
    AND (o.ends_at IS NULL OR o.ends_at > %(now)s)"""
MOST_RECKONED = 500


def offers_alive(city_id: int, *, now: datetime, platform: str = "", most: int = 60) -> list[MarketOfferRow]:
    """Coupons, bank offers, bundles, flash sales and delivery offers that hold now; what ends first is first."""
    rows = fetch(
        f"""
        SELECT {COLUMNS}, p.slug, p.name, p.is_ours, p.hue, coalesce(k.slug, ''), coalesce(l.name, ''), o.ends_at,
               o.seen_at
        FROM catalog_marketoffer o JOIN catalog_platform p ON p.id = o.platform_id AND p.is_active
        LEFT JOIN catalog_category k ON k.id = o.category_id LEFT JOIN catalog_listing l ON l.id = o.listing_id
        WHERE {ALIVE} AND (%(platform)s = '' OR p.slug = %(platform)s)
        ORDER BY o.ends_at NULLS LAST, p.rank, o.kind, o.id LIMIT %(most)s
        """,
        {"city": city_id, "now": now, "platform": platform, "most": most},
    )
    return [MarketOfferRow(*row) for row in rows]


def offers_of(city_id: int, platforms: Sequence[int], *, now: datetime) -> dict[int, list[OfferOf]]:
    """By platform, what may lower a bill. A flash sale is in the price already."""
    rows = fetch(
        f"""
        SELECT o.platform_id, {COLUMNS}, o.listing_id,
               CASE WHEN o.category_id IS NULL THEN '{{}}' ELSE ARRAY(
                   SELECT id FROM catalog_category WHERE id = o.category_id OR parent_id = o.category_id) END
        FROM catalog_marketoffer o
        WHERE o.platform_id = ANY(%(platforms)s) AND o.kind <> 'flash' AND {ALIVE}
        ORDER BY o.id LIMIT %(most)s
        """,
        {"city": city_id, "platforms": list(platforms), "now": now, "most": MOST_RECKONED},
    )
    found = defaultdict(list)
    for platform, *facts, categories in rows:
        found[platform].append(OfferOf(*[*facts, frozenset(categories)]))
    return found
