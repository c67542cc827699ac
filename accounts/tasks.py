"""Celery doors of accounts."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from accounts import services


@shared_task(acks_late=True)
def forget_due(**_: Any) -> None:
    """Forget the people whose time to change their mind is over."""
    services.forget_due(now=timezone.now())


@shared_task(acks_late=True)
def forget_expired(**_: Any) -> None:
    """Delete expired refresh tokens and old sign-in codes."""
    services.forget_expired(now=timezone.now())
