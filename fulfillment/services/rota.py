"""The plan of a store's floor: who comes when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from blinkit.kernel import live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from catalog.models import Store, StoreMembership
from fulfillment.errors import AlreadyPlanned, OtherStore
from fulfillment.models import PlannedShift
from fulfillment.services.life import write_load
from fulfillment.staffing import LONGEST_SHIFT, Planned, Row, planned

FURTHEST = timedelta(days=60)


@transaction.atomic
def plan_shift(
    *,
    store_id: int,
    user_id: int,
    from_time: time,
    to_time: time,
    day: date | None = None,
    weekday: int | None = None,
    now: datetime,
) -> PlannedShift:
    """Plan a person on this floor, on one local day or every week on a weekday (0 is Monday). An end that is not after
    the begin is on the next day. The same again is silent; the same begin with another end changes the end.

    Raises Invalid (no time, longer than 14 hours, a day that is over or far ahead), OtherStore for somebody who does
    not work here, AlreadyPlanned when they are planned then already, here or in another store.
    """
    store = Store.objects.select_related("city").get(pk=store_id)
    today = now.astimezone(ZoneInfo(store.city.timezone)).date()
    _check(day, weekday, from_time, to_time, today=today)
    # Whoever plans this person holds their memberships: two managers at once do not plan the same hour twice.
    theirs = list(StoreMembership.objects.filter(user_id=user_id).order_by("pk").select_for_update(no_key=True))
    if store_id not in [it.store_id for it in theirs]:
        raise OtherStore("This person does not work in this store.")
    same = PlannedShift.objects.filter(
        store_id=store_id, user_id=user_id, day=day, weekday=weekday, from_time=from_time
    ).first()
    if same is not None and same.to_time == to_time:
        return same
    row = same or PlannedShift(store=store, user_id=user_id, day=day, weekday=weekday, from_time=from_time)
    row.to_time = to_time
    _refuse_overlap(row, today=today, timezone=store.city.timezone)
    row.save()
    _changed(store, now=now)
    return row


@transaction.atomic
def unplan_shift(*, plan_id: int, store_id: int, now: datetime) -> None:
    """Take a row out of this store's plan, with all its weeks. Silent when it is gone."""
    if PlannedShift.objects.filter(pk=plan_id, store_id=store_id).delete()[0]:
        _changed(Store.objects.get(pk=store_id), now=now)


def _check(day: date | None, weekday: int | None, from_time: time, to_time: time, *, today: date) -> None:
    if (day is None) == (weekday is None):
        raise Invalid("Plan one day, or every week on one weekday.")
    if weekday is not None and not 0 <= weekday <= 6:
        raise Invalid("Choose a day of the week.")
    if day is not None and not today <= day <= today + FURTHEST:
        raise Invalid("Choose a day from today on, within two months.")
    if from_time == to_time:
        raise Invalid("A shift needs a begin and an end.")
    begin, end = datetime.combine(today, from_time), datetime.combine(today, to_time)
    if (end - begin if end > begin else end + timedelta(days=1) - begin) > LONGEST_SHIFT:
        raise Invalid("Nobody works longer than 14 hours. Did you swap begin and end?")


def _refuse_overlap(row: PlannedShift, *, today: date, timezone: str) -> None:
    """Compared over the days the new row is about: its own and both neighbours, or one week of its weekday."""
    first = row.day or today + timedelta(days=((row.weekday or 0) - today.weekday()) % 7)
    days = [first + timedelta(days=n) for n in (-1, 0, 1)]
    others = PlannedShift.objects.filter(user_id=row.user_id).exclude(pk=row.pk).select_related("store")
    stores = {it.pk: it.store.name for it in others}
    new = planned([_row(row)], days=[first], timezone=timezone)[0]
    for it in planned(map(_row, others), days=days, timezone=timezone):
        if _meet(it, new):
            zone = ZoneInfo(timezone)
            begins, ends = f"{it.starts_at.astimezone(zone):%H:%M}", f"{it.ends_at.astimezone(zone):%H:%M}"
            words = say(
                "Already planned from {begins} to {ends} in {store}.",
                begins=begins, ends=ends, store=stores[it.plan_id],
            )  # fmt: skip
            raise AlreadyPlanned(words, store=stores[it.plan_id], **{"from": begins, "to": ends})


def _meet(a: Planned, b: Planned) -> bool:
    return a.starts_at < b.ends_at and b.starts_at < a.ends_at


def _row(it: PlannedShift) -> Row:
    return Row(it.pk or 0, it.user_id, it.weekday, it.day, it.from_time, it.to_time)


def _changed(store: Store, *, now: datetime) -> None:
    write_load(store_id=store.pk, now=now)
    live.touch(f"store.{store.code}", what="plan")
