"""Doors of delivery, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from delivery import api, web
from delivery.ws import RiderConsumer

api_urls: list[Any] = [
    path("rider/me/", api.MeView.as_view(), name="api-rider-me"),
    path("rider/duty/", api.DutyView.as_view(), name="api-rider-duty"),
    path("rider/positions/", api.PositionsView.as_view(), name="api-rider-positions"),
    path("rider/offers/current/", api.CurrentOfferView.as_view(), name="api-rider-offer"),
    path("rider/offers/<uuid:offer_id>/accept/", api.AcceptView.as_view(), name="api-rider-accept"),
    path("rider/offers/<uuid:offer_id>/decline/", api.DeclineView.as_view(), name="api-rider-decline"),
    path("rider/trip/", api.TripView.as_view(), name="api-rider-trip"),
    path("rider/trip/at-store/", api.AtStoreView.as_view(), name="api-rider-at-store"),
    path("rider/stops/<uuid:stop_id>/pick-up/", api.PickUpView.as_view(), name="api-rider-pick-up"),
    path("rider/stops/<uuid:stop_id>/bag/", api.BagView.as_view(), name="api-rider-bag"),
    path("rider/stops/<uuid:stop_id>/depart/", api.DepartView.as_view(), name="api-rider-depart"),
    path("rider/stops/<uuid:stop_id>/arrive/", api.ArriveView.as_view(), name="api-rider-arrive"),
    path("rider/stops/<uuid:stop_id>/deliver/", api.DeliverView.as_view(), name="api-rider-deliver"),
    path("rider/stops/<uuid:stop_id>/fail/", api.FailView.as_view(), name="api-rider-fail"),
    path("rider/earnings/", api.EarningsView.as_view(), name="api-rider-earnings"),
]
web_urls: list[Any] = [
    path("rider/", web.home, name="rider-home"),
    path("rider/earnings/", web.earnings, name="rider-earnings"),
    path("rider/duty/", web.duty, name="rider-duty"),
    path("rider/offers/<uuid:offer_id>/accept/", web.accept, name="rider-accept"),
    path("rider/offers/<uuid:offer_id>/decline/", web.decline, name="rider-decline"),
    path("rider/trip/at-store/", web.at_store, name="rider-at-store"),
    path("rider/stops/<uuid:stop_id>/pick-up/", web.pick_up, name="rider-pick-up"),
    path("rider/stops/<uuid:stop_id>/bag/", web.bag, name="rider-bag"),
    path("rider/stops/<uuid:stop_id>/depart/", web.depart, name="rider-depart"),
    path("rider/stops/<uuid:stop_id>/arrive/", web.arrive, name="rider-arrive"),
    path("rider/stops/<uuid:stop_id>/deliver/", web.deliver, name="rider-deliver"),
    path("rider/stops/<uuid:stop_id>/fail/", web.fail, name="rider-fail"),
]
ws_urls: list[Any] = [path("rider/", RiderConsumer.as_asgi())]
