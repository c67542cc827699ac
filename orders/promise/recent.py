"""What is known of earlier orders when one is placed: who is still under way, and how late the last ones were.

Only deliveries that had ended by then count. Minutes throughout. Plain Python.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from orders.promise.trees import UNKNOWN

FAR_KM = 0.25
"""Orders of one store whose ways differ by less go much the same way."""
STALE_M = 180
WEEK_M = 7 * 24 * 60
MOST_OVER_M = 40


@dataclass(frozen=True, slots=True)
class Past:
    """One order as this room sees it: `usual_m` is what a plain rule expects of it, `took_m` what it took."""

    at_m: float
    store: Hashable
    km: float
    usual_m: float
    took_m: float


@dataclass(slots=True)
class _Place:
    """One store, or all."""

    ended: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=200))
    open: dict[int, Past] = field(default_factory=dict)
    placed: list[float] = field(default_factory=list)

    def facts(self, now_m: float) -> list[float]:
        ages = [now_m - order.at_m for order in self.open.values()]
        over = sum(min(MOST_OVER_M, max(0.0, now_m - o.at_m - o.usual_m)) for o in self.open.values())
        lately = [(at, over_m) for at, over_m in self.ended if now_m - at < STALE_M]
        week = [over_m for at, over_m in self.ended if now_m - at < WEEK_M]
        return [
            *(fmean([m for _at, m in lately[-count:]]) if lately else UNKNOWN for count in (3, 8, 20)),
            median(week) if week else UNKNOWN,
            len(ages),
            over,
            fmean(ages) if ages else 0.0,
            sum(age > 30 for age in ages),
            *(len(self.placed) - bisect_left(self.placed, now_m - back) for back in (15, 30, 60, 120)),
            sum(now_m - at < 30 for at, _over_m in lately),
        ]


_OF_A_PLACE = (
    "over_3", "over_8", "over_20", "over_week", "open", "open_over", "open_age", "open_old",
    "placed_15", "placed_30", "placed_60", "placed_120", "ended_30",
)  # fmt: skip
FIELDS = (
    *(f"store_{name}" for name in _OF_A_PLACE),
    *(f"all_{name}" for name in _OF_A_PLACE),
    "near_over",
    "same_over",
)


def recent(orders: Sequence[Past]) -> Iterator[list[float]]:
    """Of each order, in the order they were placed, the FIELDS as they stood when it was placed."""
    stores: defaultdict[Hashable, _Place] = defaultdict(_Place)
    everywhere = _Place()
    near: defaultdict[tuple[Hashable, int], deque[float]] = defaultdict(lambda: deque(maxlen=10))
    same: defaultdict[tuple[Hashable, float], deque[float]] = defaultdict(lambda: deque(maxlen=6))
    under_way: list[tuple[float, int]] = []
    for number, order in enumerate(orders):
        while under_way and under_way[0][0] <= order.at_m:
            ended_m, which = heapq.heappop(under_way)
            past = orders[which]
            over_m = past.took_m - past.usual_m
            for place in (stores[past.store], everywhere):
                place.ended.append((ended_m, over_m))
                del place.open[which]
            near[past.store, round(past.km / FAR_KM)].append(over_m)
            same[past.store, past.km].append(over_m)
        way = round(order.km / FAR_KM)
        along = [over_m for step in (-1, 0, 1) for over_m in near.get((order.store, way + step), ())]
        yield [
            *stores[order.store].facts(order.at_m),
            *everywhere.facts(order.at_m),
            fmean(along) if len(along) > 2 else UNKNOWN,
            _mean(same.get((order.store, order.km), ())),
        ]
        for place in (stores[order.store], everywhere):
            place.open[number] = order
            place.placed.append(order.at_m)
        heapq.heappush(under_way, (order.at_m + order.took_m, number))


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return fmean(values) if values else UNKNOWN
