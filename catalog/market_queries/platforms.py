"""Platforms with what an order costs there beside its goods, and how fresh what we know of them is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.basketing import Terms
from catalog.market_queries.rows import fetch, stale_before


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """Terms are None where none are known for the city. `seen_at` is the newest listing's."""

    id: int
    slug: str
    name: str
    is_ours: bool
    site: str
    hue: int
    minimum_paise: int | None
    delivery_paise: int | None
    free_from_paise: int | None
    handling_paise: int | None
    small_cart_paise: int | None
    small_cart_below_paise: int | None
    surge_paise: int | None
    eta_low_minutes: int | None
    eta_high_minutes: int | None
    terms_seen_at: datetime | None
    listings: int
    available: int
    stale: int
    seen_at: datetime | None
    is_stale: bool

    @property
    def terms(self) -> Terms:
        """What is not known costs nothing."""
        return Terms(
            self.minimum_paise or 0, self.delivery_paise or 0, self.free_from_paise, self.handling_paise or 0,
            self.small_cart_paise or 0, self.small_cart_below_paise or 0, self.surge_paise or 0,
        )  # fmt: skip


def platforms(city_id: int, *, now: datetime) -> list[PlatformRow]:
    rows = fetch(
        """
        SELECT p.id, p.slug, p.name, p.is_ours, p.site, p.hue, t.minimum_paise, t.delivery_paise, t.free_from_paise,
               t.handling_paise, t.small_cart_paise, t.small_cart_below_paise, t.surge_paise, t.eta_low_minutes,
               t.eta_high_minutes, t.seen_at, coalesce(n.listings, 0), coalesce(n.available, 0), coalesce(n.stale, 0),
               n.seen_at, coalesce(n.seen_at < %(stale)s, true)
        FROM catalog_platform p
        LEFT JOIN catalog_platformterms t ON t.platform_id = p.id AND t.city_id = %(city)s
        LEFT JOIN (
            SELECT platform_id, count(*) AS listings, count(*) FILTER (WHERE available) AS available,
                   count(*) FILTER (WHERE seen_at < %(stale)s) AS stale, max(seen_at) AS seen_at
            FROM catalog_listing WHERE city_id = %(city)s GROUP BY platform_id
        ) n ON n.platform_id = p.id
        WHERE p.is_active
        ORDER BY p.rank, p.name, p.id
        """,
        {"city": city_id, "stale": stale_before(now)},
    )
    return [PlatformRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class StaleFeed:
    slug: str
    platform_name: str
    city: str
    last_at: datetime | None


def stale_feeds(*, now: datetime) -> list[StaleFeed]:
    """Feeds in use that said nothing for too long, the longest silent first."""
    rows = fetch(
        """
        SELECT f.slug, p.name, y.name, f.last_at FROM catalog_marketfeed f
        JOIN catalog_platform p ON p.id = f.platform_id JOIN catalog_city y ON y.id = f.city_id
        WHERE f.is_active AND p.is_active AND (f.last_at IS NULL OR f.last_at < %(stale)s)
        ORDER BY f.last_at NULLS FIRST, f.slug
        """,
        {"stale": stale_before(now)},
    )
    return [StaleFeed(*row) for row in rows]
