"""The best way to share a shopping list between platforms, and what of it fits a budget: exact branch and bound.

Best means: the most lines, then the lowest total with all fees and offers, then the fewest orders. For so many lines,
every set of platforms with a level of fees for each is bounded (`bounds`), and those that could beat the best found are
searched: each line goes to one platform of the set or is left out (Land and Doig, Econometrica 28, 1960), the lines
whose choice matters most first. The search asks for plans near the bound first and then further away (iterative
deepening; Korf, Artificial Intelligence 27, 1985): a good plan is found early, and what is above it is never entered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from catalog.basketing.bounds import INFINITE, Level, Relaxed, ShopSet, grain, levels, relaxed
from catalog.basketing.fees import Bill, Shop, bill

MOST_NODES = 60_000
"""Of the search; then the best found so far is the answer, and it says so (`is_exact`)."""
RELAXED_NODES = 6
"""A relaxation takes as long as so many nodes for each line."""
NEAR = 500
"""Plans up to a 500th above the bound are looked for first, then up to twice as much, and so on."""
LEFT_OUT = -1
SLACK = 1e-6
"""Bounds are reckoned with fractions."""
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
    search = _Search(shops, budget_paise, most_shops or len(shops), most_nodes)
    search.run()
    if search.best is None:
        return None
    return Plan(search.best.shops, search.best.bills, search.nodes <= most_nodes and not search.is_cut)


@dataclass(frozen=True, slots=True)
class _Job:
    """A set of shops with a level for each, and what so many lines cost there at least."""

    bound: float
    of: ShopSet
    picked: tuple[Level, ...]
    relaxed: Relaxed


class _Search:
    def __init__(self, shops: Sequence[Shop], budget: int | None, most_shops: int, most_nodes: int) -> None:
        self.shops, self.most_shops, self.most_nodes, self.nodes = shops, most_shops, most_nodes, 0
        self.costs = [
            {place: cost.paise for place, shop in enumerate(shops) if (cost := shop.costs[line]) is not None}
            for line in range(len(shops[0].costs) if shops else 0)
        ]
        dearest = sum(max(its.values(), default=0) for its in self.costs) + sum(shop.terms.fees_paise for shop in shops)
        self.budget = dearest if budget is None else min(budget, dearest)
        """No plan costs more than each line where it is dearest and all fees there are."""
        self.grain = grain(shops)
        self.best: Plan | None = None
        self.count = 0
        """How many lines are taken."""
        self.is_cut = False
        self.near = INFINITE
        """Totals above it are not looked for yet."""

    def run(self) -> None:
        of_shop = [levels(shop) for shop in self.shops]
        sizes = range(1, min(self.most_shops, len(self.shops)) + 1)
        chosen = [one for size in sizes for one in combinations(range(len(self.shops)), size)]
        sets = [ShopSet(one, self.costs, of_shop) for one in chosen]
        for self.count in range(max((len(one.lines) for one in sets), default=0), 0, -1):
            self._with_so_many_lines([one for one in sets if len(one.lines) >= self.count])
            if self.best is not None:
                return

    def limit(self, orders: int) -> float:
        """The highest total that is still better with so many orders."""
        if self.best is None:
            return min(self.budget, self.near)
        return min(self.budget, self.near, self.best.total_paise - (orders >= len(self.best.bills)))

    def _may_beat(self, bound: float, orders: int) -> bool:
        return bound <= self._reach(orders)

    def _reach(self, orders: int) -> float:
        """The highest bound that a better total may have: totals are whole multiples of the grain."""
        return self.limit(orders) // self.grain * self.grain + SLACK

    def _note(self, where: Mapping[int, int]) -> None:
        used = sorted(set(where.values()))
        bills = {shop: bill(self.shops[shop], [line for line, its in where.items() if its == shop]) for shop in used}
        plan = Plan(tuple(where.get(line) for line in range(len(self.costs))), bills)
        if any(its.short_paise for its in bills.values()) or plan.total_paise > self.budget:
            return
        if self.best is None or plan.rank < self.best.rank:
            self.best = plan

    def _with_so_many_lines(self, sets: Sequence[ShopSet]) -> None:
        for one in sets:
            self._note(dict(zip(one.lines[: self.count], one.home, strict=False)))
        if self.nodes > self.most_nodes:
            return
        jobs = self._jobs(sets)
        further = max(self.grain, jobs[0].bound / NEAR) if jobs else 0.0
        while jobs:
            near = jobs[0].bound + further
            self.near = near if near < self.limit(1) else INFINITE
            for job in jobs:
                if self._may_beat(job.bound, len(job.of.chosen)):
                    self._search(job)
            is_done = self.near == INFINITE or (self.best is not None and self.best.total_paise <= self.near)
            self.near = INFINITE
            if is_done or self.nodes > self.most_nodes:
                return
            further *= 2

    def _jobs(self, sets: Sequence[ShopSet]) -> list[_Job]:
        """What could beat the best found, the most promising first."""
        quick = sorted(
            (bound, one.chosen, at, picked)
            for at, one in enumerate(sets)
            for bound, picked in one.choices(self.count, self.limit(len(one.chosen)))
        )
        found = []
        for bound, chosen, at, picked in quick:
            if not self._may_beat(bound, len(chosen)):
                continue
            if self.nodes > self.most_nodes / 2:
                self.is_cut = True  # what is left of the time goes into what is bounded already
                break
            self.nodes += RELAXED_NODES * len(sets[at].lines)
            needs = dict(zip(chosen, (level.goods for level in picked), strict=True))
            its = relaxed(self.costs, sets[at].lines, needs, self.count)
            if its is None:
                continue
            self._note(its.where)
            bound = max(bound, its.bound + sum(level.fees for level in picked))
            if self._may_beat(bound, len(chosen)):
                found.append(_Job(bound, sets[at], picked, its))
        return sorted(found, key=lambda job: (job.bound, job.of.chosen))

    def _search(self, job: _Job) -> None:
        """Every plan of the job up to the limit. Each line has its choices by what they count above the bound, and once
        these together are too much the rest need not be tried."""
        chosen, worth = job.of.chosen, job.relaxed.worth
        orders, left_out = len(chosen), job.relaxed.left_out
        fees = sum(level.fees for level in job.picked)
        needs = {shop: level.goods for shop, level in zip(chosen, job.picked, strict=True)}
        leave = len(job.of.lines) - self.count
        base = fees + sum(worth[shop] * need for shop, need in needs.items())
        if leave:
            base -= leave * left_out
        lines = []
        for line in job.of.lines:
            its = self.costs[line]
            choices = sorted((its[shop] * (1 - worth[shop]), its[shop], shop) for shop in chosen if shop in its)
            if leave:
                choices = sorted([*choices, (left_out, 0, LEFT_OUT)])
            least = choices[0][0]
            base += least
            lines.append((line, [(counted - least, paise, shop) for counted, paise, shop in choices]))
        most = self._reach(orders) - base
        lines = [(line, [choice for choice in choices if choice[0] <= most]) for line, choices in lines]
        lines.sort(key=lambda it: -it[1][1][0] if len(it[1]) > 1 else -INFINITE)
        coming = _coming(lines, chosen)
        goods = dict.fromkeys((*chosen, LEFT_OUT), 0)
        where: dict[int, int] = {}

        def go(at: int, above: float, leave: int) -> None:
            nonlocal most
            self.nodes += 1
            if self.nodes > self.most_nodes or not 0 <= leave <= len(lines) - at:
                return
            least = fees  # each shop's goods, and what it needs at least
            still = coming[at]
            for shop, need in needs.items():
                there = goods[shop]
                if there >= need:
                    least += there
                elif there + still[shop] >= need:
                    least += need
                else:
                    return
            if least > base + most:
                return
            if at == len(lines):
                self._note(where)
                most = self._reach(orders) - base
                return
            line, choices = lines[at]
            for more, paise, shop in choices:
                if above + more > most:
                    return
                goods[shop] += paise
                if shop != LEFT_OUT:
                    where[line] = shop
                go(at + 1, above + more, leave - (shop == LEFT_OUT))
                where.pop(line, None)
                goods[shop] -= paise

        go(0, 0.0, leave)


def _coming(
    lines: Sequence[tuple[int, Sequence[tuple[float, int, int]]]], chosen: Sequence[int]
) -> list[dict[int, int]]:
    """How much goods may still come to each shop from the lines from each place on."""
    found = [dict.fromkeys(chosen, 0)]
    for _, choices in reversed(lines):
        found.append(
            {shop: found[-1][shop] + max((c for _, c, at in choices if at == shop), default=0) for shop in chosen}
        )
    return found[::-1]
