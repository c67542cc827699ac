"""Every write of the floor; each function is one complete act.

Lock order: the order (through orders.services), then the pick task. Acts that never touch the order lock the task alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from catalog import services as goods
from catalog.models import Product
from fulfillment import pickroute
from fulfillment.errors import (
    EnoughOfIt,
    LinesOpen,
    NoFreeSlot,
    NoSuchTask,
    NotOnShift,
    NotYourTask,
    TaskBusy,
    UnknownBarcode,
    WrongItem,
)
from fulfillment.events import PickTaskOpened, TaskPacked
from fulfillment.models import Bag, PickerShift, PickLine, PickTask, ScanNonce, ShelfSlot, TaskState
from inventory import queries as stock_counts
from orders import services as orders
from orders.models import Order, OrderLine
from orders.states import Status

HANDOVER_S = 60
"""From the shelf slot into the rider's bag; part of the way between `due_at` and the promise."""
RIDE_SHARE = 0.55
"""Share of the promised time that is kept for the ride when nothing better is known."""
PICK_BASE_S = 35
PICK_LINE_S = 14
MOST_BAGS = 12
_BAG_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
IN_WORK = (TaskState.PICKING, TaskState.PICKED)
"""What a picker has in hand."""


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


# -- the task's beginning and end, driven by the order -------------------------------------------------------------


@transaction.atomic
def open_task(*, order_id: UUID, now: datetime) -> PickTask | None:
    """Put a confirmed order into its store's pick queue, its lines in walking order. Silent when repeated.

    Returns None when the order has been cancelled meanwhile.
    """
    order = orders.lock(order_id)
    if order.status != Status.CONFIRMED:
        return PickTask.objects.filter(order=order).first()
    lines = list(OrderLine.objects.filter(order=order).select_related("product"))
    places = stock_counts.bins(store_id=order.store_id, product_ids=[line.product_id for line in lines])
    task = PickTask(order=order, store=order.store, due_at=_shelf_by(order, now=now), opened_at=now)
    task.save(force_insert=True)
    PickLine.objects.bulk_create(_lines(task, lines, places))
    orders.to_store(order_id=order_id, actor="system", now=now)
    events.record(
        PickTaskOpened(task_id=task.pk, order_id=order_id, store_code=order.store.code), subject=f"order:{order_id}"
    )
    write_load(store_id=order.store_id, now=now)
    return task


@transaction.atomic
def close_cancelled(*, order_id: UUID, now: datetime) -> None:
    """The order is cancelled: its task ends, its shelf slot is free. Bags already packed are put back by the floor."""
    task = PickTask.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    if task is None or task.state in (TaskState.HANDED_OVER, TaskState.CANCELLED):
        return
    task.state = TaskState.CANCELLED
    task.save(update_fields=["state"])
    ShelfSlot.objects.filter(task=task).update(task=None)
    _hint(task)
    write_load(store_id=task.store_id, now=now)


@transaction.atomic
def close_handed_over(*, order_id: UUID, now: datetime) -> None:
    """The rider has the bags: the shelf slot is free again. Silent when repeated."""
    task = PickTask.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    if task is None or task.state != TaskState.PACKED:
        return
    task.state = TaskState.HANDED_OVER
    task.handed_over_at = now
    task.save(update_fields=["state", "handed_over_at"])
    ShelfSlot.objects.filter(task=task).update(task=None)
    _hint(task)


# -- shifts --------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_shift(*, picker_id: int, store_id: int, now: datetime) -> PickerShift:
    """The picker is on the floor of this store. Silent when they are; raises TaskBusy when on another store's floor."""
    live_shift = PickerShift.objects.filter(user_id=picker_id, ended_at=None).first()
    if live_shift is not None:
        if live_shift.store_id != store_id:
            raise TaskBusy("You are on shift in another store. End that shift first.")
        return live_shift
    try:
        with transaction.atomic():
            shift = PickerShift.objects.create(user_id=picker_id, store_id=store_id, started_at=now)
    except IntegrityError:  # the same tap twice
        return PickerShift.objects.get(user_id=picker_id, ended_at=None)
    write_load(store_id=store_id, now=now)
    return shift


@transaction.atomic
def end_shift(*, picker_id: int, now: datetime) -> None:
    """The picker goes home. Silent when they have; raises TaskBusy with a task in hand."""
    if PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).exists():
        raise TaskBusy("Finish the order in your hands first, or ask your manager to pass it on.")
    shift = PickerShift.objects.select_for_update().filter(user_id=picker_id, ended_at=None).first()
    if shift is not None:
        shift.ended_at = now
        shift.save(update_fields=["ended_at"])
        write_load(store_id=shift.store_id, now=now)


# -- picking -------------------------------------------------------------------------------------------------------


