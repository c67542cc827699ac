"""Work that beat finds and does row by row: one row that breaks does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from blinkit.kernel import metrics

Key = TypeVar("Key")
log = structlog.get_logger(__name__)

LAGS_AFTER = timedelta(minutes=2)
"""From then on a sweep does what a reaction should have done: one comes in a second, and is tried again for minutes."""


def one_by_one(keys: Iterable[Key], act: Callable[[Key], object], *, sweep: str) -> int:
    """Do `act` for each key, an act of its own each. Returns how many did something (their answer is true).

    One that raises is logged and counted (`sweep_failures_total{sweep}`): the next sweep tries it again.
    """
    done = 0
    for key in keys:
        try:
            done += bool(act(key))
        except Exception:
            log.exception("sweep: left for the next time", sweep=sweep, key=str(key))
            metrics.count("sweep_failures_total", sweep=sweep)
    return done


def do_again(act: Callable[..., object], order_ids: Iterable[UUID], *, now: datetime, sweep: str) -> int:
    """What a reaction left undone for these orders; `act` is silent when repeated. Returns for how many it was done."""
    return one_by_one(order_ids, lambda order_id: act(order_id=order_id, now=now) or True, sweep=sweep)
