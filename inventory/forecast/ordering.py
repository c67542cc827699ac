"""From a forecast to units: when a product is low, how long it lasts, how many to order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple

REVIEW_DAYS = 1.0
"""Suggestions are made once a night."""
LONGEST_COVER_DAYS = 99.0


class Lot(NamedTuple):
    """Free units that may be sold for so many more days; None: they keep."""

    units: int
    days: float | None


class Advice(NamedTuple):
    """Units to order, in whole cases, and why. `cut_by_life`: more would not sell before it is too short-dated."""

    qty: int
    target_units: int
    safety_units: int
    usable_units: int
    cut_by_life: bool


def demand_in(daily: Sequence[float], days: float) -> float:
    """Expected units of the first so many days; the week repeats when the forecast is shorter."""
    if not daily or days <= 0:
        return 0.0
    whole = int(days)
    total = sum(daily[at % len(daily)] for at in range(whole))
    return total + (days - whole) * daily[whole % len(daily)]


def cover_days(units: float, daily: Sequence[float]) -> float:
    """How many days these units last; at most LONGEST_COVER_DAYS."""
    mean = sum(daily) / len(daily) if daily else 0.0
    if units <= 0:
        return 0.0
    if mean <= 0 or units / mean > LONGEST_COVER_DAYS:
        return LONGEST_COVER_DAYS
    days = 0
    while units > daily[days % len(daily)]:
        units -= daily[days % len(daily)]
        days += 1
    today = daily[days % len(daily)]
    return min(LONGEST_COVER_DAYS, days + (units / today if today else 0.0))


def safety_stock(spread: float, *, days: float, service_bp: int) -> float:
    """Units against the demand of so many days being higher than forecast: z times the standard deviation times the
    root of the days (Silver, Pyke and Thomas, Inventory and Production Management, ch. 6)."""
    return NormalDist().inv_cdf(service_bp / 10_000) * spread * math.sqrt(max(0.0, days))


def reorder_point(daily: Sequence[float], spread: float, *, lead_days: float, service_bp: int) -> int:
    """At so many units or fewer an order placed now may come too late: demand of the lead time and safety stock."""
    need = demand_in(daily, lead_days) + safety_stock(spread, days=lead_days, service_bp=service_bp)
    return math.ceil(need) if sum(daily) > 0 else 0


def usable(lots: Iterable[Lot], daily: Sequence[float]) -> int:
    """Of these units, those that will be sold before their last day, first expired first sold."""
    sold = 0.0
    for lot in sorted(lots, key=lambda one: (one.days is None, one.days or 0.0)):
        room = math.inf if lot.days is None else max(0.0, demand_in(daily, lot.days) - sold)
        sold += min(lot.units, room)
    return math.floor(sold + 1e-9)


def advise(
    daily: Sequence[float],
    spread: float,
    *,
    lots: Sequence[Lot],
    incoming: int,
    lead_days: float,
    target_days: float,
    service_bp: int,
    case_units: int = 1,
    life_days: float | None = None,
) -> Advice:
    """Order up to the demand of lead time, review and target cover, and safety stock for lead time and review (an
    (R, S) policy). Rounded up to whole cases, but never more than sells within `life_days` after it came (None: it
    keeps): that is rounded down.
    """
    horizon = lead_days + REVIEW_DAYS
    safety = safety_stock(spread, days=horizon, service_bp=service_bp)
    target = demand_in(daily, horizon + target_days) + safety
    have = usable(lots, daily) + incoming
    qty = max(0, math.ceil((target - have) / case_units - 1e-9)) * case_units
    cut = False
    if life_days is not None and qty:
        most = max(0.0, demand_in(daily, lead_days + life_days) - have)
        if qty > most:
            qty, cut = int(most // case_units) * case_units, True
    return Advice(qty, math.ceil(target), math.ceil(safety), have, cut)
