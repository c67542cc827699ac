"""How long legs really take: facts the rooms above measure and write down here, for the promise and for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from orders.models import LegStat
from orders.promise.legs import RIDE_TIMES, RULE_OF_THUMB, WET_RIDE_TIMES
from orders.promise.pooling import leaning

STILL_OPEN = """
    SELECT store_id, min(placed_at) AS placed_at FROM orders_order
    WHERE status = ANY(%(live)s) AND slot_id IS NULL AND promised_by > %(now)s GROUP BY store_id
"""
"""The oldest order of each store that is on its way and in time. Those before it have come, quick or slow, or are late:
they may be measured. Of those after it only the quick ones have, which would speak for all."""


@dataclass(frozen=True, slots=True)
class LegMeasure:
    """One leg at one store (None: of all) in one local hour of the day (0 to 23, or LegStat.ANY_HOUR), as it was
    measured; seconds or times, as LegStat says."""

    store_id: int | None
    leg: str
    hour: int
    p50_s: float
    p90_s: float
    samples: int


def write_leg_stats(rows: Iterable[LegMeasure], *, now: datetime) -> int:
    """Insert or replace these measures, each leaning on what is coarser: a store's hour on the store, a store on all
    stores, those on the rule of thumb. One statement. Returns how many."""
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
        for row in _leaned(rows)
    ]
    LegStat.objects.bulk_create(
        stats,
        update_conflicts=True,
        unique_fields=["store", "leg", "hour"],
        update_fields=["p50_s", "p90_s", "samples", "updated_at"],
    )
    return len(stats)


def _leaned(rows: Iterable[LegMeasure]) -> Iterator[LegMeasure]:
    """Coarse ones first. Rides in bad weather lean on rides as long as no store has any of them; which vehicles ride
    leans on nothing."""
    found: dict[tuple[int | None, str], LegMeasure] = {}
    for row in sorted(rows, key=lambda row: (row.store_id is not None, row.hour != LegStat.ANY_HOUR, row.leg)):
        of_all_hours = row.hour == LegStat.ANY_HOUR
        coarser = found.get((None if of_all_hours else row.store_id, row.leg))
        if coarser is None and row.leg == WET_RIDE_TIMES:
            coarser = found.get((None, RIDE_TIMES))
        on = (coarser.p50_s, coarser.p90_s) if coarser is not None else RULE_OF_THUMB.get(row.leg)
        if on is not None:
            p50_s, p90_s = (leaning(a, b, samples=row.samples) for a, b in zip((row.p50_s, row.p90_s), on, strict=True))
            row = replace(row, p50_s=p50_s, p90_s=p90_s)
        if of_all_hours:
            found[row.store_id, row.leg] = row
        yield row
