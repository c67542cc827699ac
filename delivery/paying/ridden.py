"""How far somebody really rode, from positions of a phone: outliers and standing still taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from blinkit.kernel.geo import Point, distance_metres

WORST_ACCURACY_METRES = 100.0
FASTEST_MPS = 40.0
"""Nobody rides faster through a city."""
STANDING_METRES = 20.0
"""Less than this (or than half the phone's own accuracy) is a phone that lies still."""
LONGEST_GAP = timedelta(seconds=180)
"""Positions are kept every ten seconds; after a longer silence nobody knows which way it was."""


@dataclass(frozen=True, slots=True)
class Fix:
    point: Point
    at: datetime
    accuracy_metres: float = 0.0


def ridden_metres(
    fixes: Sequence[Fix],
    *,
    start: Point,
    end: Point,
    since: datetime,
    until: datetime,
    fastest_mps: float = FASTEST_MPS,
) -> int | None:
    """Whole metres from one known place to another along the fixes between; None when they leave too much unknown (a
    silence of more than three minutes, or none at all).

    The straight lines between positions cut corners, so this is never too long for what was ridden.
    """
    last, last_at, ridden, seen = start, since, 0.0, 0
    for fix in sorted(fixes, key=lambda fix: fix.at):
        if not since <= fix.at <= until or fix.accuracy_metres > WORST_ACCURACY_METRES:
            continue
        if fix.at - last_at > LONGEST_GAP:
            return None
        step = distance_metres(last, fix.point)
        if step > fastest_mps * (fix.at - last_at).total_seconds() + max(fix.accuracy_metres, STANDING_METRES):
            continue  # a jump nobody can ride
        seen, last_at = seen + 1, fix.at
        if step > max(STANDING_METRES, fix.accuracy_metres / 2):
            ridden, last = ridden + step, fix.point
    if not seen or until - last_at > LONGEST_GAP:
        return None
    return round(ridden + distance_metres(last, end))
