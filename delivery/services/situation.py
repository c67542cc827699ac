"""What a round looks at: the waiting jobs and the riders of an area, in the words of the engine.

Ready times are the floor's (what its stage usually still takes), distances the city's streets, and of a rider
everything that limits a plan: bags, cash room, cold bag, the end of the shift, and for fairness how long they have
waited and what they earned.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from blinkit.kernel.geo import EARTH_RADIUS_METRES, Point
from catalog.kept import BrieflyKept
from catalog.models import City, Store, Zone
from catalog.travel import SETTLE_S, Field, Streets, seconds_per_metre, street_metres, travel_seconds
from catalog.ways import fields_of, streets_of, weather_of
from delivery import saying_no
from delivery.cash_room import cash_rooms
from delivery.dispatch import Coming, Expected, FreeRider, OpenJob
from delivery.incidents import URGENT, Incident, Rescue
from delivery.models import (
    BagsReturn,
    DispatchPolicy,
    Job,
    JobState,
    Offer,
    OfferState,
    Rider,
    Shift,
    Stop,
    StopState,
    Trip,
    Vehicle,
)
from orders.models import Order, OrderLine
from orders.queries import OUTLOOK_FIELDS, outlooks, with_facts
from orders.states import BEFORE_PICKUP

MOST_JOBS = 200
AT_STORE_M = 120.0
DOOR_S = 90.0
"""At a door, until the rider rides on, when somebody about to be free is counted in."""
STANDARD = DispatchPolicy()


@dataclass(frozen=True, slots=True)
class Ways:
    """Seconds by street in this city at this hour: one pair, or all at once; from a store by its field, if any."""

    streets: Streets
    at: datetime
    timezone: str
    fields: Mapping[Point, Field]
    bad_weather: bool = False

    def __call__(self, a: Point, b: Point, vehicle: str) -> float:
        return travel_seconds(
            a, b, vehicle, self.at, timezone=self.timezone, metres=self.metres(a, b), bad_weather=self.bad_weather
        )

    def metres(self, a: Point, b: Point) -> int:
        known = self._from_store(a, b)
        return street_metres(a, b, self.streets) if known is None else known

    def table(self, origins: Sequence[Point], targets: Sequence[Point], vehicle: str) -> Any:
        """The same to within a second, as an array with a row per origin."""
        a = np.radians([[p.lat, p.lng] for p in origins])[:, None, :]
        b = np.radians([[p.lat, p.lng] for p in targets])[None, :, :]
        half = np.sin((b - a) / 2) ** 2
        h = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
        straight = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(1.0, h)))
        fit = self.streets
        metres = fit.factor * straight + fit.turns * np.minimum(straight, fit.turns_metres)
        for row, origin in enumerate(origins if self.fields else ()):
            for column, target in enumerate(targets if origin in self.fields else ()):
                if (known := self._from_store(origin, target)) is not None:
                    metres[row, column] = known
        pace = seconds_per_metre(vehicle, self.at, timezone=self.timezone, bad_weather=self.bad_weather)
        return np.where(metres < 0.5, 0.0, SETTLE_S + metres * pace)

    def _from_store(self, a: Point, b: Point) -> int | None:
        field = self.fields.get(a)
        return None if field is None or a == b else field.to(b)


@dataclass(frozen=True, slots=True)
class Area:
    """The stores of one round, by id, with city and policy."""

    stores: Mapping[int, Store]
    policy: DispatchPolicy
    ways: Ways

    @property
    def strategy(self) -> str:
        return self.policy.strategy or settings.DISPATCH_STRATEGY


def _read_areas() -> tuple[dict[int, tuple[int, ...]], frozenset[int]]:
    """By store those that share riders with it, and the stores of cities where orders go along. One statement."""
    members: dict[int, list[int]] = {}
    along = set()
    rows = Store.objects.filter(Q(dispatch_area__isnull=False) | Q(city__dispatch_policy__take_along=True))
    columns = ("pk", "dispatch_area__area_id", "city__dispatch_policy__take_along")
    for store_id, area_id, takes_along in rows.order_by("pk").values_list(*columns):
        if area_id is not None:
            members.setdefault(area_id, []).append(store_id)
        if takes_along:
            along.add(store_id)
    return {store_id: tuple(stores) for stores in members.values() for store_id in stores}, frozenset(along)


_areas = BrieflyKept(_read_areas)


def sharing_riders(store_id: int) -> tuple[int, ...]:
    """Ids of the stores that share riders with this one, itself included, in order."""
    return planned_with(store_id)[0]


def planned_with(store_id: int) -> tuple[tuple[int, ...], bool]:
    """The same, and whether their city puts one more order on a trip that has not left its shelf."""
    sharing, along = _areas()
    return sharing.get(store_id, (store_id,)), store_id in along


def area_of(store_ids: Sequence[int], *, now: datetime) -> Area:
    """One statement (and one per store, process and fit of its city). The policy is that of the first store's city."""
    rows = Store.objects.filter(pk__in=store_ids).select_related("city__dispatch_policy").order_by("pk")
    stores = {store.pk: store for store in rows}
    city = stores[store_ids[0]].city
    return Area(
        stores,
        policy_of(city),
        Ways(streets_of(city), now, city.timezone, fields_of(stores.values()), weather_of(city, at=now) is not None),
    )


