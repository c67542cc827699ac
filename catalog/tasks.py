"""Celery doors of catalog."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from catalog import services
from catalog.services import listing, market, market_months, matching, pictures


@shared_task(acks_late=True)
def flush_searches(**_: Any) -> None:
    """Move noted searches from Redis into the table."""
    services.write_search_log()


@shared_task(acks_late=True)
def refresh_surge(**_: Any) -> None:
    """Busy-hour fees from what floor and riders wrote down."""
    services.refresh_surge(now=timezone.now())


@shared_task(acks_late=True)
def sweep_prices(**_: Any) -> None:
    """Prices that begin or end."""
    services.sweep_prices(now=timezone.now())


@shared_task(acks_late=True)
def refresh_search(*, product_ids: list[int] | None = None, **_: Any) -> None:
    """Search words of these products, or of all."""
    services.refresh_search(product_ids)


@shared_task(acks_late=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=3)
def make_sizes(*, picture_id: int, **_: Any) -> None:
    """The sizes of one uploaded picture."""
    pictures.make_sizes(picture_id=picture_id, now=timezone.now())


@shared_task(acks_late=True)
def sweep_pictures(**_: Any) -> None:
    """Pictures whose task was lost."""
    pictures.sweep_waiting(now=timezone.now())


@shared_task(acks_late=True)
def sweep_schedules(**_: Any) -> None:
    """Products whose time to be sold, or no longer sold, has come."""
    listing.sweep_schedules(now=timezone.now())


@shared_task(acks_late=True)
def flush_unmet(**_: Any) -> None:
    """Move the counts of unmet demand from Redis into the table."""
    services.flush_unmet(now=timezone.now())


@shared_task(acks_late=True)
def keep_market_months(**_: Any) -> None:
    """Months for others' prices: made ahead, dropped when they are old; what is long over goes."""
    market.forget_old(now=timezone.now())
    market.forget_changes(now=timezone.now())
    market_months.keep_months(now=timezone.now())


@shared_task(acks_late=True)
def match_new(*, platform_id: int | None = None, **_: Any) -> None:
    """Listings that nobody has compared with our products yet."""
    matching.match_new(platform_id, now=timezone.now())


@shared_task(acks_late=True)
def match_nightly(**_: Any) -> None:
    """Learn from decisions, then look at all listings again."""
    matching.nightly(now=timezone.now())
