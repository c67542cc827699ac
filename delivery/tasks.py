"""Celery doors of delivery."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from delivery import services


@shared_task(name="delivery.tasks.dispatch_round")
def dispatch_round(**_: Any) -> int:
    return services.dispatch_round(now=timezone.now())


@shared_task(name="delivery.tasks.sweep_offers")
def sweep_offers(**_: Any) -> int:
    return services.sweep_offers(now=timezone.now())
