"""When, and how at the door: slots of a store, gift, delivery instructions."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from catalog import queries as goods
from orders import queries, services
from orders.api import shapes
from orders.api.carts import GUEST, cart_answer
from orders.api.parts import cacheable, owner_of
from orders.api.shop import UNCHANGED, OpenView
from orders.words import DOOR_CHIPS

INSTRUCTIONS_MAX_AGE_S = 3600


class SlotsView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="store_slots",
        summary="When a store can deliver later",
        tags=["shop"],
        responses=shapes.SlotList,
    )
    def get(self, request: Request, code: str) -> Response:
        """Windows with places left, soonest first; send `slot_id` with checkout. A slot costs nothing."""
        now, store = timezone.now(), goods.store_by_code(code)
        data = {
            "store": store.code,
            "now": queries.takes_orders_now(store, now=now),
            "slots": queries.left_json(queries.slots_left(store_id=store.pk, now=now)),
        }
        return Response(data, headers={"Cache-Control": "no-store"})


class InstructionsView(OpenView):
    @extend_schema(
        operation_id="delivery_instructions",
        summary="What can be said about the door",
        tags=["cart"],
        responses={200: shapes.ChipList, 304: UNCHANGED},
    )
    def get(self, request: Request) -> HttpResponse:
        """The codes that checkout takes as `instructions`."""
        chips = [{"code": code, "label": str(DOOR_CHIPS[code][0])} for code in services.INSTRUCTIONS]
        return cacheable(request, {"instructions": chips}, max_age_s=INSTRUCTIONS_MAX_AGE_S)


class CartGiftView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_gift",
        summary="Make the next order a gift",
        tags=["cart"],
        parameters=[GUEST],
        request=shapes.GiftBody,
        responses=shapes.CartOut,
    )
    def put(self, request: Request) -> Response:
        """A note and a name for the card; what is printed with the bags then shows no prices."""
        body, owner = parsed(shapes.GiftBody(data=request.data)), owner_of(request)
        services.set_gift(**owner, **body)
        return cart_answer(queries.cart_view(**owner, now=timezone.now()))
