"""The rider's API. A rider sees and acts on their own offers, stops and earnings; anybody else's are not found."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import CursorPagination
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.permissions import HasRole
from blinkit.kernel.schema import pages, whole
from delivery import photos, queries, services, shapes
from delivery.models import Earning, Rider, Stop
from payments.queries import cash_in_hand

TAGS = ["rider"]
MOST_DAYS = 31


def parsed(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def fresh(data: Any) -> Response:
    return Response(data, headers={"Cache-Control": "no-store"})


class RiderView(APIView):
    """Base: the signed-in rider."""

    permission_classes = (HasRole.of("rider"),)

    def rider(self) -> Rider:
        return services.rider_of(int(self.request.user.pk))  # type: ignore[arg-type]  # riders only

    def state(self) -> Response:
        return fresh(queries.rider_state(rider=self.rider(), now=timezone.now()))


class MeView(RiderView):
    @extend_schema(
        operation_id="rider_me", summary="Everything a rider's screen shows", tags=TAGS, responses=shapes.RiderStateOut
    )
    def get(self, request: Request) -> Response:
        """Duty, the open offer, the trip, today's pay. The socket /ws/rider/ sends the same. Asking counts as a sign of
        life."""
        rider = self.rider()
        services.still_here(rider_id=rider.pk, now=timezone.now())
        return self.state()


class DutyView(RiderView):
    @extend_schema(
        operation_id="rider_duty",
        summary="Go on or off duty",
        tags=TAGS,
        request=shapes.DutyBody,
        responses=shapes.RiderStateOut,
    )
    def post(self, request: Request) -> Response:
        """Repeating is harmless. 409 `trip-live` while a trip is not over, 403 `rider-suspended` with the reason."""
        on = parsed(shapes.DutyBody(data=request.data))["on"]
        change = services.go_on_duty if on else services.go_off_duty
        change(rider_id=self.rider().pk, now=timezone.now())
        return self.state()


class PositionsView(RiderView):
    @extend_schema(
        operation_id="rider_positions",
        summary="Report positions",
        tags=TAGS,
        request=shapes.PositionsBody,
        responses=shapes.PositionsTaken,
    )
    def post(self, request: Request) -> Response:
        """One or many, also late ones; the newest good one counts. Only on duty (409 `not-on-duty`). Leaving the store
        with bags on board is a departure."""
        now = timezone.now()
        rider_id = services.rider_on_duty(int(request.user.pk))  # type: ignore[arg-type]
        given = parsed(shapes.PositionsBody(data=request.data))["positions"]
        taken = services.report_positions(rider_id=rider_id, fixes=[fix_of(one, now) for one in given], now=now)
        return fresh({"taken": taken is not None, "at": taken.at if taken else None})


def fix_of(values: dict[str, Any], now: Any) -> services.Fix:
    return services.Fix(
        point=Point(values["lat"], values["lng"]),
        at=(values.get("at") or now).astimezone(UTC),
        accuracy_metres=values["accuracy_metres"],
    )


class CurrentOfferView(RiderView):
    @extend_schema(
        operation_id="rider_offer", summary="The open offer, if any", tags=TAGS, responses=shapes.CurrentOffer
    )
    def get(self, request: Request) -> Response:
        """Also a sign of life: an app that polls stays reachable."""
        rider, now = self.rider(), timezone.now()
        services.still_here(rider_id=rider.pk, now=now)
        return fresh({"offer": queries.offer_of(rider=rider, now=now)})


class AcceptView(RiderView):
    @extend_schema(
        operation_id="rider_offer_accept",
        summary="Accept an offer",
        tags=TAGS,
        request=None,
        responses=shapes.CurrentTrip,
    )
    @idempotent
    def post(self, request: Request, offer_id: UUID) -> Response:
        """The trip begins. A second tap gives the same trip; 409 `offer-gone` when it was too late."""
        rider, now = self.rider(), timezone.now()
        services.accept(offer_id=offer_id, rider_id=rider.pk, now=now)
        return fresh({"trip": queries.trip_of(rider=rider, now=now)})


class DeclineView(RiderView):
    @extend_schema(
        operation_id="rider_offer_decline",
        summary="Decline an offer",
        tags=TAGS,
        request=shapes.DeclineBody,
        responses=shapes.RiderStateOut,
    )
    def post(self, request: Request, offer_id: UUID) -> Response:
        """It goes to somebody else. The reason helps us, nothing else hangs on it."""
        body = parsed(shapes.DeclineBody(data=request.data))
        services.decline(offer_id=offer_id, rider_id=self.rider().pk, reason=body["reason"], now=timezone.now())
        return self.state()


class TripView(RiderView):
    @extend_schema(operation_id="rider_trip", summary="The live trip, if any", tags=TAGS, responses=shapes.CurrentTrip)
    def get(self, request: Request) -> Response:
        return fresh({"trip": queries.trip_of(rider=self.rider(), now=timezone.now())})


class AtStoreView(RiderView):
    @extend_schema(
        operation_id="rider_trip_at_store",
        summary="I stand at the store",
        tags=TAGS,
        request=None,
        responses=shapes.CurrentTrip,
    )
    def post(self, request: Request) -> Response:
        """Waiting is paid from here on. 409 `stop-gone` without a trip."""
        rider, now = self.rider(), timezone.now()
        services.arrive_at_store(rider_id=rider.pk, now=now)
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
        request=None,
        responses=shapes.StopDone,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        services.arrive(stop_id=stop_id, rider_id=self.rider().pk, now=timezone.now())
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
        services.deliver(
            stop_id=stop_id,
            rider_id=rider_id,
            otp=body["otp"],
            photo=photos.keep(stop_id, photo) if photo is not None else "",
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
        """After the pickup: the goods go back, the ride is paid. Before it: the job is given to somebody else."""
        body = parsed(shapes.ReasonBody(data=request.data))
        services.give_up_stop(stop_id=stop_id, rider_id=self.rider().pk, reason=body["reason"], now=timezone.now())
        return self.answer(stop_id)


class ReceiptPages(CursorPagination):
    ordering = ("-at", "-pk")  # type: ignore[assignment]
    page_size = 30


class EarningsView(RiderView):
    @extend_schema(
        operation_id="rider_earnings",
        summary="Pay by day, and a receipt for each delivery",
        tags=TAGS,
        parameters=[
            whole("days", least=1, most=MOST_DAYS, default=7),
            *pages(default=ReceiptPages.page_size),
        ],
        responses=shapes.EarningsOut,
    )
    def get(self, request: Request) -> Response:
        rider, now = self.rider(), timezone.now()
        asked = request.query_params.get("days", "7")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and 1 <= int(asked) <= MOST_DAYS):
            raise Invalid(f"days: a whole number from 1 to {MOST_DAYS}.", errors={"days": [f"From 1 to {MOST_DAYS}."]})
        pages = ReceiptPages()
        page = pages.paginate_queryset(queries.earnings_of(rider=rider), request, view=self) or []
        listed = pages.get_paginated_response([queries.receipt_json(earning) for earning in page])
        return fresh(
            {
                "days": queries.earnings_by_day(rider=rider, now=now, days=int(asked)),
                "cash_paise": cash_in_hand(rider.pk),
                "currency": "INR",
                **listed.data,
            }
        )
