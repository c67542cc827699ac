"""How late an order will be: the one place that says it, for the sweep, the board, the desk and the customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, FilteredRelation, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from blinkit.kernel.said import Said
from catalog.kept import BrieflyKept
from catalog.models import StoreMode
from catalog.travel import travel_seconds
from orders import promise
from orders.models import Evidence, LegStat, Order, OrderLine, OrderQuerySet
from orders.promise.safety import RIDDEN_BY
from orders.risk import HELP, RISK_FROM, why_slow
from orders.states import BEFORE_PICKUP, ON_ROAD, Status

PICKED = "picked"
"""The evidence that says when everything was in the totes."""
FIELDS = (
    "id", "number", "store_id", "status", "status_at", "confirmed_at", "released_at", "promised_by", "picked_up_at",
    "rider_at_door_at", "lat", "lng", "distance_metres", "rider_id_ref", "doors_before_s", "lines_count", "picked_at",
    "store__lat", "store__lng", "store__city__timezone", "store__city__bad_weather",
    "store__city__bad_weather_until", "store__mode", "store__mode_until",
    "store__load__pick_backlog_s", "store__load__rider_wait_s", "timer__stage", "timer__began_at", "timer__usual_s",
    "timer__slow_stage", "timer__slow_s",
)  # fmt: skip
Row = Mapping[str, Any]
Measured = Mapping[tuple[int | None, int], Mapping[str, tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected of a live order. `expected_late_s` is usual (p50), negative when it will be early;
    `probability` is that of coming after `promised_by`, 0 to 1. The stage should end by `due_at`. `slow` is where most
    time went over the usual, `lost_in` and `lost_s` the same of the stages before this one. The bags
    are on the shelf in `ready_s`."""

    stage: str
    began_at: datetime
    usual_s: int
    due_at: datetime
    promised_by: datetime
    p50_s: float
    p90_s: float
    expected_late_s: int
    probability: float
    slow: str
    lost_in: str
    lost_s: int
    why: Said
    here_s: int
    left_s: int
    ready_s: float = 0

    @property
    def at_risk(self) -> bool:
        return self.left_s < 0 or self.probability >= RISK_FROM

    @property
    def help(self) -> Said:
        return HELP[self.stage]

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """When it will be there: whole minutes, rounded outwards, never narrower than a promise."""
        first = (now + timedelta(seconds=self.p50_s)).replace(second=0, microsecond=0)
        last = (now + timedelta(seconds=self.p90_s + 59)).replace(second=0, microsecond=0)
        return first, max(last, first + timedelta(minutes=promise.LEAST_RANGE_M))


