"""Celery doors of the screens: ids in, one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from dashboard.services import ask_log, watches


@shared_task(acks_late=True)
def flush_questions(**_: Any) -> None:
    """Move noted questions from Redis into the table."""
    ask_log.flush()


@shared_task(acks_late=True)
def forget_questions(**_: Any) -> None:
    """Questions are kept ASK_LOG_DAYS."""
    ask_log.forget(now=timezone.now())


@shared_task(acks_late=True)
def sweep_watches(**_: Any) -> None:
    """Ask the watched questions that are due."""
    watches.sweep(now=timezone.now())
