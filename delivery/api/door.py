"""Between shelf and door beyond the straight way: several orders, waiting, calling, riding back, helping a rider."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from blinkit.kernel.geo import Point
from delivery import queries, road_shapes, services, shapes
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.api.trip import StopView
from delivery.services.doors import last_known


class TripBase(RiderView):
    def trip(self) -> Response:
        return fresh({"trip": queries.trip_of(rider=self.rider(), now=timezone.now())})


class TripBagView(TripBase):
    @extend_schema(
        operation_id="rider_trip_bag",
        summary="Scan one bag of any order of the trip",
        tags=TAGS,
        request=shapes.BagBody,
        responses=road_shapes.TripBagScanned,
    )
    def post(self, request: Request) -> Response:
        """In any order; `order_number` says whose it is. The last bag of an order picks it up. Refusals as at a stop's
        `bag`."""
        body = parsed(shapes.BagBody(data=request.data))
        rider = self.rider()
        stop, handed = services.scan_trip_bag(rider_id=rider.pk, now=timezone.now(), **body)
        trip = queries.trip_of(rider=rider, now=timezone.now())
        return fresh({**handed.as_json(), "stop_id": stop.pk, "order_number": handed.order_number, "trip": trip})


class FirstView(TripBase):
    @extend_schema(
        operation_id="rider_stop_first",
        summary="Do this door next",
        tags=TAGS,
        request=None,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """409 `stop-gone` unless its bags are on board, or while you stand at another door."""
        services.door_first(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now())
        return self.trip()


class WaitView(StopView):
    @extend_schema(
        operation_id="rider_stop_wait",
        summary="Nobody opens: I wait",
        tags=TAGS,
        request=None,
        responses=shapes.StopDone,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """The customer is told until when. `stop.waiting` says from when you may leave and what the customer answers.
        409 `stop-gone` away from the door."""
        services.begin_wait(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now())
        return self.answer(stop_id)


class CallView(RiderView):
    @extend_schema(
        operation_id="rider_stop_call",
        summary="Call the customer",
        tags=TAGS,
        request=road_shapes.NonceBody,
        responses=road_shapes.CallLine,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """Masked where the house masks calls. Each press counts as an attempt, at least 20 seconds apart. `how`
        "chat": no call can be made just now. 409 `chat-closed` unless the bags are on the road."""
        nonce = parsed(road_shapes.NonceBody(data=request.data))["nonce"]
        line = services.rider_calls(stop_id=stop_id, rider_id=self.rider().pk, nonce=nonce, now=timezone.now())
        return fresh({"how": line.how, "number": line.number})


class GateView(RiderView):
    @extend_schema(
        operation_id="rider_stop_gate",
        summary="The way into this building is here",
        tags=TAGS,
        request=road_shapes.GateBody,
        responses=road_shapes.GateOut,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """Whoever comes to this building next is led there first. Without `lat`, `lng` your last position counts; 400
        more than 500 m from the door."""
        body = parsed(road_shapes.GateBody(data=request.data))
        rider = self.rider()
        at = Point(body["lat"], body["lng"]) if "lat" in body and "lng" in body else last_known(rider)[0]
        note = services.note_gate(stop_id=stop_id, rider_id=rider.pk, at=at, text=body["text"], now=timezone.now())
        return fresh({"lat": note.gate_lat, "lng": note.gate_lng, "text": note.text})


class BackView(TripBase):
    @extend_schema(
        operation_id="rider_trip_back",
        summary="I stand in the store with the bags",
        tags=TAGS,
        request=None,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request) -> Response:
        """The store scans the bags in; the trip is over with the last one. 409 `stop-gone` without bags."""
        services.back_at_store(rider_id=self.rider().pk, now=timezone.now())
        return self.trip()


class PutDownView(TripBase):
    @extend_schema(
        operation_id="rider_trip_put_down",
        summary="Nobody came: the bags stand in the store",
        tags=TAGS,
        request=None,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request) -> Response:
        """409 `too-early` (leave_from) while the store still has time to take them."""
        services.put_down(rider_id=self.rider().pk, now=timezone.now())
        return self.trip()


class TakeOverView(TripBase):
    @extend_schema(
        operation_id="rider_trip_take_over",
        summary="I have the other rider's bags",
        tags=TAGS,
        request=shapes.PickUpBody,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request) -> Response:
        """Exactly those of `trip.rescue`: else 409 `wrong-bags` (missing, foreign). Their doors are yours then."""
        codes = parsed(shapes.PickUpBody(data=request.data))["bag_codes"]
        services.take_over(rider_id=self.rider().pk, bag_codes=codes, now=timezone.now())
        return self.trip()
