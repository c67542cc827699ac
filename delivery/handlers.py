"""What delivery does when something happened elsewhere."""

from __future__ import annotations

from django.utils import timezone

from blinkit.kernel.events import EventMeta
from delivery import services
from delivery.events import IncidentOpened, IncidentTold
from delivery.incidents import Incident
from delivery.models import Rider
from delivery.services import cashing, scoring
from orders.events import (
    BagsBack,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPacked,
    OrderPickedUp,
    OrderRated,
    OrderReleased,
    OrderResourced,
)
from orders.models import Order
from payments.events import PaymentCaptured
from payments.models import Method


def seek_rider(event: OrderConfirmed, meta: EventMeta) -> None:
    services.open_job(order_id=event.order_id, now=timezone.now())


def seek_rider_for_slot(event: OrderReleased, meta: EventMeta) -> None:
    services.open_job(order_id=event.order_id, now=timezone.now())


def follow_order(event: OrderResourced, meta: EventMeta) -> None:
    services.follow_order(order_id=event.order_id, now=timezone.now())


def bags_ready(event: OrderPacked, meta: EventMeta) -> None:
    services.bags_ready(order_id=event.order_id, bags=event.bags, volume_ml=event.volume_ml, now=timezone.now())


def drop_cancelled(event: OrderCancelled, meta: EventMeta) -> None:
    services.drop_cancelled(order_id=event.order_id, now=timezone.now())


def bags_on_board(event: OrderPickedUp, meta: EventMeta) -> None:
    services.bags_on_board(order_id=event.order_id, now=timezone.now())


def free_of_unfetched(event: IncidentTold | IncidentOpened, meta: EventMeta) -> None:
    """At once where it was an accident; the sweep of trips does the rest."""
    trip_id = Incident.objects.filter(pk=event.incident_id).values_list("trip", flat=True).first()
    if trip_id is not None:
        services.free_of_unfetched(trip_id=trip_id, now=timezone.now())


def mind_cash(event: OrderDelivered, meta: EventMeta) -> None:
    """Cash may have changed hands: does the rider near the limit?"""
    order = Order.objects.filter(pk=event.order_id, payment_method=Method.COD).values_list("rider_id_ref", flat=True)
    rider_id = order.first()
    if rider_id is not None and Rider.objects.filter(pk=rider_id).exists():
        cashing.mind_cash(rider_id=rider_id, now=timezone.now())


def order_rated(event: OrderRated, meta: EventMeta) -> None:
    scoring.add_up_stars(order_id=event.order_id)


def deposit_paid(event: PaymentCaptured, meta: EventMeta) -> None:
    cashing.book_upi_deposit(ref=event.ref, now=timezone.now())


def bags_back(event: BagsBack, meta: EventMeta) -> None:
    services.bags_back(order_id=event.order_id, now=timezone.now())
