"""What is cheap just now: listings much below their MRP, and how long what is in a flash sale stays so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.market_queries.offers import ALIVE
from catalog.market_queries.rows import COLUMNS, JOINS, Listed, decode, encode, fetch, stale_before

ORDERS = ("discount", "ending")


@dataclass(frozen=True, slots=True)
class Deal:
    listing: Listed
    ends_at: datetime | None
    """Of the flash sale it is in, when one is known."""


def deals(
    city_id: int,
    *,
    now: datetime,
    order: str = "discount",
    least_bp: int = 1,
    platform: str = "",
    category: str = "",
    cursor: str = "",
    limit: int = 40,
) -> tuple[list[Deal], str]:
    """Available listings at least so much below their MRP: the most first, or what ends soonest first (then only those
    in a flash sale). A page and the cursor of the next. Raises BadCursor."""
    by_end = order == "ending"
    after = decode(cursor, [int, int]) if cursor else None
    value, order_by = ("o.ends_us", "o.ends_us") if by_end else ("l.discount_bp", "l.discount_bp DESC")
    beyond = (
        f"({value} {'>' if by_end else '<'} %(a0)s::bigint OR ({value} = %(a0)s::bigint AND l.id > %(a1)s::bigint))"
    )
    rows = fetch(
        f"""
        SELECT {COLUMNS}, o.ends_at, {value}
        FROM catalog_listing l {JOINS}
        LEFT JOIN catalog_category u ON u.id = k.parent_id
        LEFT JOIN LATERAL (
            SELECT o.ends_at, (extract(epoch FROM o.ends_at) * 1000000)::bigint AS ends_us FROM catalog_marketoffer o
            WHERE o.listing_id = l.id AND o.kind = 'flash' AND {ALIVE}
            ORDER BY o.ends_at LIMIT 1
        ) o ON true
        WHERE l.city_id = %(city)s AND l.available AND l.discount_bp >= %(least)s
          AND (%(platform)s = '' OR p.slug = %(platform)s)
          AND (%(category)s = '' OR k.slug = %(category)s OR u.slug = %(category)s)
          {"AND o.ends_at IS NOT NULL" if by_end else ""}
          {f"AND {beyond}" if after else ""}
        ORDER BY {order_by}, l.id LIMIT %(limit)s
        """,
        {"city": city_id, "now": now, "stale": stale_before(now), "least": least_bp, "platform": platform,
         "category": category, "limit": limit + 1, "a0": after[0] if after else 0, "a1": after[1] if after else 0},
    )  # fmt: skip
    found = [Deal(Listed(*row[:-2]), row[-2]) for row in rows[:limit]]
    return found, encode([rows[limit - 1][-1], found[-1].listing.id]) if len(rows) > limit else ""