@transaction.atomic
def next_task(*, store_id: int, picker_id: int, now: datetime) -> PickTask | None:
    """Give this picker the most urgent open task and start it; the one in hand when there is one; None when all is done.

    Raises NotOnShift. Several pickers asking at once get different tasks and never wait for each other.
    """
    _on_shift(picker_id, store_id)
    in_hand = PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).first()
    if in_hand is not None:
        return in_hand
    # Candidates first without locks: the order has to be locked before its task.
    queue = PickTask.objects.filter(store_id=store_id, state=TaskState.OPEN).order_by("-pinned", "due_at", "pk")
    for task_id, order_id in queue.values_list("pk", "order_id")[:20]:
        if not Order.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=order_id).exists():
            continue  # somebody is just doing something with it
        task = PickTask.objects.select_for_update(no_key=True).filter(pk=task_id, state=TaskState.OPEN).first()
        if task is not None:
            return _begin(task, picker_id=picker_id, now=now)
    return None


@transaction.atomic
def start(*, task_id: UUID, picker_id: int, now: datetime) -> PickTask:
    """Start one particular open task (a manager's wish). Raises NotOnShift, TaskBusy, NoSuchTask. Silent when repeated."""
    task = _lock_with_order(task_id)
    _on_shift(picker_id, task.store_id)
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

    `barcode` is the printed code or its last four digits. Raises NotYourTask, UnknownBarcode, WrongItem(wanted, scanned),
    EnoughOfIt. A refused scan writes nothing.
    """
    task = _lock(task_id)
    _in_hand(task, picker_id)
    if (before := _seen(task, nonce)) is not None:
        return ScanOutcome(**before)
    line = _line_for(task, barcode.strip())
    line.picked_qty += 1
    outcome = _after(task, line, now=now)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    _hint(task)
    return outcome


@transaction.atomic
def short(*, task_id: UUID, picker_id: int, line_id: int, qty: int, nonce: str, now: datetime) -> ScanOutcome:
    """`qty` units of a line are not there: the bill goes down and the customer is told. Same nonce, same answer.

    When nothing of the whole order is left it is cancelled (by orders) and the task ends. Raises NotYourTask, Invalid.
    """
    task = _lock_with_order(task_id)
    _in_hand(task, picker_id)
    if (before := _seen(task, nonce)) is not None:
        return ScanOutcome(**before)
    line = PickLine.objects.filter(task=task, pk=line_id).first()
    if line is None:
        raise Invalid("This line is not part of the task.")
    left = line.qty - line.picked_qty - line.short_qty
    if not 1 <= qty <= left:
        raise Invalid(f"Between 1 and {left} units of this line are still to be found.", left=left)
    orders.short_line(
        order_id=task.order_id, order_line_id=line.order_line_id, qty=qty, actor=f"user:{picker_id}", now=now
    )
    line.short_qty += qty
    outcome = _after(task, line, now=now)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    _hint(task)
    return outcome


@transaction.atomic
def put_back(*, task_id: UUID, picker_id: int, line_id: int, nonce: str, now: datetime) -> ScanOutcome:
    """Undo: one scanned unit goes back to its bin. Same nonce, same answer. Raises NotYourTask, Invalid."""
    task = _lock(task_id)
    _in_hand(task, picker_id)
    if (before := _seen(task, nonce)) is not None:
        return ScanOutcome(**before)
    line = PickLine.objects.filter(task=task, pk=line_id, picked_qty__gt=0).first()
    if line is None:
        raise Invalid("Nothing of this line is in the tote.")
    line.picked_qty -= 1
    line.done_at = None
    line.save(update_fields=["picked_qty", "done_at"])
    if task.state == TaskState.PICKED:
        task.state, task.picked_at = TaskState.PICKING, None
        task.save(update_fields=["state", "picked_at"])
    outcome = ScanOutcome(line.pk, line.product_id, line.picked_qty, line.qty, False, False)
    ScanNonce.objects.create(task=task, nonce=nonce, outcome=outcome.as_json(), at=now)
    _hint(task)
    return outcome


@transaction.atomic
def pack(*, task_id: UUID, picker_id: int, bags: Mapping[str, int], now: datetime) -> list[Bag]:
    """Close the bags (`bags`: how many per zone, e.g. {"ambient": 1, "frozen": 1}) and put them on a free shelf slot.

    Gives each bag its printed code and moves the order to PACKED. Silent when repeated (the first bags are the answer).
    Raises NotYourTask, LinesOpen(open), NoFreeSlot, Invalid.
    """
    task = _lock_with_order(task_id)
    if task.state in (TaskState.PACKED, TaskState.HANDED_OVER) and task.picker_id == picker_id:
        return list(task.bags.order_by("pk"))
    _in_hand(task, picker_id)
    still_open = [line.pk for line in task.lines.filter(done_at=None)]
    if still_open:
        raise LinesOpen(f"{len(still_open)} lines are neither found nor marked as missing.", open=still_open)
    zones = [zone for zone, count in bags.items() for _ in range(count)]
    if unknown := [zone for zone in bags if zone not in pickroute.ZONE_ORDER]:
        raise Invalid(f"There are no bags for “{unknown[0][:20]}”.", zones=list(pickroute.ZONE_ORDER))
    if not 1 <= len(zones) <= MOST_BAGS:
        raise Invalid(f"Between 1 and {MOST_BAGS} bags are possible.", most=MOST_BAGS)
    slot = (
        ShelfSlot.objects.select_for_update(skip_locked=True)
        .filter(store_id=task.store_id, task=None)
        .order_by("code")
        .first()
    )
    if slot is None:
        raise NoFreeSlot("Every place on the handover shelf is taken. Hand something over, or ask for another shelf.")
    slot.task = task
    slot.save(update_fields=["task"])
    stem = "".join(secrets.choice(_BAG_ALPHABET) for _ in range(6))
    made = Bag.objects.bulk_create(
        [Bag(task=task, code=f"{stem}-{number}{len(zones)}", zone=zone) for number, zone in enumerate(zones, start=1)]
    )
    task.state, task.packed_at = TaskState.PACKED, now
    task.save(update_fields=["state", "packed_at"])
    actor = f"user:{picker_id}"
    orders.packed(
        order_id=task.order_id, bag_codes=[bag.code for bag in made], shelf_slot=slot.code, actor=actor, now=now
    )
    _keep_evidence(task, made, actor=actor, now=now)
    picked_at, started_at = task.picked_at or now, task.started_at or task.opened_at
    packed = TaskPacked(
        task_id=task.pk,
        order_id=task.order_id,
        store_code=task.store.code,
        bags=len(made),
        pick_s=round((picked_at - started_at).total_seconds()),
        pack_s=round((now - picked_at).total_seconds()),
    )
    events.record(packed, subject=f"order:{task.order_id}", actor=actor)
    _hint(task)
    write_load(store_id=task.store_id, now=now)
    return made


# -- the manager's acts --------------------------------------------------------------------------------------------


@transaction.atomic
def pin(*, task_id: UUID, pinned: bool, actor: str, now: datetime) -> PickTask:
    """Put a task at the head of the queue, or back in its place."""
    task = _lock(task_id)
    task.pinned = pinned
    task.save(update_fields=["pinned"])
    _hint(task)
    return task


@transaction.atomic
def reassign(*, task_id: UUID, picker_id: int, actor: str, now: datetime) -> PickTask:
    """Pass a task in work to another picker, with what is already in the tote. Raises TaskBusy, NotOnShift, NoSuchTask."""
    task = _lock(task_id)
    if task.state not in IN_WORK:
        raise TaskBusy("Only an order in work can be passed on.")
    _on_shift(picker_id, task.store_id)
    if task.picker_id == picker_id:
        return task
    if PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).exists():
        raise TaskBusy("This picker has an order in hand already.")
    task.picker_id = picker_id
    task.save(update_fields=["picker"])
    _hint(task)
    return task


@transaction.atomic
def write_load(*, store_id: int, now: datetime) -> None:
    """Write down for checkout and the promise how busy this floor is. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE t.state = 'open'),"
            " (SELECT count(*) FROM fulfillment_pickershift WHERE store_id = %(store)s AND ended_at IS NULL)"
            " FROM fulfillment_picktask t WHERE t.store_id = %(store)s AND t.state IN ('open', 'picking', 'picked')",
            {"store": store_id},
        )
        open_orders, waiting, pickers = cursor.fetchone()
    backlog = waiting * (PICK_BASE_S + 5 * PICK_LINE_S) // max(1, pickers)
    goods.write_store_load(
        store_id=store_id, now=now, open_orders=open_orders, pick_backlog_s=backlog, pickers_on=pickers
    )


