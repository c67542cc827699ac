"""How much room the promises of one store need, learned from what was kept: a quantile that follows. Plain Python.

A quote has a middle and a spread (p90 - p50). The score of a delivered order is by how many spreads the end would have
had to lie above the middle to be kept, said in whole minutes as it is. The end then stands at the score that nine of
ten orders stay below, the middle at the median score (split conformal prediction, Vovk et al. 2005, on the last ones).
A store with few orders leans on all stores together, and those on the quote itself; one update moves by MOST_STEP at
most; both stay within bounds, so a day gone wrong cannot promise an hour or a minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orders.promise.legs import LEAST_RANGE_M, Quote, range_of
from orders.promise.pooling import leaning

WISHED = 0.9
LEAST, MOST = -1.5, 4.0
MOST_STEP = 1.0
LEAST_SPREAD_S = 60.0
ALWAYS_SAID_S = 60.0 * (1 + LEAST_RANGE_M)
"""No promise ends sooner: what takes no longer is kept with any room."""


@dataclass(frozen=True, slots=True)
class Room:
    """In spreads above the quote's middle; (0, 1) is the quote as it was made."""

    middle: float = 0.0
    end: float = 1.0

    def stretched(self, p50_s: float, p90_s: float) -> tuple[float, float]:
        """(p50, p90) with this room. p50 never above p90, neither below a quarter of the middle."""
        spread_s = max(LEAST_SPREAD_S, p90_s - p50_s)
        middle_s = max(0.25 * p50_s, p50_s + self.middle * spread_s)
        return middle_s, max(middle_s, p50_s + self.end * spread_s)


AS_QUOTED = Room()


def with_room(quote: Quote, room: Room) -> Quote:
    p50_s, p90_s = room.stretched(quote.p50_s, quote.p90_s)
    from_m, to_m = range_of(p50_s, p90_s)
    return replace(quote, p50_s=p50_s, p90_s=p90_s, from_m=from_m, to_m=to_m)


@dataclass(frozen=True, slots=True)
class Came:
    """One delivered order: its quote before any room, and what it took; seconds from the moment it was promised.
    `added_s`: by so much the safety governor moves its end, whatever the room."""

    p50_s: float
    p90_s: float
    took_s: float
    added_s: float = 0.0


def score_middle(order: Came) -> float:
    return (order.took_s - order.p50_s) / max(LEAST_SPREAD_S, order.p90_s - order.p50_s)


def score_end(order: Came) -> float:
    """The least end that keeps it: ends are rounded up to whole minutes, a second past the minute before is enough; the
    governor adds what it adds, and the shortest promise there is keeps some with any end."""
    if order.took_s <= ALWAYS_SAID_S:
        return LEAST
    reach_s = 60.0 * (math.ceil(order.took_s / 60.0) - 1) + 1 - order.added_s
    return (reach_s - order.p50_s) / max(LEAST_SPREAD_S, order.p90_s - order.p50_s)


def pooled(orders: Sequence[Came]) -> Room:
    """The room of all stores together, leaning on the quote where orders are few."""
    return _leaning(orders, AS_QUOTED)


def room_for(orders: Sequence[Came], *, everywhere: Room, before: Room) -> Room:
    """A store's new room from its last orders, not more than MOST_STEP from the one before."""
    aim = _leaning(orders, everywhere)
    middle, end = (_step(old, new) for old, new in ((before.middle, aim.middle), (before.end, aim.end)))
    return Room(middle, max(middle, end))


def _leaning(orders: Sequence[Came], on: Room) -> Room:
    if not orders:
        return on
    own_middle = _quantile(sorted(map(score_middle, orders)), 0.5)
    own_end = _quantile(sorted(map(score_end, orders)), WISHED)
    mixed = [leaning(a, b, samples=len(orders)) for a, b in ((own_middle, on.middle), (own_end, on.end))]
    middle, end = (min(MOST, max(LEAST, one)) for one in mixed)
    return Room(middle, max(middle, end))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """What the next order stays below with this probability: the (n + 1) * share-th smallest, as in split conformal
    prediction, in proportion between two (Hyndman and Fan 1996, type 6)."""
    place = min(len(ordered), max(1.0, (len(ordered) + 1) * share))
    below, part = int(place), place % 1
    return ordered[below - 1] + (part * (ordered[below] - ordered[below - 1]) if part else 0.0)


def _step(old: float, new: float) -> float:
    return old + min(MOST_STEP, max(-MOST_STEP, new - old))
