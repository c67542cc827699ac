"""Becoming a rider, and the rider's own facts, papers and standing."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.idempotency import idempotent
from delivery import joining_shapes as shapes
from delivery import services
from delivery import standing_queries as queries
from delivery.api.parts import TAGS, RiderView, fresh


class JoinView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="rider_join",
        summary="Become a rider",
        tags=TAGS,
        request=shapes.JoinBody,
        responses=shapes.ProfileOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Anybody signed in. Refresh the token afterwards: it carries the new role. `next_step` says what is missing;
        who is a rider already gets their profile as it is."""
        body = parsed(shapes.JoinBody(data=request.data))
        now = timezone.now()
        user_id = int(request.user.pk)  # type: ignore[arg-type]  # signed in
        services.join(
            user_id=user_id,
            store_code=body["store"],
            name=body["name"],
            vehicle=body["vehicle"],
            language=body["language"],
            emergency_name=body["emergency_name"],
            emergency_phone=body["emergency_phone"],
            now=now,
        )
        return fresh(queries.profile_json(rider=services.rider_of(user_id), now=now))


class ProfileView(RiderView):
    @extend_schema(
        operation_id="rider_profile",
        summary="Profile, papers, suspension",
        tags=TAGS,
        responses=shapes.ProfileOut,
    )
    def get(self, request: Request) -> Response:
        return fresh(queries.profile_json(rider=self.rider(), now=timezone.now()))

    @extend_schema(
        operation_id="rider_profile_change",
        summary="Change what is given",
        tags=TAGS,
        request=shapes.ProfileBody,
        responses=shapes.ProfileOut,
    )
    def patch(self, request: Request) -> Response:
        """Another bag takes an open offer back; 409 `trip-live` for it on a trip."""
        body = parsed(shapes.ProfileBody(data=request.data))
        services.update_rider(rider_id=self.rider().pk, now=timezone.now(), **body)
        return fresh(queries.profile_json(rider=self.rider(), now=timezone.now()))


class VehicleView(RiderView):
    @extend_schema(
        operation_id="rider_vehicle",
        summary="Ride another vehicle from now on",
        tags=TAGS,
        request=shapes.VehicleBody,
        responses=shapes.ProfileOut,
    )
    def post(self, request: Request) -> Response:
        """403 `papers-missing` (missing) when it needs papers that are not good, 409 `trip-live` on a trip."""
        body = parsed(shapes.VehicleBody(data=request.data))
        now = timezone.now()
        services.change_vehicle(rider_id=self.rider().pk, vehicle=body["vehicle"], now=now)
        return fresh(queries.profile_json(rider=self.rider(), now=now))


class PapersView(RiderView):
    @extend_schema(
        operation_id="rider_papers",
        summary="Each paper: what counts, what waits, what to send",
        tags=TAGS,
        responses=shapes.PapersOut,
    )
    def get(self, request: Request) -> Response:
        return fresh({"items": queries.papers_json(rider=self.rider(), now=timezone.now())})

    @extend_schema(
        operation_id="rider_paper_send",
        summary="Send a paper",
        tags=TAGS,
        request={"multipart/form-data": shapes.PaperBody, "application/json": shapes.PaperBody},
        responses=shapes.PapersOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """One of a kind waits at a time: a newer one takes its place. What is verified counts until the new one is."""
        body = parsed(shapes.PaperBody(data=request.data))
        rider, now = self.rider(), timezone.now()
        services.submit_paper(
            rider_id=rider.pk,
            kind=body["kind"],
            file=body.get("file"),
            number=body["number"],
            expires_on=body.get("expires_on"),
            holder=body["holder"],
            ifsc=body["ifsc"],
            now=now,
        )
        return fresh({"items": queries.papers_json(rider=rider, now=now)})


class AppealView(RiderView):
    @extend_schema(
        operation_id="rider_appeal",
        summary="Say why a suspension is wrong",
        tags=TAGS,
        request={"multipart/form-data": shapes.AppealBody, "application/json": shapes.AppealBody},
        responses=shapes.ProfileOut,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """One is looked at at a time, three at most (409 `appeal-sent`); 404 `no-such-suspension` without one."""
        body = parsed(shapes.AppealBody(data=request.data))
        now = timezone.now()
        services.appeal(rider_id=self.rider().pk, text=body["text"], photo=body.get("photo"), now=now)
        return fresh(queries.profile_json(rider=self.rider(), now=now))
