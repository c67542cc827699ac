"""Celery doors of the screens: ids in, one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from dashboard.services import watches


@shared_task(acks_late=True)
def sweep_watches(**_: Any) -> None:
    """Ask the watched questions that are due."""
    watches.sweep(now=timezone.now())
