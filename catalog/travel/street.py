"""Street distance and time from coordinates alone: good enough to rank stores and riders and to make a first promise.

Street metres are the great-circle distance times 1.32 plus a fifth of it, at most 200 metres: the first and last turns
weigh more on a short way. Fitted to the medians of shortest paths between 18,000 random pairs in the drive network of
central Bengaluru (OpenStreetMap, one-way streets counted): 1.48 times the straight line at 300 to 800 m, 1.50 at 0.8 to
1.5 km, 1.43 at 1.5 to 3 km, 1.37 at 3 to 6 km; the formula gives 1.52, 1.49, 1.41 and 1.37. A city whose streets are at
hand is fitted by `manage.py fit_travel`, and its stores get a Field.

Speeds are door to door over a city trip, signals included. Orders' leg statistics correct the promise with what rides
really took.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from blinkit.kernel.geo import Point, distance_metres


@dataclass(frozen=True, slots=True)
class Streets:
    """A city's streets in three figures: `factor` of the straight line, and `turns` more of its first metres."""

    factor: float = 1.32
    turns: float = 0.2
    turns_metres: float = 1_000

    def metres(self, straight: float) -> float:
        return self.factor * straight + self.turns * min(straight, self.turns_metres)

    def as_json(self) -> dict[str, float]:
        return asdict(self)


STANDARD = Streets()
"""Where nobody has fitted the city."""


def streets_from(kept: Any) -> Streets:
    """What `as_json` wrote; STANDARD for anything that is no fit of a city with streets (shorter than a straight line,
    longer than three)."""
    if not kept:
        return STANDARD
    try:
        streets = Streets(**{name: float(kept[name]) for name in ("factor", "turns", "turns_metres")})
    except (KeyError, TypeError, ValueError):
        return STANDARD
    fits = 1 <= streets.factor <= 3 and 0 <= streets.turns <= 2 and 0 <= streets.turns_metres <= 20_000
    return streets if fits else STANDARD


VEHICLES: dict[str, float] = {"walk": 4.5, "cycle": 12.0, "ebike": 17.0, "scooter": 19.0}
"""Kilometres per hour, door to door."""

LAWFUL_KMH: dict[str, float] = {"walk": 6.0, "cycle": 20.0, "ebike": 25.0, "scooter": 30.0}
"""The fastest average over a whole ride, stops at signals counted, that asks nobody to break a limit. An e-bike that is
no motor vehicle does 25 km/h at most (rule 2(u) of the Central Motor Vehicles Rules, 1989). For scooters an estimate of
ours: limits of 40 to 50 km/h in Indian cities, less the stops. A city may say otherwise (orders.SafeSpeed)."""

RIDDEN = ("cycle", "ebike", "scooter")
"""What riders come with; nobody brings orders on foot."""

SETTLE_S = 25
"""Unlocking, turning out of the yard, finding the gate: a ride of 50 metres takes time too."""

BAD_WEATHER = 1.3
"""How much longer the way takes in rain, storm, flooded streets or fog. Cars on city streets lose 10 to 25 % of their
speed in rain (FHWA, How Do Weather Events Impact Roads?) and two wheels are more careful: an estimate of ours,
corrected by what rides in bad weather really took (orders.promise, `ride_wet`)."""

PEAKS = ((time(8, 30), time(10, 30), 1.25), (time(17, 30), time(20, 30), 1.3))
NIGHT = (time(23, 0), time(6, 0), 0.9)


def street_metres(a: Point, b: Point, streets: Streets = STANDARD) -> int:
    """Estimated way by street in whole metres."""
    return round(streets.metres(distance_metres(a, b)))


def travel_seconds(
    a: Point,
    b: Point,
    vehicle: str = "ebike",
    at: datetime | None = None,
    *,
    timezone: str = "Asia/Kolkata",
    metres: int | None = None,
    bad_weather: bool = False,
) -> int:
    """Estimated ride in whole seconds; with `at` (aware) the hour's traffic is counted. Zero for the same place.
    `metres`: the way, where it is known better than by street_metres.

    Raises ValueError for an unknown vehicle.
    """
    if vehicle not in VEHICLES:
        raise ValueError(f"No speed is known for {vehicle!r}; known are {', '.join(VEHICLES)}.")
    if metres is None:
        metres = street_metres(a, b)
    if not metres:
        return 0
    return round(SETTLE_S + metres * seconds_per_metre(vehicle, at, timezone=timezone, bad_weather=bad_weather))


def seconds_per_metre(
    vehicle: str, at: datetime | None = None, *, timezone: str = "Asia/Kolkata", bad_weather: bool = False
) -> float:
    """On the road, without SETTLE_S; with `at` (aware) in that hour's traffic. KeyError for an unknown vehicle."""
    slowness = 1.0 if at is None or vehicle == "walk" else _slowness(at, timezone)
    if bad_weather:
        slowness *= BAD_WEATHER
    return slowness / (VEHICLES[vehicle] / 3.6)


@lru_cache(maxsize=64)
def _slowness(at: datetime, timezone: str) -> float:
    """Hundreds of rides are asked about at one moment."""
    return _traffic(at.astimezone(ZoneInfo(timezone)).time())


def lawful_seconds(metres: float, kmh: float) -> float:
    """No ride of so many metres may be planned to take less."""
    return metres * 3.6 / kmh


def _traffic(local: time) -> float:
    for start, end, factor in PEAKS:
        if start <= local < end:
            return factor
    start, end, factor = NIGHT
    return factor if local >= start or local < end else 1.0
