"""Made-up orders walked through their stages with random legs: how early a threshold warns, and how often it is right.

Plain Python. The legs are lognormal around the promise's own middle with its own spread, but the world is less kind
than the model: stores have slow hours that touch all their orders, and some legs take several times as long.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from orders.promise.ahead import Z90, Underway, ahead
from orders.promise.legs import SPREAD, PromiseInputs, quote

STEP_S = 10
"""As often as the sweep looks."""
STUCK_SHARE = 0.15
"""Of the orders have one leg that takes 2 to 4 times as long. An estimate of ours."""
SLOW_HOUR = 0.15
"""Standard deviation of a store's pace, shared by 50 orders in a row. An estimate of ours."""
ORDERS_PER_HOUR = 50


@dataclass(frozen=True, slots=True)
class Told:
    """One threshold: of the orders that came late, how many were warned of at least 120 and 60 seconds ahead (%); of
    the warnings, how many came late (%); the middle lead of the right ones; warnings per hundred orders; warnings
    that were taken back (%) because the risk fell below `clear`."""

    threshold: float
    recall_120_s: float
    recall_60_s: float
    precision: float
    lead_s: float
    per_hundred: float
    taken_back: float


@dataclass(frozen=True, slots=True)
class Walked:
    """One order: when it came and what it was promised, seconds from its confirmation; its risk at each look."""

    came_s: float
    promised_s: float
    risks: tuple[float, ...]

    @property
    def late(self) -> bool:
        return self.came_s > self.promised_s


def walk(orders: int, *, seed: int) -> list[Walked]:
    return list(_walk(orders, random.Random(seed)))


def judge(walked: Sequence[Walked], threshold: float, *, clear: float) -> Told:
    late = [order for order in walked if order.late]
    warned = [(order, at) for order in walked if (at := _warned_at(order, threshold)) is not None]
    leads = [order.promised_s - at for order, at in warned if order.late]
    back = sum(any(risk < clear for risk in order.risks[int(at // STEP_S) :]) for order, at in warned)
    return Told(
        threshold=threshold,
        recall_120_s=_percent(sum(lead >= 120 for lead in leads), len(late)),
        recall_60_s=_percent(sum(lead >= 60 for lead in leads), len(late)),
        precision=_percent(len(leads), len(warned)),
        lead_s=median(leads) if leads else 0,
        per_hundred=_percent(len(warned), len(walked)),
        taken_back=_percent(back, len(warned)),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _warned_at(order: Walked, threshold: float) -> float | None:
    for look, risk in enumerate(order.risks):
        if look * STEP_S >= order.promised_s:
            return None
        if risk >= threshold:
            return look * STEP_S
    return None


def _walk(orders: int, dice: random.Random) -> Iterator[Walked]:
    pace = 1.0
    for number in range(orders):
        if number % ORDERS_PER_HOUR == 0:
            pace = math.exp(dice.gauss(0, SLOW_HOUR))
        lines = 1 + min(24, int(dice.expovariate(1 / 6)))
        inputs = PromiseInputs(
            lines=lines,
            units=lines,
            ride_s=dice.uniform(150, 600),
            backlog_s=dice.uniform(0, 240),
            rider_wait_s=dice.uniform(0, 400),
        )
        yield _one(inputs, pace, dice)


def _one(inputs: PromiseInputs, pace: float, dice: random.Random) -> Walked:
    promised = quote(inputs)
    usual = {leg.name: leg.p50_s for leg in promised.legs} | {"rider": inputs.rider_wait_s}
    sigma = {name: math.log(1 + SPREAD[name]) / Z90 for name in usual}
    took = {name: seconds * math.exp(dice.gauss(0, sigma[name])) for name, seconds in usual.items()}
    for name in ("backlog", "pick", "pack"):
        took[name] *= pace
    if dice.random() < STUCK_SHARE:
        took[dice.choice(sorted(took))] *= dice.uniform(2, 4)
    opened_s = took["accept"]
    begun_s = opened_s + took["backlog"]
    picked_s = begun_s + took["pick"]
    packed_s = picked_s + took["pack"]
    rider_s = took["rider"]
    left_s = max(packed_s, rider_s) + took["handover"]
    there_s = left_s + took["ride"]
    came_s = there_s + took["door"]

    def look(at_s: float) -> float:
        has_rider = at_s >= rider_s
        status, since_s = (
            ("CONFIRMED", 0.0) if at_s < opened_s else ("ASSIGNED_TO_STORE", opened_s) if at_s < begun_s
            else ("PICKING", begun_s if at_s < picked_s else picked_s) if at_s < packed_s
            else ("PACKED", max(packed_s, rider_s if has_rider else 0)) if at_s < left_s
            else ("IN_TRANSIT", left_s if at_s < there_s else there_s)
        )  # fmt: skip
        order = Underway(
            status=status,
            lines=inputs.lines,
            ride_s=inputs.ride_s,
            here_s=at_s - since_s,
            road_s=max(0.0, at_s - left_s),
            backlog_s=inputs.backlog_s,
            rider_wait_s=max(0.0, inputs.rider_wait_s - at_s),
            has_rider=has_rider,
            picked=at_s >= picked_s,
            at_door=at_s >= there_s,
            # What is left of the way by the map, not by how quickly this rider really goes.
            ride_ahead_s=inputs.ride_s * (1 - (at_s - left_s) / took["ride"]) if left_s <= at_s < there_s else None,
        )
        return ahead(order).breach(60 * promised.to_m - at_s)

    looks = int(min(came_s, 60 * promised.to_m) // STEP_S) + 1
    return Walked(came_s, 60 * promised.to_m, tuple(look(number * STEP_S) for number in range(looks)))
