"""The best way to share a shopping list between platforms, and what of it fits a budget: exact branch and bound.

Best means: the most lines, then the lowest total with all fees and offers, then the fewest orders. For so many lines,
every set of platforms with a level of fees for each is bounded (`bounds`), and those that could beat the best found are
searched: each line goes to one platform of the set or is left out (Land and Doig, Econometrica 28, 1960), the lines
whose choice matters most first. The search asks for plans near the bound first and then further away (iterative
deepening; Korf, Artificial Intelligence 27, 1985): a good plan is found early, and what is above it is never entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import NamedTuple

from catalog.basketing.bounds import INFINITE, Level, Picked, Relaxed, ShopSet, at_worth, grain, levels_of, relaxed
from catalog.basketing.fees import Bill, Shop, bill

MOST_NODES = 150_000
"""Of the search; then the best found so far is the answer, and it says so (`is_exact`)."""
LINES_A_NODE = 4
"""A quick bound takes as long as a node for so many lines."""
RELAXED_NODES = 4
"""A relaxation takes as long as so many nodes for each line."""
FIRST = 4
"""Choices of levels of each set that are relaxed before all others, for the plans they give."""
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


class _Choice(NamedTuple):
    """A line at a shop, or left out: what it counts above the least, its goods and their price."""

    above: float
    paise: int
    price: float
    shop: int


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
        of_shop = [levels_of(shop) for shop in self.shops]
        places = [place for place, its in enumerate(of_shop) if its]
        sizes = range(1, min(self.most_shops, len(places)) + 1)
        chosen = [one for size in sizes for one in combinations(places, size)]
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
        """A plan; when it is the best so far, also what moving single lines makes of it, while that is better."""
        if self._is_better(where, {}):
            while any(self._is_better_moved(line) for line in where):
                pass

    def _is_better_moved(self, line: int) -> bool:
        found = False
        for shop in self.costs[line]:
            assert self.best is not None
            where = {at: its for at, its in enumerate(self.best.shops) if its is not None}
            if where[line] != shop:
                same = {its: one for its, one in self.best.bills.items() if its not in (where[line], shop)}
                found |= self._is_better({**where, line: shop}, same)
        return found

    def _is_better(self, where: Mapping[int, int], known: Mapping[int, Bill]) -> bool:
        """Whether this plan is the best so far; then it is noted. `known`: bills of shops with the same lines."""
        used = sorted(set(where.values()))
        bills = {
            shop: known.get(shop) or bill(self.shops[shop], [line for line, its in where.items() if its == shop])
            for shop in used
        }
        plan = Plan(tuple(where.get(line) for line in range(len(self.costs))), bills)
        is_possible = not any(its.short_paise for its in bills.values()) and len(bills) <= self.most_shops
        if not is_possible or plan.total_paise > self.budget or (self.best and plan.rank >= self.best.rank):
            return False
        self.best = plan
        return True

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
        sets = sorted(sets, key=lambda one: (len(one.chosen), one.least[self.count]))
        for one in sets:  # a good plan early spares most of the rest
            for picked in islice(self._choices(one, one.begun()), FIRST):
                self._relaxed(one, picked, [])
        found = []
        for one in sets:
            worths: list[Mapping[int, float]] = []
            jobs = (self._relaxed(one, picked, worths) for picked in self._choices(one, one.begun()))
            found += [job for job in jobs if job is not None and self._may_beat(job.bound, len(one.chosen))]
        return sorted(found, key=lambda job: (job.bound, job.of.chosen))

    def _choices(self, of: ShopSet, picked: Picked) -> Iterator[Picked]:
        """A level for each shop of the set in every way that could beat the best found."""
        if len(picked.levels) == len(of.chosen):
            yield picked
            return
        for one in of.grown(picked, self.count):
            self.nodes += 1 + len(of.lines) // LINES_A_NODE
            if not self._may_beat(one.bound, len(of.chosen)):
                return
            if self.nodes > self.most_nodes / 2:
                self.is_cut = True  # what is left of the time goes into what is bounded already
                return
            yield from self._choices(of, one)

    def _relaxed(self, of: ShopSet, picked: Picked, worths: list[Mapping[int, float]]) -> _Job | None:
        """None where it cannot beat the best found. The worths of what was relaxed before often say so."""
        levels = dict(zip(of.chosen, picked.levels, strict=True))
        fees = sum(level.fees for level in picked.levels)
        enough = self._reach(len(of.chosen)) - fees
        for worth in worths:
            self.nodes += 1 + len(of.lines) // LINES_A_NODE
            if at_worth(self.costs, of.lines, levels, worth, self.count).bound > enough:
                return None
        self.nodes += RELAXED_NODES * len(of.lines)
        its = relaxed(self.costs, of.lines, levels, self.count, enough)
        if its is None:
            return None
        worths[:] = [its.worth, *worths[:2]]
        self._note(its.where)
        bound = max(picked.bound, its.bound + fees)
        return _Job(bound, of, picked.levels, its) if self._may_beat(bound, len(of.chosen)) else None

    def _search(self, job: _Job) -> None:
        """Every plan of the job up to the limit. Each line has its choices by what they count above the bound, and once
        these together are too much the rest need not be tried."""
        chosen, worth = job.of.chosen, job.relaxed.worth
        orders, left_out = len(chosen), job.relaxed.left_out
        levels = dict(zip(chosen, job.picked, strict=True))
        fees = sum(level.fees for level in job.picked)
        leave = len(job.of.lines) - self.count
        base = fees + job.relaxed.back
        if leave:
            base -= leave * left_out
        lines = []
        for line in job.of.lines:
            its = self.costs[line]
            prices = [(shop, its[shop], levels[shop].prices[line]) for shop in chosen if shop in its]
            choices = [_Choice(price - paise * worth[shop], paise, price, shop) for shop, paise, price in prices]
            if leave:
                choices.append(_Choice(left_out, 0, 0.0, LEFT_OUT))
            choices.sort()
            least = choices[0].above
            base += least
            lines.append((line, [choice._replace(above=choice.above - least) for choice in choices]))
        most = self._reach(orders) - base
        lines = [(line, [choice for choice in choices if choice.above <= most]) for line, choices in lines]
        lines.sort(key=lambda it: -it[1][1].above if len(it[1]) > 1 else -INFINITE)
        coming = _coming(lines, chosen)
        goods = dict.fromkeys((*chosen, LEFT_OUT), 0)
        paid = dict.fromkeys((*chosen, LEFT_OUT), 0.0)
        where: dict[int, int] = {}

        def go(at: int, above: float, leave: int) -> None:
            nonlocal most
            self.nodes += 1
            if self.nodes > self.most_nodes or not 0 <= leave <= len(lines) - at:
                return
            paying: float = fees  # each shop's lines, and the goods that its level asks for at least
            still = coming[at]
            for shop, level in levels.items():
                lacks = level.least - goods[shop]
                if lacks > still[shop] or goods[shop] > level.most:
                    return
                paying += paid[shop] + max(0, lacks) * level.part
            if paying > base + most:
                return
            if at == len(lines):
                self._note(where)
                most = self._reach(orders) - base
                return
            line, choices = lines[at]
            for more, paise, price, shop in choices:
                if above + more > most:
                    return
                goods[shop] += paise
                paid[shop] += price
                if shop != LEFT_OUT:
                    where[line] = shop
                go(at + 1, above + more, leave - (shop == LEFT_OUT))
                where.pop(line, None)
                goods[shop] -= paise
                paid[shop] -= price

        go(0, 0.0, leave)


def _coming(lines: Sequence[tuple[int, Sequence[_Choice]]], chosen: Sequence[int]) -> list[dict[int, int]]:
    """How much goods may still come to each shop from the lines from each place on."""
    found = [dict.fromkeys(chosen, 0)]
    for _, choices in reversed(lines):
        found.append(
            {
                shop: found[-1][shop] + max((one.paise for one in choices if one.shop == shop), default=0)
                for shop in chosen
            }
        )
    return found[::-1]