def policy_of(city: City) -> DispatchPolicy:
    found: DispatchPolicy | None = getattr(city, "dispatch_policy", None)
    return found or STANDARD


# -- riders -----------------------------------------------------------------------------------------------------------


def reachable_riders(*, store_ids: Collection[int], now: datetime) -> QuerySet[Rider]:
    """On duty and on no break, allowed to ride, heard of lately and in no need of help: whom we can count on, on a trip
    or not."""
    return Rider.objects.filter(
        Exists(Shift.objects.working().filter(rider=OuterRef("pk"))),
        ~Exists(Incident.objects.needing_help().filter(rider=OuterRef("pk"))),
        store_id__in=store_ids,
        suspended_reason="",
        is_verified=True,
        seen_at__gte=now - SILENT_AFTER,
    )


SILENT_AFTER = timedelta(minutes=3)
"""A rider nobody has heard of for so long gets no offer: the phone is off or out of reach."""


def free_riders(*, store_ids: Collection[int], now: datetime) -> list[Rider]:
    """Reachable riders without a trip and without an open offer. One statement."""
    mine = OuterRef("pk")
    return list(
        reachable_riders(store_ids=store_ids, now=now)
        .filter(
            ~Exists(Trip.objects.filter(rider=mine, ended_at=None)),
            ~Exists(Offer.objects.filter(rider=mine, state=OfferState.OPEN)),
        )
        .select_related("user")
        .order_by("pk")
    )


def still_free(rider_ids: Collection[int], *, store_ids: Collection[int], now: datetime) -> set[int]:
    """Those of the riders who are free now, all of them locked in the order of their keys: nobody who goes off duty, on
    a break or on a trip in this moment is one. Two statements, for the state is read after the locks are ours."""
    wanted = Rider.objects.filter(pk__in=rider_ids).order_by("pk")
    list(wanted.select_for_update(no_key=True).values_list("pk", flat=True))
    return {rider.pk for rider in free_riders(store_ids=store_ids, now=now) if rider.pk in rider_ids}


_SHIFTS = """
SELECT s.rider_id, s.vehicle, s.started_at, CASE WHEN b.walk_in THEN NULL ELSE s.ends_at END,
  (SELECT max(t.ended_at) FROM delivery_trip t WHERE t.rider_id = s.rider_id AND t.ended_at >= s.started_at),
  (SELECT coalesce(sum(e.total_paise), 0)::bigint FROM delivery_earning e
    WHERE e.rider_id = s.rider_id AND e.at >= s.started_at),
  EXISTS (SELECT FROM delivery_incident i
    WHERE i.rider_id = s.rider_id AND i.kind = ANY(%(urgent)s) AND i.resolved_at IS NULL)
FROM delivery_shift s LEFT JOIN delivery_booking b ON b.id = s.booking_id
WHERE s.ended_at IS NULL AND s.rider_id = ANY(%(riders)s)
"""
"""Who walked in rides on into the next gig (`services.gigs.go_on`): its change ends nothing for them."""


def as_free(riders: Sequence[Rider], area: Area, *, now: datetime) -> list[FreeRider]:
    """The riders as they stand now. Two statements: their shifts with what they earned, and the cash they carry."""
    shifts, rooms = _shifts(riders), cash_rooms([rider.pk for rider in riders])
    return [_free(rider, area, shifts.get(rider.pk), rooms.get(rider.pk), now=now) for rider in riders]


