"""Celery doors of the floor."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from fulfillment import services


@shared_task(acks_late=True)
def sweep_tasks(**_: Any) -> None:
    """Orders in the hands of people who went home go back into the queue; recalled goods come off orders; tasks that
    lag behind their orders are put right."""
    services.sweep(now=timezone.now())
    services.sweep_lagging(now=timezone.now())
    services.sweep_recalled(now=timezone.now())


@shared_task(acks_late=True)
def refresh_loads(**_: Any) -> None:
    """The wait of each floor follows the clock: shifts that begin and end, breaks, orders being picked."""
    services.refresh_loads(now=timezone.now())


@shared_task(acks_late=True)
def learn_pace(**_: Any) -> None:
    """How many seconds an order takes, of the house, of stores and of pickers."""
    services.learn_pace(now=timezone.now())


@shared_task(acks_late=True)
def measure_legs(**_: Any) -> int:
    """How long the floor's part of a promise really takes."""
    return services.measure_legs(now=timezone.now())
