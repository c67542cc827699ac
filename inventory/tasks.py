"""Celery doors of inventory."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from inventory import services


@shared_task(acks_late=True)
def sweep_holds(**_: Any) -> None:
    """Release holds whose payment window is over."""
    services.sweep_expired(now=timezone.now())
