"""Celery doors of catalog."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from catalog import services


@shared_task(acks_late=True)
def flush_searches(**_: Any) -> None:
    """Move noted searches from Redis into the table."""
    services.write_search_log()


@shared_task(acks_late=True)
def refresh_surge(**_: Any) -> None:
    """Busy-hour fees from what floor and riders wrote down."""
    services.refresh_surge(now=timezone.now())


@shared_task(acks_late=True)
def sweep_prices(**_: Any) -> None:
    """Prices that begin or end."""
    services.sweep_prices(now=timezone.now())


@shared_task(acks_late=True)
def refresh_search(*, product_ids: list[int] | None = None, **_: Any) -> None:
    """Search words of these products, or of all."""
    services.refresh_search(product_ids)