# -- inside --------------------------------------------------------------------------------------------------------


def _lock(task_id: UUID) -> PickTask:
    try:
        return PickTask.objects.select_related("store").select_for_update(of=("self",), no_key=True).get(pk=task_id)
    except PickTask.DoesNotExist:
        raise NoSuchTask("There is no such pick task.") from None


def _lock_with_order(task_id: UUID) -> PickTask:
    order_id = PickTask.objects.filter(pk=task_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NoSuchTask("There is no such pick task.")
    orders.lock(order_id)
    return _lock(task_id)


def _begin(task: PickTask, *, picker_id: int, now: datetime) -> PickTask:
    task.state, task.picker_id, task.started_at = TaskState.PICKING, picker_id, now
    try:
        with transaction.atomic():
            task.save(update_fields=["state", "picker", "started_at"])
    except IntegrityError:  # picker_has_one_task_in_hand: two taps at once
        raise TaskBusy("Finish the order in your hands first.") from None
    orders.start_picking(order_id=task.order_id, actor=f"user:{picker_id}", now=now)
    _hint(task)
    return task


def _on_shift(picker_id: int, store_id: int) -> None:
    if not PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None).exists():
        raise NotOnShift("Start your shift in this store first.")


def _in_hand(task: PickTask, picker_id: int) -> None:
    if task.picker_id != picker_id or task.state not in IN_WORK:
        raise NotYourTask("This order is not in your hands any more.", state=task.state)


