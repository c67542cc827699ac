"""The offer to a rider, and the answer."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from blinkit.kernel.idempotency import idempotent
from delivery import queries, services, shapes
from delivery.api.parts import TAGS, RiderView, fresh


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
