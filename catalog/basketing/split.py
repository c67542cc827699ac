"""The best way to share a shopping list between platforms, and what of it fits a budget, exactly.

Best means: the most lines, then the lowest total with all fees and offers. First every set of platforms is tried with
each line at its cheapest there, and it is worked out what the set could cost at least: its cheapest goods, and fees and
offers as if each of its platforms got every line (`fees`: more goods never make the rest dearer). Where no set could
beat the best tried, that is the answer. Otherwise (a dearer line may reach free delivery or a coupon) a mixed-integer
program is solved to its end by HiGHS (Huangfu and Hall, Math. Prog. Comp. 10, 2018) through scipy: for each line and
platform one yes or no, for each platform whether it is used, whether its thresholds are claimed, and which of its
offers. A threshold may only be claimed by goods that reach it, so fees and offers are what `fees.bill` makes of the
same lines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import Any

from catalog.basketing.fees import Bill, Shop, bill

TIME_LIMIT_S = 1.0
"""For each program; then the best found so far is the answer, and it says so (`is_exact`)."""
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


def solve(shops: Sequence[Shop], *, budget_paise: int | None = None, most_shops: int | None = None) -> Plan | None:
    """None when not one line can be had: nobody has it, no minimum is reached, or it is above the budget.

    At most `most_shops` orders, where that is said.
    """
    tried, bounds = _tried(shops, budget_paise, min(most_shops or len(shops), len(shops)))
    best = min(tried, key=lambda plan: plan.rank, default=None)
    if all(best is not None and bound >= best.rank[:2] for bound in bounds):
        return best
    if not bounds:
        return None
    problem = _Problem(shops, most_shops)
    most, exact, known = max(-lines for lines, _ in bounds), True, best.lines if best else 0
    if budget_paise is None:
        counts = range(most, max(known, 1) - 1, -1)  # every line, unless a minimum forbids it
    else:
        counts = range(max(known, 1), most + 1)  # one more, as long as there is money
    for lines in counts:
        limit = budget_paise if best is None or lines > best.lines else best.total_paise - 1
        found, is_last_word = problem.cheapest(lines, limit)
        exact = exact and is_last_word
        if found is not None:
            plan = _plan(shops, found)
            best = plan if best is None or plan.rank < best.rank else best
        if (found is None) == (budget_paise is not None) and lines > known:
            break
    return None if best is None else Plan(best.shops, best.bills, exact)


def _plan(shops: Sequence[Shop], where: Where) -> Plan:
    used = sorted({shop for shop in where if shop is not None})
    bills = {shop: bill(shops[shop], [line for line, its in enumerate(where) if its == shop]) for shop in used}
    return Plan(where, bills)


def _tried(shops: Sequence[Shop], budget: int | None, most_shops: int) -> tuple[list[Plan], list[tuple[int, int]]]:
    """Plans that work, and for each set of shops (minus the most lines, the least total) it could come to."""
    plans, bounds = [], []
    lines = len(shops[0].costs) if shops else 0
    for chosen in (some for size in range(1, most_shops + 1) for some in combinations(range(len(shops)), size)):
        priced = sorted(
            min((cost.paise, shop) for shop in chosen if (cost := shops[shop].costs[line]) is not None) + (line,)
            for line in range(lines)
            if any(shops[shop].costs[line] is not None for shop in chosen)
        )
        sums = (0, *accumulate(paise for paise, _, _ in priced))
        all_of = {shop: [line for line in range(lines) if shops[shop].costs[line] is not None] for shop in chosen}
        fullest = [bill(shops[shop], all_of[shop]) for shop in chosen]
        if len(priced) < len(chosen) or any(its.short_paise or not its.goods_paise for its in fullest):
            continue
        beside = sum(its.fees_paise - its.off_paise for its in fullest)
        most = len(priced)
        if budget is not None:
            most = min(most, bisect_right(sums, budget - beside) - 1)
        if most < len(chosen):
            continue
        bounds.append((-most, sums[most] + beside))
        for taken in range(most, max(0, most - 3), -1):
            where: list[int | None] = [None] * lines
            for _, shop, line in priced[:taken]:
                where[line] = shop
            plan = _plan(shops, tuple(where))
            if any(its.short_paise for its in plan.bills.values()):
                continue
            if budget is None or plan.total_paise <= budget:
                plans.append(plan)
                break
    return plans, bounds


class _Problem:
    """Columns: x[line, shop] taken there; y[shop] used; claims of free delivery, of no small-cart fee and of offers;
    o[offer] paise off."""

    def __init__(self, shops: Sequence[Shop], most_shops: int | None) -> None:
        self.shops, self.lines = shops, len(shops[0].costs)
        self.costs: list[float] = []
        self.upper: list[float] = []
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.taken: dict[int, tuple[int, int]] = {}
        for line in range(self.lines):
            of_line = {}
            for place, shop in enumerate(shops):
                if (cost := shop.costs[line]) is not None:
                    column = self._column(cost.paise)
                    self.taken[column] = (line, place)
                    of_line[column] = 1.0
            if of_line:
                self.rows.append((of_line, 0.0, 1.0))
        used = [self._shop(place) for place in range(len(shops))]
        if most_shops is not None:
            self.rows.append((dict.fromkeys(used, 1.0), 0.0, float(most_shops)))

    def _column(self, cost: float, upper: float = 1.0) -> int:
        self.costs.append(float(cost))
        self.upper.append(float(upper))
        return len(self.costs) - 1

    def _least(self, row: dict[int, float]) -> None:
        """The sum of these is not negative."""
        self.rows.append((row, 0.0, INFINITE))

    def _shop(self, place: int) -> int:
        shop, terms = self.shops[place], self.shops[place].terms
        mine = {column: line for column, (line, where) in self.taken.items() if where == place}
        goods = {column: self.costs[column] for column in mine}
        most = sum(goods.values())
        used = self._column(terms.handling_paise + terms.surge_paise + terms.delivery_paise + terms.small_cart_paise)
        for column in mine:
            self._least({used: 1.0, column: -1.0})
        self._least({**dict.fromkeys(mine, 1.0), used: -1.0})
        self._least({**goods, used: -float(terms.minimum_paise)})
        free = None
        if terms.free_from_paise is not None and terms.delivery_paise:
            free = self._claim(goods, terms.free_from_paise, used, terms.delivery_paise)
        if terms.small_cart_paise:
            self._claim(goods, terms.small_cart_below_paise, used, terms.small_cart_paise)
        by_kind: dict[str, list[int]] = {}
        money: dict[int, float] = {}
        for number, offer in enumerate(shop.offers):
            claim = self._claim(goods, offer.minimum_paise, used, 0)
            by_kind.setdefault(offer.kind, []).append(claim)
            if offer.kind == "delivery":
                self.costs[claim] = -float(offer.off(terms.delivery_paise))
                if free is not None:
                    self.rows.append(({claim: 1.0, free: 1.0}, 0.0, 1.0))
                continue
            within = {
                column: float(cost.within[number])
                for column, line in mine.items()
                if (cost := shop.costs[line]) is not None and cost.within[number]
            }
            cap = most if offer.most_paise is None else min(most, offer.most_paise)
            off = self._column(-1, cap)
            money[off] = -1.0
            self._least({claim: cap, off: -1.0})
            self._least({**within, off: -1.0})
            share = min(offer.off_bp, 10_000) / 10_000
            self._least(
                {
                    **{column: share * paise for column, paise in within.items()},
                    claim: float(offer.off_paise),
                    off: -1.0,
                }
            )
        for claims in by_kind.values():
            self.rows.append((dict.fromkeys(claims, 1.0), 0.0, 1.0))
        if len(money) > 1:
            self._least({**goods, **money})
        return used

    def _claim(self, goods: dict[int, float], least: int, used: int, saves: int) -> int:
        claim = self._column(-saves)
        self._least({used: 1.0, claim: -1.0})
        self._least({**goods, claim: -float(least)})
        return claim

    def cheapest(self, least_lines: int, most_paise: int | None) -> tuple[Where | None, bool]:
        """Where each line is taken, with so many lines at least, for the lowest total, at most `most_paise` (None:
        impossible); and whether that is the last word."""
        # A third of a second to load, and only some baskets need it.
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array

        rows = [*self.rows, (dict.fromkeys(self.taken, 1.0), float(least_lines), INFINITE)]
        if most_paise is not None:
            rows.append((dict(enumerate(self.costs)), -INFINITE, float(most_paise)))
        at = [(number, column, value) for number, (row, _, _) in enumerate(rows) for column, value in row.items()]
        numbers, columns, values = zip(*at, strict=True)
        matrix = csr_array((values, (numbers, columns)), shape=(len(rows), len(self.costs)))
        found: Any = milp(
            np.array(self.costs),
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, np.array(self.upper)),
            constraints=LinearConstraint(matrix, [low for _, low, _ in rows], [high for _, _, high in rows]),
            options={"time_limit": TIME_LIMIT_S, "mip_rel_gap": 0.0},
        )
        exact = found.status in (0, 2)
        if found.x is None:
            return None, exact
        where: list[int | None] = [None] * self.lines
        for column, (line, shop) in self.taken.items():
            if found.x[column] > 0.5:
                where[line] = shop
        return tuple(where), exact
