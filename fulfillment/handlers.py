"""What the floor does when something happened elsewhere."""

from __future__ import annotations

from django.utils import timezone

from blinkit.kernel.events import EventMeta
from fulfillment import services
from fulfillment.events import TaskPacked
from orders.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderPickedUp,
    OrderReleased,
    OrderResourced,
    RecalledUnitsHeld,
)


def open_pick_task(event: OrderConfirmed, meta: EventMeta) -> None:
    services.open_task(order_id=event.order_id, now=timezone.now())


def open_released(event: OrderReleased, meta: EventMeta) -> None:
    services.open_task(order_id=event.order_id, now=timezone.now())


def follow_order(event: OrderResourced, meta: EventMeta) -> None:
    services.follow_order(order_id=event.order_id, now=timezone.now())


def close_cancelled(event: OrderCancelled, meta: EventMeta) -> None:
    services.close_cancelled(order_id=event.order_id, now=timezone.now())


def close_handed_over(event: OrderPickedUp, meta: EventMeta) -> None:
    services.close_handed_over(order_id=event.order_id, now=timezone.now())


def take_out_recalled(event: RecalledUnitsHeld, meta: EventMeta) -> None:
    services.take_out_recalled(order_id=event.order_id, now=timezone.now())


def note_packed(event: TaskPacked, meta: EventMeta) -> None:
    services.note_packed(task_id=event.task_id)
