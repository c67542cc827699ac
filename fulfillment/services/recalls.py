"""Recalled goods on the floor: what is not picked yet is taken off the order, what is in bags stays in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel.sweeping import one_by_one
from fulfillment.models import PickLine, PickTask, TaskState
from fulfillment.services.inside import hint, lock_task
from fulfillment.services.life import end_cancelled
from inventory import recall_queries
from inventory.recall_queries import NotToLeave
from orders import services as orders
from orders.models import Order, OrderLine
from orders.states import ON_SHELF, Status

NOT_PACKED = (Status.CONFIRMED, Status.ASSIGNED_TO_STORE, Status.PICKING)


@transaction.atomic
def take_out_recalled(*, order_id: UUID, now: datetime) -> None:
    """See to the recalled or expired units an order still holds. Silent when it holds none (any more).

    Not picked: the line is shorted, the money goes back, the customer is told, all as for goods that were not found.
    Picked or packed: operations are told, once; the hand-over is refused until they have decided. An unpaid order waits
    (the sweep comes again).
    """
    order = orders.lock(order_id)
    if order.status not in (*NOT_PACKED, *ON_SHELF):
        return
    found = PickTask.objects.filter(order_id=order_id).values_list("pk", flat=True).first()
    task = lock_task(found) if found else None
    held = recall_queries.not_to_leave(refs=[order_id])
    rest = [it.units for it in held]
    if order.status in NOT_PACKED:
        rest, order = _short(order, task, held, now=now)
        if order.status == Status.CANCELLED:
            if task is not None:
                end_cancelled(task, now=now)
            return
    for it, units in zip(held, rest, strict=True):
        if units:
            orders.hold_back(order, it._replace(units=units), now=now)


def sweep_recalled(*, now: datetime) -> int:
    """The same for every order that holds such units: those paid for, or begun, after the recall. Returns how many.

    One that fails does not hold up the others.
    """
    refs = {it.ref for it in recall_queries.not_to_leave()}
    held = list(Order.objects.filter(pk__in=refs).order_by("pk").values_list("pk", flat=True))
    one_by_one(held, lambda order_id: take_out_recalled(order_id=order_id, now=now), sweep="recalled")
    return len(held)


def _short(
    order: Order, task: PickTask | None, held: Sequence[NotToLeave], *, now: datetime
) -> tuple[list[int], Order]:
    """Take off the order what of these is not picked yet. Returns of each the units that are, and the order as it is
    then."""
    lines = list(OrderLine.objects.filter(order=order).order_by("pk"))
    picks = {pick.order_line_id: pick for pick in PickLine.objects.filter(task=task)} if task is not None else {}
    open_units = {
        line.pk: line.qty - line.short_qty - (picks[line.pk].picked_qty if line.pk in picks else 0) for line in lines
    }
    missing: Counter[int] = Counter()
    rests = []
    for it in held:
        rest = it.units
        for line in lines:
            if line.product_id == it.product_id and (units := min(rest, open_units[line.pk] - missing[line.pk])) > 0:
                missing[line.pk] += units
                rest -= units
        rests.append(rest)
    if missing:
        order = orders.short_lines(order_id=order.pk, missing=missing, actor="system", now=now, recalled=True)
    for line_id, units in missing.items():
        if task is not None and line_id in picks:
            _note(task, picks[line_id], units, now=now)
    return rests, order


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
