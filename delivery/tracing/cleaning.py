"""Throw out what cannot be, steady the rest, never wait: each report gives its answer at once.

Moving: a Kalman filter with constant velocity per axis (Bar-Shalom, Li, Kirubarajan: Estimation with Applications to
Tracking and Navigation, 2001, §6.2.2), both axes with one covariance. A report further from the prediction than chance
and the fastest vehicle allow is set aside; three set aside that agree with each other are the truth (out of a tunnel,
or the track before was wrong): the filter begins anew there. Standing: reports that stay within their own noise are
averaged, so a parked scooter does not wander.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from delivery.tracing.plane import apart, moved, offset


@dataclass(frozen=True, slots=True)
class Limits:
    fastest_mps: float = 40.0
    """Nobody rides faster through a city: a quicker jump is a bad fix."""
    worst_accuracy_m: float = 200.0
    steady: bool = True
    """Whether what is believed is also smoothed."""
    silence_s: float = 300.0
    """After so long any place is possible."""


CITY = Limits()
DEMO = Limits(fastest_mps=4_000.0, steady=False)
"""A simulated city may run many times faster than the clock, and its riders know where they are."""

TURNS = 2.0
"""Spectral density of the acceleration (m²/s³): a corner at city speed must not be cut."""
LEAST_NOISE_M, USUAL_NOISE_M = 3.0, 10.0
"""Phones promise more than they keep; and what is assumed when one says nothing."""
SURPRISE = 16.0
"""Squared distance from the prediction in standard deviations: chance exceeds it once in 3,000 reports."""
USUAL_MPS = 12.0
"""Whoever turns round surprises the filter too: what a vehicle rides anyway in that time is believed."""
AGREE = 3
STILL_LEAST_M, STILL_S, STILL_MEAN = 12.0, 8.0, 20
"""Standing: so long within so many metres (or 2.5 times the noise); at most so many reports are averaged."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One believed position. `metres` from the one before (0 while standing)."""

    lat: float
    lng: float
    at_ms: int
    accuracy_m: float
    still: bool
    speed_mps: float
    metres: float


