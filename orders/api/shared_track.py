"""A link to an order on its way, for somebody else, and what it shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as S
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.words import with_local
from orders import queries
from orders.api import shapes
from orders.api.parts import customer_id_of
from orders.queries.shared_track import shared_view
from orders.services.shared_track import GOOD_FOR, share_token, shared_order


class TrackLinkOut(S.Serializer[Any]):
    token = S.CharField()
    url = S.CharField(help_text="A page anybody can read.")
    expires_at = S.DateTimeField(help_text="At the latest; it ends an hour after the order.")


class AboutPlace(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()


class SharedTracking(S.Serializer[Any]):
    status = S.CharField()
    status_label = S.CharField()
    sentence = S.CharField()
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")
    step = S.IntegerField()
    steps = shapes.StepOut(many=True)
    is_live = S.BooleanField()
    eta_from_m = S.IntegerField(allow_null=True)
    eta_to_m = S.IntegerField(allow_null=True)
    eta_why = shapes.ArrivalWhy(allow_null=True)
    promised_from = S.DateTimeField(allow_null=True)
    promised_by = S.DateTimeField(allow_null=True)
    late_s = S.IntegerField()
    expected_late_s = S.IntegerField()
    as_of = S.DateTimeField()
    store = AboutPlace(allow_null=True)
    door = AboutPlace(allow_null=True, help_text="Rounded to about 100 metres.")
    rider = shapes.RiderPosition(allow_null=True, help_text="On the road only, and not within 200 metres of the door.")
    is_near = S.BooleanField()


class TrackLinkView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="order_share",
        summary="A link to my order on its way",
        tags=["orders"],
        request=None,
        responses=TrackLinkOut,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Who has it sees the map, the arrival range and the steps: no name, phone, address, bill or door code. 404
        once the order is over."""
        now = timezone.now()
        order = queries.order_of(order_id=order_id, customer_id=customer_id_of(request))
        token = share_token(order)
        url = request.build_absolute_uri(reverse("shop-shared-track", args=[token]))
        data = {"token": token, "url": url, "expires_at": now + GOOD_FOR}
        return Response(data, headers={"Cache-Control": "no-store"})


class SharedTrackView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="shared_tracking", summary="An order somebody shared", tags=["orders"], responses=SharedTracking
    )
    def get(self, request: Request, token: str) -> Response:
        """For polling, every five seconds while it is on the road."""
        now = timezone.now()
        data = shared_view(shared_order(token, now=now), now=now)
        return Response(with_local(data), headers={"Cache-Control": "no-store"})


track_urls: list[Any] = [
    path("orders/<uuid:order_id>/share/", TrackLinkView.as_view(), name="api-order-share"),
    path("track/<str:token>/", SharedTrackView.as_view(), name="api-shared-track"),
]
