"""The best way to share a shopping list between platforms, and what of it fits a budget: exact branch and bound.

Best means: the most lines, then the lowest total with all fees and offers, then the fewest orders. Every set of
platforms is bounded, and those that could beat the best found are searched: each line goes to one platform of the set
or is left out, dear lines first (Land and Doig, Econometrica 28, 1960).

The bound. Each line at its cheapest in the set costs so much, and fees and offers of a platform only get better with
more goods (`fees`). To reach a threshold (a minimum, free delivery, a coupon) a platform needs lines that are cheaper
elsewhere; what they cost more is at least the fractional knapsack of those lines (Dantzig, Oper. Res. 5, 1957). No line
goes to two platforms, so the sum over platforms, each at its best threshold, is below every total of the set.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations

from catalog.basketing.fees import Bill, Shop, bill, charged

MOST_NODES = 8_000
"""Of the search; then the best found so far is the answer, and it says so (`is_exact`)."""
INFINITE = float("inf")
Where = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`shops` names for each line the place of its shop in the list, None for a line that is left out."""

    shops: Where
    bills: Mapping[int, Bill]
    is_exact: bool = True

    @property
    def total_paise(self) -> int:
        return sum(its.total_paise for its in self.bills.values())

    @property
    def lines(self) -> int:
        return sum(shop is not None for shop in self.shops)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Lower is better."""
        return -self.lines, self.total_paise, len(self.bills)


def solve(
    shops: Sequence[Shop],
    *,
    budget_paise: int | None = None,
    most_shops: int | None = None,
    most_nodes: int = MOST_NODES,
) -> Plan | None:
    """None when not one line can be had: nobody has it, no minimum is reached, or it is above the budget.

    At most `most_shops` orders, where that is said.
    """
    search = _Search(shops, INFINITE if budget_paise is None else budget_paise, most_nodes)
    sizes = range(1, min(most_shops or len(shops), len(shops)) + 1)
    sets = [_Set(shops, chosen) for size in sizes for chosen in combinations(range(len(shops)), size)]
    bounded = sorted(((search.bound(one), one.chosen, one) for one in sets), key=lambda it: it[:2])
    for _, _, one in bounded:
        search.first_try(one)
    for bound, _, one in bounded:
        if search.may_beat(bound):
            search.within(one)
    if search.best is None:
        return None
    return Plan(search.best.shops, search.best.bills, search.nodes <= most_nodes)


class _Set:
    """A set of shops: its lines, dearest first, each with its cheapest price and shop; for each shop the lines that are
    cheaper elsewhere, by what a paisa of goods costs more, and where its fees change."""

    def __init__(self, shops: Sequence[Shop], chosen: tuple[int, ...]) -> None:
        self.chosen = chosen
        prices = [
            {shop: cost.paise for shop in chosen if (cost := shops[shop].costs[line]) is not None}
            for line in range(len(shops[0].costs))
        ]
        least = sorted(
            ((min((p, s) for s, p in its.items()), line) for line, its in enumerate(prices) if its), reverse=True
        )
        self.lines = [line for _, line in least]
        self.least = [paise for (paise, _), _ in least]
        self.home = [shop for (_, shop), _ in least]
        self.sums = (0, *accumulate(reversed(self.least)))
        self.options = [sorted((paise, shop) for shop, paise in prices[line].items()) for line in self.lines]
        self.movable: dict[int, list[tuple[float, int, int, int]]] = {shop: [] for shop in chosen}
        for at, line in enumerate(self.lines):
            for shop, paise in prices[line].items():
                if shop != self.home[at]:
                    more = paise - self.least[at]
                    self.movable[shop].append((more / max(1, paise), at, more, paise))
        self.steps = {}
        self.most_within = {}
        for shop in chosen:
            self.movable[shop].sort()
            terms, offers = shops[shop].terms, shops[shop].offers
            at_paise = {terms.minimum_paise, terms.free_from_paise or 0, terms.small_cart_below_paise}
            self.steps[shop] = sorted(at_paise | {offer.minimum_paise for offer in offers})
            costs = [cost for line in self.lines if (cost := shops[shop].costs[line]) is not None]
            self.most_within[shop] = [sum(cost.within[place] for cost in costs) for place in range(len(offers))]


class _Search:
    def __init__(self, shops: Sequence[Shop], budget: float, most_nodes: int) -> None:
        self.shops, self.budget, self.most_nodes, self.nodes = shops, budget, most_nodes, 0
        self.best: Plan | None = None
        self.beside: dict[tuple[int, int, int | None, tuple[int, ...]], float] = {}

    def may_beat(self, bound: tuple[int, float, int]) -> bool:
        return bound[1] <= self.budget and (self.best is None or bound < self.best.rank)

    def bound(self, one: _Set) -> tuple[int, float, int]:
        """As a plan's rank: no plan of the set ranks below."""
        goods = dict.fromkeys(one.chosen, 0)
        for paise, shop in zip(one.least, one.home, strict=True):
            goods[shop] += paise
        return self._at_least(one, 0, 0, 0, goods)

    def _at_least(self, one: _Set, at: int, taken: int, spent: int, goods: dict[int, int]) -> tuple[int, float, int]:
        """With the lines before `at` decided; `goods` as if all others were taken where they are cheapest."""
        beside = sum(self._beside(one, shop, at, goods[shop]) for shop in one.chosen)
        rest = len(one.lines) - at
        fits = rest
        if self.budget != INFINITE:
            if beside == INFINITE:
                return 0, INFINITE, 0
            fits = min(rest, bisect_right(one.sums, self.budget - beside - spent) - 1)
            if fits < 0:
                return 0, INFINITE, 0
        if self.best is not None and -taken - fits < self.best.rank[0]:
            return -taken - fits, 0, 0  # with more lines than the best any total wins
        return -taken - fits, spent + one.sums[fits] + beside, len(one.chosen)

    def _beside(self, one: _Set, shop: int, at: int, goods: int) -> float:
        """Fees less offers of a shop and what it costs more to bring it there, at least; infinite below a minimum."""
        best = INFINITE
        start = goods
        for end in (*(step for step in one.steps[shop] if step > goods), None):
            more = self._fraction(one, shop, at, start - goods)
            if more == INFINITE:
                break
            best = min(best, more + self._fees(one, shop, start, end))
            start = end or start
        return best

    def _fraction(self, one: _Set, shop: int, at: int, need: int) -> float:
        """What so much more of goods costs more, at least; infinite where there is not so much."""
        moved, more = 0, 0.0
        if need <= 0:
            return more
        for _, place, extra, paise in one.movable[shop]:
            if place < at:
                continue
            if moved + paise >= need:
                return more + extra * (need - moved) / max(1, paise)
            moved, more = moved + paise, more + extra
        return INFINITE

    def _fees(self, one: _Set, shop: int, start: int, end: int | None) -> float:
        """The least fees less offers with goods from `start` up to below `end`."""
        key = (shop, start, end, one.chosen)
        found = self.beside.get(key)
        if found is None:
            most = one.most_within[shop]
            goods = end - 1 if end is not None else max([start, *most])
            its = charged(self.shops[shop], goods, most if end is None else [min(goods, it) for it in most])
            found = INFINITE if its.short_paise else float(its.fees_paise - its.off_paise)
            self.beside[key] = found
        return found

    def _note(self, one: _Set, assigned: dict[int, int]) -> None:
        if set(assigned.values()) != set(one.chosen):
            return  # a smaller set's
        where = tuple(assigned.get(line) for line in range(len(self.shops[0].costs)))
        bills = {shop: bill(self.shops[shop], [n for n, its in enumerate(where) if its == shop]) for shop in one.chosen}
        plan = Plan(where, bills)
        if any(its.short_paise for its in bills.values()) or plan.total_paise > self.budget:
            return
        if self.best is None or plan.rank < self.best.rank:
            self.best = plan

    def first_try(self, one: _Set) -> None:
        """The cheapest lines that fit, each at its cheapest: a bound for the search, and often the answer."""
        count = len(one.lines)
        most = count if self.budget == INFINITE else min(count, bisect_right(one.sums, self.budget) - 1)
        for taken in range(most, max(0, most - 4), -1):
            self._note(one, dict(zip(one.lines[count - taken :], one.home[count - taken :], strict=True)))

    def within(self, one: _Set) -> None:
        goods = dict.fromkeys(one.chosen, 0)
        for paise, shop in zip(one.least, one.home, strict=True):
            goods[shop] += paise
        self._go(one, 0, 0, goods, {})

    def _go(self, one: _Set, at: int, spent: int, goods: dict[int, int], assigned: dict[int, int]) -> None:
        if self.nodes > self.most_nodes:
            return
        self.nodes += 1
        if not self.may_beat(self._at_least(one, at, len(assigned), spent, goods)):
            return
        if at == len(one.lines):
            self._note(one, assigned)
            return
        line, home, least = one.lines[at], one.home[at], one.least[at]
        for paise, shop in one.options[at]:
            goods[home] -= least
            goods[shop] += paise
            assigned[line] = shop
            self._go(one, at + 1, spent + paise, goods, assigned)
            del assigned[line]
            goods[shop] -= paise
            goods[home] += least
        goods[home] -= least
        self._go(one, at + 1, spent, goods, assigned)
        goods[home] += least
