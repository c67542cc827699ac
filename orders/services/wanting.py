"""A whole list into the cart, learning from our own orders, and telling who waits that a thing is back."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from blinkit.kernel import events
from catalog import queries as goods
from catalog import services as catalog_services
from catalog import wanted
from catalog.affinity import Baskets, Rules, learn
from catalog.models import RestockAlert, ShelfItem
from inventory import queries as stock
from inventory.models import Stock
from orders.events import BackInStock
from orders.models import CartLine, Consent, OrderLine
from orders.queries.carts import WANTED, CartView, Wanted, view_of
from orders.queries.tracking import order_of
from orders.services.cart import MOST_LINES, MOST_UNITS_PER_LINE, open_cart
from orders.states import Status

LEARN_FROM_DAYS = 180
MOST_BASKETS = 150_000
"""The newest orders learned from; with them a night's work stays under a minute and 600 MB."""
READ_AT_A_TIME = 20_000
LEARNING = Rules()
BOUGHT = [Status.DELIVERED.value, Status.CLOSED.value]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item of the list that did not come along in full: `qty` of `wanted` did."""

    sku: str
    name: str
    wanted: int
    qty: int
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {"sku": self.sku, "name": self.name, "wanted": self.wanted, "qty": self.qty, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class ListAdded:
    view: CartView
    left_out: tuple[LeftOut, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"cart": self.view.as_dict(), "left_out": [item.as_dict() for item in self.left_out]}


@transaction.atomic
def add_list_to_cart(*, customer_id: int, list_id: UUID, store_code: str, now: datetime) -> ListAdded:
    """See to it that the cart holds at least what stands on the list; doing it twice changes nothing more.

    What this store does not sell, has sold out or sells only so many of is left out and said, never refused: the rest
    of the list still goes in. Raises NoSuchList, NoSuchStore.
    """
    _, items = wanted.list_items(customer_id=customer_id, list_id=list_id)
    return _into_cart(items, customer_id=customer_id, store_code=store_code, now=now)


@transaction.atomic
def reorder(*, order_id: UUID, customer_id: int, store_code: str, now: datetime) -> ListAdded:
    """The same with what one of the customer's orders had. Raises NoSuchOrder, NoSuchStore."""
    order = order_of(order_id=order_id, customer_id=customer_id)
    lines = OrderLine.objects.filter(order=order, substitute_for=None).order_by("pk")
    items = [wanted.ListItem(line.product_id, line.sku, line.name, line.pack, line.image, line.qty) for line in lines]
    return _into_cart(items, customer_id=customer_id, store_code=store_code, now=now)


def _into_cart(items: Sequence[wanted.ListItem], *, customer_id: int, store_code: str, now: datetime) -> ListAdded:
    store = goods.store_by_code(store_code)
    cart = open_cart(customer_id=customer_id, store_id=store.pk, now=now)
    there = dict(CartLine.objects.filter(cart=cart).values_list("product_id", "qty"))
    ids = [item.product_id for item in items]
    rows = goods.shelf_rows(store_id=store.pk, product_ids=ids)
    free = stock.free(store_id=store.pk, product_ids=ids) if ids else {}
    left_out: list[LeftOut] = []
    added: dict[int, int] = {}
    for item in items:
        row, units = rows.get(item.product_id), free.get(item.product_id, 0)
        qty, reason = item.qty, ""
        if row is None:
            qty, reason = 0, "not-on-shelf"
        elif units <= 0:
            qty, reason = 0, "sold-out"
        elif units < qty:
            qty, reason = units, "few-left"
        most = 0 if row is None else min(row.max_per_order, MOST_UNITS_PER_LINE)
        if qty > most:
            qty, reason = most, "too-many-units"
        if qty and item.product_id not in there and len(there.keys() | added.keys()) >= MOST_LINES:
            qty, reason = 0, "cart-full"
        if reason:
            left_out.append(LeftOut(item.sku, item.name, item.qty, qty, reason))
        if qty > there.get(item.product_id, 0):
            added[item.product_id] = qty
    CartLine.objects.bulk_create(
        [
            CartLine(cart=cart, product_id=pk, qty=qty, consent=Consent.REFUND, added_at=now)
            for pk, qty in added.items()
        ],
        update_conflicts=True,
        unique_fields=["cart", "product"],
        update_fields=["qty"],
    )
    lines = CartLine.objects.filter(cart=cart).values_list(*WANTED)
    view = view_of(cart, [Wanted(*line) for line in lines], store=store)
    return ListAdded(view, tuple(left_out))


def learn_affinity(*, now: datetime) -> int:
    """Learn what goes with what from delivered orders and write it down below, in catalog. Returns how many pairs.

    The same code that `manage.py recommend_eval` judges. With no orders yet the table is empty, and shelves fall back
    to the rules of the kitchen.
    """
    pairs = learn(_baskets(now), LEARNING)
    return catalog_services.replace_learned(pairs=pairs, now=now)


def _baskets(now: datetime) -> Baskets:
    """The newest delivered orders as two columns, read piece by piece."""
    basket, product = array("q"), array("q")
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            """SELECT o.n, l.product_id FROM (
                SELECT id, row_number() OVER (ORDER BY placed_at DESC, id) AS n FROM orders_order
                WHERE status = ANY(%s) AND placed_at > %s ORDER BY placed_at DESC, id LIMIT %s) o
            JOIN orders_orderline l ON l.order_id = o.id AND l.short_qty < l.qty ORDER BY o.n, l.id""",
            [BOUGHT, now - timedelta(days=LEARN_FROM_DAYS), MOST_BASKETS],
        )
        while rows := cursor.fetchmany(READ_AT_A_TIME):
            basket.extend(row[0] for row in rows)
            product.extend(row[1] for row in rows)
    return Baskets(np.array(basket, dtype=np.int64), np.array(product, dtype=np.int64))


@transaction.atomic
def tell_restocked(*, now: datetime, limit: int = 200) -> int:
    """Announce BackInStock to customers who wait for what can be bought again; once each. Returns how many.

    Sweepers running at once take different alerts.
    """
    here = {"store_id": OuterRef("store_id"), "product_id": OuterRef("product_id")}
    waiting = (
        RestockAlert.objects.filter(
            Exists(Stock.objects.free().filter(**here)),
            Exists(ShelfItem.objects.filter(**here, is_listed=True)),
            told_at=None,
        )
        .select_related("store", "product")
        .order_by("pk")
        .select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    alerts = list(waiting)
    for alert in alerts:
        event = BackInStock(
            customer_id=alert.customer_id,
            store_code=alert.store.code,
            sku=alert.product.sku,
            product_name=str(alert.product),
        )
        events.record(event, subject=f"user:{alert.customer_id}", actor="system")
    catalog_services.restock_told(alert_ids=[alert.pk for alert in alerts], now=now)
    return len(alerts)
