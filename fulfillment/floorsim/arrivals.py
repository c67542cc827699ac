"""When orders come in: a Poisson process whose rate follows the hours of a day."""

from __future__ import annotations

import random
from collections.abc import Sequence


def arrivals(curve: Sequence[float], *, peak_per_s: float, orders: int, rng: random.Random) -> list[list[float]]:
    """Days of arrival times in seconds after midnight, `orders` in all. The last day may end early.

    `curve` has a weight for each hour of the day; the largest stands for `peak_per_s`. By thinning (Lewis and Shedler
    1979): candidates come at the peak's rate and are kept with the share of their hour.
    Raises ValueError when nothing could ever arrive.
    """
    top = max(curve, default=0.0)
    if top <= 0 or peak_per_s <= 0:
        raise ValueError("No hour has any orders.")
    days: list[list[float]] = []
    left = orders
    while left > 0:
        day: list[float] = []
        at = 0.0
        while left > 0:
            at += rng.expovariate(peak_per_s)
            hour = int(at // 3600)
            if hour >= len(curve):
                break
            if rng.random() * top < curve[hour]:
                day.append(at)
                left -= 1
        days.append(day)
    return days
