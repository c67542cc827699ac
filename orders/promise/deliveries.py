"""The deliveries benchmark: a public file of real orders, read, turned into facts, learned from and judged in order.

Facts are what is known when an order is placed: its own row without the outcome, and `recent`. Minutes and kilometres.
"""

from __future__ import annotations

import csv
import heapq
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean, median

from orders.promise.conformal import Adaptive
from orders.promise.recent import FIELDS as RECENT
from orders.promise.recent import Past, recent
from orders.promise.trees import UNKNOWN

NUMBERS = ("distance_km", "delivery_fee", "items_total", "weekday", "minute_of_day", "orders_last_60min")
KINDS = ("store", "brand", "logistics", "shift", "priority")
FIELDS = (*NUMBERS, *KINDS, *RECENT)
INCREASING = frozenset({"distance_km"})
DRIFT_LAST, DRIFT_LEAST, DRIFT_SHARE = 800, 30, 0.7
"""The middle follows this share of what the last orders were over or under it."""


class BadFile(ValueError):
    """What is wrong, in words."""


@dataclass(frozen=True, slots=True)
class Delivery:
    at_m: float
    took_m: float
    numbers: tuple[float, ...]
    kinds: tuple[str, ...]

    @property
    def km(self) -> float:
        return self.numbers[0]


@dataclass(frozen=True, slots=True)
class Promised:
    """One order of the test: the middle and the promise as they were said, and what came."""

    p50_m: float
    p90_m: float
    took_m: float


def read(path: Path) -> list[Delivery]:
    """In the order they were placed. Raises BadFile(words)."""
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = [_delivery(row) for row in csv.DictReader(lines)]
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path} is not a file of deliveries: {error}.") from error
    if not rows:
        raise BadFile(f"{path} has no deliveries.")
    return sorted(rows, key=lambda row: row.at_m)


def _delivery(row: dict[str, str]) -> Delivery:
    at = datetime.fromisoformat(row["ordered_at"])
    known = {"weekday": str(at.weekday()), "minute_of_day": str(60 * at.hour + at.minute)} | row
    return Delivery(
        at_m=(at - datetime(2020, 1, 1, tzinfo=at.tzinfo)).total_seconds() / 60,
        took_m=_number(row["actual_min"]),
        numbers=tuple(_number(known[name]) for name in NUMBERS),
        kinds=tuple(known.get(name) or "" for name in KINDS),
    )


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def facts(train: Sequence[Delivery], orders: Sequence[Delivery]) -> list[list[float]]:
    """The FIELDS of `orders` (train first, then the rest). What is usual of a kind is learned from `train` alone."""
    ranks = [_ranks(train, at) for at in range(len(KINDS))]
    usual = _usual(train)
    pasts = [Past(row.at_m, row.kinds[0], row.km, usual(row), row.took_m) for row in orders]
    return [
        [*row.numbers, *(ranks[at].get(kind, UNKNOWN) for at, kind in enumerate(row.kinds)), *lately]
        for row, lately in zip(orders, recent(pasts), strict=True)
    ]


def _ranks(train: Sequence[Delivery], at: int) -> dict[str, float]:
    """Kinds numbered from the quickest to the slowest, so that a threshold between them says something."""
    took: defaultdict[str, list[float]] = defaultdict(list)
    for row in train:
        took[row.kinds[at]].append(row.took_m)
    quickest = sorted(took, key=lambda kind: (median(took[kind]), kind))
    return {kind: float(rank) for rank, kind in enumerate(quickest)}


def _usual(train: Sequence[Delivery]) -> Callable[[Delivery], float]:
    """A plain rule: so many minutes per kilometre on top of what is usual of the store and its way of delivering."""
    km, took = [row.km for row in train], [row.took_m for row in train]
    mean_km, mean_took = fmean(km), fmean(took)
    apart = sum((a - mean_km) ** 2 for a in km)
    per_km = sum((a - mean_km) * (b - mean_took) for a, b in zip(km, took, strict=True)) / apart if apart else 0.0
    over: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for row in train:
        over[row.kinds[0], row.kinds[2]].append(row.took_m - per_km * row.km)
    middle = median(one for several in over.values() for one in several)
    usual = {key: (10 * middle + sum(several)) / (10 + len(several)) for key, several in over.items()}
    return lambda row: per_km * row.km + usual.get((row.kinds[0], row.kinds[2]), middle)


def walk(
    orders: Sequence[Delivery], said: Iterable[tuple[float, float]], scores: Sequence[float], *, fixed: bool = False
) -> list[Promised]:
    """Promise in turn, from (middle, usual miss) of each order; before each, learn from what has ended by then.

    `fixed`: nothing is learned on the way, the room is the quantile of `scores` for good.
    """
    room = Adaptive(scores, window=len(scores) if fixed else 1_500)
    drift: deque[float] = deque(maxlen=DRIFT_LAST)
    under_way: list[tuple[float, int]] = []
    plain: list[tuple[float, float]] = []
    promised: list[Promised] = []
    for number, (order, (p50_m, usual_m)) in enumerate(zip(orders, said, strict=True)):
        while not fixed and under_way and under_way[0][0] <= order.at_m:
            _ended_m, which = heapq.heappop(under_way)
            past, (p50, usual) = promised[which], plain[which]
            drift.append(math.log(max(past.took_m, 1) / p50))
            room.seen((past.took_m - past.p50_m) / usual, kept=past.took_m <= past.p90_m)
        plain.append((p50_m, usual_m))
        if len(drift) >= DRIFT_LEAST:
            p50_m *= math.exp(DRIFT_SHARE * median(drift))
        promised.append(Promised(p50_m, p50_m + room.z() * usual_m, order.took_m))
        heapq.heappush(under_way, (order.at_m + order.took_m, number))
    return promised


@dataclass(frozen=True, slots=True)
class Judged:
    """Minutes and per cent. `padding_m`: promise minus actual, mean; fifths in their order."""

    orders: int
    mae_m: float
    kept: float
    padding_m: float
    by_time: tuple[float, ...]
    by_size: tuple[float, ...]


def judge(promised: Sequence[Promised]) -> Judged:
    return Judged(
        orders=len(promised),
        mae_m=fmean(abs(one.took_m - one.p50_m) for one in promised),
        kept=_kept(promised),
        padding_m=fmean(one.p90_m - one.took_m for one in promised),
        by_time=_fifths(promised),
        by_size=_fifths(sorted(promised, key=lambda one: one.p50_m)),
    )


def _kept(promised: Sequence[Promised]) -> float:
    return 100 * fmean(one.took_m <= one.p90_m for one in promised) if promised else 0.0


def _fifths(promised: Sequence[Promised]) -> tuple[float, ...]:
    count = len(promised)
    return tuple(_kept(promised[count * fifth // 5 : count * (fifth + 1) // 5]) for fifth in range(5))
