"""Trips that go differently, put right by rule: a rider gone silent, one who gets no nearer, bags that are not ready.

Before the pickup the order goes to somebody else; with bags in hand nobody is sent away, operations are told. A sweep
of rows, every few seconds; each trip is an act of its own. How long each rule waits is the city's policy. Who had an
accident is not waited for at all, and who called for help for two minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q

from blinkit.kernel import events, live, metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.sweeping import one_by_one
from catalog.travel import street_metres
from delivery.events import TripInTrouble
from delivery.incidents import Incident, IncidentQuerySet, Kind, Rescue
from delivery.models import Job, JobState, Stop, StopState, Trip
from delivery.services.arriving import AT_STORE_WITHIN_M
from delivery.services.incidents import note_by_rule
from delivery.services.pay import pay_way_there
from delivery.services.positions import BACK_TO_STORE, Progress, progress_of_many
from delivery.services.rescue import call_off
from delivery.services.situation import policy_of, ready_at
from delivery.services.trips import hand_back
from orders import services as orders
from orders.states import ON_ROAD, Status

ARRIVED_M = 150
PIECE = 500
"""So many trips are in memory at once."""
SILENT = "The rider's phone fell silent"
OFF_ROUTE = "The rider did not come nearer"
LEFT = "Left on the shelf"
NOT_READY = "Other bags were ready first"
NEEDS_HELP = "The rider called for help"
SOS_KEEPS = timedelta(minutes=2)
"""So long operations have to find out that an SOS was a false alarm; then what is not fetched is not waited for."""


def watch_trips(*, now: datetime) -> int:
    """Look at every live trip once, a piece of them at a time; returns how many stops were given to somebody else. One
    that breaks does not hold up the others."""
    stops = Stop.objects.open().select_related("job__order")
    live_trips = (
        Trip.objects.filter(ended_at=None)
        .annotate(is_stranded=Exists(_stranding(now=now).filter(trip=OuterRef("pk"))))
        .select_related("rider", "store__city__dispatch_policy")
        .prefetch_related(Prefetch("stops", queryset=stops.order_by("rank", "pk"), to_attr="open_stops"))
        .order_by("pk")
    )
    given, trips = 0, list(live_trips[:PIECE])

    def look(trip: Trip, gets_on: Mapping[int, Progress]) -> None:
        nonlocal given
        given += _look(trip, trip.open_stops, gets_on.get(trip.rider_id), now=now)  # type: ignore[attr-defined]  # prefetched

    while trips:
        gets_on = progress_of_many([trip.rider_id for trip in trips], now=now)
        by_id = {trip.pk: trip for trip in trips}
        one_by_one(by_id, lambda pk: look(by_id[pk], gets_on), sweep="trips")  # noqa: B023  # called at once
        trips = list(live_trips.filter(pk__gt=trips[-1].pk)[:PIECE]) if len(trips) == PIECE else []
    return given


def _look(trip: Trip, stops: list[Stop], progress: Progress | None, *, now: datetime) -> int:
    rider, policy = trip.rider, policy_of(trip.store.city)
    if trip.is_stranded and (given := free_of_unfetched(trip_id=trip.pk, now=now)):  # type: ignore[attr-defined]
        return given
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


def _stranding(*, now: datetime) -> IncidentQuerySet:
    """Open incidents whose rider is not waited for at a shelf: an accident at once, an SOS that was no false alarm."""
    return Incident.objects.needing_help().filter(Q(kind=Kind.ACCIDENT) | Q(at__lte=now - SOS_KEEPS))


@transaction.atomic
def free_of_unfetched(*, trip_id: UUID, now: datetime) -> int:
    """The rider of this trip had an accident, or called for help two minutes ago, and it is not resolved: what they
    have not fetched is sought by somebody else, the way to the shelf is paid, and who rode to help another one rides
    no more. It is not their no. What is in hand stays theirs until another rider comes for it. Written on the
    incident's timeline. Returns how many orders; silent when nothing is left to do."""
    incident = _stranding(now=now).filter(trip=trip_id).order_by("at").first()
    if incident is None:
        return 0
    fetching = Stop.objects.filter(trip=trip_id, state=StopState.TO_PICK_UP)
    in_order = fetching.order_by("job__order_id").values_list("job__order_id", flat=True)
    locked = [orders.lock(order_id) for order_id in in_order]
    on_the_shelf = [order.pk for order in locked if order.status not in ON_ROAD]  # else the store scanned them out
    given = 0
    for stop_id in list(fetching.filter(job__order__in=on_the_shelf).order_by("rank").values_list("pk", flat=True)):
        hand_back(stop_id=stop_id, rider_id=incident.rider_id, reason=NEEDS_HELP, actor="system", now=now, excused=True)
        metrics.count("stops_given_away_total", why=NEEDS_HELP)
        given += 1
    if given:
        note_by_rule(incident, "What was not fetched goes to somebody else.", now=now)
        pay_way_there(Trip.objects.select_related("store__city").get(pk=trip_id), now=now)
    for it in Rescue.objects.filter(trip=trip_id, taken_at=None, off_at=None).select_related("from_trip"):
        call_off(rescue_id=it.pk, actor="system", now=now)
        for waiting in Incident.objects.filter(rider=it.from_trip.rider_id, resolved_at=None):
            note_by_rule(waiting, "Who was on the way there called for help too: nobody comes now.", now=now)
    return given


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


@transaction.atomic
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
