"""For operations: which riders are near a place."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.errors import NotFound
from blinkit.kernel.geo import Point
from blinkit.kernel.permissions import HasRole
from blinkit.kernel.schema import place, text, whole
from catalog.models import City
from delivery.api.parts import fresh
from delivery.services import nearby

FURTHEST_M = 50_000
LONGEST_SLUG = 60


class NearQuery(serializers.Serializer[Any]):
    city = serializers.CharField(max_length=LONGEST_SLUG)
    lat = serializers.FloatField(min_value=-90, max_value=90)
    lng = serializers.FloatField(min_value=-180, max_value=180)
    within_metres = serializers.IntegerField(min_value=1, max_value=FURTHEST_M, default=5_000)
    limit = serializers.IntegerField(min_value=1, max_value=nearby.MOST, default=10)


class NearRiderOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="rider_id")
    name = serializers.CharField()
    lat = serializers.FloatField(source="point.lat")
    lng = serializers.FloatField(source="point.lng")
    metres = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="When they were last heard of.")


class NearRidersOut(serializers.Serializer[Any]):
    riders = NearRiderOut(many=True)


class NearRidersView(APIView):
    permission_classes = (HasRole.of("ops", "admin"),)

    @extend_schema(
        operation_id="ops_riders_near",
        summary="Riders near a place",
        tags=["operations"],
        parameters=[
            text("city", longest=LONGEST_SLUG, required=True),
            *place(required=True),
            whole("within_metres", least=1, most=FURTHEST_M, default=5_000),
            whole("limit", least=1, most=nearby.MOST, default=10),
        ],
        responses=NearRidersOut,
    )
    def get(self, request: Request) -> Response:
        """On duty and heard of in the last three minutes, the nearest first. Works without Redis too."""
        asked = parsed(NearQuery(data=request.query_params))
        city_id = City.objects.filter(slug=asked["city"]).values_list("pk", flat=True).first()
        if city_id is None:
            raise NotFound("There is no such city.")
        found = nearby.nearest_riders(
            Point(asked["lat"], asked["lng"]),
            city_id=city_id,
            now=timezone.now(),
            within_metres=asked["within_metres"],
            limit=asked["limit"],
        )
        return fresh({"riders": NearRiderOut(found, many=True).data})
