"""Who picks what: the next order or a cluster of orders, one particular order, a split order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from fulfillment import clustering, floorplan, pickroute, queueing, staffing
from fulfillment.errors import NotOnShift, TaskBusy
from fulfillment.events import TaskSplit, WalkBegun
from fulfillment.models import MOST_TOTES, PickerShift, PickLine, PickTask, TaskState
from fulfillment.services.inside import IN_WORK, hint, lock_task, lock_with_order
from fulfillment.services.shifts import need_no_break
from inventory.models import Bin
from orders import services as orders
from orders.models import Order
from orders.states import Status

TRIED_AT_ONCE = 20
"""How far down the queue one "next" looks for an order nobody else is busy with."""
LOOKED_AT = 40
"""How many of the most urgent orders may join a cluster."""


@transaction.atomic
def next_task(*, store_id: int, picker_id: int, now: datetime, totes: int | None = None) -> PickTask | None:
    """Give this picker the order with the least slack and start it; what is in hand when there is something.

    With several totes (default: what the picker's shift says) orders join that save walking without being late for it;
    all of them are in hand then (`queries.in_hand`). None when nothing waits. Raises NotOnShift. Several pickers asking
    at once get different tasks and never wait for each other.
    """
    shift = lock_shift(picker_id, store_id)
    if (in_hand := _in_hand(picker_id)) is not None:
        return in_hand
    order = queueing.ranked(waiting(store_id=store_id, now=now))
    for place, first in enumerate(order[:TRIED_AT_ONCE]):
        task = _try(first.id, picker_id=picker_id, now=now)
        if task is None:
            continue
        most = min(MOST_TOTES, totes or shift.totes)
        if most > 1:
            _add_to_walk(task, order[place + 1 : place + 1 + LOOKED_AT], most=most, picker_id=picker_id, now=now)
        return task
    return None


@transaction.atomic
def start(*, task_id: UUID, picker_id: int, now: datetime) -> PickTask:
    """Start one particular open task (a manager's wish). Silent when repeated.

    Raises NotOnShift, TaskBusy, NoSuchTask.
    """
    store_id = PickTask.objects.filter(pk=task_id).values_list("store_id", flat=True).first()
    if store_id is not None:
        lock_shift(picker_id, store_id)
    task, _order = lock_with_order(task_id)
    if task.state in IN_WORK and task.picker_id == picker_id:
        return task
    if task.state != TaskState.OPEN:
        raise TaskBusy("Somebody else has this order in hand." if task.state in IN_WORK else "This order is done.")
    if _in_hand(picker_id) is not None:
        raise TaskBusy("Finish the order in your hands first.")
    return begin(task, picker_id=picker_id, now=now)


@transaction.atomic
def split(*, task_id: UUID, helper_id: int, zones: Collection[str], actor: str, now: datetime) -> PickTask:
    """The lines of these zones that are still to be found are fetched by somebody else; the task's picker packs.

    Silent when that helper has them. Raises NoSuchTask, TaskBusy (not in work, or the helper has their hands full),
    NotOnShift, OnBreak, Invalid when nothing is left to find there, or nothing would be left for the picker.
    """
    store_id = PickTask.objects.filter(pk=task_id).values_list("store_id", flat=True).first()
    if store_id is not None:
        lock_shift(helper_id, store_id)  # they do not go home, or take an order, at this moment
    helps_already = PickLine.objects.filter(task_id=task_id, helper_id=helper_id, zone__in=zones, done_at=None).exists()
    task = lock_task(task_id)
    if task.state != TaskState.PICKING:
        raise TaskBusy("Only an order that is being picked can be split.")
    if helper_id == task.picker_id:
        raise Invalid("Choose somebody else to help.")
    lines = list(task.lines.filter(done_at=None, helper=None))
    given = [line for line in lines if line.zone in zones]
    if not given and helps_already:
        return task
    if _in_hand(helper_id) is not None:
        raise TaskBusy("They have an order in hand already.")
    if not given or len(given) == len(lines):
        raise Invalid("Choose a part of what is still to be found: something has to be left for the picker.")
    PickLine.objects.filter(pk__in=[line.pk for line in given]).update(helper=helper_id)
    events.record(_split(task, given, helper_id), subject=f"order:{task.order_id}", actor=actor)
    hint(task)
    return task


@transaction.atomic
def join_again(*, task_id: UUID, actor: str, now: datetime) -> PickTask:
    """What a helper has not found yet is the picker's again. Silent when nobody helps. Raises NoSuchTask."""
    task = lock_task(task_id)
    take_back_from_helpers(task, actor=actor)
    return task


def take_back_from_helpers(task: PickTask, *, actor: str, helper_id: int | None = None) -> None:
    """The same for acts that hold the task's lock; with `helper_id` only from that person."""
    lines = task.lines.filter(done_at=None, helper__isnull=False)
    helped = list(lines if helper_id is None else lines.filter(helper_id=helper_id))
    if helped:
        PickLine.objects.filter(pk__in=[line.pk for line in helped]).update(helper=None)
        events.record(_split(task, helped, None), subject=f"order:{task.order_id}", actor=actor)
        hint(task)


def waiting(*, store_id: int, now: datetime) -> list[queueing.Waiting]:
    """The store's queue as it is ranked. One statement."""
    frozen = PickLine.objects.filter(task=OuterRef("pk"), zone="frozen", done_at=None)
    rows = PickTask.objects.filter(store_id=store_id, state=TaskState.OPEN).annotate(
        rider_since=F("order__rider_here_at"), frozen=Exists(frozen)
    )
    return [
        queueing.Waiting(
            id=pk, due_s=(due_at - now).total_seconds(), work_s=work_s, pinned=pinned,
            rider_waiting=since is not None, frozen=frozen,
        )
        for pk, due_at, work_s, pinned, since, frozen in rows.values_list(
            "pk", "due_at", "work_s", "pinned", "rider_since", "frozen"
        )
    ]  # fmt: skip


# -- inside --------------------------------------------------------------------------------------------------------


def lock_shift(picker_id: int, store_id: int) -> PickerShift:
    """Two taps of one picker come one after the other, and nobody gets a task while going home."""
    live = PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None)
    if (shift := live.select_for_update(no_key=True).first()) is None:
        raise NotOnShift("Start your shift in this store first.")
    need_no_break(picker_id)
    return shift


def _in_hand(picker_id: int) -> PickTask | None:
    """What this person is busy with: an order of their own, else one they help with."""
    tasks = PickTask.objects.select_related("store")
    own = tasks.filter(picker_id=picker_id, state__in=IN_WORK).order_by("tote").first()
    return own or tasks.filter(state__in=IN_WORK, lines__helper_id=picker_id, lines__done_at=None).first()


def _try(task_id: Any, *, picker_id: int, now: datetime) -> PickTask | None:
    """Begin this task unless somebody is just doing something with it, or it was cancelled and is about to end."""
    order_id = PickTask.objects.filter(pk=task_id).values_list("order_id", flat=True).first()
    # The order has to be locked before its task.
    pickable = Order.objects.filter(pk__in=[order_id], status__in=(Status.ASSIGNED_TO_STORE, Status.PICKING))
    if not pickable.select_for_update(skip_locked=True, no_key=True).values_list("pk").first():
        return None
    task = lock_task(task_id)
    return begin(task, picker_id=picker_id, now=now) if task.state == TaskState.OPEN else None


def _add_to_walk(
    first: PickTask, others: Sequence[queueing.Waiting], *, most: int, picker_id: int, now: datetime
) -> None:
    """Begin what joins the first task's walk, and put all their lines into one walking order."""
    by_id: dict[Any, queueing.Waiting] = {it.id: it for it in others}
    items = _items([first.pk, *by_id])
    due_s = (first.due_at - now).total_seconds()
    head = queueing.Waiting(id=first.pk, due_s=due_s, work_s=first.work_s, pinned=first.pinned)
    own = _candidate(head, items.get(first.pk, []))
    floor = floorplan.layout_of(store_id=first.store_id)
    learned = staffing.pace_of(store_id=first.store_id, picker_id=picker_id)
    lines = len(own.items)
    cluster = clustering.choose(
        own,
        [_candidate(it, items[it.id]) for it in others if items.get(it.id)],
        most=most,
        layout=floor,
        pace=clustering.Pace().fitted(
            learned.seconds(lines, own.units), metres=pickroute.route(own.items, floor).metres, lines=lines,
            units=own.units,
        ),
    )  # fmt: skip
    joining = [task_id for task_id in cluster.ids if task_id != first.pk]
    begun = [_try(task_id, picker_id=picker_id, now=now) for task_id in joining]
    together = [first, *(task for task in begun if task is not None)]
    if len(together) > 1:
        rank_walk([item for task in together for item, _units in items.get(task.pk, [])], floor)
        begun_walk = WalkBegun(
            picker_id=picker_id, store_code=first.store.code, tasks=[str(task.pk) for task in together],
            metres=round(cluster.metres), metres_alone=round(cluster.metres_alone), saved_s=round(cluster.saved_s),
            why=cluster.why,
        )  # fmt: skip
        for task in together:
            events.record(begun_walk, subject=f"order:{task.order_id}", actor=f"user:{picker_id}")


def _candidate(order: queueing.Waiting, items: Sequence[tuple[pickroute.Item, int]]) -> clustering.Candidate:
    return clustering.Candidate(
        id=order.id, due_s=order.due_s, start_slack_s=queueing.slack_s(order), items=[item for item, _ in items],
        units=sum(units for _, units in items), weight_g=sum(item.weight_g for item, _ in items), pinned=order.pinned,
    )  # fmt: skip


def rank_walk(items: Iterable[pickroute.Item], floor: pickroute.Layout) -> None:
    """Write down in which order these lines (items by line id) are walked to. One statement."""
    walk = {line_id: rank for rank, line_id in enumerate(pickroute.order(list(items), floor), start=1)}
    lines = [PickLine(pk=line_id, walk=rank) for line_id, rank in walk.items()]  # type: ignore[misc]  # ids of lines
    PickLine.objects.bulk_update(lines, ["walk"])


def _items(task_ids: Sequence[Any]) -> dict[Any, list[tuple[pickroute.Item, int]]]:
    """The lines still to be found of these tasks with their units, for the walk. One statement."""
    place = Bin.objects.filter(store=OuterRef("task__store"), code=OuterRef("bin_code")).values("sequence")[:1]
    rows = (
        PickLine.objects.filter(task__in=list(task_ids), done_at=None)
        .annotate(sequence=place, is_fragile=Coalesce("product__fragile", "product__category__fragile"))
        .values_list("task_id", "pk", "zone", "sequence", "bin_code", "qty", "product__weight_g", "is_fragile")
    )
    found: dict[Any, list[tuple[pickroute.Item, int]]] = {}
    for task_id, line_id, zone, sequence, bin_code, qty, weight_g, fragile in rows:
        item = pickroute.Item(
            id=line_id, zone=zone, sequence=sequence or 0, weight_g=weight_g * qty, bin_code=bin_code, fragile=fragile
        )
        found.setdefault(task_id, []).append((item, qty))
    return found


def begin(task: PickTask, *, picker_id: int, now: datetime) -> PickTask:
    task.state = TaskState.PICKED if task.picked_at else TaskState.PICKING  # a task passed on keeps what was done
    task.picker_id = picker_id
    task.tote = free_tote(picker_id)
    task.started_at = task.started_at or now
    try:
        with transaction.atomic():
            task.save(update_fields=["state", "picker", "tote", "started_at"])
    except IntegrityError:  # task_in_work_has_its_own_tote: a manager passed one on at this moment
        raise TaskBusy("Finish the order in your hands first.") from None
    orders.start_picking(order_id=task.order_id, actor=f"user:{picker_id}", now=now)
    hint(task)
    return task


def free_tote(picker_id: int) -> int:
    """The first tote of this picker with nothing in it. Raises TaskBusy when all are full."""
    taken = set(PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).values_list("tote", flat=True))
    for tote in range(1, MOST_TOTES + 1):
        if tote not in taken:
            return tote
    raise TaskBusy(say("This picker has {n} orders in hand already.", n=MOST_TOTES))


def _split(task: PickTask, lines: Sequence[PickLine], helper_id: int | None) -> TaskSplit:
    return TaskSplit(task_id=task.pk, order_id=task.order_id, lines=[line.pk for line in lines], helper=helper_id)
