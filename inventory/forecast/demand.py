"""Daily demand of one product: the shape of the week times a level, or Croston's method for what sells seldom."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ALPHA = 0.06
"""How much of the level a day decides: half of the weight is on the last eleven days. Not fitted to any data."""
SEASON_WEIGHT = 40.0
"""Units of the pooled week a product's own week is mixed with: weekdays of what sells little are the store's."""
INTERMITTENT_DAYS = 1.32
"""From so many days between sales on an item is intermittent (Syntetos, Boylan and Croston 2005)."""


class Day(NamedTuple):
    """Units asked for on one day; `weekday` 0 is Monday; `exposure` the share of selling time it could be bought."""

    weekday: int
    units: float
    exposure: float = 1.0


class Forecast(NamedTuple):
    """Expected units of the next days in order, of a usual day, its standard deviation, and how it was made."""

    daily: tuple[float, ...]
    level: float
    spread: float
    method: str


def week_shape(days: Iterable[Day]) -> list[float]:
    """What each weekday sells against a usual day (mean 1), of all products together, sales over exposure."""
    sold, seen = [0.0] * 7, [0.0] * 7
    for day in days:
        sold[day.weekday] += day.units
        seen[day.weekday] += day.exposure
    if min(seen) <= 0 or sum(sold) <= 0:
        return [1.0] * 7
    rates = [units / time for units, time in zip(sold, seen, strict=True)]
    mean = sum(rates) / 7
    return [rate / mean for rate in rates] if mean > 0 else [1.0] * 7


def forecast(
    days: Sequence[Day], *, horizon: int, shape: Sequence[float] = (1.0,) * 7, corrected: bool = True
) -> Forecast | None:
    """The next `horizon` days after the last of `days` (oldest first, none left out). None without a day that says
    anything. `corrected` False takes what was sold for what was asked for: for comparison only.
    """
    if not corrected:
        days = [Day(day.weekday, day.units) for day in days]
    known = [day for day in days if day.exposure > 0]
    if not known:
        return None
    week = _own_week(known, shape)
    selling = sum(1 for day in known if day.units > 0)
    exposed = sum(day.exposure for day in known)
    intermittent = bool(selling) and exposed / selling >= INTERMITTENT_DAYS
    level = _croston(days, week) if intermittent else _level(days, week)
    first = (days[-1].weekday + 1) % 7
    daily = tuple(level * week[(first + ahead) % 7] for ahead in range(horizon))
    return Forecast(daily, level, _spread(days, week, level), "sba" if intermittent else "seasonal")


def _own_week(days: Sequence[Day], shape: Sequence[float]) -> list[float]:
    """The product's week mixed with the pooled one: the mean of a Gamma-Poisson posterior per weekday, mean 1."""
    rate = sum(day.units for day in days) / sum(day.exposure * shape[day.weekday] for day in days)
    sold, due = [0.0] * 7, [0.0] * 7
    for day in days:
        sold[day.weekday] += day.units
        due[day.weekday] += rate * day.exposure * shape[day.weekday]
    week = [
        shape[at] * (sold[at] + SEASON_WEIGHT / 7) / (due[at] + SEASON_WEIGHT / 7) if shape[at] else 0.0
        for at in range(7)
    ]
    mean = sum(week) / 7
    return [factor / mean for factor in week] if mean > 0 else [1.0] * 7


def _level(days: Sequence[Day], week: Sequence[float]) -> float:
    """Discounted sales over discounted exposure (in usual days)."""
    sold = seen = 0.0
    weight = 1.0
    for day in reversed(days):
        if day.exposure > 0:
            sold += weight * day.units
            seen += weight * day.exposure * week[day.weekday]
        weight *= 1 - ALPHA
    return sold / seen if seen > 0 else 0.0


def _croston(days: Sequence[Day], week: Sequence[float]) -> float:
    """Size of a sale over the time between sales, each smoothed, times 1 - alpha / 2. Time is counted while it could be
    bought, in usual days, so a stock-out does not look like a long pause."""
    size = pause = None
    since = 0.0
    for day in days:
        if day.exposure <= 0:
            continue
        since += day.exposure * week[day.weekday]
        if day.units <= 0:
            continue
        if size is None or pause is None:
            size, pause = day.units, since
        else:
            size += ALPHA * (day.units - size)
            pause += ALPHA * (since - pause)
        since = 0.0
    if size is None or not pause:
        return 0.0
    pause = max(pause, since) if since > 2 * pause else pause  # it has stopped selling
    return (1 - ALPHA / 2) * size / pause


def _spread(days: Sequence[Day], week: Sequence[float], level: float) -> float:
    """Standard deviation of a usual day's demand: discounted squared misses, at least Poisson's."""
    missed = seen = 0.0
    weight = 1.0
    for day in reversed(days):
        if day.exposure >= 0.5:
            miss = day.units / day.exposure - level * week[day.weekday]
            missed += weight * miss * miss
            seen += weight
        weight *= 1 - ALPHA
    return max(math.sqrt(missed / seen) if seen else 0.0, math.sqrt(max(level, 0.0)))
