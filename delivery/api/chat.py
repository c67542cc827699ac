"""Customer and rider: the chat of a delivery, a masked call, and what the customer says to a rider at the door."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import parsed
from blinkit.kernel.geo import Point
from delivery import calling, road_shapes, services
from delivery.api.parts import TAGS, RiderView, fresh
from delivery.chats import ChatMessage, Side
from delivery.doors import DoorWait
from delivery.models import Stop, StopState
from delivery.services import chats

SHOP = ["orders"]


def thread_json(stop: Stop | None, side: Side) -> dict[str, Any]:
    """The thread as one side reads it; what the other wrote counts as read."""
    now = timezone.now()
    is_open = stop is not None and chats.is_open(stop, now=now)
    stops = []
    if stop is not None:
        stops = [stop.pk] if side == Side.RIDER else chats.stops_of_order(stop.job.order_id)
    return {
        "open": is_open,
        "may_call": is_open and calling.caller() is not None,
        "quick": [{"code": code, "text": gettext(words)} for code, words in chats.QUICK[side].items()],
        "messages": [_message(it, side) for it in chats.messages_for(side, stops, now=now)],
    }


def _message(it: ChatMessage, side: Side) -> dict[str, Any]:
    text = gettext(it.text) if it.quick else it.text
    return {"id": it.pk, "mine": it.side == side, "text": text, "at": it.at, "read": it.read_at is not None}


class StopChatBase(RiderView):
    def own(self, stop_id: UUID) -> Stop:
        return chats.stop_of_rider(stop_id=stop_id, rider_id=self.rider().pk)


class RiderChatView(StopChatBase):
    @extend_schema(
        operation_id="rider_stop_chat", summary="The chat at a stop", tags=TAGS, responses=road_shapes.ChatOut
    )
    def get(self, request: Request, stop_id: UUID) -> Response:
        """Open from the pickup until half an hour after the door. 409 `chat-closed` before and after."""
        return fresh(thread_json(chats.refuse_closed(self.own(stop_id), now=timezone.now()), Side.RIDER))

    @extend_schema(
        operation_id="rider_stop_chat_send",
        summary="Write to the customer",
        tags=TAGS,
        request=road_shapes.ChatBody,
        responses=road_shapes.ChatOut,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        """`text`, or the `quick` code of a ready sentence, which the customer reads in their language. 409
        `chat-closed`, 429 above twelve a minute."""
        stop = self.own(stop_id)
        body = parsed(road_shapes.ChatBody(data=request.data))
        chats.send(stop=stop, side=Side.RIDER, now=timezone.now(), **body)
        return fresh(thread_json(stop, Side.RIDER))


class RiderFlagView(StopChatBase):
    @extend_schema(
        operation_id="rider_stop_chat_flag",
        summary="A message is not right",
        tags=TAGS,
        request=road_shapes.FlagBody,
        responses=road_shapes.FlagOut,
    )
    def post(self, request: Request, stop_id: UUID) -> Response:
        return _flagged(request, self.own(stop_id), Side.RIDER)


class CustomerView(APIView):
    def me(self) -> int:
        return int(self.request.user.pk)  # type: ignore[arg-type]  # signed in

    def own(self, order_id: UUID) -> Stop | None:
        return chats.stop_of_customer(order_id=order_id, customer_id=self.me())


class CustomerChatView(CustomerView):
    @extend_schema(
        operation_id="order_chat", summary="The chat with the rider", tags=SHOP, responses=road_shapes.ChatOut
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """`open` from the pickup until half an hour after the door; what was written can be read after that."""
        return fresh(thread_json(self.own(order_id), Side.CUSTOMER))

    @extend_schema(
        operation_id="order_chat_send",
        summary="Write to the rider",
        tags=SHOP,
        request=road_shapes.ChatBody,
        responses=road_shapes.ChatOut,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """`text`, or the `quick` code of a ready sentence. 409 `chat-closed`, 429 above twelve a minute."""
        stop = chats.refuse_closed(self.own(order_id), now=timezone.now())
        body = parsed(road_shapes.ChatBody(data=request.data))
        chats.send(stop=stop, side=Side.CUSTOMER, now=timezone.now(), **body)
        return fresh(thread_json(stop, Side.CUSTOMER))


class CustomerFlagView(CustomerView):
    @extend_schema(
        operation_id="order_chat_flag",
        summary="A message is not right",
        tags=SHOP,
        request=road_shapes.FlagBody,
        responses=road_shapes.FlagOut,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        stop = self.own(order_id)
        if stop is None:
            stop = chats.refuse_closed(stop, now=timezone.now())
        return _flagged(request, stop, Side.CUSTOMER)


class CustomerCallView(CustomerView):
    @extend_schema(
        operation_id="order_call",
        summary="Call the rider",
        tags=SHOP,
        request=road_shapes.NonceBody,
        responses=road_shapes.CallLine,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Masked. `how` "chat": no call can be made just now. 409 `chat-closed` unless the bags are on the road."""
        nonce = parsed(road_shapes.NonceBody(data=request.data))["nonce"]
        line = services.customer_calls(order_id=order_id, customer_id=self.me(), nonce=nonce, now=timezone.now())
        return fresh({"how": line.how, "number": line.number})


class DoorView(CustomerView):
    @extend_schema(operation_id="order_door", summary="The rider at the door", tags=SHOP, responses=road_shapes.DoorOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Whether the rider waits at the door, until when, and what was answered."""
        return fresh(self.door(self.own(order_id)))

    @extend_schema(
        operation_id="order_door_answer",
        summary="Tell the rider at the door what to do",
        tags=SHOP,
        request=road_shapes.DoorBody,
        responses=road_shapes.DoorOut,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """The last answer counts; a cancellation stays. 409 `stop-gone` when nobody waits, `cash-needs-hand` for
        leaving bags while cash is due."""
        answer = parsed(road_shapes.DoorBody(data=request.data))["answer"]
        services.answer_door(order_id=order_id, customer_id=self.me(), answer=answer, now=timezone.now())
        return fresh(self.door(self.own(order_id)))

    def door(self, stop: Stop | None) -> dict[str, Any]:
        wait = None
        if stop is not None and stop.state == StopState.ON_BOARD:
            wait = DoorWait.objects.filter(stop=stop).first()
        return {
            "waiting": wait is not None,
            "waits_until": wait.waits_until if wait else None,
            "answer": wait.answer if wait else "",
        }


class PinView(CustomerView):
    @extend_schema(
        operation_id="order_pin",
        summary="Correct the pin of the door",
        tags=SHOP,
        request=road_shapes.PinBody,
        responses=road_shapes.PinOut,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """By a short distance (the city's policy, 250 m unless it says otherwise): 400 with `most_metres` beyond it. A
        longer way moves the promise: `promised_by` is the time to show, and the one we are held to from then on."""
        body = parsed(road_shapes.PinBody(data=request.data))
        order = services.move_pin(
            order_id=order_id,
            to=Point(body["lat"], body["lng"]),
            customer_id=self.me(),
            actor=f"user:{self.me()}",
            now=timezone.now(),
        )
        return fresh({"lat": order.lat, "lng": order.lng, "promised_by": order.promised_by})


def _flagged(request: Request, stop: Stop, side: Side) -> Response:
    body = parsed(road_shapes.FlagBody(data=request.data))
    made = chats.flag(stop=stop, side=side, now=timezone.now(), **body)
    return fresh({"message_id": made.message_id, "reason": made.reason})
