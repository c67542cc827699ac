"""The store scans bags out for a rider: somebody whose telephone is dead still gets the right ones."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from blinkit.kernel.said import say
from fulfillment.errors import NoSuchTask, UnknownBag
from fulfillment.models import PickTask
from orders import services as orders
from orders.queries.handover import order_of_code


def hand_over(
    *, store_id: int, worker_id: int, code: str, nonce: str, now: datetime, order_id: UUID | None = None
) -> orders.Handed:
    """One bag leaves this store's shelf; with the last one the rider has the order.

    `order_id`: the order somebody is waiting for; without it the code says which. Who scanned is kept as evidence.
    A re-sent scan (same nonce) does nothing more. Raises UnknownBag, NoSuchTask for another store's order, and what
    orders.scan_bag raises: WrongBag, BagTwice, NotReady.
    """
    if order_id is None:
        order = order_of_code(store_id=store_id, code=code)
        if order is None:
            raise UnknownBag(say("{code} is no bag of this store.", code=code.strip().upper()[:40]))
        order_id = order.pk
    elif not PickTask.objects.filter(order_id=order_id, store_id=store_id).exists():
        raise NoSuchTask("This order is not from this store.")
    return orders.scan_bag(order_id=order_id, code=code, actor=f"user:{worker_id}", nonce=nonce, now=now)
