"""What a store sells and at which price. Set-based: a whole catalogue is put on a shelf in a handful of statements.

`ShelfItem.price_paise` and `tiers` are what the price list, the store's own price and the MRP make of a product now;
the rule is `catalog.pricing.price_list`, and `_COUNTED` says the same in SQL (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from blinkit.kernel import live
from catalog import tree, versions
from catalog.errors import BadPrice, NoSuchProduct, PriceAboveMrp
from catalog.kept import BrieflyKept
from catalog.models import ShelfItem, Store
from catalog.services import own_listings
from catalog.services.faces import keep_faces

NAMED_AT_MOST = 20
"""Refusals name this many products, not thirty thousand."""
TOLD_BY_NAME = 200
"""Screens hear of so many changed products by name; of more, that everything changed."""


def put_on_shelf(*, store_id: int, rows: Iterable[tuple[int, int]], actor: str, reason: str = "", now: datetime) -> int:
    """List products at the store's own price: (product id, paise) each; the last price given for a product counts.

    A dated price, or one of the store that began later, goes first on the shelf: see `catalog.pricing.price_list`. Also
    copies MRP, category and rank from the product. Every price that differs from before leaves a PriceChange row;
    a second run with the same prices writes nothing. Returns how many shelf rows were written. All or nothing: raises
    PriceAboveMrp, BadPrice, or NoSuchProduct for an unknown or inactive product.
    """
    return _put(store_id=store_id, prices=dict(rows), actor=actor, reason=reason, now=now, anew=False)


def list_at_list_price(
    *, store_id: int, product_ids: Iterable[int], actor: str, reason: str = "", now: datetime
) -> int:
    """List products without saying a price: what the store had before keeps its own price, if it had one, and a new one
    costs what the price list says, else its MRP.

    How many rows were written; all or nothing: raises NoSuchProduct for an unknown or inactive product.
    """
    prices: dict[int, int | None] = dict.fromkeys(product_ids)
    return _put(store_id=store_id, prices=prices, actor=actor, reason=reason, now=now, anew=False)


def set_price(*, store_id: int, product_id: int, price_paise: int, actor: str, reason: str, now: datetime) -> None:
    """Change the store's own price of one product that is on the shelf already, for every customer of the store.

    It counts from now on, also against a standing price of the list; one that ends goes first until then. Raises
    NoSuchProduct when it is not on the shelf, PriceAboveMrp, BadPrice.
    """
    if not ShelfItem.objects.filter(store_id=store_id, product_id=product_id).exists():
        raise NoSuchProduct()
    prices = {product_id: price_paise}
    _put(store_id=store_id, prices=prices, actor=actor, reason=reason, now=now, anew=True)


@transaction.atomic
def _put(*, store_id: int, prices: Mapping[int, int | None], actor: str, reason: str, now: datetime, anew: bool) -> int:
    """None says no price (list_at_list_price). `anew`: one given again begins again, where the shelf shows another."""
    if not prices:
        return 0
    if any(paise is not None and paise < 1 for paise in prices.values()):
        raise BadPrice()
    ids = list(prices)
    given: list[list[Any]] = [ids, list(prices.values())]
    with connection.cursor() as cursor:
        one_writer(cursor, store_id)
        _refuse_bad_prices(cursor, given)
        cursor.execute(
            f"""WITH {_HERE}, given AS (
                SELECT * FROM unnest(%(products)s::bigint[], %(paise)s::bigint[]) AS g(product_id, price_paise)),
            {_before("AND i.product_id IN (SELECT product_id FROM given)")},
            asked AS (
                SELECT p.id AS product_id, p.mrp_paise, k.keeps,
                    COALESCE(g.price_paise, CASE WHEN i.own_price_paise > p.mrp_paise THEN p.mrp_paise
                        ELSE i.own_price_paise END) AS own_paise,
                    CASE WHEN k.keeps THEN i.own_price_at ELSE h.at END AS own_at,
                    CASE WHEN k.keeps THEN i.own_price_by ELSE %(actor)s::text END AS own_by,
                    CASE WHEN k.keeps THEN i.own_price_why ELSE %(reason)s::text END AS own_why
                FROM given g JOIN catalog_product p ON p.id = g.product_id CROSS JOIN here h
                LEFT JOIN catalog_shelfitem i ON i.store_id = h.id AND i.product_id = g.product_id
                CROSS JOIN LATERAL (SELECT COALESCE(i.own_price_paise = g.price_paise
                    AND (NOT %(anew)s OR i.price_paise = g.price_paise),
                    g.price_paise IS NULL AND i.id IS NOT NULL) AS keeps) k),
            {_COUNTED},
            written AS (
                INSERT INTO catalog_shelfitem AS s
                    (store_id, product_id, category_id, price_paise, mrp_paise, rank, is_listed, updated_at,
                     own_price_paise, own_price_at, own_price_by, own_price_why, price_source, tiers)
                SELECT h.id, p.id, p.category_id, b.price_paise, p.mrp_paise, LEAST(p.popularity, 2147483647), true,
                    %(now)s, b.own_paise, b.own_at, b.own_by, b.own_why, b.source, t.tiers
                FROM base b JOIN catalog_product p ON p.id = b.product_id CROSS JOIN here h
                LEFT JOIN tiered t ON t.product_id = p.id ORDER BY p.id
                ON CONFLICT (store_id, product_id) DO UPDATE SET category_id = EXCLUDED.category_id,
                    price_paise = EXCLUDED.price_paise, mrp_paise = EXCLUDED.mrp_paise, rank = EXCLUDED.rank,
                    is_listed = true, updated_at = EXCLUDED.updated_at, own_price_paise = EXCLUDED.own_price_paise,
                    own_price_at = EXCLUDED.own_price_at, own_price_by = EXCLUDED.own_price_by,
                    own_price_why = EXCLUDED.own_price_why, price_source = EXCLUDED.price_source,
                    tiers = EXCLUDED.tiers
                WHERE (s.category_id, s.price_paise, s.mrp_paise, s.rank, s.is_listed, s.own_price_paise,
                       s.own_price_at, s.price_source, s.tiers) IS DISTINCT FROM
                    (EXCLUDED.category_id, EXCLUDED.price_paise, EXCLUDED.mrp_paise, EXCLUDED.rank, true,
                     EXCLUDED.own_price_paise, EXCLUDED.own_price_at, EXCLUDED.price_source, EXCLUDED.tiers)
                RETURNING s.product_id, s.price_paise
            ), {_AUDIT} SELECT product_id FROM written""",
            {
                "products": given[0],
                "paise": given[1],
                "store": store_id,
                "actor": actor,
                "reason": reason[:120],
                "lowered": "",
                "anew": anew,
                "now": now,
                "fall": _fall_bp(),
            },
        )
        written = [product_id for (product_id,) in cursor.fetchall()]
        keep_faces(cursor, store_id=store_id, product_ids=ids)
    if written:
        shelf_changed(store_id, written)
    return len(written)


@transaction.atomic
def set_listed(*, store_id: int, product_ids: Sequence[int], listed: bool, now: datetime) -> int:
    """Show products on the shelf or take them off; the price stays. Returns how many changed."""
    items = ShelfItem.objects.filter(store_id=store_id, product_id__in=product_ids, is_listed=not listed)
    if listed:
        items = items.filter(product__is_active=True)
    with connection.cursor() as cursor:
        one_writer(cursor, store_id)
        changed = items.update(is_listed=listed, updated_at=now)
        if changed:
            keep_faces(cursor, store_id=store_id, product_ids=product_ids)
    if changed:
        shelf_changed(store_id, product_ids)
    return changed


@transaction.atomic
def set_active(*, product_ids: Sequence[int], active: bool, actor: str, now: datetime) -> int:
    """Stop selling products (they leave every shelf) or allow them again (stores then list them). How many changed."""
    with connection.cursor() as cursor:  # locked by key, as `lock_products` does, and changed in one statement
        cursor.execute(
            """WITH mine AS (
                SELECT id FROM catalog_product WHERE id = ANY(%s) AND is_active <> %s ORDER BY id FOR NO KEY UPDATE)
            UPDATE catalog_product p SET is_active = %s, updated_at = %s FROM mine WHERE p.id = mine.id""",
            [list(product_ids), active, active, now],
        )
        changed = int(cursor.rowcount)
    refresh_shelf(product_ids=product_ids, actor=actor, now=now)
    return changed


@transaction.atomic
def refresh_shelf(*, product_ids: Sequence[int], actor: str, now: datetime) -> int:
    """After products changed: copy MRP, category, rank and what filters need to every shelf, take inactive ones off.

    A price above a lowered MRP comes down to it, with a PriceChange row. Returns how many shelf rows changed.
    """
    if not product_ids:
        return 0
    ids = sorted(set(product_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT store_id FROM catalog_shelfitem WHERE product_id = ANY(%s) ORDER BY store_id", [ids]
        )
        store_ids = [store_id for (store_id,) in cursor.fetchall()]
        changed = 0
        for store_id in store_ids:
            one_writer(cursor, store_id)
            cursor.execute(
                f"""WITH {_HERE}, {_before("AND i.product_id = ANY(%(products)s)")}, {_ASKED},
                {_COUNTED},
                written AS (
                    UPDATE catalog_shelfitem s SET category_id = p.category_id, mrp_paise = p.mrp_paise,
                        rank = LEAST(p.popularity, 2147483647), price_paise = b.price_paise,
                        is_listed = s.is_listed AND p.is_active, updated_at = %(now)s,
                        own_price_paise = b.own_paise, price_source = b.source, tiers = b.tiers
                    FROM catalog_product p JOIN (SELECT base.*, t.tiers FROM base
                        LEFT JOIN tiered t ON t.product_id = base.product_id) b ON b.product_id = p.id
                    WHERE p.id = s.product_id AND s.store_id = %(store)s
                        AND (s.category_id, s.mrp_paise, s.rank, s.price_paise, s.is_listed, s.own_price_paise,
                             s.price_source, s.tiers) IS DISTINCT FROM
                        (p.category_id, p.mrp_paise, LEAST(p.popularity, 2147483647), b.price_paise,
                         s.is_listed AND p.is_active, b.own_paise, b.source, b.tiers)
                    RETURNING s.product_id, s.price_paise
                ), {_AUDIT} SELECT count(*) FROM written""",
                {
                    "products": ids,
                    "store": store_id,
                    "actor": actor,
                    "lowered": "MRP was lowered",
                    "now": now,
                    "fall": _fall_bp(),
                },
            )
            changed += cursor.fetchone()[0]
            keep_faces(cursor, store_id=store_id, product_ids=ids)
            shelf_changed(store_id, ids)  # names and pictures of the products may have changed too
    return changed


def shelf_changed(store_id: int, product_ids: Sequence[int] = ()) -> None:
    """Make ETags of this store's shelf stale after the commit, and tell those who look at it which products to read
    again (all they see, when none are named or too many)."""
    versions.bump(f"shelf:{store_id}")
    tree.forget()
    own_listings.note_changed(store_id, product_ids)
    if code := _store_code(store_id):
        named: Sequence[object] = product_ids if 0 < len(product_ids) <= TOLD_BY_NAME else [""]
        for product_id in named:
            live.touch(f"shelf.{code}", what="price", id=product_id)


def _read_store_code(store_id: int) -> str:
    return Store.objects.filter(pk=store_id).values_list("code", flat=True).first() or ""


_store_code: BrieflyKept[str] = BrieflyKept(_read_store_code, times=20)


def count_prices(cursor: Any, *, store_id: int, product_ids: Sequence[int], now: datetime) -> int:
    """Bring this store's prices of these products up to what the list says now. How many shelf rows changed.

    The caller holds the transaction; the reason and the name in the history are those of the price that counts.
    """
    one_writer(cursor, store_id)
    cursor.execute("UPDATE catalog_store SET priced_at = GREATEST(priced_at, %s) WHERE id = %s", [now, store_id])
    cursor.execute(
        f"""WITH {_HERE}, {_before("AND i.product_id = ANY(%(products)s)")}, {_ASKED}, {_COUNTED},
        written AS (
            UPDATE catalog_shelfitem s SET price_paise = b.price_paise, price_source = b.source, tiers = t.tiers,
                own_price_paise = b.own_paise, updated_at = %(now)s
            FROM base b LEFT JOIN tiered t ON t.product_id = b.product_id
            WHERE s.product_id = b.product_id AND s.store_id = %(store)s AND s.mrp_paise = b.mrp_paise
                AND (s.price_paise, s.price_source, s.tiers) IS DISTINCT FROM (b.price_paise, b.source, t.tiers)
            RETURNING s.product_id, s.price_paise
        ), {_AUDIT} SELECT count(*) FROM written""",
        {
            "products": list(product_ids),
            "store": store_id,
            "actor": "system",
            "lowered": "",
            "now": now,
            "fall": _fall_bp(),
        },
    )
    changed = int(cursor.fetchone()[0])
    if changed:
        keep_faces(cursor, store_id=store_id, product_ids=product_ids)
        shelf_changed(store_id, product_ids)
    return changed


def _fall_bp() -> int:
    """Watchers are told from this price on: the share of what they saw, in basis points."""
    return 10_000 - int(settings.PRICE_DROP_BP)


# Prices of a store never go back in time: whoever was late to get the lock looks at the instant looked at before.
_HERE = """here AS (SELECT id, city_id, GREATEST(priced_at, %(now)s::timestamptz) AS at
    FROM catalog_store WHERE id = %(store)s)"""


def _before(which: str) -> str:
    return f"""before AS (
        SELECT i.product_id, i.price_paise FROM catalog_shelfitem i WHERE i.store_id = %(store)s {which})"""


_ASKED = """asked AS (
    SELECT i.product_id, p.mrp_paise, i.own_price_at AS own_at, i.own_price_by AS own_by, i.own_price_why AS own_why,
        CASE WHEN i.own_price_paise > p.mrp_paise THEN p.mrp_paise ELSE i.own_price_paise END AS own_paise
    FROM catalog_shelfitem i JOIN catalog_product p ON p.id = i.product_id
    WHERE i.store_id = %(store)s AND i.product_id = ANY(%(products)s))"""
# From `asked` (product, MRP, own price) and `here`: `base`, what one costs, and `tiered`, the tiers below it.
_COUNTED = """listed AS (
    SELECT DISTINCT ON (p.product_id, p.members_only, p.min_qty) p.product_id, p.members_only, p.min_qty, p.starts_at,
        p.ends_at, LEAST(p.paise, a.mrp_paise) AS paise, p.reason, p.actor,
        CASE WHEN p.store_id IS NOT NULL THEN 'store' WHEN p.city_id IS NOT NULL THEN 'city' ELSE 'everywhere' END
            AS source
    FROM asked a JOIN catalog_price p ON p.product_id = a.product_id CROSS JOIN here h
    WHERE p.cancelled_at IS NULL AND p.starts_at <= h.at AND (p.ends_at IS NULL OR p.ends_at > h.at)
        AND (p.store_id IS NULL OR p.store_id = h.id) AND (p.city_id IS NULL OR p.city_id = h.city_id)
    ORDER BY p.product_id, p.members_only, p.min_qty, p.ends_at IS NOT NULL DESC, p.store_id IS NOT NULL DESC,
        p.city_id IS NOT NULL DESC, p.starts_at DESC, p.id DESC),
