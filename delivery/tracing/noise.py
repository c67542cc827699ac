"""Rides with a truth, and what a phone would say of them: the measure for `cleaning`.

    python -m delivery.tracing.noise        # a table: error before and after

A phone's error is white noise plus a slow wander (first-order Gauss-Markov, the usual model of GPS error: Groves,
Principles of GNSS, 2013, §14.2), now and then a report from a reflection far away, and stretches of poor reception that
the phone knows of.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, exp, hypot, radians, sin, sqrt

from delivery.tracing.cleaning import CITY, Cleaner
from delivery.tracing.plane import moved

HOME = (12.9716, 77.5946)
START_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class Said:
    lat: float
    lng: float
    at_ms: int
    accuracy_m: float
    true_lat: float
    true_lng: float
    standing: bool


@dataclass(frozen=True, slots=True)
class Phone:
    white_m: float = 6.0
    wander_m: float = 5.0
    wander_s: float = 40.0
    reflections: float = 0.03
    reflection_m: float = 180.0
    every_s: float = 3.0


def ride(dice: random.Random, *, minutes: float = 12.0, every_s: float = 3.0) -> Iterator[tuple[float, float, bool]]:
    """(north, east, standing) every few seconds: blocks and corners, red lights, and the door at the end."""
    north = east = 0.0
    heading, speed = dice.uniform(0, 360), 0.0
    block_left, wait_s = dice.uniform(80, 300), 20.0
    clock, dt = 0.0, 0.5
    while clock < minutes * 60:
        for _ in range(round(every_s / dt)):
            clock += dt
            standing_to_the_end = clock > minutes * 60 - 90
            wanted = 0.0 if wait_s > 0 or standing_to_the_end else 7.0
            wait_s -= dt
            speed += max(-2.5 * dt, min(1.5 * dt, wanted - speed))
            north += speed * dt * cos(radians(heading))
            east += speed * dt * sin(radians(heading))
            block_left -= speed * dt
            if block_left < 0:
                heading += dice.choice((-90, 0, 90))
                block_left = dice.uniform(80, 300)
                wait_s = dice.uniform(15, 60) if dice.random() < 0.25 else 0.0
        yield north, east, speed < 0.2


def said(dice: random.Random, phone: Phone, *, minutes: float = 12.0) -> list[Said]:
    keep = exp(-phone.every_s / phone.wander_s)
    kick = phone.wander_m * sqrt(1 - keep * keep)
    wander = [dice.gauss(0, phone.wander_m), dice.gauss(0, phone.wander_m)]
    told = []
    for number, (north, east, standing) in enumerate(ride(dice, minutes=minutes, every_s=phone.every_s)):
        wander = [keep * w + dice.gauss(0, kick) for w in wander]
        off = [w + dice.gauss(0, phone.white_m) for w in wander]
        accuracy = 1.2 * hypot(phone.white_m, phone.wander_m)
        if number and dice.random() < phone.reflections:
            angle, far = dice.uniform(0, 360), dice.uniform(0.5, 1.5) * phone.reflection_m
            off = [off[0] + far * cos(radians(angle)), off[1] + far * sin(radians(angle))]
        lat, lng = moved(*HOME, north + off[0], east + off[1])
        true_lat, true_lng = moved(*HOME, north, east)
        at_ms = START_MS + round(number * phone.every_s * 1000)
        told.append(Said(lat, lng, at_ms, accuracy, true_lat, true_lng, standing))
    return told


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square metres, and metres ridden per metre really ridden."""

    raw_m: float
    clean_m: float
    raw_moving_m: float
    clean_moving_m: float
    raw_standing_m: float
    clean_standing_m: float
    worst_raw_m: float
    worst_clean_m: float
    raw_ridden: float
    clean_ridden: float


def measure(phone: Phone | None = None, *, rides: int = 40, seed: int = 7, minutes: float = 12.0) -> Errors:
    """What is shown (the last believed place until there is a newer one) against the truth at that instant."""
    from delivery.tracing.plane import apart

    raw: dict[bool, list[float]] = {True: [], False: []}
    clean: dict[bool, list[float]] = {True: [], False: []}
    ridden = [0.0, 0.0, 0.0]
    for number in range(rides):
        cleaner, shown, before = Cleaner(CITY), None, None
        for one in said(random.Random(f"{seed}/{number}"), phone or Phone(), minutes=minutes):
            mark = cleaner.take(one.lat, one.lng, one.at_ms, one.accuracy_m)
            if mark is not None:
                shown = (mark.lat, mark.lng)
                ridden[2] += mark.metres
            if shown is None:
                continue
            raw[one.standing].append(apart(one.true_lat, one.true_lng, one.lat, one.lng))
            clean[one.standing].append(apart(one.true_lat, one.true_lng, *shown))
            if before is not None:
                ridden[0] += apart(before.true_lat, before.true_lng, one.true_lat, one.true_lng)
                ridden[1] += apart(before.lat, before.lng, one.lat, one.lng)
            before = one
    raw_all, clean_all = raw[True] + raw[False], clean[True] + clean[False]
    return Errors(
        raw_m=_rms(raw_all),
        clean_m=_rms(clean_all),
        raw_moving_m=_rms(raw[False]),
        clean_moving_m=_rms(clean[False]),
        raw_standing_m=_rms(raw[True]),
        clean_standing_m=_rms(clean[True]),
        worst_raw_m=max(raw_all),
        worst_clean_m=max(clean_all),
        raw_ridden=ridden[1] / ridden[0],
        clean_ridden=ridden[2] / ridden[0],
    )


def _rms(errors: list[float]) -> float:
    return sqrt(sum(error * error for error in errors) / len(errors)) if errors else 0.0


PHONES = {
    "usual": Phone(),
    "no reflections": Phone(reflections=0.0),
    "narrow streets": Phone(white_m=12.0, wander_m=10.0, reflections=0.08),
    "every second": Phone(every_s=1.0),
}


def main() -> None:
    print(f"{'phone':16} {'all':>14} {'moving':>14} {'standing':>14} {'worst':>14} {'ridden/true':>14}")
    for name, phone in PHONES.items():
        e = measure(phone)
        pairs = (
            (e.raw_m, e.clean_m), (e.raw_moving_m, e.clean_moving_m), (e.raw_standing_m, e.clean_standing_m),
            (e.worst_raw_m, e.worst_clean_m),
        )  # fmt: skip
        cells = [f"{a:.1f} → {b:.1f} m" for a, b in pairs] + [f"{e.raw_ridden:.2f} → {e.clean_ridden:.2f}"]
        print(f"{name:16} " + " ".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
