"""One product on all platforms, and the search over what they list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.errors import NoSuchProduct
from catalog.market_queries.rows import COLUMNS, JOINS, Listed, decode, encode, fetch, stale_before
from catalog.search.folding import words

MOST_SIMILAR = 3
"""Listings of the same thing shown per platform, beside those of the same product."""
MOST_MATCHED = 3_000
"""Listings a search looks at."""


@dataclass(frozen=True, slots=True)
class ProductPrices:
    """`same`: the accepted matches, cheapest first (what is sold out last). `others`: other packs of its family and
    what is the same thing of any brand, comparable by the price per unit."""

    product_id: int
    sku: str
    name: str
    name_hi: str
    pack: str
    image: str
    mrp_paise: int
    same: tuple[Listed, ...]
    others: tuple[Listed, ...]

    @property
    def cheapest(self) -> Listed | None:
        return next((it for it in self.same if it.available), None)

    @property
    def ours(self) -> Listed | None:
        return next((it for it in self.same if it.is_ours), None)


def product_prices(sku: str, *, city_id: int, now: datetime) -> ProductPrices:
    """Two statements. Raises NoSuchProduct."""
    found = fetch(
        """
        SELECT r.id, r.sku, r.name, r.name_hi, r.pack, r.image, r.mrp_paise, r.family, coalesce(
            (SELECT l.item FROM catalog_listing l WHERE l.product_id = r.id AND l.item <> '' ORDER BY l.id LIMIT 1), '')
        FROM catalog_product r WHERE r.sku = %(sku)s AND r.is_active
        """,
        {"sku": sku},
    )
    if not found:
        raise NoSuchProduct
    *facts, family, item = found[0]
    rows = fetch(
        f"""
        WITH near AS (
            SELECT id, 0 AS far FROM catalog_listing WHERE product_id = %(product)s AND city_id = %(city)s
            UNION ALL
            SELECT l.id, 1 FROM catalog_product f JOIN catalog_listing l ON l.product_id = f.id
            WHERE %(family)s <> '' AND f.family = %(family)s AND f.id <> %(product)s AND l.city_id = %(city)s
            UNION ALL
            SELECT m.listing_id, 1 FROM catalog_match m JOIN catalog_listing l ON l.id = m.listing_id
            WHERE m.product_id = %(product)s AND m.state = 'family' AND l.city_id = %(city)s
            UNION ALL
            SELECT id, 2 FROM catalog_listing
            WHERE %(item)s <> '' AND item = %(item)s AND city_id = %(city)s AND available
        ), nearest AS (SELECT id, min(far) AS far FROM near GROUP BY id), ranked AS (
            SELECT l.id, n.far, row_number() OVER (
                PARTITION BY l.platform_id, n.far = 0
                ORDER BY n.far, NOT l.available, l.unit_paise NULLS LAST, l.price_paise, l.id) AS place
            FROM nearest n JOIN catalog_listing l ON l.id = n.id
        )
        SELECT n.far, {COLUMNS} FROM ranked n JOIN catalog_listing l ON l.id = n.id {JOINS}
        WHERE n.far = 0 OR n.place <= %(most)s
        ORDER BY n.far, NOT l.available, CASE WHEN n.far = 0 THEN l.price_paise ELSE l.unit_paise END, p.rank, l.id
        """,
        {"product": facts[0], "family": family, "item": item, "city": city_id, "most": MOST_SIMILAR,
         "stale": stale_before(now)},
    )  # fmt: skip
    same = tuple(Listed(*row[1:]) for row in rows if row[0] == 0)
    others = tuple(Listed(*row[1:]) for row in rows if row[0])
    return ProductPrices(*[*facts, same, others])


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a search found: a product of ours with its matches on platforms, or a listing nobody has matched.
    The cheapest of each platform, cheapest first."""

    key: str
    sku: str
    name: str
    name_hi: str
    pack: str
    image: str
    listings: tuple[Listed, ...]

    @property
    def cheapest(self) -> Listed:
        return next((it for it in self.listings if it.available), self.listings[0])


