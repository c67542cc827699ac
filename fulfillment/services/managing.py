"""The manager's acts, and what the clock does when nobody does anything."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from blinkit.kernel import events
from blinkit.kernel.sweeping import one_by_one
from fulfillment.errors import NoSuchTask, TaskBusy
from fulfillment.events import TaskPassedOn, TaskPinned
from fulfillment.models import PickerShift, PickLine, PickTask, TaskState
from fulfillment.services.inside import IN_WORK, hint, lock_task, need_shift
from fulfillment.services.life import write_load
from fulfillment.services.shifts import end_forgotten_breaks, finish, need_no_break
from fulfillment.services.taking import free_tote, take_back_from_helpers
from fulfillment.staffing import LONGEST_SHIFT
from orders import services as orders
from orders.models import Cause, Order


@transaction.atomic
def pin(*, task_id: UUID, pinned: bool, actor: str, now: datetime) -> PickTask:
    """Put a task at the head of the queue, or back in its place. Silent when it is there; raises NoSuchTask."""
    task = lock_task(task_id)
    if task.pinned != pinned:
        task.pinned = pinned
        task.save(update_fields=["pinned"])
        moved = TaskPinned(task_id=task.pk, order_id=task.order_id, pinned=pinned)
        events.record(moved, subject=f"order:{task.order_id}", actor=actor)
        hint(task)
    return task


@transaction.atomic
def reassign(*, task_id: UUID, picker_id: int, actor: str, now: datetime) -> PickTask:
    """Pass a task in work to another picker, with what is already in the tote. Silent when they have it.

    Raises TaskBusy, NotOnShift, OnBreak, NoSuchTask.
    """
    need_no_break(picker_id)
    task = lock_task(task_id)
    if task.state not in IN_WORK:
        raise TaskBusy("Only an order in work can be passed on.")
    if task.picker_id == picker_id:
        return task
    need_shift(picker_id, task.store_id)
    if PickTask.objects.filter(picker_id=picker_id, state__in=IN_WORK).exists():
        raise TaskBusy("This picker has an order in hand already.")
    pass_on(task, to=picker_id, why="Passed on", actor=actor)
    return task


@transaction.atomic
def give_back(*, task_id: UUID, actor: str, now: datetime, why: str = "Given back") -> PickTask:
    """A task in work goes back into the queue with what is already in the tote; whoever takes it next goes on there.

    Silent when it is open. Raises TaskBusy, NoSuchTask.
    """
    task = lock_task(task_id)
    if task.state == TaskState.OPEN:
        return task
    if task.state not in IN_WORK:
        raise TaskBusy("Only an order in work can go back into the queue.")
    pass_on(task, to=None, why=why, actor=actor)
    write_load(store_id=task.store_id, now=now)
    return task


@transaction.atomic
def decline(*, task_id: UUID, store_id: int, reason: str, actor: str, now: datetime) -> Order:
    """This store can't do an order that waits in its queue: another one takes it, or it is cancelled and refunded.

    The order's lock alone is taken before its stock (docs/locking.md); a picker needs it too, so one of both comes
    first. Raises NoSuchTask (also for another store's), TaskBusy once picking has begun, ReasonNeeded, IllegalMove.
    """
    found = PickTask.objects.filter(pk=task_id, store_id=store_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NoSuchTask("There is no such pick task.")
    orders.lock(found)
    state = PickTask.objects.filter(pk=task_id).values_list("state", flat=True).first()
    if state != TaskState.OPEN:
        raise TaskBusy("Somebody has begun with this order: it can't go to another store any more.")
    return orders.resource(order_id=found, store_id=store_id, cause=Cause.DECLINED, why=reason, actor=actor, now=now)


def sweep(*, now: datetime) -> int:
    """End shifts and breaks nobody ended, put tasks of people who are not on the floor back into the queue, and give
    the lines they helped with back to their pickers.

    Returns how many tasks. Each is an act of its own: one that fails does not hold up the others.
    """
    forgotten = PickerShift.objects.filter(ended_at=None, started_at__lt=now - LONGEST_SHIFT)
    shifts = list(forgotten.values_list("pk", flat=True))
    one_by_one(shifts, lambda shift_id: _end_forgotten(shift_id, now=now), sweep="shifts")
    end_forgotten_breaks(now=now)
    on_floor = PickerShift.objects.filter(user=OuterRef("picker"), store=OuterRef("store"), ended_at=None)
    stuck = PickTask.objects.filter(~Exists(on_floor), state__in=IN_WORK).order_by("pk")
    tasks = list(stuck.values_list("pk", flat=True))
    rescued = one_by_one(tasks, lambda task_id: _rescue(task_id, now=now), sweep="tasks")
    helps = PickerShift.objects.filter(user=OuterRef("helper"), store=OuterRef("task__store"), ended_at=None)
    alone = PickLine.objects.filter(~Exists(helps), helper__isnull=False, done_at=None, task__state__in=IN_WORK)
    helped = sorted(set(alone.values_list("task_id", "helper_id")))
    one_by_one(helped, lambda one: _end_help(*one), sweep="helpers")
    return rescued


@transaction.atomic
def _end_help(task_id: UUID, helper_id: int) -> None:
    take_back_from_helpers(lock_task(task_id), actor="system", helper_id=helper_id)


@transaction.atomic
def _end_forgotten(shift_id: int, *, now: datetime) -> None:
    shift = PickerShift.objects.select_related("store").select_for_update(of=("self",)).get(pk=shift_id)
    if shift.ended_at is None:
        finish(shift, now=now)


@transaction.atomic
def _rescue(task_id: UUID, *, now: datetime) -> bool:
    task = lock_task(task_id)
    back = PickerShift.objects.filter(user=task.picker, store_id=task.store_id, ended_at=None)
    if task.state not in IN_WORK or back.exists():
        return False  # somebody was quicker
    pass_on(task, to=None, why="The picker's shift is over", actor="system")
    write_load(store_id=task.store_id, now=now)
    return True


def pass_on(task: PickTask, *, to: int | None, why: str, actor: str) -> None:
    passed = TaskPassedOn(
        task_id=task.pk, order_id=task.order_id, from_picker=task.picker_id or 0, to_picker=to, why=why
    )
    task.picker_id, task.tote = to, None
    if to is None:
        task.state = TaskState.OPEN
        take_back_from_helpers(task, actor=actor)
    else:
        task.tote = free_tote(to)
        take_back_from_helpers(task, actor=actor, helper_id=to)
    task.save(update_fields=["picker", "state", "tote"])
    events.record(passed, subject=f"order:{task.order_id}", actor=actor)
    hint(task)
