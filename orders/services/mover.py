"""The one mover: lock the row, check the table, write, record, hint. Every change of a status comes through here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from itertools import chain
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import events, live, metrics
from blinkit.kernel.events import DomainEvent
from orders import states
from orders.errors import NoSuchOrder
from orders.events import OrderMoved
from orders.models import Order
from orders.states import FINISHED, Status

P = ParamSpec("P")
R = TypeVar("R")


def joining(service: Callable[P, R]) -> Callable[P, R]:
    """`transaction.atomic` that joins an open transaction without a savepoint (two statements saved on hot paths).

    Only for acts that refuse before their first write: whoever catches such a refusal may go on with their transaction.
    """

    @wraps(service)
    def acted(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return service(*args, **kwargs)
        with transaction.atomic():
            return service(*args, **kwargs)

    return acted


def lock(order_id: UUID) -> Order:
    """The order, locked until the end of the caller's transaction, with its store. Raises NoSuchOrder.

    Orders are locked before payments, stock, pick tasks and jobs, by everybody. Rows that only point at the order can
    still be inserted meanwhile (FOR NO KEY UPDATE).
    """
    rows = Order.objects.select_related("store").select_for_update(of=("self",), no_key=True).filter(pk=order_id)
    # Asked again when nothing came: of an order that moved to another store while this statement waited for its lock,
    # PostgreSQL sees the new store but still joins the old one, and so finds no row.
    order = next(chain(rows, rows.all()), None)
    if order is None:
        raise NoSuchOrder
    return order


def step(
    order: Order,
    to: Status,
    *,
    actor: str,
    now: datetime,
    why: str = "",
    fields: Sequence[str] = (),
    also: Sequence[DomainEvent] = (),
) -> Order:
    """Move a locked order, saving `fields` with it, recording the move and the events in `also`. Raises IllegalMove."""
    old = Status(order.status)
    states.check(old, to)
    order.status = to
    order.status_at = now
    written = {*fields, "status", "status_at"}
    if to in FINISHED and order.finished_at is None:
        order.finished_at = now
        written.add("finished_at")
    order.save(update_fields=written)
    moved = OrderMoved(order_id=order.pk, old=old.value, new=to.value, why=why)
    events.record_all([moved, *also], subject=subject(order), actor=actor)
    hint(order)
    metrics.count("orders_moved_total", to=to.value)
    return order


def subject(order: Order) -> str:
    return f"order:{order.pk}"


def hint(order: Order) -> None:
    """Everybody who may be looking at this order looks again after the commit."""
    live.touch(f"order.{order.pk}", what="order", id=order.pk)
    live.touch(f"store.{order.store.code}", what="order", id=order.pk)
    live.touch("ops", what="order", id=order.pk)
    if order.rider_id_ref:
        live.touch(f"rider.{order.rider_id_ref}", what="order", id=order.pk)


@joining
def move(*, order_id: UUID, to: Status, actor: str, now: datetime, why: str = "") -> Order:
    """Move an order one step with nothing else to do. Silent when it is there already; raises IllegalMove, NoSuchOrder.

    Steps that hold, pay or ship have functions of their own: use those.
    """
    order = lock(order_id)
    if order.status == to:
        return order
    return step(order, to, actor=actor, now=now, why=why)
