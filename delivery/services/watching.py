"""Trips that go differently, put right by rule: a rider gone silent, one who gets no nearer, bags that are not ready.

Before the pickup the order goes to somebody else; with bags in hand nobody is sent away, operations are told. A sweep
of rows, every few seconds; each trip is an act of its own. How long each rule waits is the city's policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q

from blinkit.kernel import events, live, metrics
from blinkit.kernel.errors import Refusal
from catalog.travel import street_metres
from delivery.events import TripInTrouble
from delivery.models import Job, JobState, Stop, StopState, Trip
from delivery.services.arriving import AT_STORE_WITHIN_M
from delivery.services.positions import BACK_TO_STORE, Progress, progress_of_many
from delivery.services.situation import policy_of, ready_at
from delivery.services.trips import hand_back
from orders.states import Status

ARRIVED_M = 150
PIECE = 500
"""So many trips are in memory at once."""
SILENT = "The rider's phone fell silent"
OFF_ROUTE = "The rider did not come nearer"
LEFT = "Left on the shelf"
NOT_READY = "Other bags were ready first"


def watch_trips(*, now: datetime) -> int:
    """Look at every live trip once, a piece of them at a time; returns how many stops were given to somebody else."""
    stops = Stop.objects.open().select_related("job__order")
    live_trips = (
        Trip.objects.filter(ended_at=None)
        .select_related("rider", "store__city__dispatch_policy")
        .prefetch_related(Prefetch("stops", queryset=stops.order_by("rank", "pk"), to_attr="open_stops"))
        .order_by("pk")
    )
    given, trips = 0, list(live_trips[:PIECE])
    while trips:
        gets_on = progress_of_many([trip.rider_id for trip in trips], now=now)
        given += sum(_look(trip, trip.open_stops, gets_on.get(trip.rider_id), now=now) for trip in trips)  # type: ignore[attr-defined]  # prefetched
        trips = list(live_trips.filter(pk__gt=trips[-1].pk)[:PIECE]) if len(trips) == PIECE else []
    return given


def _look(trip: Trip, stops: list[Stop], progress: Progress | None, *, now: datetime) -> int:
    rider, policy = trip.rider, policy_of(trip.store.city)
    if not stops:
        _look_at_rescue(trip, silent_s=policy.silent_s, now=now)
        return 0
    ahead = [stop for stop in stops if stop.state != StopState.FAILED]
    fetching = [stop for stop in ahead if stop.state == StopState.TO_PICK_UP]
    if rider.seen_at is None or rider.seen_at < now - timedelta(seconds=policy.silent_s):
        _tell(trip, stops, "silent", now=now)
        return _give_away(fetching, SILENT, now=now)
    if not ahead:  # only bags that ride back: nothing is waited for at a door
        _clear(trip)
        return 0
    since = _no_nearer_since(progress, trip, ahead, fetching)
    if since is not None and since < now - timedelta(seconds=policy.off_route_s):
        _tell(trip, ahead, "off_route", now=now)
        return _give_away(fetching, OFF_ROUTE, now=now)
    if fetching and _has_left(trip, ahead):
        return _give_away(fetching, LEFT, now=now)
    if fetching and trip.at_store_at is not None and len(fetching) == len(ahead):
        late = now + timedelta(seconds=policy.store_delay_s)
        if _other_bags_are_ready(trip, fetching, late=late, now=now):
            return _give_away(fetching, NOT_READY, now=now, excused=True)
    _clear(trip)
    return 0


def _look_at_rescue(trip: Trip, *, silent_s: int, now: datetime) -> None:
    """Who rides to a stranded rider has no stops yet; when they too fall silent, operations hear of the bags."""
    if trip.rider.seen_at is not None and trip.rider.seen_at >= now - timedelta(seconds=silent_s):
        _clear(trip)
        return
    rescues = Q(trip__rescues__trip=trip, trip__rescues__taken_at=None, trip__rescues__off_at=None)
    out_there = Stop.objects.filter(rescues, state=StopState.ON_BOARD).select_related("job__order")
    if stops := list(out_there.order_by("rank", "pk")):
        _tell(trip, stops, "silent", now=now)


def _clear(trip: Trip) -> None:
    if trip.trouble:
        Trip.objects.filter(pk=trip.pk).update(trouble="", trouble_at=None)
        live.touch("ops", what="riders")


def _no_nearer_since(progress: Progress | None, trip: Trip, ahead: list[Stop], fetching: list[Stop]) -> datetime | None:
    """Since when the rider has not come nearer to where they have to go (the store, then each door); None when they
    are there, or nothing is known."""
    if progress is None or (fetching and trip.at_store_at):
        return None
    goal = BACK_TO_STORE if fetching else str(ahead[0].job.order_id)
    if progress.goal == goal:
        return progress.nearer_at if progress.left_metres > ARRIVED_M else None
    # No position since this is the goal: the last one says no more than where they were then.
    target = trip.store.point if fetching else ahead[0].job.order.point
    return max(progress.at, trip.started_at) if street_metres(progress.point, target) > ARRIVED_M else None


def _has_left(trip: Trip, ahead: Iterable[Stop]) -> bool:
    """Bags of this trip are on the road, and the rider is well away from the store."""
    at = trip.rider.point
    if at is None or not any(stop.job.order.status == Status.IN_TRANSIT for stop in ahead):
        return False
    return street_metres(at, trip.store.point) > AT_STORE_WITHIN_M


def _other_bags_are_ready(trip: Trip, fetching: list[Stop], *, late: datetime, now: datetime) -> bool:
    """The rider stands at the shelf for bags that are far from ready while others wait there without a rider."""
    if any(stop.job.order.status not in (Status.CONFIRMED, *WITH_THE_FLOOR) for stop in fetching):
        return False
    waiting = Job.objects.filter(store_id=trip.store_id, state=JobState.SEEKING, order__packed_at__isnull=False)
    if not waiting.exists():
        return False
    ready = ready_at([stop.job for stop in fetching], now=now)
    return min(ready.values()) > late


WITH_THE_FLOOR = (Status.ASSIGNED_TO_STORE, Status.PICKING)


def _give_away(stops: Iterable[Stop], why: str, *, now: datetime, excused: bool = False) -> int:
    given = 0
    for stop in stops:
        try:
            hand_back(
                stop_id=stop.pk, rider_id=stop.trip.rider_id, reason=why, actor="system", now=now, excused=excused
            )
        except Refusal:  # picked up, or gone, in this second
            continue
        metrics.count("stops_given_away_total", why=why)
        given += 1
    return given


def _tell(trip: Trip, ahead: Iterable[Stop], what: str, *, now: datetime) -> None:
    """Operations hear of it once per trip and kind."""
    if not Trip.objects.filter(pk=trip.pk).exclude(trouble=what).update(trouble=what, trouble_at=now):
        return
    stops = list(ahead)
    on_board = sum(stop.state != StopState.TO_PICK_UP for stop in stops)
    for rank, stop in enumerate(stops, start=1):
        order_id = stop.job.order_id
        events.record(
            TripInTrouble(
                trip_id=trip.pk, order_id=order_id, rider_id=trip.rider_id, what=what, rank=rank, on_board=on_board
            ),
            subject=f"order:{order_id}",
            actor="system",
        )
        live.touch(f"order.{order_id}", what="order", id=order_id)
    live.touch("ops", what="riders")