def _seen(task: PickTask, nonce: str) -> dict[str, int | bool] | None:
    if not 1 <= len(nonce) <= 64:
        raise Invalid("Each action needs a nonce of 1 to 64 characters.")
    found: dict[str, int | bool] | None = (
        ScanNonce.objects.filter(task=task, nonce=nonce).values_list("outcome", flat=True).first()
    )
    return found


def _line_for(task: PickTask, barcode: str) -> PickLine:
    """The line this code belongs to. Only four digits are compared when only four were typed."""
    lines = list(task.lines.select_related("product"))
    matches = [
        line
        for line in lines
        if line.product.barcode
        and (line.product.barcode == barcode or (len(barcode) == 4 and line.product.barcode.endswith(barcode)))
    ]
    if open_matches := [line for line in matches if line.picked_qty + line.short_qty < line.qty]:
        return open_matches[0]
    if matches:
        line = matches[0]
        raise EnoughOfIt(f"{line.product.name}: you have all {line.picked_qty} of it.", line_id=line.pk)
    wanted = next((line.product.name for line in lines if line.picked_qty + line.short_qty < line.qty), "")
    scanned = Product.objects.filter(Q(barcode=barcode)).values_list("name", flat=True).first() if barcode else None
    if scanned is None:
        raise UnknownBarcode("This code is not in the catalogue. Scan the barcode on the pack again.", wanted=wanted)
    raise WrongItem(f"That is {scanned}. Wanted: {wanted or 'nothing more'}.", wanted=wanted, scanned=scanned)


def _after(task: PickTask, line: PickLine, *, now: datetime) -> ScanOutcome:
    """Save the line; when it was the last one, the task is picked."""
    line_done = line.picked_qty + line.short_qty == line.qty
    line.done_at = now if line_done else None
    line.save(update_fields=["picked_qty", "short_qty", "done_at"])
    task_done = line_done and not task.lines.filter(done_at=None).exists()
    if task_done:
        task.state, task.picked_at = TaskState.PICKED, now
        task.save(update_fields=["state", "picked_at"])
    return ScanOutcome(line.pk, line.product_id, line.picked_qty, line.qty, line_done, task_done)


def _lines(
    task: PickTask, lines: list[OrderLine], places: Mapping[int, stock_counts.Place]
) -> list[PickLine]:
    items = []
    for line in lines:
        place = places.get(line.product_id)
        items.append(
            pickroute.Item(
                id=line.pk,
                zone=place.zone if place else line.product.zone,
                sequence=place.sequence if place else 0,
                weight_g=line.product.weight_g * line.qty,
            )
        )
    walk = {line_id: rank for rank, line_id in enumerate(pickroute.order(items), start=1)}
    zones = {item.id: item.zone for item in items}
    return [
        PickLine(
            task=task,
            order_line=line,
            product_id=line.product_id,
            bin_code=places[line.product_id].bin_code if line.product_id in places else "",
            zone=zones[line.pk],
            walk=walk[line.pk],
            qty=line.qty,
        )
        for line in lines
    ]


def _shelf_by(order: Order, *, now: datetime) -> datetime:
    """When the bags must stand on the shelf: the promise minus the ride and the handover."""
    if order.promised_by is None:
        return now + timedelta(minutes=5)
    ride = (order.promised_by - now) * RIDE_SHARE
    return max(now, order.promised_by - ride - timedelta(seconds=HANDOVER_S))


def _keep_evidence(task: PickTask, bags: list[Bag], *, actor: str, now: datetime) -> None:
    lines = [
        {"product": line.product_id, "qty": line.qty, "picked": line.picked_qty, "short": line.short_qty}
        for line in task.lines.all()
    ]
    orders.evidence(
        order_id=task.order_id,
        kind="packed",
        detail={"lines": lines, "bags": [bag.code for bag in bags]},
        actor=actor,
        now=now,
    )


def _hint(task: PickTask) -> None:
    live.touch(f"store.{task.store.code}", what="task", id=task.pk)
    live.touch("ops", what="store", id=task.store_id)