def with_facts(orders: OrderQuerySet) -> OrderQuerySet:
    """The orders with all that an outlook needs, to be read as `.values(*FIELDS)`: one statement."""
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    picked = Evidence.objects.filter(order=OuterRef("pk"), kind=PICKED).order_by("-pk").values("at")
    return orders.annotate(
        lines_count=Coalesce(Subquery(lines.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 1),
        picked_at=Subquery(picked[:1]),
        timer=FilteredRelation("timers", condition=Q(timers__ended_at=None)),
    )


def row_of(order: Order, *, lines: int) -> dict[str, Any]:
    """The same for one order that is loaded with its store, load and city. `timer` and `picked_at` are not known here:
    time that was lost earlier is not named, and packing begins when picking usually ends."""
    load = getattr(order.store, "load", None)
    own = {name: getattr(order, name) for name in FIELDS[:15] if name != "id"}
    return own | {
        "id": order.pk,
        "lines_count": lines,
        "picked_at": None,
        "store__lat": order.store.lat,
        "store__lng": order.store.lng,
        "store__city__timezone": order.store.city.timezone,
        "store__city__bad_weather": order.store.city.bad_weather,
        "store__city__bad_weather_until": order.store.city.bad_weather_until,
        "store__mode": order.store.mode,
        "store__mode_until": order.store.mode_until,
        "store__load__pick_backlog_s": load.pick_backlog_s if load else 0,
        "store__load__rider_wait_s": load.rider_wait_s if load else 0,
        "timer__stage": None,
        "timer__slow_stage": "",
        "timer__slow_s": 0,
    }


def outlook(
    row: Row, *, now: datetime, measured: Measured | None = None, position: Mapping[str, Any] | None = None
) -> Outlook | None:
    """What is to be expected of a live order; None without a promise, before it is paid and once it is over.
    `position` is where the rider is, while the bags are on the road."""
    status, promised_by = row["status"], row["promised_by"]
    if status in _NOTHING_TO_SAY or promised_by is None:
        return None
    door, at_store = Point(row["lat"], row["lng"]), Point(row["store__lat"], row["store__lng"])
    zone, riding = row["store__city__timezone"] or "Asia/Kolkata", status in ON_ROAD
    began_at = _began(row, status)
    here_s = (now - began_at).total_seconds()
    weather_until = row["store__city__bad_weather_until"] if row["store__city__bad_weather"] else None
    bad_weather = weather_until is not None and weather_until > now
    ride_ahead_s: float | None = None
    doors_before_s = row["doors_before_s"]
    if riding and position is not None:
        here = Point(position["lat"], position["lng"])
        vehicle = str(position.get("vehicle") or "ebike")
        straight_s = travel_seconds(here, door, vehicle, now, timezone=zone, bad_weather=bad_weather)
        ride_ahead_s = straight_s
        if doors_before_s:
            ride_ahead_s = max(straight_s, _by_other_doors(position, now=now))
    ahead = promise.ahead(
        promise.Underway(
            status=str(status),
            lines=row["lines_count"],
            ride_s=travel_seconds(
                at_store, door, at=now, timezone=zone, metres=row["distance_metres"] or None, bad_weather=bad_weather
            ),
            here_s=here_s,
            road_s=(now - row["picked_up_at"]).total_seconds() if row["picked_up_at"] else 0,
            backlog_s=row["store__load__pick_backlog_s"] or 0,
            rider_wait_s=row["store__load__rider_wait_s"] or 0,
            has_rider=row["rider_id_ref"] is not None,
            ride_ahead_s=ride_ahead_s,
            doors_before_s=doors_before_s,
            picked=row["picked_at"] is not None,
            at_door=riding and row["rider_at_door_at"] is not None,
            measured=legs_of(row["store_id"], _hour(now, zone), measured or {}),
        )
    )
    left_s = (promised_by - now).total_seconds()
    over_s = here_s - ahead.usual_s
    lost_in, lost_s = _lost(row, ahead.stage, began_at)
    slow = lost_in if lost_in and lost_s > over_s else ahead.stage
    until = row["store__mode_until"]
    paused = row["store__mode"] == StoreMode.PAUSED and (until is None or until > now)
    return Outlook(
        stage=ahead.stage,
        began_at=began_at,
        usual_s=round(ahead.usual_s),
        due_at=promised_by - timedelta(seconds=round(ahead.rest_s)),
        promised_by=promised_by,
        p50_s=ahead.p50_s,
        p90_s=ahead.p90_s,
        expected_late_s=round(max(ahead.p50_s, 0) - left_s),
        probability=1.0 if left_s < 0 else ahead.breach(left_s),
        slow=slow,
        lost_in=lost_in,
        lost_s=lost_s,
        why=why_slow(ahead.stage, lost_in=slow, lost_s=lost_s, paused=paused),
        here_s=max(0, round(here_s)),
        left_s=round(left_s),
        ready_s=ahead.ready_s,
    )


def outlooks(rows: Iterable[Row], *, now: datetime) -> dict[Any, Outlook]:
    """By order, with measured legs (one statement, kept for a moment) and the riders' positions (one round trip)."""
    rows = list(rows)
    measured = measured_legs()
    names = {row["id"]: f"rider-of-order:{row['id']}" for row in rows if row["status"] in ON_ROAD}
    positions = live.recall_many(list(names.values()))
    found = (
        (row["id"], outlook(row, now=now, measured=measured, position=positions.get(names.get(row["id"], ""))))
        for row in rows
    )
    return {pk: it for pk, it in found if it is not None}


def outlook_of(order: Order, *, lines: int, now: datetime, position: Mapping[str, Any] | None = None) -> Outlook | None:
    """Of one order, loaded with its store, load and city."""
    return outlook(row_of(order, lines=lines), now=now, measured=measured_legs(), position=position)


def _read_measured() -> dict[tuple[int | None, int], dict[str, tuple[float, float]]]:
    found: dict[tuple[int | None, int], dict[str, tuple[float, float]]] = {}
    legs = LegStat.objects.exclude(leg__startswith=RIDDEN_BY)
    for store_id, hour, leg, p50_s, p90_s in legs.values_list("store_id", "hour", "leg", "p50_s", "p90_s"):
        found.setdefault((store_id, hour), {})[leg] = (p50_s, p90_s)
    return found


measured_legs: BrieflyKept[Measured] = BrieflyKept(_read_measured, times=4)
"""What legs really take, by store and hour of its day, by store, and of all stores."""


def legs_of(store_id: int, hour: int, measured: Measured) -> dict[str, tuple[float, float]]:
    """Of the hour where it was measured, else of any hour, else of all stores."""
    keys = (None, LegStat.ANY_HOUR), (store_id, LegStat.ANY_HOUR), (store_id, hour)
    return {leg: pair for key in keys for leg, pair in measured.get(key, {}).items()}


_NOTHING_TO_SAY = frozenset(Status) - BEFORE_PICKUP - ON_ROAD


def _by_other_doors(position: Mapping[str, Any], *, now: datetime) -> float:
    """Seconds to this door by the doors before it, as they were known with the position; 0 when nothing was."""
    try:
        age_s = (now - datetime.fromisoformat(position["at"])).total_seconds()
        return float(position["left_s"]) - max(0.0, age_s)
    except (KeyError, TypeError, ValueError):
        return 0.0


def _began(row: Row, status: str) -> datetime:
    began: datetime = row["status_at"]
    if status in ON_ROAD:
        began = row["rider_at_door_at"] or row["picked_up_at"] or began
    elif status == Status.PICKING and row["picked_at"] is not None:
        began = row["picked_at"]
    elif row["released_at"] is not None and row["released_at"] > began:
        began = row["released_at"]
    return began


def _lost(row: Row, stage: str, began_at: datetime) -> tuple[str, int]:
    """The earlier stage that took most more than it usually does, and by how many seconds."""
    lost_in, lost_s = row["timer__slow_stage"] or "", row["timer__slow_s"] or 0
    if row["timer__stage"] not in (None, stage):
        over_s = round((began_at - row["timer__began_at"]).total_seconds()) - row["timer__usual_s"]
        if over_s > lost_s:
            return row["timer__stage"], over_s
    return lost_in, lost_s


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _hour(now: datetime, zone: str) -> int:
    return now.astimezone(_zone(zone)).hour
