"""Who is on the floor, and who is on a break."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from blinkit.kernel import live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from fulfillment.errors import NotOnShift, OnBreak, TaskBusy
from fulfillment.models import MOST_TOTES, Break, PickerShift, PickTask
from fulfillment.services.inside import IN_WORK, need_shift
from fulfillment.services.life import write_load

BREAKS_M = (10, 15, 30, 45)
"""What the screen offers."""
USUAL_BREAK_M, LONGEST_BREAK_M = 15, 60
FORGOTTEN_AFTER = timedelta(minutes=30)
"""So long after the person meant to be back, a break is forgotten: they are picking again, or went home."""


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
        raise TaskBusy(say("You are on shift in {store}. End that shift first.", store=shift.store.name))
    return shift


@transaction.atomic
def set_totes(*, picker_id: int, store_id: int, totes: int) -> None:
    """This person takes so many totes on a walk from now on. Raises Invalid, NotOnShift."""
    if not 1 <= totes <= MOST_TOTES:
        raise Invalid(say("Between 1 and {most} totes are possible.", most=MOST_TOTES))
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
    _need_empty_hands(picker_id)
    if shift is not None:
        finish(shift, now=now)


@transaction.atomic
def start_break(*, picker_id: int, store_id: int, minutes: int = USUAL_BREAK_M, now: datetime) -> Break:
    """The picker rests for about so many minutes; no order is given meanwhile. Silent when they are on a break: the
    first one is the answer.

    Raises Invalid beyond 1 to 60 minutes, NotOnShift, TaskBusy with an order in hand.
    """
    if not 1 <= minutes <= LONGEST_BREAK_M:
        raise Invalid("A break takes between 1 and 60 minutes.")
    shift = _lock_live(picker_id, store_id)
    if shift is None:
        raise NotOnShift("Start your shift in this store first.")
    before = Break.objects.filter(shift=shift, ended_at=None).first()
    if before is not None:
        return before
    _need_empty_hands(picker_id)
    made = Break.objects.create(shift=shift, started_at=now, back_at=now + timedelta(minutes=minutes))
    _moved(shift, now=now)
    return made


@transaction.atomic
def end_break(*, picker_id: int, store_id: int, now: datetime) -> None:
    """The picker is back. Silent when they are on no break."""
    shift = _lock_live(picker_id, store_id)
    if shift is not None and Break.objects.filter(shift=shift, ended_at=None).update(ended_at=now):
        _moved(shift, now=now)


def end_forgotten_breaks(*, now: datetime) -> int:
    """End breaks nobody ended. Returns how many; one that fails does not hold up the others."""
    forgotten = Break.objects.filter(ended_at=None, back_at__lt=now - FORGOTTEN_AFTER).select_related("shift")

    def end(one: Break) -> bool:
        end_break(picker_id=one.shift.user_id, store_id=one.shift.store_id, now=now)
        return True

    return one_by_one(list(forgotten), end, sweep="breaks")


def need_no_break(picker_id: int) -> None:
    """The picker is not on a break, and begins none before this transaction ends. Raises OnBreak.

    Locks their live shift, which a break needs too; to be called before an order or a task is locked.
    """
    shifts = PickerShift.objects.filter(user_id=picker_id, ended_at=None).select_for_update(no_key=True)
    if Break.objects.filter(shift__in=list(shifts.values_list("pk", flat=True)), ended_at=None).exists():
        raise OnBreak("End your break first.")


def finish(shift: PickerShift, *, now: datetime) -> None:
    """The end itself, for acts that hold the shift's lock. A break ends with it."""
    Break.objects.filter(shift=shift, ended_at=None).update(ended_at=now)
    shift.ended_at = now
    shift.save(update_fields=["ended_at"])
    write_load(store_id=shift.store_id, now=now)
    live.touch(f"store.{shift.store.code}", what="shift", id=shift.user_id)


def _need_empty_hands(picker_id: int) -> None:
    """Neither an order of their own nor lines of somebody else's. Raises TaskBusy."""
    helps = Q(lines__helper_id=picker_id, lines__done_at=None)
    if PickTask.objects.filter(Q(picker_id=picker_id) | helps, state__in=IN_WORK).exists():
        raise TaskBusy("Finish the order in your hands first, or ask your manager to pass it on.")


def _lock_live(picker_id: int, store_id: int) -> PickerShift | None:
    """`next_task` asks for the same lock: a break and an order never begin at once."""
    live_one = PickerShift.objects.filter(user_id=picker_id, store_id=store_id, ended_at=None)
    return live_one.select_related("store").select_for_update(of=("self",), no_key=True).first()


def _moved(shift: PickerShift, *, now: datetime) -> None:
    write_load(store_id=shift.store_id, now=now)
    live.touch(f"store.{shift.store.code}", what="shift", id=shift.user_id)
