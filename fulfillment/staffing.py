"""Who is on a floor and who is planned, what there is to do, and the pick-seconds budget made of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from django.db import connection
from django.db.models import Q

from fulfillment import capacity
from fulfillment.capacity import Floor, Hand, Later, Pace
from fulfillment.rota import PickPace

LONGEST_SHIFT = timedelta(hours=14)
"""A shift nobody ended: the person went home long ago."""
AHEAD = timedelta(hours=2)
EARLY = timedelta(hours=1)
"""Who is here so long before a planned shift is here for it."""
ALWAYS_S = float(LONGEST_SHIFT.total_seconds())


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned shift on one day. `plan_id` is its row, `weekly` whether it comes back every week."""

    plan_id: int
    user_id: int
    day: date
    starts_at: datetime
    ends_at: datetime
    weekly: bool


class Row(NamedTuple):
    """A row of the plan as it stands in the database."""

    plan_id: int
    user_id: int
    weekday: int | None
    day: date | None
    from_time: time
    to_time: time


def planned(rows: Iterable[Row], *, days: Sequence[date], timezone: str) -> list[Planned]:
    """The rows of a plan that begin on these local days, as instants, in their order."""
    zone = ZoneInfo(timezone)
    found = []
    for row in rows:
        for day in days:
            if row.day == day or row.weekday == day.weekday():
                ends_on = day if row.to_time > row.from_time else day + timedelta(days=1)
                found.append(
                    Planned(
                        row.plan_id,
                        row.user_id,
                        day,
                        datetime.combine(day, row.from_time, zone),
                        datetime.combine(ends_on, row.to_time, zone),
                        row.weekday is not None,
                    )
                )
    return sorted(found, key=lambda it: (it.starts_at, it.user_id))


@dataclass(frozen=True, slots=True)
class Work:
    """An open pick task: so many lines and units, and how many of these are found or known to be missing."""

    state: str
    picker_id: int | None
    lines: int
    units: int
    done: int
    picked_at: datetime | None = None

    def rest_s(self, pace: Pace, *, now: datetime) -> float:
        """Pick-seconds still to be done."""
        whole_s = pace.seconds(self.lines, self.units)
        pack_s = whole_s * capacity.PACK_SHARE
        if self.picked_at is not None and self.state == "picked":
            return max(0.2 * pack_s, pack_s - max(0.0, (now - self.picked_at).total_seconds()))
        return (whole_s - pack_s) * (1 - self.done / self.units if self.units else 1) + pack_s


@dataclass(frozen=True, slots=True)
class Here:
    """A person on shift. `back_at`: on a break, and back then."""

    user_id: int
    since: datetime
    break_since: datetime | None = None
    back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A store's floor at one moment: what the budget is made from."""

    now: datetime
    here: list[Here] = field(default_factory=list)
    plan: list[Planned] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    later: list[tuple[datetime, int, int]] = field(default_factory=list)
    gone: Mapping[int, datetime] = field(default_factory=dict)
    store_pace: Pace = capacity.HOUSE
    paces: Mapping[int, Pace] = field(default_factory=dict)
    has_plan: bool = False

    @property
    def open_orders(self) -> int:
        return len(self.work)

    @property
    def pickers_on(self) -> int:
        """On the floor, and not on a break."""
        return sum(it.back_at is None for it in self.here)

    @property
    def pickers_planned(self) -> int:
        return len({it.user_id for it in self.plan if it.starts_at <= self.now < it.ends_at})

    def planned_end(self, here: Here) -> datetime | None:
        """When the planned shift this person is in ends, also when that is over; None when none was planned."""
        soon = self.now + EARLY
        theirs = [it for it in self.plan if it.user_id == here.user_id and it.starts_at <= soon]
        return max((it.ends_at for it in theirs if it.ends_at > here.since), default=None)

    def hands(self) -> list[Hand]:
        """Those who are here until their planned end, without their breaks; those who are planned, from when they are
        expected. A floor without a plan of today where nobody is on shift counts as one pair of hands: there, nobody
        writes down who works."""
        on = {it.user_id for it in self.here}
        found = [self._hand(it) for it in self.here]
        for it in self.plan:
            if it.user_id in on and it.starts_at <= self.now + EARLY:
                continue
            if it.ends_at <= self.now or self.gone.get(it.user_id, it.starts_at) > it.starts_at:
                continue  # they came, and went home before the plan's end
            found.append(
                Hand(
                    capacity.expected_in_s((it.starts_at - self.now).total_seconds()),
                    (it.ends_at - self.now).total_seconds(),
                    self.speed(it.user_id),
                )
            )
        if not found and not self.has_plan:
            found = [Hand(0.0, ALWAYS_S)]
        return [hand for hand in found if hand.from_s < hand.to_s]

    def speed(self, user_id: int) -> float:
        """Pick-seconds of the store's pace this person does in a second."""
        own = self.paces.get(user_id)
        return self.store_pace.typical_s / own.typical_s if own else 1.0

    def floor(self) -> Floor:
        return Floor(
            hands=self.hands(),
            work_s=sum(it.rest_s(self.store_pace, now=self.now) for it in self.work),
            order_s=self.store_pace.typical_s,
            later=[
                Later((at - self.now).total_seconds(), self.store_pace.seconds(lines, units))
                for at, lines, units in self.later
            ],
        )

    def _hand(self, it: Here) -> Hand:
        ends_at = self.planned_end(it) or it.since + LONGEST_SHIFT
        ends_s = capacity.stays_s((ends_at - self.now).total_seconds())
        if it.back_at is None:
            return Hand(0.0, ends_s, self.speed(it.user_id))
        back_s = capacity.expected_in_s((it.back_at - self.now).total_seconds())
        return Hand(back_s, max(ends_s, back_s + capacity.STAYS_S), self.speed(it.user_id))


