"""Doors of the road beyond the straight way, joined in delivery.urls."""

from __future__ import annotations

from typing import Any

from django.urls import path

from delivery.api import chat as chat_api
from delivery.api import door as door_api
from delivery.api import safety as safety_api
from delivery.web import chat, door, safety

road_api: list[Any] = [
    path("rider/trip/bag/", door_api.TripBagView.as_view(), name="api-rider-trip-bag"),
    path("rider/trip/back/", door_api.BackView.as_view(), name="api-rider-trip-back"),
    path("rider/trip/put-down/", door_api.PutDownView.as_view(), name="api-rider-trip-put-down"),
    path("rider/trip/take-over/", door_api.TakeOverView.as_view(), name="api-rider-trip-take-over"),
    path("rider/stops/<uuid:stop_id>/first/", door_api.FirstView.as_view(), name="api-rider-first"),
    path("rider/stops/<uuid:stop_id>/wait/", door_api.WaitView.as_view(), name="api-rider-wait"),
    path("rider/stops/<uuid:stop_id>/call/", door_api.CallView.as_view(), name="api-rider-call"),
    path("rider/stops/<uuid:stop_id>/gate/", door_api.GateView.as_view(), name="api-rider-gate"),
    path("rider/stops/<uuid:stop_id>/chat/", chat_api.RiderChatView.as_view(), name="api-rider-chat"),
    path("rider/stops/<uuid:stop_id>/chat/flag/", chat_api.RiderFlagView.as_view(), name="api-rider-chat-flag"),
    path("rider/incidents/", safety_api.IncidentsView.as_view(), name="api-rider-incidents"),
    path("rider/sos/", safety_api.SosView.as_view(), name="api-rider-sos"),
    path("rider/maps/", safety_api.MapsView.as_view(), name="api-rider-maps"),
    path("orders/<uuid:order_id>/chat/", chat_api.CustomerChatView.as_view(), name="api-chat"),
    path("orders/<uuid:order_id>/chat/flag/", chat_api.CustomerFlagView.as_view(), name="api-chat-flag"),
    path("orders/<uuid:order_id>/call/", chat_api.CustomerCallView.as_view(), name="api-call"),
    path("orders/<uuid:order_id>/door/", chat_api.DoorView.as_view(), name="api-door"),
    path("orders/<uuid:order_id>/pin/", chat_api.PinView.as_view(), name="api-pin"),
]
road_web: list[Any] = [
    path("rider/trip/bag/", door.bag, name="rider-trip-bag"),
    path("rider/trip/back/", door.back, name="rider-back"),
    path("rider/trip/put-down/", door.put_down, name="rider-put-down"),
    path("rider/trip/take-over/", door.take_over, name="rider-take-over"),
    path("rider/stops/<uuid:stop_id>/first/", door.first, name="rider-first"),
    path("rider/stops/<uuid:stop_id>/wait/", door.wait, name="rider-wait"),
    path("rider/stops/<uuid:stop_id>/call/", door.call, name="rider-call"),
    path("rider/stops/<uuid:stop_id>/gate/", door.gate, name="rider-gate"),
    path("rider/stops/<uuid:stop_id>/chat/", chat.rider_chat, name="rider-chat"),
    path("rider/stops/<uuid:stop_id>/chat/flag/", chat.rider_flag, name="rider-chat-flag"),
    path("rider/help/", safety.page, name="rider-help"),
    path("rider/sos/", safety.sos, name="rider-sos"),
    path("rider/incidents/", safety.tell, name="rider-incident"),
    path("rider/maps/", safety.maps, name="rider-maps"),
    path("orders/<uuid:order_id>/chat/", chat.customer_chat, name="chat"),
    path("orders/<uuid:order_id>/chat/flag/", chat.customer_flag, name="chat-flag"),
    path("orders/<uuid:order_id>/call/", chat.customer_call, name="order-call"),
    path("orders/<uuid:order_id>/door/", chat.customer_door, name="order-door"),
    path("orders/<uuid:order_id>/pin/", chat.customer_pin, name="order-pin"),
]
