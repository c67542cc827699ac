"""Who said no to a job, and for how long that counts. Plain functions on `Job.declined_by`.

A row is {"rider", "at", "until"} (ISO instants), one per rider, the last no. A bare rider id, as rows were first
written, carries no time: it counts from when the job was opened.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

DECLINED_PAUSE = timedelta(minutes=5)
"""A rider who declined is not asked about the same job for so long, unless everybody said no."""
UNANSWERED_PAUSE = timedelta(seconds=90)
"""A rider who let an offer pass is asked again sooner: the phone may have been in a pocket."""
ALL_SAID_NO_PAUSE = timedelta(seconds=60)
"""When everybody said no, each is asked again so long after their own no."""

Rows = list[Any]


def noted(rows: Rows, rider_id: int, *, pause: timedelta, now: datetime) -> Rows:
    """The rows with this rider's no; an earlier one of theirs is replaced."""
    kept = [row for row in rows if _rider(row) != rider_id]
    return [*kept, {"rider": rider_id, "at": now.isoformat(), "until": (now + pause).isoformat()}]


def refused_by(rows: Rows, *, on_duty: Collection[int], opened_at: datetime, now: datetime) -> frozenset[int]:
    """Riders who are not to be asked now. `on_duty`: whom we could ask at all, on a trip or not."""
    short = all_said_no(rows, on_duty=on_duty)
    return frozenset(_rider(row) for row in rows if now < _until(row, opened_at=opened_at, short=short))


def all_said_no(rows: Rows, *, on_duty: Collection[int]) -> bool:
    """Everybody we could ask has said no at least once. False when there is nobody to ask."""
    return bool(on_duty) and set(on_duty) <= {_rider(row) for row in rows}


def _rider(row: Any) -> int:
    return int(row["rider"] if isinstance(row, dict) else row)


def _until(row: Any, *, opened_at: datetime, short: bool) -> datetime:
    known = isinstance(row, dict)
    at = datetime.fromisoformat(row["at"]) if known else opened_at
    until = datetime.fromisoformat(row["until"]) if known else opened_at + DECLINED_PAUSE
    return min(until, at + ALL_SAID_NO_PAUSE) if short else until
