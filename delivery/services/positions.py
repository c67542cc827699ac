"""Where riders are: taken in bulk, checked, shown live, kept sparsely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from blinkit.kernel import live
from blinkit.kernel.geo import Point, distance_metres
from delivery.models import Position, Rider, Stop, StopState
from orders.states import Status

FASTEST_MPS = 40.0
"""Nobody rides faster through a city: a quicker jump is a bad fix."""
FASTEST_IN_DEMO_MPS = 4_000.0
"""A simulated city may run many times faster than the clock."""
WORST_ACCURACY_M = 200.0
CLOCK_AHEAD = timedelta(seconds=60)
KEEP_EVERY = timedelta(seconds=10)
LEFT_STORE_M = 80.0
AT_TTL_S = 3600
CARRYING_TTL_S = 4 * 3600


@dataclass(frozen=True, slots=True)
class Fix:
    """One position report: aware `at`, `accuracy_metres` as the phone says (0 when unknown)."""

    point: Point
    at: datetime
    accuracy_metres: float = 0.0


def report_positions(*, rider_id: int, fixes: Sequence[Fix], now: datetime) -> Fix | None:
    """Take a rider's reports (also late, in a batch) and show the newest good one. Returns it, or None when none was.

    Dropped: from the future, not newer than the last one, less accurate than 200 m, or a jump nobody can ride.
    Customers see it only while their bags are on board. Two Redis reads; the database is written at most every ten
    seconds.
    Leaving the store's fence with bags on board is a departure.
    """
    last = live.recall(f"rider-at:{rider_id}")
    newest: Fix | None = None
    for fix in sorted(fixes, key=lambda fix: fix.at):
        if fix.at > now + CLOCK_AHEAD or fix.accuracy_metres > WORST_ACCURACY_M:
            continue
        if last is not None and not _follows(last, fix):
            continue
        newest = fix
        last = _fact(fix, kept_at=None if last is None else last.get("kept_at"))
    if newest is None or last is None:
        return None
    kept_at = last["kept_at"] and datetime.fromisoformat(last["kept_at"])
    if kept_at is None or newest.at - kept_at >= KEEP_EVERY:
        _keep(rider_id, newest, now=now)
        last["kept_at"] = newest.at.isoformat()
    live.remember(f"rider-at:{rider_id}", last, ttl_s=AT_TTL_S)
    _show(rider_id, newest, last, now=now)
    return newest


def note_carrying(*, rider_id: int, left: bool | None = None) -> dict[str, Any]:
    """Write down for the next positions whose bags this rider has on board: those customers may see the rider.

    Read from the database, so it can be called whenever the fact got lost. `left`: is the rider outside the store's
    fence.
    """
    on_board = list(
        Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state=StopState.ON_BOARD)
        .order_by("rank", "pk")
        .values_list("job__order_id", "job__order__status", "trip__store__lat", "trip__store__lng")
    )
    fact: dict[str, Any] = {
        "orders": [str(order_id) for order_id, *_ in on_board],
        "store": list(on_board[0][2:]) if on_board else None,
        "left": all(status == Status.IN_TRANSIT for _, status, *_ in on_board) if left is None else left,
    }
    live.remember(f"rider-carries:{rider_id}", fact, ttl_s=CARRYING_TTL_S)
    return fact


def still_here(*, rider_id: int, now: datetime) -> None:
    """The rider's app is alive although it has no position to tell. At most one write a minute."""
    Rider.objects.filter(pk=rider_id).exclude(seen_at__gt=now - timedelta(seconds=60)).update(seen_at=now)


def _follows(last: dict[str, Any], fix: Fix) -> bool:
    before = datetime.fromisoformat(last["at"])
    seconds = (fix.at - before).total_seconds()
    if seconds <= 0:
        return False
    if seconds > 300:  # after a long silence anything is possible
        return True
    fastest = FASTEST_IN_DEMO_MPS if settings.DEMO_MODE else FASTEST_MPS
    return distance_metres(Point(last["lat"], last["lng"]), fix.point) <= fastest * seconds + fix.accuracy_metres


def _fact(fix: Fix, *, kept_at: str | None) -> dict[str, Any]:
    return {"lat": fix.point.lat, "lng": fix.point.lng, "at": fix.at.isoformat(), "kept_at": kept_at}


def _keep(rider_id: int, fix: Fix, *, now: datetime) -> None:
    Rider.objects.filter(pk=rider_id).update(lat=fix.point.lat, lng=fix.point.lng, seen_at=now)
    Position.objects.create(
        rider_id=rider_id, lat=fix.point.lat, lng=fix.point.lng, accuracy_metres=fix.accuracy_metres, at=fix.at
    )


def _show(rider_id: int, fix: Fix, last: dict[str, Any], *, now: datetime) -> None:
    shown = {
        "type": "position",
        "rider": rider_id,
        "lat": fix.point.lat,
        "lng": fix.point.lng,
        "at": fix.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "seq": int(fix.at.timestamp() * 1000),  # a later one always has the higher number
    }
    live.share("ops", shown)
    carries = live.recall(f"rider-carries:{rider_id}") or note_carrying(rider_id=rider_id)
    if not carries["orders"]:
        return
    for order_id in carries["orders"]:
        live.remember(f"rider-of-order:{order_id}", shown, ttl_s=AT_TTL_S)
        live.share(f"order.{order_id}", shown)
    if not carries["left"] and distance_metres(Point(*carries["store"]), fix.point) > LEFT_STORE_M:
        from delivery.services.trips import depart  # late: trips write down what this module reads

        depart(rider_id=rider_id, now=now)