def search(
    q: str,
    *,
    city_id: int,
    now: datetime,
    platform: str = "",
    category: str = "",
    cursor: str = "",
    limit: int = 20,
) -> tuple[list[Found], str]:
    """Listings whose names hold every word, or which are that thing; a page and the cursor of the next ("" at the end).

    First what is that very thing, then what most platforms have, then the cheapest per unit. Without words and
    category nothing is found. Raises BadCursor.
    """
    asked = words(q)[:8]
    after = decode(cursor, [int, int, int, str]) if cursor else [-1, 0, 0, ""]
    if not asked and not category:
        return [], ""
    values: dict[str, Any] = {
        "city": city_id, "stale": stale_before(now), "platform": platform, "category": category, "most": MOST_MATCHED,
        "item": sorted(things(" ".join(asked))), "limit": limit + 1,
        "a0": after[0], "a1": after[1], "a2": after[2], "a3": after[3],
    }  # fmt: skip
    name_has = []
    for number, word in enumerate(asked):
        values[f"w{number}"] = f"%{_like(singular(word))}%"
        name_has.append(f"upper(l.name) LIKE upper(%(w{number})s)")
    named = " AND ".join(name_has) or "true"
    rows = fetch(
        f"""
        WITH meant AS (
            SELECT unnest(%(item)s::text[]) AS item
            UNION SELECT means FROM catalog_synonym WHERE term = ANY(%(item)s) AND is_approved
        ), hits AS (
            SELECT l.id, l.platform_id, l.product_id, l.price_paise, l.unit_paise, l.available,
                   l.item IN (SELECT item FROM meant) AS is_it
            FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
            LEFT JOIN catalog_category k ON k.id = l.category_id LEFT JOIN catalog_category u ON u.id = k.parent_id
            WHERE l.city_id = %(city)s AND (l.item IN (SELECT item FROM meant) OR ({named}))
              AND (%(platform)s = '' OR p.slug = %(platform)s)
              AND (%(category)s = '' OR k.slug = %(category)s OR u.slug = %(category)s)
            LIMIT %(most)s
        ), things AS (
            SELECT coalesce('p' || product_id, 'l' || id) AS key, bool_or(is_it) AS is_it,
                   count(DISTINCT platform_id) AS many, min(coalesce(unit_paise, price_paise)) AS least
            FROM hits GROUP BY 1
        ), page AS (
            SELECT key, CASE WHEN is_it THEN 0 ELSE 1 END AS a, -many AS b, least AS c FROM things
            WHERE (CASE WHEN is_it THEN 0 ELSE 1 END, -many, least, key)
                  > (%(a0)s::int, %(a1)s::bigint, %(a2)s::bigint, %(a3)s::text)
            ORDER BY 2, 3, 4, 1 LIMIT %(limit)s
        ), shown AS (
            SELECT DISTINCT ON (g.key, h.platform_id) g.key, g.a, g.b, g.c, h.id
            FROM page g JOIN hits h ON coalesce('p' || h.product_id, 'l' || h.id) = g.key
            ORDER BY g.key, h.platform_id, NOT h.available, h.price_paise, h.id
        )
        SELECT s.key, s.a, s.b, s.c, coalesce(r.name, l.name), coalesce(r.name_hi, ''), coalesce(r.pack, l.pack),
               coalesce(r.image, ''), {COLUMNS}
        FROM shown s JOIN catalog_listing l ON l.id = s.id {JOINS}
        ORDER BY s.a, s.b, s.c, s.key, NOT l.available, l.price_paise, p.rank, l.id
        """,
        values,
    )
    found: list[Found] = []
    places: list[list[Any]] = []
    for key, a, b, c, name, name_hi, pack, image, *rest in rows:
        listed = Listed(*rest)
        if found and found[-1].key == key:
            last = found[-1]
            found[-1] = Found(key, last.sku, name, name_hi, pack, image, (*last.listings, listed))
        else:
            found.append(Found(key, listed.sku, name, name_hi, pack, image, (listed,)))
            places.append([a, b, c, key])
    more = len(found) > limit
    return found[:limit], encode(places[limit - 1]) if more else ""


def singular(word: str) -> str:
    """The word without a plural's ending: onions, tomatoes, berries."""
    for ending, instead in (("ies", "y"), ("oes", "o"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word


def things(text: str) -> set[str]:
    """The ways an item of this name may be written on a listing."""
    asked = words(text)
    return {" ".join(asked), " ".join([*asked[:-1], singular(asked[-1])])} if asked else set()


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
