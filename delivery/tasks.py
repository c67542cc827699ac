"""Celery doors of delivery (queue "dispatch"). Each may be repeated and may run twice at once."""

from __future__ import annotations

import os
import socket
from typing import Any

from celery import shared_task
from django.utils import timezone

from delivery import services
from delivery.services import doors, history, routes, targets, weeks


@shared_task(name="delivery.tasks.dispatch_round")
def dispatch_round(*, store_id: int | None = None, **_: Any) -> int:
    """Offer waiting jobs: of one store when asked for, of all by the beat."""
    return services.dispatch_round(now=timezone.now(), store_id=store_id)


@shared_task(name="delivery.tasks.sweep_offers")
def sweep_offers(**_: Any) -> int:
    return services.sweep_offers(now=timezone.now())


@shared_task(name="delivery.tasks.watch_trips")
def watch_trips(**_: Any) -> int:
    now = timezone.now()
    return services.watch_trips(now=now) + services.sweep_rescues(now=now)


@shared_task(name="delivery.tasks.sweep_jobs")
def sweep_jobs(**_: Any) -> int:
    return services.sweep_jobs(now=timezone.now())


@shared_task(name="delivery.tasks.forget_decisions")
def forget_decisions(**_: Any) -> int:
    return services.forget_decisions(now=timezone.now())


@shared_task(name="delivery.tasks.measure_legs")
def measure_legs(**_: Any) -> int:
    return services.measure_legs(now=timezone.now())


@shared_task(name="delivery.tasks.sweep_silent")
def sweep_silent(**_: Any) -> int:
    return services.sweep_silent(now=timezone.now())


@shared_task(name="delivery.tasks.pay_targets")
def pay_targets(**_: Any) -> int:
    return targets.pay_targets(now=timezone.now())


@shared_task(name="delivery.tasks.issue_statements")
def issue_statements(**_: Any) -> int:
    return weeks.issue_statements(now=timezone.now())


@shared_task(name="delivery.tasks.purge_chats")
def purge_chats(**_: Any) -> int:
    """Each night: forget old messages, and notes on gates that nobody renewed."""
    now = timezone.now()
    return services.purge_chats(now=now) + doors.purge_gates(now=now)


@shared_task(name="delivery.tasks.sweep_riders")
def sweep_riders(**_: Any) -> int:
    """Suspensions that are over, booked gigs that begin or were missed, and after them shifts that end."""
    now = timezone.now()
    ended = services.sweep_suspensions(now=now)
    return ended + services.sweep_bookings(now=now) + services.sweep_shifts(now=now)


@shared_task(name="delivery.tasks.sweep_papers")
def sweep_papers(**_: Any) -> int:
    return services.sweep_papers(now=timezone.now())


@shared_task(name="delivery.tasks.ask_banks")
def ask_banks(**_: Any) -> int:
    return services.ask_banks(now=timezone.now())


@shared_task(name="delivery.tasks.make_gigs")
def make_gigs(**_: Any) -> int:
    return services.make_gigs(now=timezone.now())


@shared_task(name="delivery.tasks.write_positions")
def write_positions(**_: Any) -> int:
    """Bring the positions of the last seconds to the database."""
    return history.write_positions(consumer=f"{socket.gethostname()}-{os.getpid()}")


@shared_task(name="delivery.tasks.draw_lines")
def draw_lines(*, ways: list[list[float]], **_: Any) -> int:
    """Ask the router for the lines of legs that have begun."""
    return routes.ask_for_lines(ways)


@shared_task(name="delivery.tasks.keep_position_days")
def keep_position_days(**_: Any) -> int:
    """Tables for the next days, and none older than POSITION_DAYS."""
    made, gone = history.keep_days(now=timezone.now())
    return len(made) + len(gone)
