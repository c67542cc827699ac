"""Everything a customer was brought before, page by page."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from inventory import queries as stock
from orders.queries.shelves import ShelfCard, store_id_of
from orders.queries.wanting import BOUGHT, BoughtBefore

PER_PAGE = 24


@dataclass(frozen=True, slots=True)
class BoughtPage:
    items: tuple[BoughtBefore, ...]
    next_cursor: str = ""
    elsewhere: int = 0
    """Bought before and not sold at this store, on this page."""


def bought_page(*, customer_id: int, store_code: str, cursor: str = "", limit: int = PER_PAGE) -> BoughtPage:
    """Products the customer was brought, the latest first, as far as this store sells them. Three statements a page.

    Every order counts, however old. Raises NoSuchStore, Invalid for a cursor that is none.
    """
    store_id = store_id_of(store_code)
    at, product_id = _place(cursor) if cursor else (None, None)
    with connection.cursor() as db:
        db.execute(
            _BOUGHT, {"customer": customer_id, "bought": BOUGHT, "at": at, "product": product_id, "n": limit + 1}
        )
        found = db.fetchall()
    more, found = len(found) > limit, found[:limit]
    ids = [row[0] for row in found]
    rows = goods.shelf_rows(store_id=store_id, product_ids=ids) if ids else {}
    free = stock.free(store_id=store_id, product_ids=list(rows)) if rows else {}
    items = tuple(
        BoughtBefore(ShelfCard(rows[pk], free.get(pk, 0)), times, last_at) for pk, times, last_at in found if pk in rows
    )
    return BoughtPage(items, _cursor(found[-1][2], found[-1][0]) if more else "", len(found) - len(items))


_BOUGHT = """
SELECT product_id, times, last_at FROM (
    SELECT l.product_id, count(*) AS times, max(o.placed_at) AS last_at
    FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id AND l.short_qty < l.qty
    WHERE o.customer_id = %(customer)s AND o.status = ANY(%(bought)s) GROUP BY l.product_id) b
WHERE %(at)s::timestamptz IS NULL OR (last_at, product_id) < (%(at)s::timestamptz, %(product)s::bigint)
ORDER BY last_at DESC, product_id DESC LIMIT %(n)s"""


def _cursor(at: datetime, product_id: int) -> str:
    return urlsafe_b64encode(f"{at.isoformat()} {product_id}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, int]:
    try:
        at, _space, product_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        place = datetime.fromisoformat(at), int(product_id)
    except ValueError:
        raise Invalid("This page is gone: begin at the first one.") from None
    if place[0].tzinfo is None or not 0 < place[1] < 2**63:
        raise Invalid("This page is gone: begin at the first one.")
    return place
