"""How many seconds an order takes in whose hands, learned from those that were done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.promise.legs import PACK_PER_LINE_S, PACK_S, PICK_BASE_S, PICK_PER_EXTRA_UNIT_S, PICK_PER_LINE_S

TYPICAL = (5, 7)
"""Lines and units of a usual order: what two paces are compared on."""
NOISE = 0.35
"""How far, as a part of it, one order's time strays from what its lines explain (the spread of the leg "pick")."""
STORE_FREEDOM, PICKER_FREEDOM = 0.30, 0.15
"""How far a store may be from the house, and a picker from the store, before data says so (one standard deviation of
each coefficient, as a part of it). With them a store's own figures outweigh the house's after about 5 orders, a
picker's the store's after about 15."""
HUBER_K = 1.345
ROUNDS = 12
CLIP = 2.0
"""No learned coefficient is more than so many times, or less than that part of, what it started from."""
SHORTEST_S, LONGEST_S = 10.0, 3600.0
"""A spell outside of this was not picking: a test, a tablet left lying, a task closed the next morning."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one pair of hands from taking an order to its bags on the shelf: per order, line and extra unit."""

    base_s: float
    line_s: float
    unit_s: float

    def seconds(self, lines: float, units: float, *, tasks: float = 1) -> float:
        return self.base_s * tasks + self.line_s * lines + self.unit_s * max(0.0, units - lines)

    @property
    def typical_s(self) -> float:
        return self.seconds(*TYPICAL)


HOUSE = Pace(PICK_BASE_S + PACK_S, PICK_PER_LINE_S + PACK_PER_LINE_S, PICK_PER_EXTRA_UNIT_S)
"""The rule of thumb the promise uses (orders/promise/legs.py), before anything was measured."""
PACK_SHARE = (PACK_S + PACK_PER_LINE_S * TYPICAL[0]) / HOUSE.typical_s
"""The part of an order's seconds that comes after the last line was found."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Orders done in one go: how many, their lines and units, and the seconds of the hands that did them."""

    tasks: int
    lines: int
    units: int
    seconds: float


def spells(done: Iterable[tuple[float, float, int, int]]) -> list[Sample]:
    """Samples from one picker's orders (began, ended, lines, units), in seconds of any clock.

    Orders in hand at the same time (a cluster) are one sample: their seconds are counted once, not once per order.
    """
    found: list[Sample] = []
    since = until = 0.0
    tasks = lines = units = 0
    for began, ended, its_lines, its_units in [*sorted(done), (float("inf"), float("inf"), 0, 0)]:
        if tasks and began < until:
            until = max(until, ended)
        else:
            if tasks:
                found.append(Sample(tasks, lines, units, until - since))
            since, until, tasks, lines, units = began, ended, 0, 0, 0
        tasks, lines, units = tasks + 1, lines + its_lines, units + its_units
    return [it for it in found if it.lines and SHORTEST_S <= it.seconds / it.tasks <= LONGEST_S]


def learn(samples: Sequence[Sample], *, prior: Pace, freedom: float) -> Pace:
    """The pace of these samples, drawn to `prior` while they are few; `prior` itself without any.

    Bayesian linear regression with a normal prior around what the room above knows (a store: the house, a picker: the
    store), Lindley and Smith, "Bayes estimates for the linear model" (1972), which is ridge regression towards that
    prior: b = (X'WX + K)^-1 (X'Wt + K b0). W holds 1/(NOISE * expected)^2 times Huber's weight min(1, k/|r|), found
    again ROUNDS times (Huber, "Robust estimation of a location parameter", 1964): an order with a lunch in its middle
    counts little. K is diagonal, 1/(freedom * b0)^2. Each coefficient is clipped to half to twice its prior.
    """
    start = (prior.base_s, prior.line_s, prior.unit_s)
    now = start
    rows = [((it.tasks, it.lines, max(0, it.units - it.lines)), it.seconds) for it in samples]
    for _ in range(ROUNDS if rows else 0):
        left = [[1 / (freedom * start[i]) ** 2 if i == j else 0.0 for j in range(3)] for i in range(3)]
        right = [left[i][i] * start[i] for i in range(3)]
        for x, seconds in rows:
            usual = sum(a * b for a, b in zip(x, start, strict=True))
            stray = abs(seconds - sum(a * b for a, b in zip(x, now, strict=True))) / (NOISE * usual)
            weight = min(1.0, HUBER_K / stray if stray else 1.0) / (NOISE * usual) ** 2
            for i in range(3):
                right[i] += weight * x[i] * seconds
                for j in range(3):
                    left[i][j] += weight * x[i] * x[j]
        solved = _solve(left, right)
        now = tuple(min(max(b, b0 / CLIP), b0 * CLIP) for b, b0 in zip(solved, start, strict=True))  # type: ignore[assignment]
    return Pace(*now)


def _solve(left: list[list[float]], right: list[float]) -> tuple[float, float, float]:
    """Cramer's rule; the matrix is positive definite, for K is."""
    (a, b, c), (d, e, f), (g, h, i) = left
    p, q, r = right
    whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        (p * (e * i - f * h) - b * (q * i - f * r) + c * (q * h - e * r)) / whole,
        (a * (q * i - f * r) - p * (d * i - f * g) + c * (d * r - q * g)) / whole,
        (a * (e * r - q * h) - b * (d * r - q * g) + p * (d * h - e * g)) / whole,
    )
