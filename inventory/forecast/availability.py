"""When a product could be bought, rebuilt from the ledger. An hour in which nothing was free is not an hour in which
nobody wanted it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from inventory.forecast.demand import Day

BACK_ON_SALE, OFF_SALE = "unblock", "block"
FLAT = (1 / 24,) * 24


class Opening(NamedTuple):
    """A batch at the beginning of the window: units nobody held, and whether they could be sold."""

    batch_id: int
    free: int
    is_open: bool


class Change(NamedTuple):
    """One ledger line: the batch's free units change by `free`; `asked` units of demand came with it."""

    batch_id: int
    at: datetime
    free: int
    asked: int
    kind: str


def hour_profile(asked: Mapping[int, float]) -> tuple[float, ...]:
    """Share of a day's demand per hour of the day (sums to 1), with a little of a flat day for hours not seen."""
    total = sum(asked.values())
    if total <= 0:
        return FLAT
    return tuple((asked.get(hour, 0) + total * 0.02 / 24) / (total * 1.02) for hour in range(24))


def rebuild(
    openings: Iterable[Opening],
    changes: Sequence[Change],
    *,
    since: datetime,
    until: datetime,
    zone: tzinfo,
    profile: Sequence[float] = FLAT,
) -> list[Day]:
    """One product's days from `since` to `until` (midnights of `zone`), from ledger lines in their order."""
    free = {one.batch_id: one.free for one in openings}
    is_open = {one.batch_id: one.is_open for one in openings}
    days = _days(since, until, zone)
    asked = dict.fromkeys(days, 0.0)
    exposed = dict.fromkeys(days, 0.0)
    at = since
    for change in changes:
        if change.at > at:
            if _free(free, is_open) > 0:
                _expose(exposed, at, min(change.at, until), zone, profile)
            at = change.at
        batch = change.batch_id
        free[batch] = free.get(batch, 0) + change.free
        if change.kind == OFF_SALE:
            is_open[batch] = False
        elif change.kind == BACK_ON_SALE:
            is_open[batch] = True
        else:
            is_open.setdefault(batch, True)
        day = change.at.astimezone(zone).date()
        if day in asked:
            asked[day] += change.asked
    if at < until and _free(free, is_open) > 0:
        _expose(exposed, at, until, zone, profile)
    return [_day(day, asked[day], exposed[day]) for day in days]


def _day(day: date, units: float, exposure: float) -> Day:
    """What was sold proves that it was there: the ledger's clock may be some minutes behind the customer's."""
    return Day(day.weekday(), units, min(1.0, max(exposure, 0.01 if units else 0.0)))


def _free(free: Mapping[int, int], is_open: Mapping[int, bool]) -> int:
    return sum(units for batch, units in free.items() if is_open.get(batch, True))


def _days(since: datetime, until: datetime, zone: tzinfo) -> list[date]:
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    return [first + timedelta(days=n) for n in range((last - first).days)]


def _expose(
    exposed: dict[date, float], since: datetime, until: datetime, zone: tzinfo, profile: Sequence[float]
) -> None:
    """Add the profile's share of every hour, or part of one, between two instants."""
    at = since.astimezone(zone)
    end = until.astimezone(zone)
    while at < end:
        if at.hour == at.minute == at.second == at.microsecond == 0 and end - at >= timedelta(days=1):
            if at.date() in exposed:
                exposed[at.date()] += 1.0
            at += timedelta(days=1)
            continue
        step = min(end, at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
        if at.date() in exposed:
            exposed[at.date()] += profile[at.hour] * ((step - at).total_seconds() / 3600)
        at = step
