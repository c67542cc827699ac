"""Which listings a line of the list may be bought as: one statement for all lines, one more for a list nobody wrote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from catalog.baskets.asked import MOST_LINES, WantedLine
from catalog.market_queries.products import singular, things
from catalog.market_queries.rows import COLUMNS, JOINS, Listed, fetch, stale_before
from catalog.search.folding import words

PER_PLATFORM = 40
"""Listings of a line that are looked at on one platform, the cheapest per unit first."""


class Candidate(NamedTuple):
    """A listing by the ids of its platform and category."""

    platform: int
    category: int | None
    listed: Listed


def things_of(categories: Sequence[str], city_id: int) -> list[WantedLine]:
    """The different things of categories (or of everything), what most platforms sell first, then what sells best."""
    rows = fetch(
        """
        SELECT l.item FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
        LEFT JOIN catalog_category k ON k.id = l.category_id LEFT JOIN catalog_category u ON u.id = k.parent_id
        LEFT JOIN catalog_product r ON r.id = l.product_id
        WHERE l.city_id = %(city)s AND l.available AND l.item <> ''
          AND (%(of)s::text[] = '{}' OR k.slug = ANY (%(of)s) OR u.slug = ANY (%(of)s))
        GROUP BY l.item
        ORDER BY count(DISTINCT l.platform_id) DESC, coalesce(max(r.popularity), 0) DESC, count(*) DESC, l.item
        LIMIT %(most)s
        """,
        {"city": city_id, "of": list(categories), "most": MOST_LINES},
    )
    return [WantedLine(item) for (item,) in rows]


def candidates(
    wanted: Sequence[WantedLine], *, city_id: int, platforms: Sequence[int], now: datetime
) -> dict[int, list[Candidate]]:
    """For each line the product and its family; else that very thing; else names that hold every word."""
    by_sku = [(number, line.sku) for number, line in enumerate(wanted) if line.sku]
    by_item = [
        (number, name) for number, line in enumerate(wanted) if not line.sku for name in sorted(things(line.item))
    ]
    by_name = [
        (number, "%" + "%".join(min(things(line.item), key=len).split()) + "%")
        for number, line in enumerate(wanted)
        if not line.sku and words(line.item)
    ]
    rows = fetch(
        f"""
        WITH skus AS (SELECT w.n, r.id, r.family FROM unnest(%(sn)s::int[], %(sku)s::text[]) AS w(n, sku)
                      JOIN catalog_product r ON r.sku = w.sku),
        said AS (SELECT * FROM unnest(%(inn)s::int[], %(item)s::text[]) AS w(n, item)),
        items AS (
            SELECT n, item FROM said
            UNION SELECT w.n, s.means FROM said w JOIN catalog_synonym s ON s.term = w.item AND s.is_approved
        ),
        names AS (SELECT * FROM unnest(%(nn)s::int[], %(name)s::text[]) AS w(n, name)),
        hits AS (
            SELECT w.n, l.id, false AS by_name FROM skus w JOIN catalog_listing l ON l.product_id = w.id
            UNION
            SELECT w.n, l.id, false FROM skus w JOIN catalog_product f ON w.family <> '' AND f.family = w.family
            JOIN catalog_listing l ON l.product_id = f.id
            UNION
            SELECT w.n, m.listing_id, false FROM skus w
            JOIN catalog_match m ON m.product_id = w.id AND m.state = 'family'
            UNION
            SELECT w.n, l.id, false FROM items w JOIN catalog_listing l ON l.item = w.item AND l.city_id = %(city)s
            UNION
            SELECT w.n, l.id, true FROM names w JOIN catalog_listing l ON upper(l.name) LIKE upper(w.name)
            WHERE NOT EXISTS (SELECT 1 FROM items i JOIN catalog_listing x ON x.item = i.item
                              WHERE i.n = w.n AND x.city_id = %(city)s AND x.available)
        ), placed AS (
            SELECT h.n, l.id, h.by_name, row_number() OVER (
                PARTITION BY h.n, l.platform_id ORDER BY l.unit_paise NULLS LAST, l.price_paise, l.id) AS place
            FROM hits h JOIN catalog_listing l ON l.id = h.id
            WHERE l.city_id = %(city)s AND l.available AND l.platform_id = ANY(%(platforms)s)
        )
        SELECT w.n, w.by_name, l.platform_id, l.category_id, {COLUMNS}
        FROM placed w JOIN catalog_listing l ON l.id = w.id {JOINS}
        WHERE w.place <= %(most)s
        ORDER BY w.n, w.place, l.id
        """,
        {
            "sn": [n for n, _ in by_sku], "sku": [sku for _, sku in by_sku],
            "inn": [n for n, _ in by_item], "item": [item for _, item in by_item],
            "nn": [n for n, _ in by_name], "name": [name for _, name in by_name],
            "city": city_id, "platforms": list(platforms), "most": PER_PLATFORM, "stale": stale_before(now),
        },
    )  # fmt: skip
    found = defaultdict(list)
    for number, by_name, platform, category, *rest in rows:
        listed = Listed(*rest)
        if not by_name or _is_named(listed, wanted[number].item):
            found[number].append(Candidate(platform, category, listed))
    return found


def _is_named(listed: Listed, item: str) -> bool:
    """Every word of it begins a word of the name: "apple" is no pineapple."""
    there = words(listed.name)
    return all(any(has.startswith(singular(word)) for has in there) for word in words(item))
