"""What a manager sees of the people of a floor, and a picker of their own shift."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, QuerySet

from accounts.models import RoleGrant, User
from catalog.models import Store, StoreMembership
from fulfillment import access, capacity, staffing
from fulfillment.capacity import Minute
from fulfillment.models import Break, PickerShift, PickTask, PlannedShift, TaskState
from fulfillment.staffing import Planned, Row

IN_WORK = (TaskState.PICKING, TaskState.PICKED)
ARRIVING_FROM = timedelta(minutes=30)
"""How many orders came of late is what the next hour is reckoned with."""
CHART_M, CHART_H = 60, 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on shift. `doing`: task, break or free; `since` when that began. A person's figures are theirs alone."""

    user_id: int
    name: str
    doing: str
    since: datetime
    on_shift_since: datetime
    orders: list[tuple[UUID, str]] = field(default_factory=list)
    back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A planned shift on one day. `mood`: here, late (begun, and nobody there), over or ahead."""

    plan_id: int
    name: str
    starts_at: datetime
    ends_at: datetime
    weekly: bool
    mood: str


@dataclass(frozen=True, slots=True)
class PlanDay:
    day: date
    rows: list[PlanRow]


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute of the chart, CHART_H high, from the top: the hands there are, what of the wanted work they do, and
    what is over."""

    x: int
    there_y: int
    there_h: int
    done_y: int
    done_h: int
    over_y: int
    over_h: int


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of a floor, its plan and its next hour."""

    people: list[Person]
    days: list[PlanDay]
    members: list[tuple[int, str]]
    presets: list[tuple[time, time]]
    bars: list[Bar]
    wait_s: int
    shelf_s: int
    """Seconds until a usual order that comes now is begun, and until it is on the shelf."""
    full_in_m: int | None
    open_orders: int
    pickers_on: int
    pickers_planned: int


def staff_of(store: Store, *, now: datetime) -> Staff:
    """Everything the screen of a floor's people shows. Nine statements."""
    floor_now = staffing.state(store_id=store.pk, now=now)
    floor = floor_now.floor()
    zone = ZoneInfo(store.city.timezone)
    today = now.astimezone(zone).date()
    members = _names(store.pk)
    arriving = PickTask.objects.filter(store=store, opened_at__gt=now - ARRIVING_FROM).count()
    load = capacity.load_by_minute(
        floor, minutes=2 * CHART_M, arriving=arriving * floor.order_s / ARRIVING_FROM.total_seconds()
    )
    begun_s, finished_s = capacity.begun_and_finished(floor, order_s=floor.order_s)
    here = {it.user_id for it in floor_now.here}
    rows = _plan_rows(store.pk, today)
    days = [
        PlanDay(
            day,
            [
                PlanRow(
                    it.plan_id,
                    members.get(it.user_id, "–"),
                    it.starts_at,
                    it.ends_at,
                    it.weekly,
                    _mood(it, here=it.user_id in here, now=now),
                )
                for it in staffing.planned(rows, days=[day], timezone=store.city.timezone)
            ],
        )
        for day in (today, today + timedelta(days=1))
    ]
    return Staff(
        people=_people(store.pk, floor_now, names=members),
        days=days,
        members=sorted(members.items(), key=lambda it: it[1].lower()),
        presets=_presets(store.opens, store.closes),
        bars=_bars(load[:CHART_M]),
        wait_s=round(begun_s),
        shelf_s=round(finished_s),
        full_in_m=capacity.full_in_m(load),
        open_orders=floor_now.open_orders,
        pickers_on=floor_now.pickers_on,
        pickers_planned=floor_now.pickers_planned,
    )


@dataclass(frozen=True, slots=True)
class Mine:
    """A picker's own shift and plan."""

    since: datetime | None = None
    break_since: datetime | None = None
    back_at: datetime | None = None
    ends_at: datetime | None = None
    ahead: list[Planned] = field(default_factory=list)

    @property
    def on_break(self) -> bool:
        return self.break_since is not None


def mine(*, user_id: int, store: Store, now: datetime) -> Mine:
    """This person's shift here, its break and planned end, and what is planned for them next. Two statements."""
    shift = PickerShift.objects.filter(user_id=user_id, store=store, ended_at=None)
    found = shift.values_list("started_at").first()
    if found is None:
        since, rest = None, None
    else:
        since = found[0]
        live = Break.objects.filter(shift__in=shift, ended_at=None)
        rest = live.values_list("started_at", "back_at").first()
    today = now.astimezone(ZoneInfo(store.city.timezone)).date()
    days = [today + timedelta(days=n) for n in range(-1, 7)]
    rows = _rows(PlannedShift.objects.filter(user_id=user_id, store=store))
    plan = staffing.planned(rows, days=days, timezone=store.city.timezone)
    running = [it for it in plan if it.starts_at <= now + staffing.EARLY and it.ends_at > now]
    return Mine(
        since=since,
        break_since=rest[0] if rest else None,
        back_at=rest[1] if rest else None,
        ends_at=running[0].ends_at if since and running else None,
        ahead=[it for it in plan if it.starts_at > now and not (since and it in running)][:2],
    )


