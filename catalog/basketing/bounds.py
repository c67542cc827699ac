"""What no plan can cost less than: the bounds that the search for the best split rests on (`catalog.basketing.split`).

Fees and offers of a shop only get better with more goods, in steps, and what an offer takes off in percent is a lower
price of each line until the most it gives is reached: its *levels*. Of a set of shops with a level each, a plan takes
every line at one of them and brings each shop to its level. Two bounds of that:

- Each line costs its cheapest at the levels, or at the best ones where a shop's is still open. Quick.
- The Lagrangian relaxation of the levels (Fisher, Management Science 27, 1981): a paisa of goods at a shop is worth so
  much, each line goes where it is cheapest less that, and the levels are paid back. Worths are moved shop by shop, each
  just until the shop has as much as its level says. What a choice costs above this bound is known line by line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, product, zip_longest
from math import gcd
from typing import NamedTuple

from catalog.basketing.fees import KINDS, Shop

INFINITE = float("inf")
SWEEPS = 4
Costs = Sequence[Mapping[int, int]]
"""Of each line, what it costs at the shops that have it."""


class Level(NamedTuple):
    """With goods (paise) from `least` to `most`: fees less the sums that offers take off, and what each line counts as
    less what they take off in percent. The bill is never lower than that."""

    least: int
    fees: int
    most: float
    prices: tuple[float, ...]
    """Of every line of the list; 0 where the shop does not have it."""
    part: float
    """Of a paisa of goods at least so much is paid."""


class _Piece(NamedTuple):
    """What an offer takes off with goods from `least` to `most`: a sum, and something of each line."""

    least: int = 0
    most: float = INFINITE
    off: int = 0
    of_line: tuple[float, ...] = ()


def levels_of(shop: Shop) -> list[Level]:
    """Every way an order may be charged: a step of the fees with at most one offer of each kind, without those that
    another is never dearer than."""
    terms = shop.terms
    paise = [cost.paise if cost is not None else 0 for cost in shop.costs]
    free_from = terms.free_from_paise
    steps = {terms.minimum_paise, terms.small_cart_below_paise, free_from or 0}
    found = []
    for step in sorted(step for step in steps if step >= terms.minimum_paise):
        delivery = terms.delivery_paise if free_from is None or step < free_from else 0
        small = terms.small_cart_paise if step < terms.small_cart_below_paise else 0
        fees = delivery + small + terms.handling_paise + terms.surge_paise
        for pieces in product(*(_pieces(shop, kind, paise, delivery) for kind in KINDS)):
            prices = [*map(float, paise)]
            for piece in pieces:
                prices = [price - off for price, off in zip_longest(prices, piece.of_line, fillvalue=0.0)]
            part = min((max(0.0, price) / full for price, full in zip(prices, paise, strict=True) if full), default=0.0)
            least = max(step, *(piece.least for piece in pieces))
            most = min(piece.most for piece in pieces)
            if least <= min(most, sum(paise)) or not least:
                found.append(Level(least, fees - sum(piece.off for piece in pieces), most, tuple(prices), part))
    kept: list[Level] = []
    for one in sorted(found):
        if not any(_is_never_dearer(other, one) for other in kept):
            kept = [other for other in kept if not _is_never_dearer(one, other)] + [one]
    return kept


def _pieces(shop: Shop, kind: str, paise: Sequence[int], delivery: int) -> Iterator[_Piece]:
    """No offer of the kind, or one of them: in percent until it takes off the most it may, and that sum from there."""
    yield _Piece()
    for place, offer in enumerate(shop.offers):
        if offer.kind != kind:
            continue
        least, rate = offer.minimum_paise, min(offer.off_bp, 10_000)
        if kind == "delivery":
            yield _Piece(least, off=offer.off(delivery))
            continue
        within = [cost.within[place] if cost is not None else 0 for cost in shop.costs]
        off, most = offer.off(sum(within)), INFINITE
        if not rate or off == offer.most_paise:
            enough = -(-max(0, off - offer.off_paise) * 10_000 // rate) if rate else 0
            yield _Piece(max(least, enough), off=off)
            most = enough if within == paise else INFINITE
        if rate:
            yield _Piece(least, most, min(offer.off_paise, off), tuple(part * rate / 10_000 for part in within))


def _is_never_dearer(one: Level, other: Level) -> bool:
    return (
        one.least <= other.least
        and one.fees <= other.fees
        and one.most >= other.most
        and all(price <= its for price, its in zip(one.prices, other.prices, strict=True))
    )


def grain(shops: Sequence[Shop]) -> int:
    """What every total is a multiple of: whole rupees mostly."""
    found = 0
    for shop in shops:
        terms = shop.terms
        found = gcd(found, terms.delivery_paise, terms.handling_paise, terms.small_cart_paise, terms.surge_paise)
        for cost in shop.costs:
            if cost is not None:
                found = gcd(found, cost.paise, *cost.within)
        for place, offer in enumerate(shop.offers):
            found = gcd(found, offer.off_paise, offer.most_paise or 0)
            for of in (terms.delivery_paise, *(cost.within[place] for cost in shop.costs if cost is not None)):
                off, rest = divmod(of * min(offer.off_bp, 10_000), 10_000)
                found = 1 if rest else gcd(found, off)
    return found or 1


class Picked(NamedTuple):
    """Levels of the first shops of a set, the prices they make, and what a plan with them costs at least."""

    bound: float
    levels: tuple[Level, ...]
    prices: list[float]


class ShopSet:
    """Some of the shops: their lines, the cheapest first, each with the lowest price it may have there and the shop;
    and the levels of each."""

    def __init__(self, chosen: Sequence[int], costs: Costs, of_shop: Sequence[Sequence[Level]]) -> None:
        self.chosen = tuple(sorted(chosen, key=lambda shop: (-len(of_shop[shop]), shop)))
        """Those that may be charged in most ways first: what they cost is the least certain."""
        least = {shop: [*map(min, zip(*(level.prices for level in of_shop[shop]), strict=True))] for shop in chosen}
        cheapest = sorted(
            (*min((least[shop][line], shop) for shop in chosen if shop in its), line)
            for line, its in enumerate(costs)
            if any(shop in its for shop in chosen)
        )
        self.lines = [line for _, _, line in cheapest]
        self.home = [shop for _, shop, _ in cheapest]
        self.least = (0.0, *accumulate(price for price, _, _ in cheapest))
        """What the cheapest so many lines cost at least."""
        self._most = sum(max(costs[line].get(shop, 0) for shop in chosen) for line in self.lines)
        self._levels = [
            [
                (level, [level.prices[line] if shop in costs[line] else INFINITE for line in self.lines])
                for level in of_shop[shop]
            ]
            for shop in self.chosen
        ]
        self._after = [(0, [INFINITE] * len(self.lines))]
        """Of the shops from each place on, the lowest fees and prices."""
        for its in reversed(self._levels):
            fees, prices = self._after[-1]
            fees += min((level.fees for level, _ in its), default=0)
            self._after.append((fees, [*map(min, prices, *(own for _, own in its))]))
        self._after.reverse()

    def begun(self) -> Picked:
        return Picked(0.0, (), [INFINITE] * len(self.lines))

    def grown(self, picked: Picked, count: int) -> list[Picked]:
        """With each level of one shop more, the lowest bound of `count` lines first."""
        at = len(picked.levels)
        fees_after, prices_after = self._after[at + 1]
        found = []
        for level, own in self._levels[at]:
            levels = (*picked.levels, level)
            if sum(one.least for one in levels) > self._most:
                continue
            prices = [*map(min, picked.prices, own)]
            goods = sum(sorted(map(min, prices, prices_after))[:count])
            together = sum(one.least * one.part for one in levels)
            fees = sum(one.fees for one in levels) + fees_after
            found.append(Picked(max(picked.bound, max(goods, together) + fees), levels, prices))
        return sorted(found, key=lambda it: it.bound)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """`bound` of the goods. A paisa of goods at a shop counts as `worth` less; leaving a line out costs `left_out`;
    `back` is paid for the levels."""

    bound: float
    back: float
    worth: Mapping[int, float]
    left_out: float
    where: Mapping[int, int]
    """The lines that are taken, each where it is cheapest so: often a plan."""


def at_worth(
    costs: Costs, lines: Sequence[int], levels: Mapping[int, Level], worth: Mapping[int, float], count: int
) -> Relaxed:
    """Of `count` of these lines at the shops with these levels. Any worths give a bound, good ones a high one."""
    counted = sorted((*_cheapest(costs[line], line, levels, worth), line) for line in lines)
    left_out = counted[count - 1][0] if count < len(lines) else INFINITE
    back = sum(each * (levels[shop].least if each > 0 else levels[shop].most) for shop, each in worth.items() if each)
    bound = sum(price for price, _, _ in counted[:count]) + back
    return Relaxed(bound, back, worth, left_out, {line: shop for _, shop, line in counted[:count]})


def relaxed(
    costs: Costs, lines: Sequence[int], levels: Mapping[int, Level], count: int, enough: float = INFINITE
) -> Relaxed | None:
    """The best of some rounds; a bound above `enough` is good enough. None: there are not goods as the levels say."""
    best = at_worth(costs, lines, levels, dict.fromkeys(levels, 0.0), count)
    worth = dict(best.worth)
    left_out = best.left_out
    for _ in range(SWEEPS):
        before = dict(worth)
        for shop, level in levels.items():
            if level.least > 0 or level.most < INFINITE:
                settled = _settled(costs, lines, levels, worth, left_out, shop)
                if settled is None:
                    return None
                worth[shop] = settled
        its = at_worth(costs, lines, levels, dict(worth), count)
        left_out = its.left_out
        best = max(best, its, key=lambda it: it.bound)
        if worth == before or best.bound > enough:
            break
    return best


def _cheapest(
    its: Mapping[int, int], line: int, levels: Mapping[int, Level], worth: Mapping[int, float]
) -> tuple[float, int]:
    return min((levels[shop].prices[line] - paise * worth[shop], shop) for shop, paise in its.items() if shop in levels)


def _settled(
    costs: Costs,
    lines: Sequence[int],
    levels: Mapping[int, Level],
    worth: Mapping[int, float],
    left_out: float,
    shop: int,
) -> float | None:
    """The worth of this shop's goods, the nearest to none, at which as much of them is cheapest there as its level
    says; None where it never is."""
    level, goods = levels[shop], 0
    here, elsewhere = [], []
    others = {one: its for one, its in levels.items() if one != shop}
    for line in lines:
        its = costs[line]
        paise = its.get(shop)
        if not paise:
            continue
        other = min(left_out, _cheapest(its, line, others, worth)[0]) if its.keys() & others else left_out
        at = (level.prices[line] - other) / paise  # the worth from which on the line is cheapest here
        if at <= 0:
            goods += paise
            here.append((at, paise))
        else:
            elsewhere.append((at, paise))
    if goods < level.least:
        for at, paise in sorted(elsewhere):
            goods += paise
            if goods >= level.least:
                return at
        return None
    for at, paise in sorted(here, reverse=True):
        if goods <= level.most:
            break
        goods -= paise
        if goods <= level.most:
            return at if at > -INFINITE else None
    return 0.0
