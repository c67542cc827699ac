"""The promise as a sum of legs, each with a middle (p50) and a bad case (p90).

Legs vary independently enough, so the bad case of the sum is not the sum of the bad cases: the spreads (p90 - p50) add
up like standard deviations do (root of the sum of squares, exact for independent normal legs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

VERSION = "h2"
"""Heuristic, second version (accept, pick and pack measured as well). Kept with every promise, so that versions can be
compared on what really happened."""

ACCEPT_S = 10
PICK_BASE_S = 20
PICK_PER_LINE_S = 11
PICK_PER_EXTRA_UNIT_S = 2
PACK_S = 25
PACK_PER_LINE_S = 1.5
HANDOVER_S = 25
DOOR_S = 50
SPREAD = {
    "accept": 1.0,
    "backlog": 0.5,
    "pick": 0.35,
    "pack": 0.4,
    "rider": 0.6,
    "handover": 0.8,
    "ride": 0.3,
    "door": 0.8,
}
"""How much longer than usual a leg takes in the worst of ten cases, as a part of its usual time."""
RUSH_FACTOR = 1.25
RIDE_TIMES = "ride_times"
"""Measured as a part of the usual ride: one figure in seconds is too little for the far and too much for the near."""
WET_RIDE_TIMES = "ride_wet"
"""The same of rides in bad weather, against what catalog.travel already adds for it."""
RULE_OF_THUMB: Mapping[str, tuple[float, float]] = {
    "accept": (ACCEPT_S, ACCEPT_S * (1 + SPREAD["accept"])),
    "pick_times": (1, 1 + SPREAD["pick"]),
    "pack_times": (1, 1 + SPREAD["pack"]),
    "rider": (0, 0),
    "handover": (HANDOVER_S, HANDOVER_S * (1 + SPREAD["handover"])),
    RIDE_TIMES: (1, 1 + SPREAD["ride"]),
    WET_RIDE_TIMES: (1, 1 + SPREAD["ride"]),
    "door": (DOOR_S, DOOR_S * (1 + SPREAD["door"])),
}
"""(p50, p90) of each leg as it is measured, before anything was: what the first orders lean on."""
LEAST_RANGE_M = 3
"""A range narrower than this pretends to know more than we do."""


class Leg(NamedTuple):
    name: str
    p50_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class PromiseInputs:
    """What the promise is made from. `ride_s` comes from catalog.travel; `measured` replaces heuristics by leg;
    under `pick_times` and `pack_times` it says how many times the rule of thumb for a basket they really take, under
    RIDE_TIMES (in bad weather WET_RIDE_TIMES) how many times `ride_s`. No ride is planned to take less than
    `least_ride_s`."""

    lines: int
    units: int
    ride_s: float
    backlog_s: float = 0
    rider_wait_s: float = 0
    rush: bool = False
    bad_weather: bool = False
    least_ride_s: float = 0
    measured: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "lines": self.lines,
            "units": self.units,
            "ride_s": round(self.ride_s),
            "backlog_s": round(self.backlog_s),
            "rider_wait_s": round(self.rider_wait_s),
            "rush": self.rush,
            "bad_weather": self.bad_weather,
        }
        if self.least_ride_s:
            out["least_ride_s"] = round(self.least_ride_s)
        if self.measured:
            out["measured"] = {name: list(pair) for name, pair in self.measured.items()}
        return out


@dataclass(frozen=True, slots=True)
class Quote:
    """The promise: middle, bad case, and the range in whole minutes that is said to people."""

    p50_s: float
    p90_s: float
    from_m: int
    to_m: int
    legs: tuple[Leg, ...]
    version: str = VERSION

    def middle_at(self, now: datetime) -> datetime:
        return now + timedelta(seconds=round(self.p50_s))

    def from_at(self, now: datetime) -> datetime:
        return now + timedelta(minutes=self.from_m)

    def by(self, now: datetime) -> datetime:
        """The end of the range: what we are held to."""
        return now + timedelta(minutes=self.to_m)

    def legs_json(self) -> dict[str, list[int]]:
        return {leg.name: [round(leg.p50_s), round(leg.p90_s)] for leg in self.legs}


def quote(inputs: PromiseInputs) -> Quote:
    """The promise for an order placed now. The range is rounded outwards, never in our favour."""
    lines, measured = inputs.lines, inputs.measured
    pick_s = float(PICK_BASE_S + PICK_PER_LINE_S * lines + PICK_PER_EXTRA_UNIT_S * (inputs.units - lines))
    pack_s = PACK_S + PACK_PER_LINE_S * lines
    # A rush slows people and streets down, not the backlog: that is measured.
    slow = RUSH_FACTOR if inputs.rush else 1
    to_shelf = (
        _leg("accept", ACCEPT_S, measured),
        _leg("backlog", inputs.backlog_s, measured),
        _scaled("pick", pick_s * slow, measured),
        _scaled("pack", pack_s * slow, measured),
    )
    # Riders are sought from the confirmation on: only the wait beyond what comes before the shelf counts.
    rider_s = max(0.0, inputs.rider_wait_s - sum(leg.p50_s for leg in to_shelf))
    legs = (
        *to_shelf,
        _rider(rider_s, measured),
        _leg("handover", HANDOVER_S, measured),
        _ride(inputs, inputs.ride_s * slow),
        _leg("door", DOOR_S, measured),
    )
    p50_s = squares = 0.0
    for _name, middle_s, bad_s in legs:
        p50_s += middle_s
        squares += (bad_s - middle_s) ** 2
    p90_s = p50_s + math.sqrt(squares)
    from_m, to_m = range_of(p50_s, p90_s)
    return Quote(p50_s, p90_s, from_m, to_m, legs)


def range_of(p50_s: float, p90_s: float) -> tuple[int, int]:
    """The whole minutes that are said, rounded outwards."""
    to_m = math.ceil(p90_s / 60)
    from_m = max(1, min(math.floor(p50_s / 60), to_m - LEAST_RANGE_M))
    return from_m, max(to_m, from_m + LEAST_RANGE_M)


def _leg(name: str, seconds: float, measured: Mapping[str, tuple[float, float]]) -> Leg:
    found = measured.get(name)
    if found is None:
        return Leg(name, float(seconds), seconds * (1 + SPREAD[name]))
    return Leg(name, found[0], max(found))


def _scaled(name: str, seconds: float, measured: Mapping[str, tuple[float, float]]) -> Leg:
    """As many times the rule of thumb for this basket as it really takes (`pick_times`, `pack_times`)."""
    times = measured.get(f"{name}_times")
    return _leg(name, seconds, measured) if times is None else Leg(name, times[0] * seconds, max(times) * seconds)


def _rider(seconds: float, measured: Mapping[str, tuple[float, float]]) -> Leg:
    """What the load says, but no less than packed bags have waited for their rider of late: riders are sent late, for
    several orders at once, and come from where they are."""
    p50_s, p90_s = measured.get("rider", (0.0, 0.0))
    return Leg("rider", max(seconds, p50_s), max(seconds * (1 + SPREAD["rider"]), p90_s))


def _ride(inputs: PromiseInputs, usual_s: float) -> Leg:
    """As so many times the reckoned ride as was measured, else `usual_s`; never below what the law leaves."""
    measured = inputs.measured
    times = WET_RIDE_TIMES if inputs.bad_weather and WET_RIDE_TIMES in measured else RIDE_TIMES
    if times in measured and inputs.ride_s > 0:
        usual, bad = measured[times]
        p50_s, p90_s = usual * inputs.ride_s, bad * inputs.ride_s
    else:
        p50_s, p90_s = usual_s, usual_s * (1 + SPREAD["ride"])
    p50_s = max(p50_s, inputs.least_ride_s)
    return Leg("ride", p50_s, max(p50_s, p90_s))
