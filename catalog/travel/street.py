"""Street distance and time from coordinates alone: good enough to rank stores and riders and to make a first promise.

Street metres are the great-circle distance times a detour factor. Speeds are door to door over a city trip, signals
included. Orders' leg statistics correct the promise with what rides really took.
"""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from blinkit.kernel.geo import Point, distance_metres

DETOUR_FACTOR = 1.35
"""Street network distance over straight line in a dense city centre: 1.2 to 1.4 in studies of circuity (Levinson and
El-Geneidy, 2009); the upper part because of one-way streets."""

VEHICLES: dict[str, float] = {"walk": 4.5, "cycle": 12.0, "ebike": 17.0, "scooter": 19.0}
"""Kilometres per hour, door to door."""

SETTLE_S = 25
"""Unlocking, turning out of the yard, finding the gate: a ride of 50 metres takes time too."""

PEAKS = ((time(8, 30), time(10, 30), 1.25), (time(17, 30), time(20, 30), 1.3))
NIGHT = (time(23, 0), time(6, 0), 0.9)


def street_metres(a: Point, b: Point) -> int:
    """Estimated way by street in whole metres."""
    return round(distance_metres(a, b) * DETOUR_FACTOR)


def travel_seconds(
    a: Point, b: Point, vehicle: str = "ebike", at: datetime | None = None, *, timezone: str = "Asia/Kolkata"
) -> int:
    """Estimated ride in whole seconds; with `at` (aware) the hour's traffic is counted. Zero for the same place.

    Raises ValueError for an unknown vehicle.
    """
    if vehicle not in VEHICLES:
        raise ValueError(f"No speed is known for {vehicle!r}; known are {', '.join(VEHICLES)}.")
    metres = street_metres(a, b)
    if not metres:
        return 0
    slowness = 1.0 if at is None or vehicle == "walk" else _traffic(at.astimezone(ZoneInfo(timezone)).time())
    return round(SETTLE_S + metres / (VEHICLES[vehicle] / 3.6) * slowness)


def _traffic(local: time) -> float:
    for start, end, factor in PEAKS:
        if start <= local < end:
            return factor
    start, end, factor = NIGHT
    return factor if local >= start or local < end else 1.0
