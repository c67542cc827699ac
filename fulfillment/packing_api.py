"""Packing and handing over for programs: weighing, labels, bags scanned out for a rider."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.errors import Invalid
from blinkit.kernel.permissions import HasRole
from fulfillment import access, queries, services
from fulfillment.labelling import SIZES
from fulfillment.packing_rules import rule_of
from fulfillment.web.packing import labels_response
from orders import bagging

TAGS = ["floor"]
S = serializers
BAGS_HELP = f"Bags per kind ({', '.join(bagging.KINDS)}; produce counts as ambient). Left out: as suggested."


class WeightsField(S.ListField):
    """Grams per bag, in the order the bags are numbered; 0 for one that was not weighed."""

    def __init__(self, **more: Any) -> None:
        child = S.IntegerField(min_value=0, max_value=services.MOST_BAG_G)
        super().__init__(child=child, max_length=services.MOST_BAGS, **more)


class WeighBody(S.Serializer[Any]):
    bags = S.DictField(
        child=S.IntegerField(min_value=0, max_value=services.MOST_BAGS), required=False, help_text=BAGS_HELP
    )
    weights = WeightsField(help_text="Grams per bag, in the order they are numbered; 0: not weighed.")


class WeighedBag(S.Serializer[Any]):
    bag = S.IntegerField(help_text="Its number, from 1.")
    verdict = S.ChoiceField(choices=["right", "lighter", "heavier", "unweighed"])
    expected_g = S.IntegerField(help_text="Of what is known to be in it, the bag included.")
    actual_g = S.IntegerField()
    off_g = S.IntegerField(help_text="Weighed minus expected.")
    tolerance_g = S.IntegerField()
    weight_known = S.BooleanField(help_text="false: a product in it has no weight, so it can't be too heavy.")
    words = S.CharField(allow_blank=True, help_text="What is off; empty when nothing is.")
    line_id = S.IntegerField(allow_null=True, help_text="The pick line whose weight fits the difference best.")


class WeighedOut(S.Serializer[Any]):
    bags = WeighedBag(many=True)


class HandoverBody(S.Serializer[Any]):
    code = S.CharField(max_length=40, help_text="A bag's code; the order's number or SLOT:<store>:<place> as well.")
    order_id = S.UUIDField(required=False, help_text="The order somebody waits for. Left out: the code says which.")
    nonce = S.CharField(max_length=64, help_text="New for each scan; a re-sent scan is the same scan.")


class HandoverOut(S.Serializer[Any]):
    order_id = S.UUIDField()
    order_number = S.CharField()
    code = S.CharField()
    number = S.IntegerField(help_text="Which bag it was; 0 for the order's code or its place.")
    of = S.IntegerField()
    scanned = S.IntegerField(help_text="Bags off the shelf by now.")
    missing = S.ListField(child=S.CharField())
    complete = S.BooleanField(help_text="All bags are with the rider.")


class _Floor(APIView):
    permission_classes: tuple[type[BasePermission], ...] = (HasRole.of(*access.EVERYBODY),)


class WeighView(_Floor):
    @extend_schema(tags=TAGS, request=WeighBody, responses=WeighedOut, summary="What the scale says, before closing")
    def post(self, request: Request, task_id: UUID) -> Response:
        """A bag outside the tolerance is kept as evidence. Closing it then needs `weight_reason`, or another weight."""
        body = parsed(WeighBody(data=request.data))
        access.store_to_work_in(request.user, queries.task_of(task_id=task_id).store.code)
        bags = services.weigh(task_id=task_id, picker_id=my_id(request), now=timezone.now(), **body)
        return Response({"bags": bags})


class LabelsView(_Floor):
    kind = "pdf"

    def labels(self, request: Request, task_id: UUID) -> HttpResponse:
        task = queries.task_of(task_id=task_id)
        access.store_to_see(request.user, task.store.code)
        asked = request.query_params.get("size", "")
        if asked and asked not in SIZES:
            raise Invalid(f"size: {' or '.join(SIZES)}.", errors={"size": [f"One of {', '.join(SIZES)}."]})
        return labels_response(task, kind=self.kind, size=asked or rule_of(task.store_id).label_size)


SIZE = OpenApiParameter("size", str, enum=list(SIZES), description="Millimetres; the store's own when left out.")
PDF: dict[Any, Any] = {(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)}
TEXT: dict[Any, Any] = {(200, "text/plain"): OpenApiResponse(OpenApiTypes.STR)}


class LabelsPdfView(LabelsView):
    @extend_schema(
        operation_id="floor_labels_pdf", tags=TAGS, parameters=[SIZE], responses=PDF, summary="Labels as PDF"
    )
    def get(self, request: Request, task_id: UUID) -> HttpResponse:
        """A page per bag, none before packing. Printing again changes nothing."""
        return self.labels(request, task_id)


class LabelsZplView(LabelsView):
    kind = "zpl"

    @extend_schema(
        operation_id="floor_labels_zpl", tags=TAGS, parameters=[SIZE], responses=TEXT, summary="Labels as ZPL II"
    )
    def get(self, request: Request, task_id: UUID) -> HttpResponse:
        """For a printer at 203 dpi: send the text as it is to its port 9100. Empty before packing."""
        return self.labels(request, task_id)


class HandoverView(_Floor):
    @extend_schema(tags=TAGS, request=HandoverBody, responses=HandoverOut, summary="Scan one bag out for a rider")
    def post(self, request: Request, code: str) -> Response:
        """The last bag hands the order over. 409 `wrong-bag` (right_slot, missing), `bag-twice`, `not-ready`; 404
        `unknown-bag`."""
        body = parsed(HandoverBody(data=request.data))
        store = access.store_to_work_in(request.user, code)
        handed = services.hand_over(store_id=store.pk, worker_id=my_id(request), now=timezone.now(), **body)
        return Response({"order_id": handed.order_id, "order_number": handed.order_number, **handed.as_json()})


def my_id(request: Request) -> int:
    """Raises Invalid for nobody."""
    if request.user.pk is None:
        raise Invalid("Sign in first.")
    return int(request.user.pk)