def _shifts(riders: Sequence[Rider]) -> dict[int, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_SHIFTS, {"riders": [rider.pk for rider in riders], "urgent": list(URGENT)})
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _free(rider: Rider, area: Area, shift: Any, cash_room: int | None, *, now: datetime) -> FreeRider:
    # A rider without a position waits at the home store, as far as we know.
    at = rider.point or area.stores[rider.store_id].point
    vehicle, began_at, ends_at, last_trip_at, earned_paise, needs_help = shift or ("", now, None, None, 0, False)
    heading = next((pk for pk, store in area.stores.items() if _near(at, store.point)), None)
    idle_s = (now - (last_trip_at or began_at)).total_seconds()
    worked_h = max(0.25, (now - began_at).total_seconds() / 3600)
    return FreeRider(
        id=rider.pk,
        store=rider.store_id,
        at=at,
        free_s=now.timestamp() - (0.0 if heading is None else idle_s),  # of who stands there: since when
        vehicle=vehicle or rider.vehicle,
        max_bags=rider.max_bags,
        max_litres=rider.max_litres or None,
        cash_room_paise=cash_room,
        off_s=None if ends_at is None else ends_at.timestamp(),
        heading=heading,
        stores=frozenset(area.stores),
        has_cold_bag=rider.has_cold_bag,
        idle_s=idle_s,
        earned_paise_h=earned_paise / worked_h,
        needs_help=needs_help,
    )


def _near(a: Point, b: Point) -> bool:
    return abs(a.lat - b.lat) < 0.002 and abs(a.lng - b.lng) < 0.002 and street_metres(a, b) <= AT_STORE_M


def soon_free(area: Area, *, now: datetime) -> list[tuple[Rider, FreeRider]]:
    """Riders at or on the way to the last door of their trip, with the time and place at which they will be free: a
    job may wait for them. Not who has bags to bring back after it, nor whose bags another rider comes for. Four
    statements, one when there is nobody."""
    left = Stop.objects.filter(trip=OuterRef("trip"), state__in=[StopState.TO_PICK_UP, StopState.ON_BOARD])
    last = list(
        Stop.objects.filter(
            ~Exists(left.exclude(pk=OuterRef("pk"))),
            ~Exists(BagsReturn.objects.filter(trip=OuterRef("trip"), done_at=None)),
            ~Exists(Rescue.objects.filter(from_trip=OuterRef("trip"), taken_at=None, off_at=None)),
            trip__ended_at=None,
            state=StopState.ON_BOARD,
            trip__rider__in=reachable_riders(store_ids=list(area.stores), now=now),
        )
        .order_by("pk")
        .annotate(lat=F("job__order__lat"), lng=F("job__order__lng"))
        .select_related("trip__rider__user")
    )
    riders = [stop.trip.rider for stop in last]
    found = []
    for stop, free in zip(last, as_free(riders, area, now=now) if riders else (), strict=True):
        rider, door = stop.trip.rider, Point(stop.lat, stop.lng)
        ride_s = 0.0 if stop.arrived_at or rider.point is None else area.ways(rider.point, door, free.vehicle)
        # Nobody has waited who rides still; what they earned in this shift counts as that of the others does.
        free_s = now.timestamp() + ride_s + DOOR_S
        found.append((rider, replace(free, at=door, free_s=free_s, heading=None, idle_s=0.0)))
    return found


def coming(area: Area, *, now: datetime) -> list[tuple[Rider, Coming]]:
    """Riders on the way to a shelf of this area, or waiting there, who have nothing in hand yet: one more order could
    go along. Seven statements at most, one when there is nobody."""
    begun = Stop.objects.filter(trip=OuterRef("trip")).exclude(state__in=[StopState.TO_PICK_UP, StopState.DROPPED])
    stops = list(
        Stop.objects.filter(
            ~Exists(begun),
            ~Exists(Rescue.objects.filter(trip=OuterRef("trip"))),
            trip__ended_at=None,
            trip__store__in=list(area.stores),
            trip__rider__in=reachable_riders(store_ids=list(area.stores), now=now),
            state=StopState.TO_PICK_UP,
        )
        .order_by("trip", "rank", "pk")
        .select_related("trip__rider__user", "job__order")
    )
    if not stops:
        return []
    ready = ready_at([stop.job for stop in stops if stop.job.order.packed_at is None], now=now)
    trips: dict[int, list[Stop]] = {}
    for stop in stops:
        trips.setdefault(stop.trip.rider_id, []).append(stop)
    riders = [theirs[0].trip.rider for theirs in trips.values()]
    found = []
    for rider, free in zip(riders, as_free(riders, area, now=now), strict=True):
        jobs = [stop.job for stop in trips[rider.pk]]
        store_id = trips[rider.pk][0].trip.store_id
        litres = sum(job.volume_ml for job in jobs) / 1000
        found.append((
            rider,
            Coming(
                # The cash of what they fetch is taken off their room by `cash_rooms`.
                rider=replace(
                    free,
                    max_bags=free.max_bags - sum(job.bags for job in jobs),
                    max_litres=None if free.max_litres is None else free.max_litres - litres,
                ),
                store=store_id,
                pickup=area.stores[store_id].point,
                doors=tuple(job.order.point for job in jobs),
                ready_s=max(ready.get(job.order_id, job.ready_at).timestamp() for job in jobs),
            ),
        ))  # fmt: skip
    return found


