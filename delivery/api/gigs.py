"""Gigs and breaks."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from delivery import joining_shapes as shapes
from delivery import services
from delivery import standing_queries as queries
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.shapes import RiderStateOut


class GigsView(RiderView):
    @extend_schema(
        operation_id="rider_gigs", summary="Gigs of the coming week at my store", tags=TAGS, responses=shapes.GigsOut
    )
    def get(self, request: Request) -> Response:
        return self.listed()

    def listed(self) -> Response:
        rider, now = self.rider(), timezone.now()
        return fresh(
            {
                "items": queries.gigs_json(rider=rider, now=now),
                "last_30_days": queries.counted(rider=rider, now=now),
            }
        )


class BookView(GigsView):
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="rider_gig_book", summary="Book a place", tags=TAGS, request=None, responses=shapes.GigsOut
    )
    def post(self, request: Request, gig_id: UUID) -> Response:
        """409 `gig-full`, `gig-over`, `gig-clash`; 403 `papers-missing`, `rider-suspended`."""
        services.book(rider_id=self.rider().pk, gig_id=gig_id, now=timezone.now())
        return self.listed()


class GiveBackView(GigsView):
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="rider_gig_cancel",
        summary="Give the place back",
        tags=TAGS,
        request=None,
        responses=shapes.GigsOut,
    )
    def post(self, request: Request, gig_id: UUID) -> Response:
        """Late ones are counted and shown; nothing is taken for them. 409 `gig-over` once it began for you."""
        services.give_back(rider_id=self.rider().pk, gig_id=gig_id, now=timezone.now())
        return self.listed()


class BreakView(RiderView):
    @extend_schema(
        operation_id="rider_break",
        summary="Take a break",
        tags=TAGS,
        request=shapes.RiderBreakBody,
        responses=RiderStateOut,
    )
    def post(self, request: Request) -> Response:
        """No offers until you are back. 409 `trip-live`, `not-on-duty`."""
        minutes = parsed(shapes.RiderBreakBody(data=request.data))["minutes"]
        services.start_break(rider_id=self.rider().pk, minutes=minutes, now=timezone.now())
        return self.state()


class BreakEndView(RiderView):
    @extend_schema(operation_id="rider_break_end", summary="Back", tags=TAGS, request=None, responses=RiderStateOut)
    def post(self, request: Request) -> Response:
        services.end_break(rider_id=self.rider().pk, now=timezone.now())
        return self.state()
