"""A picker takes an order and finds its items, one scan per unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from blinkit.kernel.errors import Invalid
from catalog.models import Product
from fulfillment.errors import EnoughOfIt, NotOnShift, TaskBusy, UnknownBarcode, WrongItem
from fulfillment.models import PickerShift, PickLine, PickTask, ScanNonce, TaskState
from fulfillment.services.inside import IN_WORK, hint, lock_task, lock_with_order, need_in_hand
from fulfillment.services.life import end_cancelled, place_of
from fulfillment.services.shifts import need_no_break
from orders import services as orders
from orders.models import Order
from orders.states import Status

TRIED_AT_ONCE = 20
"""How far down the queue one "next" looks for an order nobody else is busy with."""
LAST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What a scan did. `line_done`: nothing of this line is left to find; `task_done`: nor of any other."""

    line_id: int
    product_id: int
    picked_qty: int
    qty: int
    line_done: bool
    task_done: bool

    def as_json(self) -> dict[str, int | bool]:
        return {name: getattr(self, name) for name in self.__slots__}


@transaction.atomic
def next_task(*, store_id: int, picker_id: int, now: datetime) -> PickTask | None:
    """Give this picker the most urgent open task and start it; the one in hand when there is one.

    None when nothing waits. Raises NotOnShift. Several pickers asking at once get different tasks and never
    wait for each other.
    """
    _lock_shift(picker_id, store_id)
    in_hand = PickTask.objects.select_related("store").filter(picker_id=picker_id, state__in=IN_WORK).first()
    if in_hand is not None:
        return in_hand
    # Candidates first without locks: the order has to be locked before its task.
    queue = PickTask.objects.filter(store_id=store_id, state=TaskState.OPEN).order_by("-pinned", "due_at", "pk")
    for task_id, order_id in queue.values_list("pk", "order_id")[:TRIED_AT_ONCE]:
        # Skipped: somebody is just doing something with it, or it was cancelled and its task is about to end.
        pickable = Order.objects.filter(pk=order_id, status__in=(Status.ASSIGNED_TO_STORE, Status.PICKING))
        if not pickable.select_for_update(skip_locked=True, no_key=True).values_list("pk").first():
            continue
        task = lock_task(task_id)
        if task.state == TaskState.OPEN:
            return _begin(task, picker_id=picker_id, now=now)
    return None


@transaction.atomic
def start(*, task_id: UUID, picker_id: int, now: datetime) -> PickTask:
    """Start one particular open task (a manager's wish). Silent when repeated.

    Raises NotOnShift, TaskBusy, NoSuchTask.
    """
    store_id = PickTask.objects.filter(pk=task_id).values_list("store_id", flat=True).first()
    if store_id is not None:
        _lock_shift(picker_id, store_id)
    task, _order = lock_with_order(task_id)
    if task.state in IN_WORK and task.picker_id == picker_id:
        return task
    if task.state != TaskState.OPEN:
        raise TaskBusy("Somebody else has this order in hand." if task.state in IN_WORK else "This order is done.")
    if PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).exists():
        raise TaskBusy("Finish the order in your hands first.")
    return _begin(task, picker_id=picker_id, now=now)