# -- jobs -------------------------------------------------------------------------------------------------------------


def with_cold(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """The jobs with `is_cold`: something chilled or frozen is in their bags; and with their orders."""
    cold = OrderLine.objects.filter(
        order=OuterRef("order"), product__zone__in=(Zone.CHILLED, Zone.FROZEN), qty__gt=F("short_qty")
    )
    return jobs.annotate(is_cold=Exists(cold)).select_related("order")


def waiting_jobs(area: Area) -> list[Job]:
    """Jobs that seek a rider, the most urgent first, locked; those somebody else is at are passed over, and those whose
    order was cancelled in this second."""
    seeking = Job.objects.filter(
        store_id__in=list(area.stores), state=JobState.SEEKING, order__status__in=BEFORE_PICKUP
    )
    return list(
        with_cold(seeking)
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("due_at", "pk")[:MOST_JOBS]
    )


def as_open(
    jobs: Sequence[Job],
    area: Area,
    *,
    on_duty: Collection[int],
    answer_s: float,
    now: datetime,
    ready: Mapping[UUID, datetime] | None = None,
) -> list[OpenJob]:
    """The jobs as the engine knows them. An offer takes its time: bags are looked at as ready `answer_s` earlier than
    they are. `ready`, where it is known or does not matter; else the floor is asked when something is not packed."""
    if ready is None:
        ready = ready_at([job for job in jobs if job.order.packed_at is None], now=now)
    return [
        OpenJob(
            id=job.pk,
            store=job.store_id,
            pickup=area.stores[job.store_id].point,
            drop=job.order.point,
            placed_s=job.order.placed_at.timestamp(),
            ready_s=ready.get(job.order_id, job.ready_at).timestamp() - answer_s,
            is_known=job.order.packed_at is not None,
            due_s=job.due_at.timestamp(),
            bags=job.bags,
            litres=job.volume_ml / 1000,
            cash_paise=job.order.cash_due_paise,
            is_cold=job.is_cold,  # type: ignore[attr-defined]  # annotated by with_cold
            vehicles=_vehicles(job, area),
            refused_by=saying_no.refused_by(job.declined_by, on_duty=on_duty, opened_at=job.opened_at, now=now),
        )
        for job in jobs
    ]


def _vehicles(job: Job, area: Area) -> frozenset[str] | None:
    """Those that may be sent as far as this door, by street from the store; None for all."""
    farthest = area.policy.farthest_metres
    if not farthest:
        return None
    metres = area.ways.metres(area.stores[job.store_id].point, job.order.point)
    may = frozenset(name for name in Vehicle.values if metres <= farthest.get(name, math.inf))
    return None if len(may) == len(Vehicle.values) else may


def ready_at(jobs: Sequence[Job], *, now: datetime) -> dict[UUID, datetime]:
    """When the bags of these orders are expected on the shelf, by what their stage usually still takes; never in the
    past. Where the floor says nothing, the job's own guess."""
    if not jobs:
        return {}
    waiting = with_facts(Order.objects.filter(pk__in=[job.order_id for job in jobs]))
    seen = outlooks(waiting.values(*OUTLOOK_FIELDS), now=now)
    found = {}
    for job in jobs:
        outlook = seen.get(job.order_id)
        found[job.order_id] = max(now, job.ready_at) if outlook is None else now + timedelta(seconds=outlook.ready_s)
    return found


def waiting_anywhere() -> list[int]:
    """Ids of stores where a job seeks a rider."""
    waiting = Job.objects.filter(Q(state=JobState.SEEKING))
    return list(waiting.order_by("store_id").values_list("store_id", flat=True).distinct())


DEMAND_OVER = timedelta(minutes=30)
LEAD_S = 240.0
"""From the order to packed bags, on top of the floor's backlog."""


def demand_of(area: Area, *, now: datetime) -> dict[Hashable, Expected]:
    """What is expected of each store of the area: orders per hour as in the last half hour. One statement."""
    recent = Count("delivery_jobs", filter=Q(delivery_jobs__opened_at__gte=now - DEMAND_OVER))
    rows = Store.objects.filter(pk__in=list(area.stores)).annotate(recent=recent)
    rate = timedelta(hours=1) / DEMAND_OVER
    return {
        pk: Expected(at=area.stores[pk].point, per_hour=recent * rate, lead_s=LEAD_S + (backlog_s or 0))
        for pk, recent, backlog_s in rows.values_list("pk", "recent", "load__pick_backlog_s")
    }
