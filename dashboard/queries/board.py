"""The live board: everything that moves right now, in a fixed number of statements however much moves."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from blinkit.kernel.geo import Point
from blinkit.kernel.said import say
from catalog.models import Store, StoreLoad
from catalog.queries import current_mode, is_open, most_open_orders
from delivery.incidents import Incident
from delivery.models import JobState, Rescue, Rider, Shift, Stop, StopState, Trip
from delivery.saying_no import all_said_no
from delivery.services.situation import SILENT_AFTER
from fulfillment.models import PickerShift
from orders import promise
from orders.models import Order
from orders.queries import why_long
from orders.queries.outlook import FIELDS, outlooks, with_facts
from orders.risk import STAGE_LABELS
from orders.states import LIVE, ON_ROAD, ON_SHELF, Status

MOST_LIVE = 3000
MOST_AT_RISK = 40
KEEP_S = 1.0
"""Many sockets and pages share one reading for so long."""
STATES = [status for status in Status if status in LIVE]
SEEKING = (JobState.SEEKING, JobState.OFFERED)
ALL_SAID_NO = say("No rider: all said no")
RIDER_LABELS = {
    "idle": "Free",
    "to_pick_up": "To the store",
    "on_board": "To a door",
    "rescue": "To another rider",
    "back": "Bringing bags back",
    "help": "Called for help",
}
TROUBLES = {"silent": say("The phone is silent"), "off_route": say("Comes no nearer")}
"""What is wrong with a trip, as delivery.services.watching writes it."""
SEND_A_RIDER = say("Send a rider")


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An order that is late, or will be if nothing goes quicker than usual, or that no rider wants (`nobody_goes`).

    `late_s` negative: seconds left. `here_s`: so long in its `stage`, which usually takes `usual_s`.
    """

    id: UUID
    number: str
    store_code: str
    state: str
    why: str
    late_s: int
    expected_late_s: int
    promised_by: datetime
    stage: str
    help: str
    percent: int
    here_s: int
    usual_s: int
    nobody_goes: bool = False

    @property
    def stage_label(self) -> str:
        return STAGE_LABELS[self.stage]

    @property
    def help_url(self) -> str:
        """Where what could help is done: the store's queue until the bags are packed, then the order desk."""
        in_store = self.stage in ("accept", "queue", "picking", "packing") and not self.nobody_goes
        return f"/store/{self.store_code}/" if in_store else f"/ops/orders/{self.id}/"

    @property
    def here_m(self) -> int:
        return round(self.here_s / 60)

    @property
    def usual_m(self) -> int:
        return max(1, round(self.usual_s / 60))

    @property
    def is_late(self) -> bool:
        return self.late_s > 0

    @property
    def late_m(self) -> int:
        return max(1, self.late_s // 60)

    @property
    def expected_late_m(self) -> int:
        return max(1, self.expected_late_s // 60)


@dataclass(frozen=True, slots=True)
class StateCount:
    """Orders in one state; `least_left_s` is the time left of the one that is nearest to its promise."""

    state: str
    label: str
    count: int
    late: int
    least_left_s: int | None

    @property
    def left_m(self) -> int | None:
        return None if self.least_left_s is None else int(self.least_left_s // 60)


@dataclass(frozen=True, slots=True)
class RiderDot:
    """A rider on duty: "idle", "to_pick_up" (fetching bags), "on_board" (riding to a door), "rescue" (riding to a
    stranded rider), "back" (bags nobody took go back to the store) or "help" (no work until their call for help is
    resolved). `trouble`: what is wrong with the trip now."""

    id: int
    name: str
    store_code: str
    state: str
    lat: float | None
    lng: float | None
    seen_at: datetime | None
    trouble: str = ""

    @property
    def label(self) -> str:
        return RIDER_LABELS[self.state]

    @property
    def trouble_label(self) -> str:
        return TROUBLES.get(self.trouble, "")


@dataclass(slots=True)
class StoreRow:
    id: int
    code: str
    name: str
    lat: float
    lng: float
    area: list[list[float]]
    mode: str
    mode_reason: str
    mode_until: datetime | None
    open_now: bool
    capacity: int
    open: int = 0
    to_pick: int = 0
    picking: int = 0
    packed: int = 0
    late: int = 0
    pickers: int = 0
    riders_on: int = 0
    riders_idle: int = 0
    promise_m: int | None = None
    why_long: str = ""
    """Why its promise is long now; empty when it is not."""

    @property
    def load(self) -> float:
        """Open orders against what the store can hold, 0 to 1."""
        return min(1.0, self.open / self.capacity) if self.capacity else 0.0

    @property
    def load_percent(self) -> int:
        return round(100 * self.load)


@dataclass(frozen=True, slots=True)
class Today:
    """Since local midnight. `on_time_percent` and `median_m` are None while nothing was delivered."""

    placed: int = 0
    delivered: int = 0
    on_time: int = 0
    cancelled: int = 0
    median_m: float | None = None

    @property
    def on_time_percent(self) -> int | None:
        return round(100 * self.on_time / self.delivered) if self.delivered else None


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    states: list[StateCount] = field(default_factory=list)
    at_risk: list[AtRisk] = field(default_factory=list)
    at_risk_more: int = 0
    stores: list[StoreRow] = field(default_factory=list)
    riders: list[RiderDot] = field(default_factory=list)
    doors: list[dict[str, Any]] = field(default_factory=list)
    minutes: list[list[int]] = field(default_factory=list)
    today: Today = field(default_factory=Today)

    @property
    def open(self) -> int:
        return sum(state.count for state in self.states)

    @property
    def late(self) -> int:
        return sum(state.late for state in self.states)

    @property
    def riders_idle(self) -> int:
        return sum(rider.state == "idle" for rider in self.riders)

    @property
    def last_hour(self) -> int:
        return sum(count for _at, count in self.minutes)

    def as_json(self) -> dict[str, Any]:
        """What the map and the chart draw, and what the socket's snapshot carries."""
        return {
            "at": self.at,
            "open": self.open,
            "late": self.late,
            "states": [{"state": s.state, "count": s.count, "late": s.late} for s in self.states],
            "at_risk": [
                {
                    "id": r.id,
                    "number": r.number,
                    "stage": r.stage,
                    "why": r.why,
                    "late_s": r.late_s,
                    "expected_late_s": r.expected_late_s,
                    "percent": r.percent,
                }
                for r in self.at_risk
            ],
            "stores": [
                {
                    "code": s.code,
                    "name": s.name,
                    "lat": s.lat,
                    "lng": s.lng,
                    "area": s.area,
                    "mode": s.mode,
                    "open": s.open,
                    "late": s.late,
                    "load": round(s.load, 3),
                    "riders_idle": s.riders_idle,
                    "riders_on": s.riders_on,
                    "pickers": s.pickers,
                }
                for s in self.stores
            ],
            "riders": [
                {"id": r.id, "name": r.name, "state": r.state, "label": r.label, "lat": r.lat, "lng": r.lng}
                for r in self.riders
                if r.lat is not None
            ],
            "doors": self.doors,
            "minutes": self.minutes,
            "today": {
                "placed": self.today.placed,
                "delivered": self.today.delivered,
                "on_time_percent": self.today.on_time_percent,
                "median_m": self.today.median_m,
            },
        }


_lock = threading.Lock()
_last: tuple[float, Board] | None = None


def board_lately() -> Board:
    """The board as it was at most KEEP_S ago: one reading per process and second, however many look."""
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last[0] > KEEP_S:
            _last = (time.monotonic(), board(now=timezone.now()))
        return _last[1]


def board_now() -> Board:
    """A new reading, which pages then share for KEEP_S."""
    forget_board()
    return board_lately()


def forget_board() -> None:
    """The next look reads anew (after an act on the board itself, in tests)."""
    global _last
    _last = None


def board(*, now: datetime) -> Board:
    """Read everything now. Six statements (a seventh, measured legs, is kept for a minute), whatever the number of
    orders, stores and riders."""
    stores = _stores(now)
    by_id = {row.id: row for row, _load, _point in stores.values()}
    riders = _riders(by_id)
    _pickers(by_id)
    on_duty: dict[str, set[int]] = {}
    for rider in riders:
        if rider.seen_at is not None and rider.seen_at >= now - SILENT_AFTER:
            on_duty.setdefault(rider.store_code, set()).add(rider.id)
        row = next((row for row in by_id.values() if row.code == rider.store_code), None)
        if row is not None:
            row.riders_on += 1
            row.riders_idle += rider.state == "idle"
    counts: Counter[str] = Counter()
    late: Counter[str] = Counter()
    least: dict[str, int] = {}
    risky: list[AtRisk] = []
    doors: list[dict[str, Any]] = []
    rows = _orders()
    seen = outlooks(rows, now=now)
    for order in rows:
        status = str(order["status"])
        counts[status] += 1
        found = stores.get(order["store_id"])
        if found is None:
            continue
        row, _load, _point = found
        row.open += status != Status.PENDING
        row.to_pick += status in (Status.CONFIRMED, Status.ASSIGNED_TO_STORE)
        row.picking += status == Status.PICKING
        row.packed += status in ON_SHELF
        if status == Status.PENDING or order["promised_by"] is None:
            continue
        left_s = int((order["promised_by"] - now).total_seconds())
        least[status] = min(left_s, least.get(status, left_s))
        late[status] += left_s < 0
        row.late += left_s < 0
        it = seen.get(order["id"])
        if it is None:
            continue
        nobody_goes = order["delivery_job__state"] in SEEKING and all_said_no(
            order["delivery_job__declined_by"], on_duty=on_duty.get(row.code, ())
        )
        if it.at_risk or nobody_goes:
            risky.append(
                AtRisk(
                    id=order["id"],
                    number=order["number"],
                    store_code=row.code,
                    state=str(Status(status).label),
                    why=ALL_SAID_NO if nobody_goes else it.why,
                    late_s=-it.left_s,
                    expected_late_s=it.expected_late_s,
                    promised_by=order["promised_by"],
                    stage=it.stage,
                    help=SEND_A_RIDER if nobody_goes else it.help,
                    percent=round(100 * it.probability),
                    here_s=it.here_s,
                    usual_s=it.usual_s,
                    nobody_goes=nobody_goes,
                )
            )
        if len(doors) < MOST_LIVE:
            doors.append(
                {
                    "id": order["id"],
                    "number": order["number"],
                    "lat": order["lat"],
                    "lng": order["lng"],
                    "store": row.code,
                    "rider": order["rider_id_ref"] if status in ON_ROAD else None,
                    "mood": "late" if left_s < 0 else "risk" if it.at_risk else "ok",
                }
            )
    risky.sort(key=lambda risk: (not risk.nobody_goes, -risk.expected_late_s))  # a person has to send somebody
    return Board(
        at=now,
        states=[StateCount(s.value, str(s.label), counts[s], late[s], least.get(s)) for s in STATES],
        at_risk=risky[:MOST_AT_RISK],
        at_risk_more=max(0, len(risky) - MOST_AT_RISK),
        stores=sorted(by_id.values(), key=lambda row: (-row.late, -row.load, row.code)),
        riders=riders,
        doors=doors,
        minutes=_minutes(now),
        today=today(now),
    )


def _orders() -> list[Any]:
    live = with_facts(Order.objects.at_work()).order_by("promised_by")
    return list(live.values(*FIELDS, "delivery_job__state", "delivery_job__declined_by")[:MOST_LIVE])


def _stores(now: datetime) -> dict[int, tuple[StoreRow, StoreLoad, Point]]:
    found: dict[int, tuple[StoreRow, StoreLoad, Point]] = {}
    for store in Store.objects.filter(is_active=True).select_related("load", "city").order_by("code"):
        load = getattr(store, "load", None) or StoreLoad(store=store)
        mode = current_mode(store, now=now)
        base = promise.Underway("CONFIRMED", 5, 300, 0, 0, load.pick_backlog_s, load.rider_wait_s)
        row = StoreRow(
            id=store.pk,
            code=store.code,
            name=store.name,
            lat=store.lat,
            lng=store.lng,
            area=store.area,
            mode=mode.value,
            mode_reason=store.mode_reason if mode != "open" else "",
            mode_until=store.mode_until if mode != "open" else None,
            open_now=is_open(store, now=now),
            capacity=most_open_orders(store, now=now),
            promise_m=round(promise.remaining_s(base) / 60),
            why_long=why.sentence if (why := why_long(store, now=now)) else "",
        )
        found[store.pk] = (row, load, store.point)
    return found


def _riders(stores: dict[int, StoreRow]) -> list[RiderDot]:
    here = OuterRef("pk")
    on_trip = Stop.objects.filter(trip__rider=here, trip__ended_at=None)
    stage = Subquery(
        on_trip.filter(state__in=[StopState.TO_PICK_UP, StopState.ON_BOARD]).order_by("-state").values("state")[:1]
    )
    helps = Rescue.objects.filter(trip__rider=here, trip__ended_at=None, taken_at=None, off_at=None)
    errand = Case(
        When(Exists(helps), then=Value("rescue")),
        When(Exists(Trip.objects.filter(rider=here, ended_at=None)), then=Value("back")),
        When(Exists(Incident.objects.needing_help().filter(rider=here)), then=Value("help")),
        default=Value("idle"),
    )
    found = (
        Rider.objects.filter(Exists(Shift.objects.working().filter(rider=here)), store__in=list(stores))
        .annotate(
            stage=Coalesce(stage, errand, output_field=CharField()),
            trouble=Coalesce(Subquery(Trip.objects.filter(rider=here, ended_at=None).values("trouble")[:1]), Value("")),
        )
        .order_by("pk")
        .values_list("pk", "user__name", "user__phone", "store_id", "stage", "lat", "lng", "seen_at", "trouble")
    )
    return [
        RiderDot(pk, name or phone, stores[store_id].code, stage, lat, lng, seen_at, trouble)
        for pk, name, phone, store_id, stage, lat, lng, seen_at, trouble in found
    ]


def _pickers(stores: dict[int, StoreRow]) -> None:
    shifts = PickerShift.objects.filter(ended_at=None, store__in=list(stores)).values_list("store_id")
    for store_id, count in shifts.annotate(n=Count("pk")).order_by():
        stores[store_id].pickers = count


def _minutes(now: datetime) -> list[list[int]]:
    """Orders placed per minute of the last hour: [unix second, count], sixty of them."""
    last = int(now.timestamp()) // 60 * 60
    first = last - 59 * 60
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (floor(extract(epoch FROM placed_at) / 60) * 60)::bigint, count(*) FROM orders_order"
            " WHERE placed_at >= to_timestamp(%s) AND placed_at <= %s GROUP BY 1",
            [first, now],
        )
        counts = dict(cursor.fetchall())
    return [[at, counts.get(at, 0)] for at in range(first, last + 1, 60)]


def midnight(now: datetime) -> datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def today(now: datetime) -> Today:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FILTER (WHERE placed_at >= %(day)s),
                count(*) FILTER (WHERE delivered_at >= %(day)s),
                count(*) FILTER (WHERE delivered_at >= %(day)s AND delivered_at <= promised_by),
                count(*) FILTER (WHERE placed_at >= %(day)s AND status IN ('CANCELLED', 'REFUNDED')),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - confirmed_at) / 60)
                    FILTER (WHERE delivered_at >= %(day)s)
            FROM orders_order WHERE placed_at >= %(since)s AND placed_at <= %(now)s""",
            {"day": midnight(now), "since": midnight(now) - timedelta(hours=6), "now": now},
        )
        placed, delivered, on_time, cancelled, median = cursor.fetchone()
    return Today(placed, delivered, on_time, cancelled, None if median is None else round(float(median), 1))


def late_today(now: datetime) -> Q:
    """Delivered today, after the promise."""
    return Q(delivered_at__gte=midnight(now), delivered_at__gt=F("promised_by"))
