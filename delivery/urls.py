"""Doors of delivery, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from delivery.api import duty, earnings, gigs, joining, money, nearby, offers, trip
from delivery.road_urls import road_api, road_web
from delivery.web import earnings as earnings_web
from delivery.web import joining as joining_web
from delivery.web import money as money_web
from delivery.web import ride
from delivery.ws import RiderConsumer

api_urls: list[Any] = [
    path("rider/me/", duty.MeView.as_view(), name="api-rider-me"),
    path("rider/duty/", duty.DutyView.as_view(), name="api-rider-duty"),
    path("rider/positions/", duty.PositionsView.as_view(), name="api-rider-positions"),
    path("ops/riders/near/", nearby.NearRidersView.as_view(), name="api-ops-riders-near"),
    path("rider/offers/current/", offers.CurrentOfferView.as_view(), name="api-rider-offer"),
    path("rider/offers/<uuid:offer_id>/accept/", offers.AcceptView.as_view(), name="api-rider-accept"),
    path("rider/offers/<uuid:offer_id>/decline/", offers.DeclineView.as_view(), name="api-rider-decline"),
    path("rider/trip/", trip.TripView.as_view(), name="api-rider-trip"),
    path("rider/trip/at-store/", trip.AtStoreView.as_view(), name="api-rider-at-store"),
    path("rider/stops/<uuid:stop_id>/pick-up/", trip.PickUpView.as_view(), name="api-rider-pick-up"),
    path("rider/stops/<uuid:stop_id>/bag/", trip.BagView.as_view(), name="api-rider-bag"),
    path("rider/stops/<uuid:stop_id>/depart/", trip.DepartView.as_view(), name="api-rider-depart"),
    path("rider/stops/<uuid:stop_id>/arrive/", trip.ArriveView.as_view(), name="api-rider-arrive"),
    path("rider/stops/<uuid:stop_id>/deliver/", trip.DeliverView.as_view(), name="api-rider-deliver"),
    path("rider/stops/<uuid:stop_id>/fail/", trip.FailView.as_view(), name="api-rider-fail"),
    path("rider/earnings/", earnings.EarningsView.as_view(), name="api-rider-earnings"),
    *money.urls,
    *road_api,
]
web_urls: list[Any] = [
    path("rider/", ride.home, name="rider-home"),
    path("rider/earnings/", earnings_web.earnings, name="rider-earnings"),
    *money_web.urls,
    path("rider/duty/", ride.duty, name="rider-duty"),
    path("rider/offers/<uuid:offer_id>/accept/", ride.accept, name="rider-accept"),
    path("rider/offers/<uuid:offer_id>/decline/", ride.decline, name="rider-decline"),
    path("rider/trip/at-store/", ride.at_store, name="rider-at-store"),
    path("rider/stops/<uuid:stop_id>/pick-up/", ride.pick_up, name="rider-pick-up"),
    path("rider/stops/<uuid:stop_id>/bag/", ride.bag, name="rider-bag"),
    path("rider/stops/<uuid:stop_id>/depart/", ride.depart, name="rider-depart"),
    path("rider/stops/<uuid:stop_id>/arrive/", ride.arrive, name="rider-arrive"),
    path("rider/stops/<uuid:stop_id>/deliver/", ride.deliver, name="rider-deliver"),
    path("rider/stops/<uuid:stop_id>/fail/", ride.fail, name="rider-fail"),
    *road_web,
]
ws_urls: list[Any] = [path("rider/", RiderConsumer.as_asgi())]

api_urls += [
    path("rider/join/", joining.JoinView.as_view(), name="api-rider-join"),
    path("rider/profile/", joining.ProfileView.as_view(), name="api-rider-profile"),
    path("rider/vehicle/", joining.VehicleView.as_view(), name="api-rider-vehicle"),
    path("rider/papers/", joining.PapersView.as_view(), name="api-rider-papers"),
    path("rider/suspension/appeal/", joining.AppealView.as_view(), name="api-rider-appeal"),
    path("rider/gigs/", gigs.GigsView.as_view(), name="api-rider-gigs"),
    path("rider/gigs/<uuid:gig_id>/book/", gigs.BookView.as_view(), name="api-rider-gig-book"),
    path("rider/gigs/<uuid:gig_id>/cancel/", gigs.GiveBackView.as_view(), name="api-rider-gig-cancel"),
    path("rider/break/", gigs.BreakView.as_view(), name="api-rider-break"),
    path("rider/break/end/", gigs.BreakEndView.as_view(), name="api-rider-break-end"),
]
web_urls += joining_web.urls
