"""SOS, incidents and which map opens."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import parsed
from blinkit.kernel.geo import Point
from delivery import road_shapes, services
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.incidents import Incident, Kind
from delivery.services import incidents


def incident_json(it: Incident) -> dict[str, Any]:
    """As its rider reads it. Notes of operations among themselves are theirs; how it ended is told."""
    return {
        "id": it.pk,
        "kind": it.kind,
        "text": it.text,
        "at": it.at,
        "seen_at": it.seen_at,
        "handled_by": str(it.handler) if it.handler else "",
        "resolved_at": it.resolved_at,
        "outcome": it.outcome,
    }


class IncidentBase(RiderView):
    def tell(self, body: dict[str, Any]) -> Response:
        at = Point(body["lat"], body["lng"]) if "lat" in body and "lng" in body else None
        told = {name: given for name, given in body.items() if name not in ("lat", "lng")}
        made = incidents.tell(rider_id=self.rider().pk, at=at, now=timezone.now(), **told)
        return fresh(incident_json(Incident.objects.select_related("handler").get(pk=made.pk)))


class IncidentsView(IncidentBase):
    @extend_schema(
        operation_id="rider_incidents",
        summary="My incidents, newest first",
        tags=TAGS,
        responses=road_shapes.IncidentOut(many=True),
    )
    def get(self, request: Request) -> Response:
        return fresh([incident_json(it) for it in incidents.of_rider(self.rider())])

    @extend_schema(
        operation_id="rider_incident_tell",
        summary="Tell what happened",
        tags=TAGS,
        request=road_shapes.IncidentBody,
        responses=road_shapes.IncidentOut,
    )
    def post(self, request: Request) -> Response:
        """With or without a trip. The same nonce is the same incident. After an accident what is not fetched yet goes
        to somebody else, and no offer comes until it is resolved."""
        return self.tell(parsed(road_shapes.IncidentBody(data=request.data)))


class SosView(IncidentBase):
    @extend_schema(
        operation_id="rider_sos",
        summary="SOS",
        tags=TAGS,
        request=road_shapes.SosBody,
        responses=road_shapes.IncidentOut,
    )
    def post(self, request: Request) -> Response:
        """Operations hear it at once, with place and battery. Every press brings the live one up to date; nothing but
        the nonce has to be sent. On or off duty, with or without a trip. After two minutes, unless it is resolved, what
        is not fetched yet goes to somebody else."""
        return self.tell({"kind": Kind.SOS.value, **parsed(road_shapes.SosBody(data=request.data))})


class MapsView(RiderView):
    @extend_schema(
        operation_id="rider_maps",
        summary="Which map Navigate opens",
        tags=TAGS,
        request=road_shapes.MapsBody,
        responses=road_shapes.MapsBody,
    )
    def put(self, request: Request) -> Response:
        maps = parsed(road_shapes.MapsBody(data=request.data))["maps"]
        return fresh({"maps": services.choose_maps(rider_id=self.rider().pk, maps=maps).maps})
