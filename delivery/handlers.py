"""What delivery does when something happened elsewhere."""

from __future__ import annotations

from django.utils import timezone

from blinkit.kernel.events import EventMeta
from delivery import services
from orders.events import (
    BagsBack,
    OrderCancelled,
    OrderConfirmed,
    OrderPacked,
    OrderPickedUp,
    OrderReleased,
    OrderResourced,
)


def seek_rider(event: OrderConfirmed, meta: EventMeta) -> None:
    services.open_job(order_id=event.order_id, now=timezone.now())


def seek_rider_for_slot(event: OrderReleased, meta: EventMeta) -> None:
    services.open_job(order_id=event.order_id, now=timezone.now())


def follow_order(event: OrderResourced, meta: EventMeta) -> None:
    services.follow_order(order_id=event.order_id, now=timezone.now())


def bags_ready(event: OrderPacked, meta: EventMeta) -> None:
    services.bags_ready(order_id=event.order_id, bags=event.bags, now=timezone.now())


def drop_cancelled(event: OrderCancelled, meta: EventMeta) -> None:
    services.drop_cancelled(order_id=event.order_id, now=timezone.now())


def bags_on_board(event: OrderPickedUp, meta: EventMeta) -> None:
    services.bags_on_board(order_id=event.order_id, now=timezone.now())


def bags_back(event: BagsBack, meta: EventMeta) -> None:
    services.bags_back(order_id=event.order_id, now=timezone.now())