class Cleaner:
    """The track of one rider. `state()` and `Cleaner(state=...)` carry it from one batch to the next."""

    __slots__ = (
        "anchor", "at", "lat", "limits", "lng", "odd", "out", "p00", "p01", "p11", "ve", "vn",
    )  # fmt: skip

    def __init__(self, limits: Limits = CITY, state: Sequence[Any] | None = None) -> None:
        self.limits = limits
        self.at = 0
        self.lat = self.lng = self.vn = self.ve = self.p00 = self.p01 = self.p11 = 0.0
        self.anchor: list[float] | None = None  # lat, lng, reports within, since
        self.odd: list[float] | None = None  # lat, lng, at, how many agreed
        self.out: list[float] = [0.0, 0.0]
        if state:
            self.at, self.lat, self.lng, self.vn, self.ve, self.p00, self.p01, self.p11, anchor, odd, out = state
            self.anchor, self.odd, self.out = anchor and list(anchor), odd and list(odd), list(out)

    def state(self) -> list[Any]:
        numbers = [round(x, 7) for x in (self.lat, self.lng)] + [
            round(x, 3) for x in (self.vn, self.ve, self.p00, self.p01, self.p11)
        ]
        return [self.at, *numbers, self.anchor, self.odd, self.out]

    def take(self, lat: float, lng: float, at_ms: int, accuracy_m: float = 0.0) -> Mark | None:
        """The rider's position now, or None when this report is not believed (or not newer than the last)."""
        if at_ms <= self.at or accuracy_m > self.limits.worst_accuracy_m:
            return None
        dt = (at_ms - self.at) / 1000
        noise = max(LEAST_NOISE_M, accuracy_m * 0.7) if accuracy_m else USUAL_NOISE_M
        if not self.at or dt > self.limits.silence_s:
            return self._begin(lat, lng, at_ms, accuracy_m, noise)
        if apart(self.lat, self.lng, lat, lng) > self.limits.fastest_mps * dt + max(accuracy_m, noise):
            return self._set_aside(lat, lng, at_ms, accuracy_m, noise)
        if not self.limits.steady:
            self.lat, self.lng, self.at, self.odd = lat, lng, at_ms, None
            return self._mark(lat, lng, accuracy_m, still=False)
        p00 = self.p00 + dt * (2 * self.p01 + dt * self.p11) + TURNS * dt**3 / 3
        p01 = self.p01 + dt * self.p11 + TURNS * dt * dt / 2
        p11 = self.p11 + TURNS * dt
        north, east = offset(self.lat, self.lng, lat, lng)
        dn, de = north - self.vn * dt, east - self.ve * dt
        spread = p00 + noise * noise
        if (dn * dn + de * de) / spread > SURPRISE and hypot(north, east) > USUAL_MPS * dt + 2 * noise:
            return self._set_aside(lat, lng, at_ms, accuracy_m, noise)
        k0, k1 = p00 / spread, p01 / spread
        self.lat, self.lng = moved(self.lat, self.lng, self.vn * dt + k0 * dn, self.ve * dt + k0 * de)
        self.vn += k1 * dn
        self.ve += k1 * de
        self.p00, self.p01, self.p11 = (1 - k0) * p00, (1 - k0) * p01, p11 - k1 * p01
        self.at, self.odd = at_ms, None
        if self._standing(lat, lng, noise):
            assert self.anchor is not None
            return self._mark(self.anchor[0], self.anchor[1], accuracy_m, still=True)
        return self._mark(self.lat, self.lng, accuracy_m, still=False)

    def _begin(self, lat: float, lng: float, at_ms: int, accuracy_m: float, noise: float) -> Mark:
        first = not self.at
        self.lat, self.lng, self.at = lat, lng, at_ms
        self.vn = self.ve = self.p01 = 0.0
        self.p00, self.p11 = noise * noise, 36.0
        self.anchor, self.odd = [lat, lng, 1, at_ms], None
        if first:
            self.out = [lat, lng]
        return self._mark(lat, lng, accuracy_m, still=False)

    def _set_aside(self, lat: float, lng: float, at_ms: int, accuracy_m: float, noise: float) -> Mark | None:
        odd = self.odd
        if odd is not None:
            dt = (at_ms - odd[2]) / 1000
            if dt <= 0:
                return None
            if apart(odd[0], odd[1], lat, lng) <= self.limits.fastest_mps * dt + 2 * noise:
                self.odd = [lat, lng, at_ms, odd[3] + 1]
                return self._begin(lat, lng, at_ms, accuracy_m, noise) if self.odd[3] >= AGREE else None
        self.odd = [lat, lng, at_ms, 1]
        return None

    def _standing(self, lat: float, lng: float, noise: float) -> bool:
        near = max(STILL_LEAST_M, 2.5 * noise)
        anchor = self.anchor
        if anchor is None or apart(anchor[0], anchor[1], lat, lng) > near:
            self.anchor = [lat, lng, 1, self.at]
            return False
        count = min(anchor[2] + 1, STILL_MEAN)
        anchor[0] += (lat - anchor[0]) / count
        anchor[1] += (lng - anchor[1]) / count
        anchor[2] = count
        return self.at - anchor[3] >= STILL_S * 1000

    def _mark(self, lat: float, lng: float, accuracy_m: float, *, still: bool) -> Mark:
        lat, lng = round(lat, 6), round(lng, 6)
        metres = 0.0 if still else apart(self.out[0], self.out[1], lat, lng)
        self.out = [lat, lng]
        speed = 0.0 if still else (self.vn**2 + self.ve**2) ** 0.5
        return Mark(lat, lng, self.at, accuracy_m, still, round(speed, 1), metres)
