"""The figures of a pay policy, and the windows in which more is paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

PARTS = (
    "base_paise",
    "distance_paise",
    "long_distance_paise",
    "waiting_paise",
    "surge_paise",
    "bundle_paise",
    "detour_paise",
    "tip_paise",
)
"""What the pay of one stop is made of; each is zero or more, and the pay is their sum."""


@dataclass(frozen=True, slots=True)
class Rates:
    """One policy. Where no city has written one, these figures hold: estimates of ours for an Indian metro."""

    base_paise: int = 2500
    next_base_paise: int = 1500
    """Base of each further stop of a bundle: the way to the store and the pickup are paid with the first."""
    first_metres: int = 1000
    """So much of a stop's way is in the base."""
    per_km_paise: int = 700
    long_from_metres: int = 4000
    long_per_km_paise: int = 300
    """Beside the rate per kilometre, beyond `long_from_metres`: the ride back is empty."""
    wait_free_s: int = 300
    wait_per_min_paise: int = 100
    leg_share_bp: int = 4000
    """A stop of a bundle is paid for its leg, never for less than this share of its own way from the store."""
    detour_from_bp: int = 1500
    detour_from_metres: int = 300
    """A ride longer than routed by more than both is a detour; less is how positions measure."""
    detour_most_bp: int = 15_000
    """Up to this share of the routed way a detour is paid without asking anybody; beyond it a person looks."""
    hour_least_paise: int = 0
    """What an hour on duty earns at least, before tips; 0: no such promise."""


STANDARD = Rates()


@dataclass(frozen=True, slots=True)
class Surge:
    """More per stop in a window: on these weekdays (Monday is 1) between two times of the day, or between two instants
    (bad weather is declared with its end), or both."""

    paise: int
    reason: str
    kind: str = "peak"
    weekdays: str = "1234567"
    from_time: time | None = None
    until_time: time | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether this window is open at a local instant; times that cross midnight belong to the evening's day."""
        if (self.starts_at is not None and at < self.starts_at) or (self.ends_at is not None and at >= self.ends_at):
            return False
        day, clock = at.isoweekday(), at.time()
        if self.from_time is None or self.until_time is None:
            return str(day) in self.weekdays
        if self.from_time < self.until_time:
            return str(day) in self.weekdays and self.from_time <= clock < self.until_time
        if clock >= self.from_time:
            return str(day) in self.weekdays
        return clock < self.until_time and str((day - 2) % 7 + 1) in self.weekdays


def highest(windows: Iterable[Surge], *, at: datetime) -> Surge | None:
    """Of the windows open at `at` the one that pays most: they are not added up. None when none is open."""
    return max((window for window in windows if window.holds(at)), key=lambda window: window.paise, default=None)
