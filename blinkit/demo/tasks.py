"""Celery doors of the demo; on the schedule in DEMO_MODE only."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from blinkit.demo import market


@shared_task(acks_late=True)
def move_market(**_: Any) -> None:
    """Prices of the demo's other platforms move; nothing happens where there are none."""
    market.move(now=timezone.now())
