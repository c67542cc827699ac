"""What was picked from a printed list, written down afterwards in one act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from fulfillment.errors import LinesOpen, NotYourTask, TaskBusy
from fulfillment.models import PickLine, PickTask, ScanNonce, TaskState
from fulfillment.services.inside import IN_WORK, hint, lock_with_order, need_shift
from fulfillment.services.life import end_cancelled
from fulfillment.services.managing import pass_on
from fulfillment.services.picking import ScanOutcome
from fulfillment.services.taking import begin, lock_shift
from orders import services as orders
from orders.states import Status

PAPER = "paper"
"""The kind of evidence: the units of this order were counted on paper, not scanned."""


@transaction.atomic
def enter_paper(
    *,
    task_id: UUID,
    picker_id: int,
    found: Mapping[int, int],
    nonce: str,
    now: datetime,
    entered_by: int | None = None,
) -> PickTask:
    """Book a whole task as picked by `picker_id`: of each open line (pick line id) so many units lie in the tote, those
    scanned before the outage among them; the rest of the line is missing and shorted as the pick screen does it. The
    task then waits for its bags, or is cancelled (by orders) when nothing was found at all.

    `entered_by`: the store's manager, who needs no shift and may take the task out of another's hands. Sent again
    (`nonce`, or the same person with nothing left open) it is silent. All or nothing. Raises NotOnShift, NotYourTask
    when it was cancelled meanwhile, TaskBusy (in another's hands, done, hands full), LinesOpen(open) when a line is
    not answered, Invalid, NoSuchTask, and what orders refuse.
    """
    if not 1 <= len(nonce) <= 64:
        raise Invalid("Each action needs a nonce of 1 to 64 characters.")
    sent_before = PickTask.objects.select_related("store").filter(pk=task_id, scannonce__nonce=nonce).first()
    if sent_before is not None:  # also for somebody who has gone home meanwhile
        return sent_before
    store_id = PickTask.objects.filter(pk=task_id).values_list("store_id", flat=True).first()
    if store_id is not None:
        if entered_by is None:
            lock_shift(picker_id, store_id)
        elif picker_id != entered_by:
            need_shift(picker_id, store_id)
    task, _order = lock_with_order(task_id)
    if ScanNonce.objects.filter(task=task, nonce=nonce).exists():
        return task
    _need_alive(task)
    lines = [line for line in task.lines.select_related("product") if line.done_at is None]
    if not lines and task.picker_id == picker_id:
        return task
    if not lines:
        raise TaskBusy("All of this order was found already.", state=task.state)
    _check(lines, found)
    _take(task, picker_id, by_manager=entered_by is not None, now=now)
    actor = f"user:{entered_by or picker_id}"
    missing = {line.order_line_id: line.qty - line.short_qty - found[line.pk] for line in lines}
    missing = {line_id: units for line_id, units in missing.items() if units}
    cancelled = False
    if missing:
        order = orders.short_lines(order_id=task.order_id, missing=missing, actor=actor, now=now)
        cancelled = order.status == Status.CANCELLED
    for line in lines:
        line.picked_qty, line.short_qty, line.done_at = found[line.pk], line.qty - found[line.pk], now
    PickLine.objects.bulk_update(lines, ["picked_qty", "short_qty", "done_at"])
    orders.evidence(order_id=task.order_id, kind=PAPER, detail=_detail(lines, picker_id), actor=actor, now=now)
    last = lines[-1]
    outcome = ScanOutcome(last.pk, last.product_id, last.picked_qty, last.qty, True, True)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    if cancelled:
        end_cancelled(task, now=now)
        return task
    task.state, task.picked_at = TaskState.PICKED, now
    task.save(update_fields=["state", "picked_at"])
    hint(task)
    return task


def _need_alive(task: PickTask) -> None:
    if task.state == TaskState.CANCELLED:
        raise NotYourTask("This order was cancelled: put its items back.", state=task.state)
    if task.state not in (TaskState.OPEN, *IN_WORK):
        raise TaskBusy("This order is done.", state=task.state)


def _take(task: PickTask, picker_id: int, *, by_manager: bool, now: datetime) -> None:
    """The task in this picker's hands, whoever's it was. Raises TaskBusy."""
    if task.picker_id == picker_id and task.state in IN_WORK:
        return
    if task.state in IN_WORK and not by_manager:
        raise TaskBusy("Somebody else has this order in hand. Your manager can enter the sheet.")
    if task.state in IN_WORK:
        pass_on(task, to=None, why="Picked from paper by somebody else", actor=f"user:{picker_id}")
    begin(task, picker_id=picker_id, now=now)


def _check(lines: list[PickLine], found: Mapping[int, int]) -> None:
    if still_open := [line.pk for line in lines if line.pk not in found]:
        raise LinesOpen("Say of every line how many were found: 0 when there were none.", open=still_open)
    for line in lines:
        most = line.qty - line.short_qty
        if not line.picked_qty <= found[line.pk] <= most:
            sentence = say(
                "{name}: between {least} and {most} units can be in the tote.",
                name=line.product.name, least=line.picked_qty, most=most,
            )  # fmt: skip
            raise Invalid(sentence, line_id=line.pk)


def _detail(lines: list[PickLine], picker_id: int) -> dict[str, object]:
    rows = [
        {"product": line.product_id, "qty": line.qty, "picked": line.picked_qty, "short": line.short_qty}
        for line in lines
    ]
    return {"lines": rows, "picker": picker_id}
