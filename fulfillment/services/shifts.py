"""Who is on the floor."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from blinkit.kernel import live
from blinkit.kernel.errors import Invalid
from fulfillment.errors import TaskBusy
from fulfillment.models import MOST_TOTES, PickerShift, PickTask
from fulfillment.services.inside import IN_WORK, need_shift
from fulfillment.services.life import write_load


@transaction.atomic
def start_shift(*, picker_id: int, store_id: int, now: datetime) -> PickerShift:
    """The picker is on the floor of this store. Silent when they are; raises TaskBusy when on another store's floor."""
    shift = PickerShift.objects.select_related("store").filter(user_id=picker_id, ended_at=None).first()
    if shift is None:
        try:
            with transaction.atomic():
                shift = PickerShift.objects.create(user_id=picker_id, store_id=store_id, started_at=now)
        except IntegrityError:  # the same tap twice
            shift = PickerShift.objects.get(user_id=picker_id, ended_at=None)
        else:
            write_load(store_id=store_id, now=now)
            live.touch(f"store.{shift.store.code}", what="shift", id=picker_id)
    if shift.store_id != store_id:
        raise TaskBusy(f"You are on shift in {shift.store.name}. End that shift first.")
    return shift


@transaction.atomic
def set_totes(*, picker_id: int, store_id: int, totes: int) -> None:
    """This person takes so many totes on a walk from now on. Raises Invalid, NotOnShift."""
    if not 1 <= totes <= MOST_TOTES:
        raise Invalid(f"Between 1 and {MOST_TOTES} totes are possible.")
    need_shift(picker_id, store_id)
    PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None).update(totes=totes)


@transaction.atomic
def end_shift(*, picker_id: int, now: datetime) -> None:
    """The picker goes home. Silent when they have; raises TaskBusy with a task in hand."""
    # The shift is locked first: `next_task` asks for it too, so nobody gets a task while going home.
    shift = (
        PickerShift.objects.select_related("store")
        .select_for_update(of=("self",))
        .filter(user_id=picker_id, ended_at=None)
        .first()
    )
    helps = Q(lines__helper_id=picker_id, lines__done_at=None)
    if PickTask.objects.filter(Q(picker_id=picker_id) | helps, state__in=IN_WORK).exists():
        raise TaskBusy("Finish the order in your hands first, or ask your manager to pass it on.")
    if shift is not None:
        finish(shift, now=now)


def finish(shift: PickerShift, *, now: datetime) -> None:
    """The end itself, for acts that hold the shift's lock."""
    shift.ended_at = now
    shift.save(update_fields=["ended_at"])
    write_load(store_id=shift.store_id, now=now)
    live.touch(f"store.{shift.store.code}", what="shift", id=shift.user_id)
