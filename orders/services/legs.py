"""How long legs really take: facts the rooms above measure and write down here, for the promise and for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from orders.models import LegStat


@dataclass(frozen=True, slots=True)
class LegMeasure:
    """One leg at one store (None: of all) in one local hour of the day (0 to 23, or LegStat.ANY_HOUR); seconds."""

    store_id: int | None
    leg: str
    hour: int
    p50_s: float
    p90_s: float
    samples: int


def write_leg_stats(rows: Iterable[LegMeasure], *, now: datetime) -> int:
    """Insert or replace these measures, one statement. Returns how many."""
    stats = [
        LegStat(
            store_id=row.store_id,
            leg=row.leg,
            hour=row.hour,
            p50_s=row.p50_s,
            p90_s=row.p90_s,
            samples=row.samples,
            updated_at=now,
        )
        for row in rows
    ]
    LegStat.objects.bulk_create(
        stats,
        update_conflicts=True,
        unique_fields=["store", "leg", "hour"],
        update_fields=["p50_s", "p90_s", "samples", "updated_at"],
    )
    return len(stats)