# -- inside --------------------------------------------------------------------------------------------------------


def _people(store_id: int, floor: staffing.State, *, names: dict[int, str]) -> list[Person]:
    ids = [it.user_id for it in floor.here]
    guests = User.objects.filter(pk__in=[pk for pk in ids if pk not in names])
    names = {user.pk: _name(user) for user in guests} | names
    in_hand: dict[int, list[tuple[UUID, str, datetime]]] = {}
    held = PickTask.objects.filter(picker_id__in=ids, state__in=IN_WORK).order_by("started_at")
    for task_id, picker_id, number, began in held.values_list("pk", "picker_id", "order__number", "started_at"):
        in_hand.setdefault(picker_id or 0, []).append((task_id, number, began or floor.now))
    rested = Break.objects.filter(shift__user_id__in=ids, shift__ended_at=None, ended_at__isnull=False)
    free_since = dict(rested.values_list("shift__user_id").annotate(Max("ended_at")))
    packed = PickTask.objects.filter(
        store_id=store_id, picker_id__in=ids, packed_at__gt=min((it.since for it in floor.here), default=floor.now)
    )
    last_packed = dict(packed.values_list("picker_id").annotate(Max("packed_at")).order_by())
    people = []
    for it in floor.here:
        tasks = in_hand.get(it.user_id, [])
        if tasks:
            doing, since = "task", tasks[0][2]
        elif it.break_since is not None:
            doing, since = "break", it.break_since
        else:
            ends = (it.since, free_since.get(it.user_id), last_packed.get(it.user_id))
            doing, since = "free", max(at for at in ends if at is not None)
        people.append(
            Person(
                user_id=it.user_id,
                name=names.get(it.user_id, "–"),
                doing=doing,
                since=since,
                on_shift_since=it.since,
                orders=[(task_id, number) for task_id, number, _ in tasks],
                back_at=it.back_at,
            )
        )
    return sorted(people, key=lambda person: person.name.lower())  # by name: this is no ranking


def _names(store_id: int) -> dict[int, str]:
    """People who pick here, by id."""
    here = StoreMembership.objects.filter(store_id=store_id).values("user_id")
    pick = RoleGrant.objects.filter(role__in=sorted(access.WORKERS)).values("user_id")
    return {user.pk: _name(user) for user in User.objects.filter(pk__in=here, is_active=True).filter(pk__in=pick)}


def _name(user: User) -> str:
    return user.name or user.phone or "–"


def _plan_rows(store_id: int, today: date) -> list[Row]:
    plan = PlannedShift.objects.filter(store_id=store_id)
    return _rows(plan.exclude(day__lt=today).exclude(day__gt=today + timedelta(days=1)))


def _rows(plan: QuerySet[PlannedShift]) -> list[Row]:
    rows = plan.values_list("pk", "user_id", "weekday", "day", "from_time", "to_time")
    return [Row(*row) for row in rows]


def _mood(it: Planned, *, here: bool, now: datetime) -> str:
    if it.ends_at <= now:
        return "over"
    if here and it.starts_at <= now + staffing.EARLY:
        return "here"
    return "late" if it.starts_at <= now else "ahead"


def _presets(opens: time, closes: time) -> list[tuple[time, time]]:
    """The shifts one tap plans: the opening hours in two halves, or the day in three thirds."""
    if opens == closes:
        return [(time(6), time(14)), (time(14), time(22)), (time(22), time(6))]
    minutes = (closes.hour * 60 + closes.minute - opens.hour * 60 - opens.minute) % 1440
    middle = (opens.hour * 60 + opens.minute + minutes // 2) // 30 * 30 % 1440
    half = time(middle // 60, middle % 60)
    return [(opens, half), (half, closes)]


def _bars(load: list[Minute]) -> list[Bar]:
    """The minutes as bars. The scale ends at twice what the best minute has hands for: what is over is cut there."""
    top_s = max(60.0, 2 * max((it.available_s for it in load), default=0.0))
    bars = []
    for minute, it in enumerate(load):
        there = round(it.available_s / top_s * CHART_H)
        wanted = round(min(it.wanted_s / top_s, 1) * CHART_H)
        done = min(there, wanted)
        bars.append(
            Bar(
                x=minute * 10,
                there_y=CHART_H - there,
                there_h=there,
                done_y=CHART_H - done,
                done_h=done,
                over_y=CHART_H - wanted,
                over_h=wanted - done,
            )
        )
    return bars
