"""What a store sells and at which price. Set-based: a whole catalogue is put on a shelf in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from catalog import tree, versions
from catalog.errors import BadPrice, NoSuchProduct, PriceAboveMrp
from catalog.models import Product, ShelfItem
from catalog.services.faces import keep_faces

NAMED_AT_MOST = 20
"""Refusals name this many products, not thirty thousand."""


@transaction.atomic
def put_on_shelf(*, store_id: int, rows: Iterable[tuple[int, int]], actor: str, reason: str = "", now: datetime) -> int:
    """List products at a price: (product id, price in paise) each; the last price given for a product counts.

    Also copies MRP, category and rank from the product. Every price that differs from before leaves a PriceChange row;
    a second run with the same prices writes nothing. Returns how many shelf rows were written. All or nothing: raises
    PriceAboveMrp, BadPrice, or NoSuchProduct for an unknown or inactive product.
    """
    prices = dict(rows)
    if not prices:
        return 0
    if min(prices.values()) < 1:
        raise BadPrice()
    given = [list(prices), list(prices.values())]
    with connection.cursor() as cursor:
        _one_writer(cursor, store_id)
        _refuse_bad_prices(cursor, given)
        cursor.execute(
            f"""WITH given AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS g(product_id, price_paise)),
            {_before("AND i.product_id IN (SELECT product_id FROM given)")},
            written AS (
                INSERT INTO catalog_shelfitem AS s
                    (store_id, product_id, category_id, price_paise, mrp_paise, rank, is_listed, updated_at)
                SELECT %s, p.id, p.category_id, g.price_paise, p.mrp_paise, LEAST(p.popularity, 2147483647), true, %s
                FROM given g JOIN catalog_product p ON p.id = g.product_id ORDER BY p.id
                ON CONFLICT (store_id, product_id) DO UPDATE SET category_id = EXCLUDED.category_id,
                    price_paise = EXCLUDED.price_paise, mrp_paise = EXCLUDED.mrp_paise, rank = EXCLUDED.rank,
                    is_listed = true, updated_at = EXCLUDED.updated_at
                WHERE (s.category_id, s.price_paise, s.mrp_paise, s.rank, s.is_listed) IS DISTINCT FROM
                    (EXCLUDED.category_id, EXCLUDED.price_paise, EXCLUDED.mrp_paise, EXCLUDED.rank, true)
                RETURNING s.product_id, s.price_paise
            ), {_AUDIT} SELECT count(*) FROM written""",
            [*given, store_id, store_id, now, store_id, reason[:120], actor, now],
        )
        written: int = cursor.fetchone()[0]
        keep_faces(cursor, store_id=store_id, product_ids=given[0])
    if written:
        shelf_changed(store_id)
    return written


def set_price(*, store_id: int, product_id: int, price_paise: int, actor: str, reason: str, now: datetime) -> None:
    """Change the price of one product that is on the shelf already, for every customer of the store.

    Raises NoSuchProduct when it is not on the shelf, PriceAboveMrp, BadPrice.
    """
    if not ShelfItem.objects.filter(store_id=store_id, product_id=product_id).exists():
        raise NoSuchProduct()
    put_on_shelf(store_id=store_id, rows=[(product_id, price_paise)], actor=actor, reason=reason, now=now)


@transaction.atomic
def set_listed(*, store_id: int, product_ids: Sequence[int], listed: bool, now: datetime) -> int:
    """Show products on the shelf or take them off; the price stays. Returns how many changed."""
    items = ShelfItem.objects.filter(store_id=store_id, product_id__in=product_ids, is_listed=not listed)
    if listed:
        items = items.filter(product__is_active=True)
    with connection.cursor() as cursor:
        _one_writer(cursor, store_id)
        changed = items.update(is_listed=listed, updated_at=now)
        if changed:
            keep_faces(cursor, store_id=store_id, product_ids=product_ids)
    if changed:
        shelf_changed(store_id)
    return changed


@transaction.atomic
def set_active(*, product_ids: Sequence[int], active: bool, actor: str, now: datetime) -> int:
    """Stop selling products (they leave every shelf) or allow them again (stores then list them). How many changed."""
    changed = Product.objects.filter(pk__in=product_ids, is_active=not active).update(is_active=active, updated_at=now)
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
            _one_writer(cursor, store_id)
            cursor.execute(
                f"""WITH {_before("AND i.product_id = ANY(%s)")},
                written AS (
                    UPDATE catalog_shelfitem s SET category_id = p.category_id, mrp_paise = p.mrp_paise,
                        rank = LEAST(p.popularity, 2147483647), price_paise = LEAST(s.price_paise, p.mrp_paise),
                        is_listed = s.is_listed AND p.is_active, updated_at = %s
                    FROM catalog_product p WHERE p.id = s.product_id AND s.store_id = %s AND p.id = ANY(%s)
                        AND (s.category_id, s.mrp_paise, s.rank, s.price_paise, s.is_listed) IS DISTINCT FROM
                        (p.category_id, p.mrp_paise, LEAST(p.popularity, 2147483647), LEAST(s.price_paise, p.mrp_paise),
                         s.is_listed AND p.is_active)
                    RETURNING s.product_id, s.price_paise
                ), {_AUDIT} SELECT count(*) FROM written""",
                [store_id, ids, now, store_id, ids, store_id, "MRP was lowered", actor, now],
            )
            changed += cursor.fetchone()[0]
            keep_faces(cursor, store_id=store_id, product_ids=ids)
            shelf_changed(store_id)  # names and pictures of the products may have changed too
    return changed


def shelf_changed(store_id: int) -> None:
    """Make ETags of this store's shelf stale after the commit. Inventory calls it when something sells out."""
    versions.bump(f"shelf:{store_id}")
    tree.forget()


def _before(which: str) -> str:
    return f"before AS (SELECT i.product_id, i.price_paise FROM catalog_shelfitem i WHERE i.store_id = %s {which})"


# All parts of one WITH see the table as it was before the statement, so `before` holds the old prices.
_AUDIT = """audited AS (
    INSERT INTO catalog_pricechange (store_id, product_id, old_paise, new_paise, reason, actor, at)
    SELECT %s, w.product_id, b.price_paise, w.price_paise, %s, %s, %s
    FROM written w LEFT JOIN before b ON b.product_id = w.product_id
    WHERE b.price_paise IS DISTINCT FROM w.price_paise
)"""


def _one_writer(cursor: Any, store_id: int) -> None:
    """Prices of one store are written by one transaction at a time, or the old price in the audit could be wrong."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.shelf'), %s)", [store_id])


def _refuse_bad_prices(cursor: Any, given: list[list[int]]) -> None:
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
