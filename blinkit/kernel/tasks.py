"""Celery doors of the kernel. They take keywords they do not know, so that a rolling deploy survives."""

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from blinkit.kernel import delivery, idempotency

log = structlog.get_logger(__name__)


@shared_task(acks_late=True)
def deliver(*, ids: list[int], **_: Any) -> None:
    """Run the reactions of these events. A repeat is harmless."""
    delivery.deliver(ids, now=timezone.now())


@shared_task(acks_late=True)
def sweep_events(**_: Any) -> None:
    """Hand out events the broker lost and retry failed reactions."""
    touched = delivery.sweep(now=timezone.now())
    if touched:
        log.info("swept events", count=len(touched))


@shared_task(acks_late=True)
def forget_idempotency_keys(**_: Any) -> None:
    """Delete answers older than 48 hours."""
    idempotency.forget_old(now=timezone.now())
