"""The equal-price audit of our own shelves: the same product at the same instant should cost the same, or say why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.market_queries.rows import fetch

KINDS = ("differs", "above", "mrp")


@dataclass(frozen=True, slots=True)
class Finding:
    """`differs`: a store's price is not what most stores charge for the product, and no reason is written down.
    `above`: our price is more than the limit above the cheapest other. `mrp`: more than the MRP printed today.

    `should_paise` is what it was held against: the most common price, the cheapest other, the MRP.
    """

    kind: str
    product_id: int
    sku: str
    name: str
    where: str
    price_paise: int
    should_paise: int
    whose: str
    since: datetime | None

    @property
    def by_bp(self) -> int:
        return round((self.price_paise - self.should_paise) * 10_000 / self.should_paise)


def audit(*, above_bp: int, city_id: int | None = None, limit: int = 200) -> list[Finding]:
    """All three kinds, each with the furthest off first; `limit` of each. A price of the price list says why by itself,
    a store's own price by its reason. One city, or all: across cities the common price is the whole house's."""
    rows = fetch(
        """
        WITH shelf AS (
            SELECT s.*, st.name AS store, st.city_id FROM catalog_shelfitem s
            JOIN catalog_store st ON st.id = s.store_id AND st.is_active
            WHERE s.is_listed AND (%(city)s::bigint IS NULL OR st.city_id = %(city)s)
        ), usual AS (
            SELECT product_id, mode() WITHIN GROUP (ORDER BY price_paise) AS paise FROM shelf
            GROUP BY product_id HAVING min(price_paise) <> max(price_paise)
        ), ours AS (
            SELECT l.product_id, l.city_id, l.price_paise, l.changed_at FROM catalog_listing l
            JOIN catalog_platform p ON p.id = l.platform_id AND p.is_ours WHERE l.available
        ), least AS (
            SELECT DISTINCT ON (l.product_id, l.city_id) l.product_id, l.city_id, l.price_paise, p.name
            FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active AND NOT p.is_ours
            WHERE l.available AND l.product_id IS NOT NULL ORDER BY l.product_id, l.city_id, l.price_paise, l.id
        ), found AS (
            SELECT 'differs' AS kind, s.product_id, s.store AS place, s.price_paise, u.paise AS should, '' AS whose,
                   coalesce(s.own_price_at, s.updated_at) AS since
            FROM shelf s JOIN usual u ON u.product_id = s.product_id
            WHERE s.price_paise <> u.paise AND s.price_source = 'own' AND s.own_price_why = ''
            UNION ALL
            SELECT 'above', o.product_id, y.name, o.price_paise, t.price_paise, t.name, o.changed_at
            FROM ours o JOIN least t ON t.product_id = o.product_id AND t.city_id = o.city_id
            JOIN catalog_city y ON y.id = o.city_id
            WHERE o.price_paise * 10000 > t.price_paise * (10000 + %(above)s)
              AND (%(city)s::bigint IS NULL OR o.city_id = %(city)s)
            UNION ALL
            SELECT 'mrp', s.product_id, s.store, s.price_paise, r.mrp_paise, '', s.updated_at
            FROM shelf s JOIN catalog_product r ON r.id = s.product_id WHERE s.price_paise > r.mrp_paise
            UNION ALL
            SELECT 'mrp', o.product_id, y.name, o.price_paise, r.mrp_paise, '', o.changed_at
            FROM ours o JOIN catalog_product r ON r.id = o.product_id JOIN catalog_city y ON y.id = o.city_id
            WHERE o.price_paise > r.mrp_paise AND (%(city)s::bigint IS NULL OR o.city_id = %(city)s)
        ), ranked AS (
            SELECT *, row_number() OVER (
                PARTITION BY kind ORDER BY abs(price_paise - should) * 10000 / should DESC, product_id, place) AS at
            FROM found
        )
        SELECT f.kind, f.product_id, r.sku, r.name, f.place, f.price_paise, f.should, f.whose, f.since
        FROM ranked f JOIN catalog_product r ON r.id = f.product_id WHERE f.at <= %(limit)s
        ORDER BY array_position(ARRAY['mrp', 'above', 'differs'], f.kind), f.at
        """,
        {"city": city_id, "above": above_bp, "limit": limit},
    )
    return [Finding(*row) for row in rows]
