"""What may be taken instead of what is short: the nearest things that are really there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection

from catalog import wanted
from catalog.queries import ROW_COLUMNS, ROW_JOINS, ShelfRow
from inventory import queries as stock
from orders.queries.shelves import ShelfCard

MOST = 3
LOOKED_AT = 12
"""So many of the nearest are looked up per product, because what is sold out is not offered."""


def near_substitutes(
    *, store_id: int, rows: Sequence[ShelfRow], without: Collection[int] = (), limit: int = MOST
) -> dict[int, list[ShelfCard]]:
    """At most `limit` things like each of these products, with price and free units, the nearest first, by product id.

    Two statements however many products; none for none. `without` are products the customer has already.
    """
    if not rows:
        return {}
    near = wanted.similar_to_each(store_id=store_id, rows=rows, limit=LOOKED_AT)
    ids = sorted({row.product_id for found in near.values() for row in found})
    free = stock.free(store_id=store_id, product_ids=ids) if ids else {}
    return {
        product_id: [
            ShelfCard(row, free[row.product_id])
            for row in found
            if free.get(row.product_id, 0) > 0 and row.product_id not in without
        ][:limit]
        for product_id, found in near.items()
    }


def no_longer_listed(*, store_id: int, product_ids: Sequence[int]) -> dict[int, ShelfRow]:
    """What a store once sold, as it was when it left the shelf, by product id. One statement; none for none."""
    if not product_ids:
        return {}
    sql = f"""SELECT {ROW_COLUMNS} FROM catalog_shelfitem s {ROW_JOINS}
        WHERE s.store_id = %s AND s.product_id = ANY(%s)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [store_id, list(product_ids)])
        return {found[0]: ShelfRow(*found) for found in cursor.fetchall()}
