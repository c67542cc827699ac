"""What no plan can cost less than: the bounds that the search for the best split rests on (`catalog.basketing.split`).

Fees and offers of a shop only get better with more goods, in steps: its *levels*. Of a set of shops with a level each,
a plan takes every line at one of them and brings each shop to its level. Two bounds of that:

- Each line costs its cheapest in the set; what a shop still needs comes from lines that are cheaper elsewhere, and what
  they cost more is at least the fractional knapsack of them (Dantzig, Oper. Res. 5, 1957). Quick.
- The Lagrangian relaxation of the levels (Fisher, Management Science 27, 1981): a paisa of goods at a shop is worth so
  much, each line goes where it is cheapest less that, and the levels are paid back. Worths are raised shop by shop,
  each just until the shop reaches its level. What a choice costs above this bound is known line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import gcd
from typing import NamedTuple

from catalog.basketing.fees import Shop, charged

INFINITE = float("inf")
SWEEPS = 4
Costs = Sequence[Mapping[int, int]]
"""Of each line, what it costs at the shops that have it."""


class Level(NamedTuple):
    """From so much goods on (paise), fees less offers are at least so much."""

    goods: int
    fees: int


def levels(shop: Shop) -> list[Level]:
    """From the minimum on; of two with the same fees the lower."""
    costs = [cost for cost in shop.costs if cost is not None]
    most = [sum(cost.within[place] for cost in costs) for place in range(len(shop.offers))]
    terms = shop.terms
    at = {terms.free_from_paise or 0, terms.small_cart_below_paise, *(offer.minimum_paise for offer in shop.offers)}
    steps = sorted({terms.minimum_paise} | {step for step in at if step > terms.minimum_paise})
    found: list[Level] = []
    for start, end in pairwise([*steps, None]):
        assert start is not None
        goods = end - 1 if end is not None else max([start, *most])
        its = charged(shop, goods, most if end is None else [min(goods, it) for it in most])
        fees = its.fees_paise - its.off_paise
        if not found or fees < found[-1].fees:
            found.append(Level(start, fees))
    return found


def grain(shops: Sequence[Shop]) -> int:
    """What every total is a multiple of: whole rupees mostly."""
    found = 0
    for shop in shops:
        terms = shop.terms
        found = gcd(found, terms.delivery_paise, terms.handling_paise, terms.small_cart_paise, terms.surge_paise)
        for cost in shop.costs:
            if cost is not None:
                found = gcd(found, cost.paise, *cost.within)
        for offer in shop.offers:
            found = gcd(found, offer.off_paise, offer.most_paise or 0, 1 if offer.off_bp else 0)
    return found or 1


class ShopSet:
    """Some of the shops: their lines, the cheapest first, each with its cheapest price and shop; and for each level of
    a shop what it costs to bring it there, at least."""

    def __init__(self, chosen: tuple[int, ...], costs: Costs, of_shop: Sequence[Sequence[Level]]) -> None:
        self.chosen = chosen
        cheapest = sorted(
            (*min((its[shop], shop) for shop in chosen if shop in its), line)
            for line, its in enumerate(costs)
            if any(shop in its for shop in chosen)
        )
        self.lines = [line for _, _, line in cheapest]
        self.home = [shop for _, shop, _ in cheapest]
        self.sums = (0, *accumulate(paise for paise, _, _ in cheapest))
        self.tables: list[list[tuple[float, Level]]] = []
        for shop in chosen:
            goods = sum(paise for paise, home, _ in cheapest if home == shop)
            movable = sorted(
                ((costs[line][shop] - paise) / max(1, costs[line][shop]), costs[line][shop])
                for paise, home, line in cheapest
                if home != shop and shop in costs[line]
            )
            brought = [(_brought(level.goods - goods, movable) + level.fees, level) for level in of_shop[shop]]
            self.tables.append(sorted(it for it in brought if it[0] < INFINITE))
        least = [table[0][0] if table else INFINITE for table in self.tables]
        self._rest = [*accumulate(reversed(least), initial=0.0)][::-1]

    def choices(self, count: int, limit: float) -> Iterator[tuple[float, tuple[Level, ...]]]:
        """A level for each shop, and the bound of `count` lines then; those up to `limit`."""
        yield from self._choices(0, self.sums[count], (), limit)

    def _choices(
        self, at: int, bound: float, picked: tuple[Level, ...], limit: float
    ) -> Iterator[tuple[float, tuple[Level, ...]]]:
        if at == len(self.tables):
            yield bound, picked
            return
        for more, level in self.tables[at]:
            if bound + more + self._rest[at + 1] > limit:
                return
            yield from self._choices(at + 1, bound + more, (*picked, level), limit)


def _brought(need: int, movable: Sequence[tuple[float, int]]) -> float:
    """What so much more of goods costs more, at least; infinite where there is not so much."""
    more = 0.0
    for rate, paise in movable:
        if need <= 0:
            break
        more += rate * min(paise, need)
        need -= paise
    return more if need <= 0 else INFINITE


@dataclass(frozen=True, slots=True)
class Relaxed:
    """`bound` of the goods. A paisa of goods at a shop counts as 1 − `worth`; leaving a line out costs `left_out`."""

    bound: float
    worth: Mapping[int, float]
    left_out: float
    where: Mapping[int, int]
    """The lines that are taken, each where it is cheapest so: often a plan."""


def relaxed(costs: Costs, lines: Sequence[int], needs: Mapping[int, int], count: int) -> Relaxed | None:
    """Of `count` of these lines at the shops of `needs`, each with so much goods at least. None: there is not so
    much."""
    worth = dict.fromkeys(needs, 0.0)
    best: Relaxed | None = None
    for _ in range(SWEEPS):
        before = dict(worth)
        left_out = _left_out(costs, lines, worth, count)
        for shop, need in needs.items():
            if need > 0:
                raised = _raised(costs, lines, worth, left_out, shop, need)
                if raised is None:
                    return None
                worth[shop] = raised
        counted = sorted((*_cheapest(costs[line], worth), line) for line in lines)[:count]
        bound = sum(paise for paise, _, _ in counted) + sum(worth[shop] * need for shop, need in needs.items())
        if best is None or bound > best.bound:
            left_out = counted[-1][0] if count < len(lines) else INFINITE
            best = Relaxed(bound, dict(worth), left_out, {line: shop for _, shop, line in counted})
        if worth == before:
            break
    # However it is shared, the goods are worth all levels together.
    return best and Relaxed(max(best.bound, sum(needs.values())), best.worth, best.left_out, best.where)


def _cheapest(its: Mapping[int, int], worth: Mapping[int, float]) -> tuple[float, int]:
    return min((paise * (1 - worth[shop]), shop) for shop, paise in its.items() if shop in worth)


def _left_out(costs: Costs, lines: Sequence[int], worth: Mapping[int, float], count: int) -> float:
    """What the dearest line that is taken counts as; infinite where all are."""
    if count == len(lines):
        return INFINITE
    return sorted(_cheapest(costs[line], worth)[0] for line in lines)[count - 1]


def _raised(
    costs: Costs, lines: Sequence[int], worth: Mapping[int, float], left_out: float, shop: int, need: int
) -> float | None:
    """The least worth of this shop's goods at which so much of them is cheapest there; None where it never is."""
    goods, turning = 0, []
    for line in lines:
        its = costs[line]
        paise = its.get(shop)
        if paise is None:
            continue
        elsewhere = left_out
        for other, price in its.items():
            if other != shop and other in worth and (counted := price * (1 - worth[other])) < elsewhere:
                elsewhere = counted
        at = 1 - elsewhere / paise if elsewhere < INFINITE and paise else 0.0
        if at <= 0:
            goods += paise
        else:
            turning.append((at, paise))
    if goods >= need:
        return 0.0
    for at, paise in sorted(turning):
        goods += paise
        if goods >= need:
            return at
    return None
