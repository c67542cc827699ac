"""On duty, and where the rider is."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from delivery import services, shapes
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.reports import fixes_of


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
        """Repeating is harmless. 409 `trip-live` while a trip is not over, 403 `rider-suspended` with the reason.

        A booked gig begins near its store (409 `far-from-store`, `location-needed`); without one a free place is taken
        (409 `gig-full`) where the city lets riders walk in (409 `booking-needed`)."""
        body = parsed(shapes.DutyBody(data=request.data))
        if not body["on"]:
            services.go_off_duty(rider_id=self.rider().pk, now=timezone.now())
            return self.state()
        services.go_on_duty(
            rider_id=self.rider().pk,
            now=timezone.now(),
            device=services.Device(**body["device"]) if "device" in body else None,
            self_check=body["self_check"],
        )
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
        given = parsed(shapes.PositionsBody(data=request.data))
        fixes = fixes_of(given["positions"], now=now, sent_at=given.get("sent_at"))
        taken = services.report_positions(rider_id=rider_id, fixes=fixes, now=now)
        return fresh({"taken": taken is not None, "at": taken.at if taken else None})
