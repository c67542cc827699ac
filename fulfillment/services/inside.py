"""What the acts of the floor share: locks, who has what in hand, hints."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from blinkit.kernel import live
from fulfillment.errors import NoSuchTask, NotOnShift, NotYourTask
from fulfillment.models import PickerShift, PickTask, ShelfSlot, TaskState
from orders import services as orders
from orders.models import Order

IN_WORK = (TaskState.PICKING, TaskState.PICKED)
"""What a picker has in hand."""


def lock_task(task_id: UUID) -> PickTask:
    try:
        return (
            PickTask.objects.select_related("store__city").select_for_update(of=("self",), no_key=True).get(pk=task_id)
        )
    except PickTask.DoesNotExist:
        raise NoSuchTask("There is no such pick task.") from None


def lock_with_order(task_id: UUID) -> tuple[PickTask, Order]:
    """The order first, then its task: the order of the whole house."""
    order_id = PickTask.objects.filter(pk=task_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NoSuchTask("There is no such pick task.")
    order = orders.lock(order_id)
    return lock_task(task_id), order


def need_shift(picker_id: int, store_id: int) -> None:
    if not PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None).exists():
        raise NotOnShift("Start your shift in this store first.")


def need_in_hand(task: PickTask, picker_id: int, *, or_helps: bool = False) -> None:
    """Raises NotYourTask unless this is the task's picker (or, `or_helps`, somebody who fetches lines of it)."""
    mine = task.picker_id == picker_id or (or_helps and task.lines.filter(helper_id=picker_id).exists())
    if not mine or task.state not in IN_WORK:
        why = "was cancelled: put its items back" if task.state == TaskState.CANCELLED else "is not in your hands"
        raise NotYourTask(f"This order {why}.", state=task.state)


def free_slots(task: PickTask) -> int:
    """What the task had on the handover shelf is free again. Returns how many places."""
    held = ShelfSlot.objects.filter(Q(task=task) | Q(cold_of=task))
    return held.update(task=None, cold_of=None)


def hint(task: PickTask) -> None:
    live.touch(f"store.{task.store.code}", what="task", id=task.pk)
    live.touch("ops", what="store", id=task.store.code)
