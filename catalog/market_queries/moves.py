"""What moved, and who is below us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.market_queries.rows import COLUMNS, JOINS, WIDTH, Listed, decode, encode, fetch, stale_before


@dataclass(frozen=True, slots=True)
class Move:
    """A listing's last change of price."""

    listing: Listed

    @property
    def by_bp(self) -> int:
        """Above 0: dearer. Of the price before."""
        was = self.listing.was_paise or self.listing.price_paise
        return round((self.listing.price_paise - was) * 10_000 / was)


def changes(
    city_id: int, *, now: datetime, since: datetime, platform: str = "", cursor: str = "", limit: int = 40
) -> tuple[list[Move], str]:
    """The newest first. A page and the cursor of the next. Raises BadCursor."""
    after = decode(cursor, [int, int]) if cursor else None
    rows = fetch(
        f"""
        SELECT {COLUMNS}, (extract(epoch FROM l.changed_at) * 1000000)::bigint
        FROM catalog_listing l {JOINS}
        WHERE l.city_id = %(city)s AND l.changed_at >= %(since)s AND l.was_paise IS NOT NULL
          AND (%(platform)s = '' OR p.slug = %(platform)s)
          {"AND (l.changed_at, l.id) < (to_timestamp(%(a0)s / 1000000.0), %(a1)s::bigint)" if after else ""}
        ORDER BY l.changed_at DESC, l.id DESC LIMIT %(limit)s
        """,
        {"city": city_id, "since": since, "stale": stale_before(now), "platform": platform, "limit": limit + 1,
         "a0": after[0] if after else 0, "a1": after[1] if after else 0},
    )  # fmt: skip
    found = [Move(Listed(*row[:-1])) for row in rows[:limit]]
    return found, encode([rows[limit - 1][-1], found[-1].listing.id]) if len(rows) > limit else ""


def drops(city_id: int, *, now: datetime, since: datetime, least_bp: int = 1, limit: int = 40) -> list[Move]:
    """Available listings that became cheaper since then, the largest drop in per cent first."""
    rows = fetch(
        f"""
        SELECT {COLUMNS} FROM catalog_listing l {JOINS}
        WHERE l.city_id = %(city)s AND l.available AND l.changed_at >= %(since)s AND l.was_paise > l.price_paise
          AND (l.was_paise - l.price_paise) * 10000 >= l.was_paise * %(least)s
        ORDER BY (l.was_paise - l.price_paise) * 10000 / l.was_paise DESC, l.changed_at DESC, l.id LIMIT %(limit)s
        """,
        {"city": city_id, "since": since, "stale": stale_before(now), "least": least_bp, "limit": limit},
    )
    return [Move(Listed(*row)) for row in rows]


@dataclass(frozen=True, slots=True)
class Undercut:
    """`theirs` is the cheapest other listing of a product of ours. `since`: from when one of the two prices stands."""

    product_id: int
    sku: str
    name: str
    ours_paise: int
    by_bp: int
    since: datetime
    theirs: Listed

    @property
    def by_paise(self) -> int:
        return self.ours_paise - self.theirs.price_paise


def undercuts(
    city_id: int, *, now: datetime, least_bp: int = 1, category: str = "", cursor: str = "", limit: int = 40
) -> tuple[list[Undercut], str]:
    """Products of ours that another platform sells below our price, by at least so much of ours; the most first. Both
    in stock. A page and the cursor of the next. Raises BadCursor."""
    after = decode(cursor, [int, int]) if cursor else None
    rows = fetch(
        f"""
        WITH ours AS (
            SELECT DISTINCT ON (l.product_id) l.product_id, l.price_paise, coalesce(l.changed_at, l.first_seen_at) AS at
            FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_ours
            WHERE l.city_id = %(city)s AND l.available AND l.product_id IS NOT NULL
            ORDER BY l.product_id, l.price_paise, l.id
        ), below AS (
            SELECT DISTINCT ON (o.product_id) o.product_id, o.price_paise AS ours, o.at, l.id AS listing_id,
                   (o.price_paise - l.price_paise) * 10000 / o.price_paise AS by_bp
            FROM ours o JOIN catalog_listing l ON l.product_id = o.product_id
            JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active AND NOT p.is_ours
            WHERE l.city_id = %(city)s AND l.available AND l.price_paise < o.price_paise
            ORDER BY o.product_id, l.price_paise, l.id
        )
        SELECT {COLUMNS}, b.product_id, r.sku, r.name, b.ours, b.by_bp,
               greatest(b.at, coalesce(l.changed_at, l.first_seen_at))
        FROM below b JOIN catalog_listing l ON l.id = b.listing_id {JOINS}
        LEFT JOIN catalog_category rk ON rk.id = r.category_id LEFT JOIN catalog_category ru ON ru.id = rk.parent_id
        WHERE b.by_bp >= %(least)s AND (%(category)s = '' OR rk.slug = %(category)s OR ru.slug = %(category)s)
          {"AND (-b.by_bp, b.product_id) > (%(a0)s::bigint, %(a1)s::bigint)" if after else ""}
        ORDER BY b.by_bp DESC, b.product_id LIMIT %(limit)s
        """,
        {"city": city_id, "stale": stale_before(now), "least": least_bp, "category": category, "limit": limit + 1,
         "a0": after[0] if after else 0, "a1": after[1] if after else 0},
    )  # fmt: skip
    found = [Undercut(*[*row[WIDTH:], Listed(*row[:WIDTH])]) for row in rows[:limit]]
    return found, encode([-found[-1].by_bp, found[-1].product_id]) if len(rows) > limit else ""
