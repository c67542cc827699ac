"""How far somebody really rode, from positions as they are kept: believed and steadied when they were taken.

`delivery.tracing` tells here too what cannot be: one filter for the map and for the pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blinkit.kernel.geo import Point
from delivery.tracing import CITY, Cleaner, Limits
from delivery.tracing.plane import apart

LONGEST_GAP = timedelta(seconds=180)
"""Positions are kept every ten seconds; after a longer silence nobody knows which way it was."""


PIECE_METRES = 20.0
"""The way is added up in pieces of so many metres at least (or half the phone's accuracy): between nearer places lies
the noise of a phone, and of one that lies still nothing else."""


@dataclass(frozen=True, slots=True)
class Fix:
    point: Point
    at: datetime
    accuracy_metres: float = 0.0


def ridden_metres(
    fixes: Sequence[Fix], *, start: Point, end: Point, since: datetime, until: datetime, limits: Limits = CITY
) -> int | None:
    """Whole metres from one known place to another along the fixes between; None when they leave too much unknown (a
    silence of more than three minutes, or none at all).

    Of rides with a known truth (delivery/tracing/noise.py) 5 % too long, 20 % between high houses; steadying what is
    steady already would cut corners, so that is left out.
    """
    track = Cleaner(replace(limits, steady=False))
    track.take(start.lat, start.lng, _ms(since))
    last, last_at, ridden, seen = start, since, 0.0, 0
    for fix in sorted(fixes, key=lambda fix: fix.at):
        if not since <= fix.at <= until:
            continue
        mark = track.take(fix.point.lat, fix.point.lng, _ms(fix.at), fix.accuracy_metres)
        if mark is None:
            continue
        if fix.at - last_at > LONGEST_GAP:
            return None
        seen, last_at = seen + 1, fix.at
        step = apart(last.lat, last.lng, mark.lat, mark.lng)
        if step > max(PIECE_METRES, fix.accuracy_metres / 2):
            ridden, last = ridden + step, Point(mark.lat, mark.lng)
    if not seen or until - last_at > LONGEST_GAP:
        return None
    return round(ridden + apart(last.lat, last.lng, end.lat, end.lng))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
