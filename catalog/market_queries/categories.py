"""How dear each platform is, category by category, over products that several of them have."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.market_queries.rows import fetch


@dataclass(frozen=True, slots=True)
class CategoryIndex:
    """`index_bp`: the median, over the products it shares with others, of its price against the mean of all platforms
    that have the product (10,000 is as dear as the rest). `cheapest`: on how many of them nobody is cheaper.
    `discount_bp`: the mean discount of all its listings here."""

    category: str
    name: str
    name_hi: str
    platform: str
    platform_name: str
    is_ours: bool
    products: int
    index_bp: int | None
    cheapest: int
    discount_bp: int


def category_indexes(city_id: int, *, category: str = "") -> list[CategoryIndex]:
    """By top category; with a slug, by what is directly beneath it (or itself). Available listings only."""
    rows = fetch(
        """
        WITH here AS (
            SELECT k.id AS leaf, CASE WHEN %(category)s = '' THEN coalesce(k.parent_id, k.id) ELSE k.id END AS shown
            FROM catalog_category k LEFT JOIN catalog_category u ON u.id = k.parent_id
            WHERE %(category)s = '' OR k.slug = %(category)s OR u.slug = %(category)s
        ), prices AS (
            SELECT h.shown, l.product_id, l.platform_id, min(l.price_paise) AS paise
            FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
            JOIN catalog_product r ON r.id = l.product_id JOIN here h ON h.leaf = r.category_id
            WHERE l.city_id = %(city)s AND l.available
            GROUP BY 1, 2, 3
        ), compared AS (
            SELECT *, avg(paise) OVER each AS mean, min(paise) OVER each AS least, count(*) OVER each AS many
            FROM prices WINDOW each AS (PARTITION BY product_id)
        ), indexes AS (
            SELECT shown, platform_id, count(*) AS products,
                   round(percentile_cont(0.5) WITHIN GROUP (ORDER BY paise * 10000.0 / mean))::bigint AS index_bp,
                   count(*) FILTER (WHERE paise = least) AS cheapest
            FROM compared WHERE many >= 2 GROUP BY 1, 2
        ), discounts AS (
            SELECT h.shown, l.platform_id, round(avg(l.discount_bp))::bigint AS discount_bp
            FROM catalog_listing l JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
            JOIN here h ON h.leaf = l.category_id
            WHERE l.city_id = %(city)s AND l.available GROUP BY 1, 2
        )
        SELECT k.slug, k.name, k.name_hi, p.slug, p.name, p.is_ours, coalesce(i.products, 0), i.index_bp,
               coalesce(i.cheapest, 0), coalesce(d.discount_bp, 0)
        FROM indexes i FULL JOIN discounts d ON d.shown = i.shown AND d.platform_id = i.platform_id
        JOIN catalog_category k ON k.id = coalesce(i.shown, d.shown)
        JOIN catalog_platform p ON p.id = coalesce(i.platform_id, d.platform_id)
        ORDER BY k.rank, k.name, k.id, p.rank, p.id
        """,
        {"city": city_id, "category": category},
    )
    return [CategoryIndex(*row) for row in rows]
