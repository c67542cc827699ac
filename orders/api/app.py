"""What an app asks when it starts, what its home screen shows, and an old order once more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as S
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.schema import whole
from blinkit.kernel.words import with_local
from orders import queries, services
from orders.api import shapes
from orders.api.carts import CartTipView
from orders.api.parts import cacheable, customer_id_of, limit_of
from orders.api.shop import LONGEST_SEARCH, UNCHANGED, OpenView
from orders.api.wanting import Cards, ListAddedOut, ToCartBody
from orders.models import Consent
from orders.services import INSTRUCTIONS
from orders.services.cart import MOST_LINES, MOST_TIP_PAISE, MOST_UNITS_PER_LINE

DEFAULT_OFFERS, MOST_OFFERS = 10, 40


class LanguageOut(S.Serializer[Any]):
    code = S.CharField()
    name = S.CharField()


class AppOut(S.Serializer[Any]):
    currency = S.CharField()
    languages = LanguageOut(many=True)
    payment_methods = S.ListField(
        child=S.ChoiceField(choices=shapes.WAYS), help_text="The wallet is chosen beside them, with `use_wallet`."
    )
    consents = S.ListField(child=S.ChoiceField(choices=Consent.choices), help_text="When something can't be found.")
    instructions = S.ListField(child=S.CharField(), help_text="Chips for the door.")
    most_tip_paise = S.IntegerField()
    most_lines = S.IntegerField(help_text="Different items in one cart.")
    most_units_per_line = S.IntegerField()
    longest_search = S.IntegerField(help_text="Characters.")


class AppView(OpenView):
    @extend_schema(
        operation_id="app", summary="What an app must know", tags=["shop"], responses={200: AppOut, 304: UNCHANGED}
    )
    def get(self, request: Request) -> HttpResponse:
        """Choices and limits that screens show before anything is sent. Changes only with a release."""
        known = {
            "currency": "INR",
            "languages": [{"code": code, "name": str(name)} for code, name in settings.LANGUAGES],
            "payment_methods": [code for code, _ in shapes.WAYS],
            "consents": list(Consent.values),
            "instructions": list(INSTRUCTIONS),
            "most_tip_paise": MOST_TIP_PAISE,
            "most_lines": MOST_LINES,
            "most_units_per_line": MOST_UNITS_PER_LINE,
            "longest_search": LONGEST_SEARCH,
        }
        return cacheable(request, known, max_age_s=300)


class OffersView(OpenView):
    @extend_schema(
        operation_id="store_offers",
        summary="Today's lowest prices",
        tags=["shop"],
        parameters=[whole("limit", least=1, most=MOST_OFFERS, default=DEFAULT_OFFERS)],
        responses={200: Cards, 304: UNCHANGED},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """Furthest below MRP among what sells best, at most two of a category, never sold out."""
        found = queries.offers(store_code=code, limit=limit_of(request, default=DEFAULT_OFFERS, most=MOST_OFFERS))
        return cacheable(request, {"items": [card.as_dict() for card in found]}, max_age_s=30)


class ReorderView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="order_reorder",
        summary="Order the same again",
        tags=["orders"],
        request=ToCartBody,
        responses=ListAddedOut,
    )
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        """The cart then holds at least what the order had; `left_out` is what this store could not give in full."""
        body = parsed(ToCartBody(data=request.data))
        added = services.reorder(
            order_id=order_id, customer_id=customer_id_of(request), store_code=body["store"], now=timezone.now()
        )
        return Response(with_local(added.as_dict()), headers={"Cache-Control": "no-store"})


app_urls: list[Any] = [
    path("app/", AppView.as_view(), name="api-app"),
    path("stores/<str:code>/offers/", OffersView.as_view(), name="api-offers"),
    path("cart/tip/", CartTipView.as_view(), name="api-cart-tip"),
    path("orders/<uuid:order_id>/reorder/", ReorderView.as_view(), name="api-order-reorder"),
]
