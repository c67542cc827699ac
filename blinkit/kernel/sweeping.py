"""Work that beat finds and does row by row: one row that breaks does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from blinkit.kernel import metrics

Key = TypeVar("Key")
log = structlog.get_logger(__name__)


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