judged AS (
    SELECT a.*, l.paise, l.source AS list_source, l.reason AS list_why, l.actor AS list_by,
        l.paise IS NOT NULL AND (a.own_paise IS NULL OR l.ends_at IS NOT NULL
            OR (l.source = 'store' AND l.starts_at >= COALESCE(a.own_at, '-infinity'))) AS by_list
    FROM asked a LEFT JOIN listed l ON l.product_id = a.product_id AND l.min_qty = 1 AND NOT l.members_only),
base AS (
    SELECT j.product_id, j.mrp_paise, j.own_paise, j.own_at, j.own_by, j.own_why,
        CASE WHEN j.by_list THEN j.paise ELSE COALESCE(j.own_paise, j.mrp_paise) END AS price_paise,
        CASE WHEN j.by_list THEN j.list_source WHEN j.own_paise IS NOT NULL THEN 'own' ELSE 'mrp' END AS source,
        CASE WHEN j.by_list THEN j.list_why ELSE j.own_why END AS why,
        CASE WHEN j.by_list THEN j.list_by ELSE j.own_by END AS who
    FROM judged j),
tiered AS (
    SELECT l.product_id, jsonb_agg(jsonb_build_object('min_qty', l.min_qty, 'members', l.members_only,
        'paise', l.paise, 'source', l.source) ORDER BY l.members_only, l.min_qty) AS tiers
    FROM listed l JOIN base b ON b.product_id = l.product_id
    WHERE (l.min_qty > 1 OR l.members_only) AND l.paise < b.price_paise GROUP BY l.product_id)"""

# All parts of one WITH see the table as it was before the statement, so `before` holds the old prices. Who watches a
# price that fell far enough is marked in the same breath.
_AUDIT = """audited AS (
    INSERT INTO catalog_pricechange (store_id, product_id, old_paise, new_paise, reason, actor, at)
    SELECT %(store)s, w.product_id, e.price_paise, w.price_paise,
        CASE WHEN %(lowered)s::text <> '' AND e.price_paise > b.mrp_paise THEN %(lowered)s::text ELSE b.why END,
        CASE WHEN %(lowered)s::text <> '' OR b.who = '' THEN %(actor)s::text ELSE b.who END, %(now)s
    FROM written w JOIN base b ON b.product_id = w.product_id LEFT JOIN before e ON e.product_id = w.product_id
    WHERE e.price_paise IS DISTINCT FROM w.price_paise
), fallen AS (
    UPDATE catalog_pricewatch v SET fell_at = %(now)s
    FROM written w LEFT JOIN before e ON e.product_id = w.product_id
    WHERE v.store_id = %(store)s AND v.product_id = w.product_id AND (v.is_asked OR v.is_favourite)
        AND e.price_paise > w.price_paise AND w.price_paise * 10000 <= v.seen_paise * %(fall)s
)"""


def one_writer(cursor: Any, store_id: int) -> None:
    """Prices of one store are written by one transaction at a time, or the old price in the audit could be wrong."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.shelf'), %s)", [store_id])


def _refuse_bad_prices(cursor: Any, given: Sequence[Sequence[int | None]]) -> None:
    cursor.execute(
        """SELECT g.product_id, p.sku, p.mrp_paise FROM unnest(%s::bigint[], %s::bigint[]) AS g(product_id, price_paise)
        LEFT JOIN catalog_product p ON p.id = g.product_id AND p.is_active
        WHERE p.id IS NULL OR g.price_paise > p.mrp_paise ORDER BY g.product_id LIMIT %s""",
        [*given, NAMED_AT_MOST],
    )
    bad = cursor.fetchall()
    if missing := [product_id for product_id, sku, _ in bad if sku is None]:
        raise NoSuchProduct("Some products are unknown or no longer sold.", product_ids=missing)
    if bad:
        above = {sku: mrp for _, sku, mrp in bad}
        raise PriceAboveMrp(f"The price is above the MRP: {', '.join(above)}.", above=above)
