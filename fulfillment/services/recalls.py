"""Recalled goods on the floor: what is not picked yet is taken off the order, what is in bags stays in the store."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from fulfillment.models import PickLine, PickTask, TaskState
from fulfillment.services.inside import hint, lock_task
from fulfillment.services.life import end_cancelled
from inventory import recall_queries
from inventory.recall_queries import NotToLeave
from orders import services as orders
from orders.models import Order, OrderLine
from orders.states import Status

NOT_PACKED = (Status.CONFIRMED, Status.ASSIGNED_TO_STORE, Status.PICKING)
PACKED = (Status.PACKED, Status.ASSIGNED_TO_PARTNER)


@transaction.atomic
def take_out_recalled(*, order_id: UUID, now: datetime) -> None:
    """See to the recalled or expired units an order still holds. Silent when it holds none (any more).

    Not picked: the line is shorted, the money goes back, the customer is told, all as for goods that were not found.
    Picked or packed: operations are told, once; the hand-over is refused until they have decided. An unpaid order waits
    (the sweep comes again).
    """
    order = orders.lock(order_id)
    if order.status not in (*NOT_PACKED, *PACKED):
        return
    found = PickTask.objects.filter(order_id=order_id).values_list("pk", flat=True).first()
    task = lock_task(found) if found else None
    for it in recall_queries.not_to_leave(refs=[order_id]):
        rest = it.units
        if order.status in NOT_PACKED:
            rest, order = _short(order, task, it, now=now)
            if order.status == Status.CANCELLED:
                if task is not None:
                    end_cancelled(task, now=now)
                return
        if rest:
            orders.hold_back(order, it._replace(units=rest), now=now)


def sweep_recalled(*, now: datetime) -> int:
    """The same for every order that holds such units: those paid for, or begun, after the recall. Returns how many."""
    refs = sorted({it.ref for it in recall_queries.not_to_leave()})
    for ref in refs:
        if Order.objects.filter(pk=ref).exists():
            take_out_recalled(order_id=ref, now=now)
    return len(refs)


def _short(order: Order, task: PickTask | None, it: NotToLeave, *, now: datetime) -> tuple[int, Order]:
    """Take off the order what of it is not picked yet. Returns the units that are, and the order as it is then."""
    rest = it.units
    for line in OrderLine.objects.filter(order=order, product_id=it.product_id).order_by("pk"):
        pick = PickLine.objects.filter(task=task, order_line=line).first() if task is not None else None
        units = min(rest, line.qty - line.short_qty - (pick.picked_qty if pick else 0))
        if units <= 0:
            continue
        order = orders.short_line(
            order_id=order.pk, order_line_id=line.pk, qty=units, actor="system", now=now, recalled=True
        )
        rest -= units
        if pick is not None and task is not None:
            _note(task, pick, units, now=now)
        if order.status == Status.CANCELLED:
            break
    return rest, order


def _note(task: PickTask, pick: PickLine, units: int, *, now: datetime) -> None:
    """The picker need not look for them."""
    pick.short_qty += units
    pick.done_at = now if pick.picked_qty + pick.short_qty == pick.qty else None
    pick.save(update_fields=["short_qty", "done_at"])
    if task.state == TaskState.PICKING and not task.lines.filter(done_at=None).exists():
        task.state, task.picked_at = TaskState.PICKED, now
        task.save(update_fields=["state", "picked_at"])
        orders.evidence(order_id=task.order_id, kind="picked", detail={}, actor="system", now=now)
    hint(task)
