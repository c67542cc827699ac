"""Claims and ratings of one's own orders. Somebody else's order is not found, whoever asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as S
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import MOST_ID, parsed
from blinkit.kernel.errors import Invalid
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.limits import check_limit
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.words import with_local
from orders import claiming, queries, services
from orders.api.parts import customer_id_of
from orders.api.shapes import Money
from orders.claims import ClaimKind, ClaimState, Rating
from orders.queries import claims as reads
from orders.services.claims import MOST_ITEMS
from orders.services.rating import CHIPS, why_not

STAFF = frozenset({"ops", "admin"})


class ReportedIn(S.Serializer[Any]):
    kind = S.ChoiceField(choices=ClaimKind.choices)
    line_id = S.IntegerField(
        min_value=1,
        max_value=MOST_ID,
        required=False,
        allow_null=True,
        default=None,
        help_text="Left out: about the order.",
    )
    qty = S.IntegerField(required=False, default=0, min_value=0, max_value=99)
    photo_id = S.UUIDField(required=False, allow_null=True, default=None, help_text="Needed for damaged and bad.")


class ClaimsBody(S.Serializer[Any]):
    items = S.ListField(child=ReportedIn(), min_length=1, max_length=MOST_ITEMS)
    note = S.CharField(max_length=300, required=False, allow_blank=True, default="")


class ClaimOut(S.Serializer[Any]):
    id = S.UUIDField()
    line_id = S.IntegerField(allow_null=True)
    name = S.CharField(allow_null=True, help_text="Of the line.")
    kind = S.ChoiceField(choices=ClaimKind.choices)
    qty = S.IntegerField()
    note = S.CharField()
    photo_id = S.UUIDField(allow_null=True)
    state = S.ChoiceField(choices=ClaimState.choices)
    refund_paise = Money()
    rule = S.CharField(help_text="Which rule decided, or sent it to a person.")
    sentence = S.CharField(help_text="What became of it, for the customer.")
    sentence_local = S.CharField(help_text="The same in the language of Accept-Language.")
    created_at = S.DateTimeField()
    decided_at = S.DateTimeField(allow_null=True)
    currency = S.CharField()


class ClaimableOut(S.Serializer[Any]):
    line_id = S.IntegerField()
    name = S.CharField()
    left = S.IntegerField(help_text="Units that are not claimed yet.")
    open = S.BooleanField()
    until = S.DateTimeField(allow_null=True)


class ClaimsOut(S.Serializer[Any]):
    items = ClaimOut(many=True)
    claimable = ClaimableOut(many=True)
    ask_until = S.DateTimeField(allow_null=True, help_text="Until when rider and payment can be asked about.")


class ClaimsMade(S.Serializer[Any]):
    items = ClaimOut(many=True)


class PhotoBody(S.Serializer[Any]):
    photo = S.ImageField()


class PhotoOut(S.Serializer[Any]):
    id = S.UUIDField()
    width = S.IntegerField()
    height = S.IntegerField()


class RatingBody(S.Serializer[Any]):
    stars = S.IntegerField(min_value=1, max_value=5)
    rider_stars = S.IntegerField(min_value=1, max_value=5, required=False, allow_null=True, default=None)
    chips = S.ListField(
        child=S.ChoiceField(choices=[(chip, chip) for chip in CHIPS]), max_length=len(CHIPS), default=list
    )
    note = S.CharField(max_length=300, required=False, allow_blank=True, default="")


class RatingOut(S.Serializer[Any]):
    stars = S.IntegerField(allow_null=True)
    rider_stars = S.IntegerField(allow_null=True)
    chips = S.ListField(child=S.CharField())
    note = S.CharField()
    can_rate = S.BooleanField()


class ClaimsView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="claims", summary="Claims of my order", tags=["orders"], responses=ClaimsOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        """What was claimed and became of it, and what can still be claimed until when."""
        now = timezone.now()
        order = queries.order_of(order_id=order_id, customer_id=customer_id_of(request))
        policy = reads.policy()
        lines = [
            {
                "line_id": item.line.pk,
                "name": item.line.name,
                "left": item.left,
                "open": item.open,
                "until": item.until,
            }
            for item in reads.claimable(order, policy, now=now)
        ]
        made = [reads.claim_json(claim) for claim in reads.claims_of(order_id)]
        data = {"items": made, "claimable": lines, "ask_until": reads.ask_until(order, policy)}
        return Response(with_local(data), headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="claim_open",
        summary="Something was not right",
        tags=["orders"],
        request=ClaimsBody,
        responses={201: ClaimsMade},
    )
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        """Each part is answered at once: `refunded`, `refused` by a fact of ours, or `waiting` for a person.

        409 `not-claimable` when the time is over, 409 `already-claimed`, 400 `photo-needed`.
        """
        body = parsed(ClaimsBody(data=request.data))
        reported = [
            services.Reported(claiming.Kind(item["kind"]), item["line_id"], item["qty"], item["photo_id"])
            for item in body["items"]
        ]
        made = services.open_claims(
            order_id=order_id,
            customer_id=customer_id_of(request),
            reported=reported,
            note=body["note"],
            now=timezone.now(),
        )
        data = {"items": [reads.claim_json(claim) for claim in made]}
        return Response(with_local(data), status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class ClaimPhotosView(APIView):
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="claim_photo",
        summary="A photo for a claim",
        tags=["orders"],
        request={
            "multipart/form-data": {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}}
        },
        responses={201: PhotoOut},
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """JPEG, PNG or WebP of at most 8 MB as the part `photo`. It is drawn anew: no place and no time stay in it."""
        customer_id = customer_id_of(request)
        check_limit("claim-photo", str(customer_id), limit=30, per_s=3600)
        photo = request.FILES.get("photo")
        if photo is None:
            raise Invalid("Send the photo as JPEG, PNG or WebP.", errors={"photo": ["Needed."]})
        kept = services.keep_photo(order_id=order_id, customer_id=customer_id, photo=photo, now=timezone.now())
        data = {"id": kept.pk, "width": kept.width, "height": kept.height}
        return Response(data, status=status.HTTP_201_CREATED)


class ClaimPhotoView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="claim_photo_read",
        summary="Look at a photo",
        tags=["orders"],
        responses={(200, "image/jpeg"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, order_id: UUID, photo_id: UUID) -> HttpResponse:
        """Its customer and our staff see it, nobody else."""
        staff = bool(STAFF & roles_of(request.user))
        owner = None if staff else customer_id_of(request)
        body = services.photo_bytes(order_id=order_id, photo_id=photo_id, customer_id=owner)
        return photo_response(body)


def photo_response(body: bytes) -> HttpResponse:
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type="image/jpeg", headers=headers)


class RatingView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="rating", summary="My rating of an order", tags=["orders"], responses=RatingOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        return _rating(request, order_id)

    @extend_schema(
        operation_id="rating_set", summary="Rate my order", tags=["orders"], request=RatingBody, responses=RatingOut
    )
    def put(self, request: Request, order_id: UUID) -> Response:
        """Once it is delivered; it can be changed for a day. The rider is rated with it."""
        body = parsed(RatingBody(data=request.data))
        services.rate(order_id=order_id, customer_id=customer_id_of(request), now=timezone.now(), **body)
        return _rating(request, order_id)


def _rating(request: Request, order_id: UUID) -> Response:
    order = queries.order_of(order_id=order_id, customer_id=customer_id_of(request))
    found = Rating.objects.filter(order=order).first()
    data = {
        "stars": found.stars if found else None,
        "rider_stars": found.rider_stars if found else None,
        "chips": found.chips if found else [],
        "note": found.note if found else "",
        "can_rate": not why_not(order, found, now=timezone.now()),
    }
    return Response(data, headers={"Cache-Control": "no-store"})


claim_urls: list[Any] = [
    path("orders/<uuid:order_id>/claims/", ClaimsView.as_view(), name="api-claims"),
    path("orders/<uuid:order_id>/claims/photos/", ClaimPhotosView.as_view(), name="api-claim-photos"),
    path("orders/<uuid:order_id>/claims/photos/<uuid:photo_id>/", ClaimPhotoView.as_view(), name="api-claim-photo"),
    path("orders/<uuid:order_id>/rating/", RatingView.as_view(), name="api-rating"),
]
