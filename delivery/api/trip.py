"""The live trip and its stops."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from blinkit.kernel.geo import Point
from blinkit.kernel.idempotency import idempotent
from delivery import photos, queries, services, shapes
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.models import Earning, Stop


class TripView(RiderView):
    @extend_schema(operation_id="rider_trip", summary="The live trip, if any", tags=TAGS, responses=shapes.CurrentTrip)
    def get(self, request: Request) -> Response:
        return fresh({"trip": queries.trip_of(rider=self.rider(), now=timezone.now())})


class AtStoreView(RiderView):
    @extend_schema(
        operation_id="rider_trip_at_store",
        summary="I stand at the store",
        tags=TAGS,
        request=shapes.AtStoreBody,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request) -> Response:
        """Waiting is paid from here on. 409 `stop-gone` without a trip; 409 `not-there` (metres) when the position says
        so: repeat with `sure` when the position is wrong. Operations are told then, and waiting is paid from when a
        position (or the pickup) shows it."""
        rider, now = self.rider(), timezone.now()
        sure = parsed(shapes.AtStoreBody(data=request.data))["sure"]
        services.arrive_at_store(rider_id=rider.pk, now=now, sure=sure)
        return fresh({"trip": queries.trip_of(rider=rider, now=now)})


class StopView(RiderView):
    """Base of the acts at one stop; each answers with the stop and what is left of the trip."""

    def answer(self, stop_id: UUID) -> Response:
        rider, now = self.rider(), timezone.now()
        stop = Stop.objects.select_related("trip__store", "job__order").get(pk=stop_id)
        return fresh(
            {
                "stop": queries.stop_json(stop, stop.trip),
                "trip": queries.trip_of(rider=rider, now=now),
                "earned_paise": Earning.objects.filter(stop=stop).values_list("total_paise", flat=True).first(),
            }
        )


class PickUpView(StopView):
    @extend_schema(
        operation_id="rider_stop_pick_up",
        summary="The bags are on board",
        tags=TAGS,
        request=shapes.PickUpBody,
        responses=shapes.StopDone,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """Exactly this order's bags: else 409 `wrong-bags` (missing, foreign); 409 `illegal-move` while they are not
        packed."""
        codes = parsed(shapes.PickUpBody(data=request.data))["bag_codes"]
        services.pick_up(stop_id=stop_id, rider_id=self.rider().pk, bag_codes=codes, now=timezone.now())
        return self.answer(stop_id)


class BagView(StopView):
    @extend_schema(
        operation_id="rider_stop_bag",
        summary="Scan one bag at the shelf",
        tags=TAGS,
        request=shapes.BagBody,
        responses=shapes.BagScanned,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """The last bag picks the order up. 409 `wrong-bag` (right_slot, missing) for another order's bag or place, 409
        `bag-twice`, 409 `not-ready`."""
        body = parsed(shapes.BagBody(data=request.data))
        handed = services.scan_bag(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now(), **body)
        return fresh({**handed.as_json(), "stop": self.answer(stop_id).data["stop"]})


class DepartView(StopView):
    @extend_schema(
        operation_id="rider_stop_depart",
        summary="I have left the store",
        tags=TAGS,
        request=None,
        responses=shapes.StopDone,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """Positions say so by themselves; this is for those who have none. 409 `stop-gone` before the pickup."""
        services.leave_store(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now())
        return self.answer(stop_id)


class ArriveView(StopView):
    @extend_schema(
        operation_id="rider_stop_arrive",
        summary="I stand at the door",
        tags=TAGS,
        request=shapes.AtDoorBody,
        responses=shapes.StopDone,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """409 `not-there` (metres) when a fresh position is far from the door: repeat with `sure` when the position is
        wrong. Operations are told then, and the arrival counts for nothing before a position shows it."""
        sure = parsed(shapes.AtDoorBody(data=request.data))["sure"]
        services.arrive(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now(), sure=sure)
        return self.answer(stop_id)


class DeliverView(StopView):
    @extend_schema(
        operation_id="rider_stop_deliver",
        summary="Handed over",
        tags=TAGS,
        request={"application/json": shapes.DeliverBody, "multipart/form-data": shapes.DeliverBody},
        responses=shapes.StopDone,
    )
    @idempotent
    def post(self, request: Request, stop_id: UUID) -> Response:
        """With the door code, or a photo where the customer chose so; cash orders with exactly the amount due.

        Refusals: `wrong-otp`, `proof-needed`, `wrong-cash` (due_paise), `stop-gone`."""
        body = parsed(shapes.DeliverBody(data=request.data))
        rider_id = self.rider().pk
        photo = body.get("photo")
        if photo is not None:
            services.require_stop(stop_id=stop_id, rider_id=rider_id)  # nothing is stored for somebody else's stop
        with photos.proof(stop_id, photo) as name:
            services.deliver(
                stop_id=stop_id,
                rider_id=rider_id,
                otp=body["otp"],
                photo=name,
                cash_paise=body["cash_paise"],
                at=Point(body["lat"], body["lng"]) if "lat" in body and "lng" in body else None,
                now=timezone.now(),
            )
        return self.answer(stop_id)


class FailView(StopView):
    @extend_schema(
        operation_id="rider_stop_fail",
        summary="It could not be handed over",
        tags=TAGS,
        request=shapes.ReasonBody,
        responses=shapes.StopDone,
    )
    @idempotent
    def post(self, request: Request, stop_id: UUID) -> Response:
        """Before the pickup: the job is given to somebody else. After it the goods go back and the ride is paid:
        `refused` and `damaged` at once; `nobody`, `address` and other words after the calls (409 `call-first`) and the
        wait (409 `too-early` with `leave_from`) of POST …/wait/."""
        body = parsed(shapes.ReasonBody(data=request.data))
        services.give_up(stop_id=stop_id, rider_id=self.rider().pk, reason=body["reason"], now=timezone.now())
        return self.answer(stop_id)
