"""Incidents of riders: what rings, the list, and everything about one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from blinkit.kernel.errors import NotFound
from dashboard.queries.board import TROUBLES
from delivery.incidents import URGENT, Incident, Rescue
from delivery.models import Rider, Shift, Stop, StopState, Trip
from delivery.services.fitting import Barred, barred_from

PAGE = 50
RINGS = (*URGENT, "harassment", "theft")
"""Kinds that ring until somebody has seen them; the others wait in the list."""
STATES = ("open", "unseen", "resolved", "all")


@dataclass(frozen=True, slots=True)
class IncidentDesk:
    """One incident on one page. `stops`: what its rider has to fetch or has on board now."""

    incident: Incident
    stops: list[Stop] = field(default_factory=list)
    free_riders: list[tuple[Rider, Barred]] = field(default_factory=list)
    rescue: Rescue | None = None

    @property
    def asks_sure(self) -> bool:
        return any(barred.against for _rider, barred in self.free_riders)

    @property
    def on_board(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.state == StopState.ON_BOARD]

    @property
    def to_fetch(self) -> list[Stop]:
        return [stop for stop in self.stops if stop.state == StopState.TO_PICK_UP]


def ringing() -> list[Incident]:
    """What nobody has seen yet and rings, oldest first. One statement."""
    found = Incident.objects.filter(seen_at=None, kind__in=RINGS).select_related("rider__user", "rider__store")
    return list(found.order_by("at")[:20])


@dataclass(frozen=True, slots=True)
class RiderDesk:
    """One rider on one page: what they have now, and the incidents that are open. `rescue`: who rides to them."""

    rider: Rider
    trip: Trip | None
    stops: list[Stop]
    incidents: list[Incident]
    rescue: Rescue | None
    on_duty: bool

    @property
    def trouble(self) -> str:
        return TROUBLES.get(self.trip.trouble, "") if self.trip else ""

    @property
    def has_bags(self) -> bool:
        return any(stop.state != StopState.TO_PICK_UP for stop in self.stops)


def rider_desk(rider_id: int) -> RiderDesk:
    """Six statements. Raises NotFound."""
    rider = Rider.objects.select_related("user", "store").filter(pk=rider_id).first()
    if rider is None:
        raise NotFound("There is no such rider.")
    trip = Trip.objects.select_related("store").filter(rider=rider, ended_at=None).first()
    stops = Stop.objects.open().filter(trip=trip).select_related("job__order") if trip else Stop.objects.none()
    rescues = Rescue.objects.filter(from_trip=trip, taken_at=None, off_at=None).select_related("trip__rider__user")
    return RiderDesk(
        rider,
        trip,
        list(stops.order_by("rank", "pk")),
        list(Incident.objects.filter(rider=rider, resolved_at=None).select_related("handler").order_by("-at")[:20]),
        rescues.first() if trip else None,
        Shift.objects.filter(rider=rider, ended_at=None).exists(),
    )


def incident_list(
    *, kind: str = "", state: str = "open", store: str = "", q: str = "", before: datetime | None = None
) -> QuerySet[Incident]:
    """Newest first: one statement for PAGE of them."""
    found = Incident.objects.select_related("rider__user", "rider__store", "handler").order_by("-at", "-id")
    if kind:
        found = found.filter(kind=kind)
    if state == "open":
        found = found.filter(resolved_at=None)
    elif state == "unseen":
        found = found.filter(seen_at=None)
    elif state == "resolved":
        found = found.filter(resolved_at__isnull=False)
    if store:
        found = found.filter(rider__store__code=store)
    if q:
        found = found.filter(Q(rider__user__name__icontains=q) | Q(text__icontains=q))
    return found if before is None else found.filter(at__lt=before)


def incident_desk(incident_id: UUID, *, now: datetime) -> IncidentDesk:
    """At most 14 statements. `free_riders`: who has nothing to do in this city, each with what bars them from all that
    is on board. Raises NotFound."""
    found = Incident.objects.select_related("rider__user", "rider__store", "handler", "seen_by", "trip")
    incident = found.prefetch_related("notes").filter(pk=incident_id).first()
    if incident is None:
        raise NotFound("There is no such incident.")
    trip = Trip.objects.filter(rider=incident.rider, ended_at=None).first()
    if trip is None:
        return IncidentDesk(incident)
    stops = Stop.objects.filter(trip=trip, state__in=[StopState.TO_PICK_UP, StopState.ON_BOARD])
    rescue = Rescue.objects.filter(from_trip=trip, taken_at=None, off_at=None).select_related("trip__rider__user")
    here = OuterRef("pk")
    free = Rider.objects.filter(
        Exists(Shift.objects.working().filter(rider=here)),
        ~Exists(Trip.objects.filter(rider=here, ended_at=None)),
        store__city=incident.rider.store.city_id,
        suspended_reason="",
        is_verified=True,
    ).select_related("user", "store")
    desk = IncidentDesk(
        incident, stops=list(stops.select_related("job__order").order_by("rank", "pk")), rescue=rescue.first()
    )
    if desk.on_board and desk.rescue is None:
        riders = list(free.exclude(pk=incident.rider_id).order_by("user__name", "pk")[:60])
        barred = barred_from([stop.job_id for stop in desk.on_board], riders, at_shelf=False, now=now)
        return replace(desk, free_riders=[(rider, barred[rider.pk]) for rider in riders])
    return desk
