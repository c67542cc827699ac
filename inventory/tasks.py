"""Celery doors of inventory."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from inventory import services
from inventory.services import own_market


@shared_task(acks_late=True)
def sweep_holds(**_: Any) -> None:
    """Release holds whose payment window is over."""
    services.sweep_expired(now=timezone.now())


@shared_task(acks_late=True)
def sweep_batches(**_: Any) -> None:
    """Take off sale what has become too short-dated, has expired, or is recalled and slipped through."""
    services.sweep_short_dated(now=timezone.now())
    services.sweep_recalls(now=timezone.now())


@shared_task(acks_late=True)
def retime_batches(**_: Any) -> None:
    """A product's rule of life was changed, wherever: its batches follow, and old messages of partners are dropped."""
    services.retime()
    services.sweep_in_time(now=timezone.now())
    services.forget_superseded(now=timezone.now())


@shared_task(acks_late=True)
def sweep_low(**_: Any) -> None:
    """Tell the stores' people what went to its reorder point."""
    services.sweep_low(now=timezone.now())


@shared_task(acks_late=True)
def sweep_counts(**_: Any) -> None:
    """Make the day's cycle counts."""
    services.sweep_counts(now=timezone.now())


@shared_task(acks_late=True)
def sweep_replenishment(**_: Any) -> None:
    """Forecast every store's demand and suggest what to order."""
    services.sweep_replenishment(now=timezone.now())


@shared_task(acks_late=True)
def list_changed(**_: Any) -> None:
    """Our own prices that changed a moment ago, among those of the other platforms."""
    own_market.list_changed(now=timezone.now())


@shared_task(acks_late=True)
def list_ourselves(**_: Any) -> None:
    """All our prices and what is sold out, among those of the other platforms."""
    own_market.list_ourselves(now=timezone.now())