@transaction.atomic
def scan(*, task_id: UUID, picker_id: int, barcode: str, nonce: str, now: datetime) -> ScanOutcome:
    """One unit goes into the tote. A re-sent scan (same nonce) gives the first answer and counts nothing.

    `barcode` is the printed code (the SKU where a product has none) or its last four characters. Raises NotYourTask,
    UnknownBarcode, WrongItem(wanted, scanned), EnoughOfIt. A refused scan writes nothing.
    """
    task = lock_task(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = _line_for(task, barcode.strip())
    line.picked_qty += 1
    return _after(task, line, nonce=nonce, now=now)


@transaction.atomic
def short(*, task_id: UUID, picker_id: int, line_id: int, qty: int, nonce: str, now: datetime) -> ScanOutcome:
    """`qty` units of a line are not there: the bill goes down and the customer is told. Same nonce, same answer.

    When nothing of the whole order is left it is cancelled (by orders) and the task ends. Raises NotYourTask, Invalid.
    """
    task, _order = lock_with_order(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = PickLine.objects.filter(task=task, pk=line_id).first()
    if line is None:
        raise Invalid("This line is not part of the task.")
    left = line.qty - line.picked_qty - line.short_qty
    if not 1 <= qty <= left:
        raise Invalid(f"Between 1 and {left} units of this line are still to be found." if left else "It is all here.")
    order = orders.short_line(
        order_id=task.order_id, order_line_id=line.order_line_id, qty=qty, actor=f"user:{picker_id}", now=now
    )
    line.short_qty += qty
    outcome = _after(task, line, nonce=nonce, now=now)
    if order.status == Status.CANCELLED:
        end_cancelled(task, now=now)
    return outcome


@transaction.atomic
def substitute(
    *, task_id: UUID, picker_id: int, line_id: int, sku: str, qty: int, nonce: str, now: datetime
) -> ScanOutcome:
    """`qty` units of a line are not there, and `sku` comes instead: its own line is next on the walk, to be scanned.

    Same nonce, same answer. Raises NotYourTask, Invalid, UnknownBarcode, and what orders refuse (NoSubstitute, ...).
    """
    task, _order = lock_with_order(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = PickLine.objects.filter(task=task, pk=line_id).first()
    if line is None:
        raise Invalid("This line is not part of the task.")
    left = line.qty - line.picked_qty - line.short_qty
    if not 1 <= qty <= left:
        raise Invalid(f"Between 1 and {left} units of this line are still to be found." if left else "It is all here.")
    product_id = Product.objects.filter(sku=sku).values_list("pk", flat=True).first()
    if product_id is None:
        raise UnknownBarcode("This product is not in the catalogue.")
    new = orders.substitute_line(
        order_id=task.order_id,
        order_line_id=line.order_line_id,
        product_id=product_id,
        qty=qty,
        actor=f"user:{picker_id}",
        now=now,
    )
    place = place_of(new)
    PickLine.objects.create(
        task=task,
        order_line=new,
        product_id=product_id,
        bin_code=place["bin_code"] or "",
        zone=place["bin_zone"] or place["zone"],
        walk=line.walk,  # right after the line it stands in for: equal places go by id
        qty=qty,
    )
    line.short_qty += qty
    return _after(task, line, nonce=nonce, now=now)


@transaction.atomic
def put_back(*, task_id: UUID, picker_id: int, line_id: int, nonce: str, now: datetime) -> ScanOutcome:
    """Undo: one scanned unit goes back to its bin. Same nonce, same answer. Raises NotYourTask, Invalid."""
    task = lock_task(task_id)
    if (before := _seen(task, picker_id, nonce)) is not None:
        return before
    line = PickLine.objects.filter(task=task, pk=line_id, picked_qty__gt=0).first()
    if line is None:
        raise Invalid("Nothing of this line is in the tote.")
    line.picked_qty -= 1
    if task.state == TaskState.PICKED:
        task.state, task.picked_at = TaskState.PICKING, None
        task.save(update_fields=["state", "picked_at"])
    return _after(task, line, nonce=nonce, now=now)


# -- inside --------------------------------------------------------------------------------------------------------


def _lock_shift(picker_id: int, store_id: int) -> None:
    """Two taps of one picker come one after the other, and nobody gets a task while going home."""
    live = PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None)
    if not live.select_for_update(no_key=True).values_list("pk").first():
        raise NotOnShift("Start your shift in this store first.")
    need_no_break(picker_id)


def _begin(task: PickTask, *, picker_id: int, now: datetime) -> PickTask:
    task.state = TaskState.PICKED if task.picked_at else TaskState.PICKING  # a task passed on keeps what was done
    task.picker_id = picker_id
    task.started_at = task.started_at or now
    try:
        with transaction.atomic():
            task.save(update_fields=["state", "picker", "started_at"])
    except IntegrityError:  # picker_has_one_task_in_hand: a manager passed one on at this moment
        raise TaskBusy("Finish the order in your hands first.") from None
    orders.start_picking(order_id=task.order_id, actor=f"user:{picker_id}", now=now)
    hint(task)
    return task


def _seen(task: PickTask, picker_id: int, nonce: str) -> ScanOutcome | None:
    """The answer this action got before; else the task must be in this picker's hands."""
    if not 1 <= len(nonce) <= 64:
        raise Invalid("Each action needs a nonce of 1 to 64 characters.")
    if task.picker_id == picker_id:
        found = ScanNonce.objects.filter(task=task, nonce=nonce).values_list("outcome", flat=True).first()
        if found is not None:
            return ScanOutcome(**found)
    need_in_hand(task, picker_id)
    return None


def _line_for(task: PickTask, code: str) -> PickLine:
    """The line this code belongs to, the first along the walk when four typed characters fit several."""
    lines = list(task.lines.select_related("product"))
    matches = [line for line in lines if code and _fits(line.product, code)]
    if open_matches := [line for line in matches if line.picked_qty + line.short_qty < line.qty]:
        return open_matches[0]
    if matches:
        line = matches[0]
        raise EnoughOfIt(f"{line.product.name}: you have all {line.picked_qty} of it.", line_id=line.pk)
    wanted = next((line.product.name for line in lines if line.picked_qty + line.short_qty < line.qty), "")
    known = Product.objects.filter(Q(barcode=code) | Q(sku=code)).values_list("name", flat=True)
    scanned = known.first() if code else ""
    if not scanned:
        if len(code) == LAST_DIGITS:
            raise UnknownBarcode(f"No code on your list ends in {code}. Look at the pack again.", wanted=wanted)
        raise UnknownBarcode("This code is not in the catalogue. Scan the barcode on the pack again.", wanted=wanted)
    raise WrongItem(f"That is {scanned}. Wanted: {wanted or 'nothing more'}.", wanted=wanted, scanned=scanned)


def _fits(product: Product, code: str) -> bool:
    printed = product.barcode or product.sku
    return code in (printed, product.sku) or (len(code) == LAST_DIGITS and printed.upper().endswith(code.upper()))


def _after(task: PickTask, line: PickLine, *, nonce: str, now: datetime) -> ScanOutcome:
    """Save the line and the answer; when it was the last open line, the task is picked."""
    line_done = line.picked_qty + line.short_qty == line.qty
    line.done_at = now if line_done else None
    line.save(update_fields=["picked_qty", "short_qty", "done_at"])
    task_done = line_done and not task.lines.filter(done_at=None).exists()
    if task_done and task.state == TaskState.PICKING:
        task.state, task.picked_at = TaskState.PICKED, now
        task.save(update_fields=["state", "picked_at"])
    outcome = ScanOutcome(line.pk, line.product_id, line.picked_qty, line.qty, line_done, task_done)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    hint(task)
    return outcome