_STATE = """
SELECT c.timezone,
    (SELECT json_agg(json_build_array(t.state, t.picker_id, x.lines, x.units, x.done, t.picked_at))
        FROM fulfillment_picktask t CROSS JOIN LATERAL (
            SELECT count(*) AS lines, coalesce(sum(qty), 0) AS units, coalesce(sum(picked_qty + short_qty), 0) AS done
            FROM fulfillment_pickline WHERE task_id = t.id) x
        WHERE t.store_id = s.id AND t.state IN ('open', 'picking', 'picked')),
    (SELECT json_agg(json_build_array(h.user_id, h.started_at, b.started_at, b.back_at) ORDER BY h.started_at, h.id)
        FROM fulfillment_pickershift h LEFT JOIN fulfillment_break b ON b.shift_id = h.id AND b.ended_at IS NULL
        WHERE h.store_id = s.id AND h.ended_at IS NULL),
    (SELECT json_agg(json_build_array(p.id, p.user_id, p.weekday, p.day, p.from_time, p.to_time))
        FROM fulfillment_plannedshift p
        WHERE p.store_id = s.id AND (p.day IS NULL OR p.day BETWEEN %(first)s AND %(last)s)),
    (SELECT json_agg(json_build_array(g.user_id, g.ended_at)) FROM fulfillment_pickershift g
        WHERE g.store_id = s.id AND g.ended_at > %(lately)s),
    (SELECT json_agg(json_build_array(o.release_at, x.lines, x.units))
        FROM orders_order o CROSS JOIN LATERAL (
            SELECT count(*) AS lines, coalesce(sum(qty), 0) AS units FROM orders_orderline WHERE order_id = o.id) x
        WHERE o.store_id = s.id AND o.status = 'CONFIRMED' AND o.released_at IS NULL AND o.release_at < %(ahead)s),
    (SELECT json_agg(json_build_array(a.store_id, a.picker_id, a.base_s, a.line_s, a.unit_s))
        FROM fulfillment_pickpace a WHERE a.store_id = s.id OR a.store_id IS NULL)
FROM catalog_store s JOIN catalog_city c ON c.id = s.city_id WHERE s.id = %(store)s
"""


def state(*, store_id: int, now: datetime) -> State:
    """The floor now. One statement."""
    today = now.date()
    figures: dict[str, Any] = {
        "store": store_id,
        "first": today - timedelta(days=2),
        "last": today + timedelta(days=2),
        "lately": now - LONGEST_SHIFT,
        "ahead": now + AHEAD,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATE, figures)
        row = cursor.fetchone()
    if row is None:
        return State(now)
    timezone, (tasks, shifts, rows, ended, later, paces) = row[0], map(_read, row[1:])
    local = now.astimezone(ZoneInfo(timezone)).date()
    days = [local + timedelta(days=n) for n in (-1, 0, 1)]
    store_pace, own = _paces(paces)
    plan = planned(map(_plan_row, rows), days=days, timezone=timezone)
    gone: dict[int, datetime] = {}
    for user_id, ended_at in ended:
        gone[user_id] = max(_at(ended_at), gone.get(user_id, _at(ended_at)))
    return State(
        now=now,
        here=[Here(user_id, _at(since), _maybe(off), _maybe(back)) for user_id, since, off, back in shifts],
        plan=[it for it in plan if it.ends_at > now - LONGEST_SHIFT and it.starts_at < now + AHEAD],
        work=[
            Work(state, picker_id, lines, units, done, _maybe(picked_at))
            for state, picker_id, lines, units, done, picked_at in tasks
        ],
        later=[(_at(at), lines, units) for at, lines, units in later],
        gone=gone,
        store_pace=store_pace,
        paces=own,
        has_plan=any(it.day == local or it.starts_at <= now < it.ends_at for it in plan),
    )


def pace_of(*, store_id: int, picker_id: int | None = None) -> Pace:
    """The learned pace of a picker in a store; of the store, the house, the rule of thumb where nothing is known. One
    statement."""
    known = PickPace.objects.filter(Q(store=store_id) | Q(store=None))
    store, own = _paces(known.values_list("store_id", "picker_id", "base_s", "line_s", "unit_s"))
    return own.get(picker_id, store) if picker_id is not None else store


def _paces(rows: Iterable[Sequence[Any]]) -> tuple[Pace, dict[int, Pace]]:
    """The store's pace (the house's, the rule of thumb where nothing was learned), and those of its pickers."""
    store, house, own = None, capacity.HOUSE, {}
    for store_id, picker_id, *figures in rows:
        if store_id is None:
            house = Pace(*figures)
        elif picker_id is None:
            store = Pace(*figures)
        else:
            own[picker_id] = Pace(*figures)
    return store or house, own


def _read(column: Any) -> list[Any]:
    found: list[Any] = orjson.loads(column) if isinstance(column, str) else column or []
    return found


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _plan_row(row: Sequence[Any]) -> Row:
    plan_id, user_id, weekday, day, from_time, to_time = row
    return Row(
        plan_id,
        user_id,
        weekday,
        date.fromisoformat(day) if day else None,
        time.fromisoformat(from_time),
        time.fromisoformat(to_time),
    )
