"""What a rider sees on the road beyond a stop itself: the wait at a door, the chat, the way, bags that ride back.

One reading for a whole trip, in a fixed number of statements. Nothing here says when anything is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from blinkit.kernel.geo import Point
from delivery import navigation
from delivery.chats import ChatMessage, Side
from delivery.doors import CallAttempt, DoorPolicy, DoorWait, GateNote, MapChoice, Maps
from delivery.models import BagsReturn, Rescue, Rider, Stop, StopState, Trip
from delivery.policies import policy_at
from delivery.services.chats import is_open
from delivery.services.doors import GATE_NEAR_DEG, count_apart
from delivery.services.rescue import rescue_for
from orders.models import Evidence
from orders.services.at_door import CALLED_BACK, bags_in


@dataclass
class Road:
    """Facts of a trip's stops, by stop."""

    now: datetime
    vehicle: str
    maps: str
    store_id: int
    waits: dict[UUID, DoorWait] = field(default_factory=dict)
    calls: dict[UUID, list[datetime]] = field(default_factory=dict)
    unread: dict[UUID, int] = field(default_factory=dict)
    gates: list[GateNote] = field(default_factory=list)

    @cached_property
    def policy(self) -> DoorPolicy:
        return policy_at(self.store_id)

    def of(self, stop: Stop) -> dict[str, Any]:
        """What a stop's answer carries besides its own."""
        door = stop.job.order.point
        is_over = stop.done_at is not None  # nobody rides there any more
        gate = None if is_over else next((it for it in self.gates if _near(it, door)), None)
        way = self.way(door, via=gate.gate if gate else None, label=stop.job.order.number)
        return {
            "gate_note": gate.text if gate else "",
            "navigate": {**way, "url": "", "urls": dict.fromkeys(way["urls"], "")} if is_over else way,
            "chat": {"open": is_open(stop, now=self.now), "unread": self.unread.get(stop.pk, 0)},
            "waiting": self.waiting(stop),
        }

    def way(self, to: Point, *, via: Point | None = None, label: str = "") -> dict[str, Any]:
        urls = navigation.links(to, via=via, label=label, vehicle=self.vehicle)
        return {"maps": self.maps, "url": navigation.chosen(urls, self.maps), "urls": urls}

    def waiting(self, stop: Stop) -> dict[str, Any] | None:
        """The wait at the door: when the rider may leave, as a clock time, and whether that is now."""
        wait = self.waits.get(stop.pk)
        if wait is None:
            return None
        calls = count_apart(self.calls.get(stop.pk, []), gap_s=self.policy.call_gap_s)
        cancelled = wait.answer == "cancel"
        enough = calls >= self.policy.calls_least
        return {
            "since": wait.begun_at,
            "leave_from": wait.waits_until,
            "calls": calls,
            "calls_needed": self.policy.calls_least,
            "answer": wait.answer,
            "may_leave": cancelled or (enough and self.now >= wait.waits_until),
        }


def road_of(rider: Rider, stops: Sequence[Stop], *, store_id: int, now: datetime) -> Road:
    """Two statements on the way to the store, two more once bags are on board, two more while somebody waits at a
    door, however many stops."""
    maps = MapChoice.objects.filter(rider=rider).values_list("maps", flat=True).first() or Maps.GOOGLE.value
    road = Road(now, rider.vehicle, maps, store_id)
    if not stops:
        return road
    near = Q()
    for stop in stops:
        lat, lng, by = stop.job.order.lat, stop.job.order.lng, GATE_NEAR_DEG
        near |= Q(lat__range=(lat - by, lat + by), lng__range=(lng - by, lng + by))
    road.gates = list(GateNote.objects.filter(near, is_hidden=False).order_by("-at")[:40])
    if not (ids := [stop.pk for stop in stops if stop.picked_up_at is not None]):
        return road
    unread = ChatMessage.objects.filter(stop__in=ids, side=Side.CUSTOMER, read_at=None)
    road.unread = dict(unread.values_list("stop_id").annotate(n=Count("pk")).order_by())
    road.waits = {it.stop_id: it for it in DoorWait.objects.filter(stop__in=ids)}
    if road.waits:
        called = CallAttempt.objects.filter(stop__in=list(road.waits), by=CallAttempt.By.RIDER).order_by("at")
        for stop_id, at in called.values_list("stop_id", "at"):
            road.calls.setdefault(stop_id, []).append(at)
    return road


def returns_of(trip: Trip, road: Road) -> list[dict[str, Any]]:
    """Bags that ride back, cold ones first. Only asked for once a stop has failed."""
    rows = BagsReturn.objects.filter(trip=trip, done_at=None).select_related("stop__job__order")
    called = set(
        Evidence.objects.filter(order__in=rows.values("stop__job__order"), kind=CALLED_BACK).values_list(
            "order", flat=True
        )
    )
    found = []
    for it in rows.order_by("-is_cold", "begun_at"):
        order = it.stop.job.order
        found.append(
            {
                "order_id": order.pk,
                "order_number": order.number,
                "why": it.stop.fail_reason,
                "called_back": order.pk in called,
                "cold": it.is_cold,
                "bag_codes": list(order.bag_codes),
                "bags_in": bags_in(order.pk),
                "back_at": it.back_at,
                "leave_from": it.leave_from,
                "may_put_down": it.leave_from is not None and road.now >= it.leave_from,
            }
        )
    return found


def rescue_json(rider: Rider, road: Road) -> dict[str, Any] | None:
    """The stranded rider this one rides to, with the bags to take over."""
    rescue = rescue_for(rider.pk)
    if rescue is None:
        return None
    carried = rescue.from_trip.stops.filter(state=StopState.ON_BOARD).select_related("job__order")
    at = Point(rescue.lat, rescue.lng)
    return {
        "name": str(rescue.from_trip.rider),
        "lat": rescue.lat,
        "lng": rescue.lng,
        "why": rescue.why,
        "navigate": road.way(at, label=str(rescue.from_trip.rider)),
        "orders": [
            {"number": stop.job.order.number, "bag_codes": list(stop.job.order.bag_codes)}
            for stop in carried.order_by("rank", "pk")
        ],
    }


def helper_of(trip_id: UUID) -> str:
    """Who rides to the rider of this trip to take the bags over; "" where nobody does. One statement."""
    open_ones = Rescue.objects.filter(from_trip=trip_id, taken_at=None, off_at=None)
    found = open_ones.select_related("trip__rider__user").first()
    return str(found.trip.rider) if found else ""


def turn(stops: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Which stop's turn it is: the shelf before the road, one leaving for all, a door one stands at before the next."""
    shelf = [stop for stop in stops if stop["next"] in ("at-store", "pick-up", "wait")]
    for act in ("at-store", "pick-up", "wait"):
        if found := next((stop for stop in shelf if stop["next"] == act), None):
            return found
    for act in ("depart", "deliver", "arrive"):
        if found := next((stop for stop in stops if stop["next"] == act), None):
            return found
    return None


def next_of(stops: Sequence[dict[str, Any]], returns: Sequence[dict[str, Any]], rescue: Any) -> str:
    """The one thing to do on this trip."""
    if rescue is not None:
        return "meet"
    stop = turn(stops)
    if stop is not None:
        return str(stop["next"])
    if returns:
        return "hand-in" if all(it["back_at"] for it in returns) else "ride-back"
    return ""


def _near(note: GateNote, door: Point) -> bool:
    return abs(note.lat - door.lat) <= GATE_NEAR_DEG and abs(note.lng - door.lng) <= GATE_NEAR_DEG
