"""Celery doors of notifications (queue "notify": a slow provider holds up nobody else)."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from notifications import services

MOST_BATCHES = 25


@shared_task(acks_late=True)
def send(*, ids: list[str], **_: Any) -> None:
    """Send these messages if they are still due. A repeat is harmless; what fails is swept."""
    services.send_due(ids=ids, now=timezone.now())


@shared_task(acks_late=True)
def sweep_messages(**_: Any) -> None:
    """Send what the broker lost and what is due for another try."""
    for _batch in range(MOST_BATCHES):
        if not services.send_due(now=timezone.now()):
            break
