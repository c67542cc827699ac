"""The best legal combination of promotions, and why each other one did not apply.

Best: least to pay now; between equals the larger credit later; then a fixed order by id. Deterministic: neither the
order of the lines nor of the promotions matters.

Why going stage by stage is exact: what a later stage takes falls by at most one paisa for each paisa an earlier stage
took, so the most an earlier stage can save is always part of a best answer. Within the item stage promotions compete
for lines. One that counts line by line (`benefits.is_per_line`) gets the lines where it is best; every other takes all
its lines or none. That is a weighted set packing, solved by branch and bound; `MOST_STEPS` bounds its time, and
`Decision.is_proven` is False in the rare case that it ran out (the answer is then legal and good, not proven best).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from blinkit.kernel.money import rupees, share_out
from blinkit.kernel.said import say
from catalog.pricing.promotions.benefits import Benefit, Refusal, is_per_line, item_benefit, off_whole
from catalog.pricing.promotions.rules import TOGETHER, Basket, Group, Item, Left, Rule, Shopper, Stacking, Why

MOST_STEPS = 600
NO_LIMIT = Left()


@dataclass(frozen=True, slots=True)
class Applied:
    """`lines` are (product id, paise off); `waived_paise` is off the delivery fee; `credit_paise` comes later."""

    rule: Rule
    discount_paise: int = 0
    waived_paise: int = 0
    credit_paise: int = 0
    lines: tuple[tuple[int, int], ...] = ()
    units: int = 0
    code: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.rule.name,
            "kind": self.rule.kind.value,
            "discount_paise": self.discount_paise,
            "delivery_paise": self.waived_paise,
            "credit_paise": self.credit_paise,
            "code": self.code or None,
        }


@dataclass(frozen=True, slots=True)
class NotApplied:
    rule: Rule
    why: Why
    sentence: str

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.rule.name,
            "kind": self.rule.kind.value,
            "why": self.why.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """`line_discounts` by product id sum to `discount_paise`, each at most its line; both stages' shares together."""

    applied: tuple[Applied, ...] = ()
    refused: tuple[NotApplied, ...] = ()
    line_discounts: tuple[tuple[int, int], ...] = ()
    discount_paise: int = 0
    waived_paise: int = 0
    credit_paise: int = 0
    is_proven: bool = True

    @property
    def merit(self) -> tuple[int, int]:
        return (self.discount_paise + self.waived_paise, self.credit_paise)


def decide(
    basket: Basket,
    rules: Iterable[Rule],
    *,
    shopper: Shopper,
    now: datetime,
    stacking: Stacking = TOGETHER,
) -> Decision:
    """What this basket gets. Never below zero, never more than the items cost, whatever the rules say."""
    items = sorted(basket.items, key=lambda item: item.product_id)
    refused: dict[int, Refusal] = {}
    open_rules: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.id):
        if (no := _not_for(rule, shopper, now)) is not None:
            refused[rule.id] = no
        else:
            open_rules.append(rule)
    benefits: dict[int, Benefit] = {}
    total = sum(item.qty * item.unit_price_paise for item in items)
    usable: list[Rule] = []
    for rule in open_rules:
        found = _judged(rule, items, total, basket.delivery_paise, shopper.left.get(rule.id, NO_LIMIT))
        if isinstance(found, Refusal):
            refused[rule.id] = found
            continue
        if isinstance(found, Benefit):
            benefits[rule.id] = found
        usable.append(rule)

    best = Decision()
    for chosen in _ways(usable, stacking):
        made = _combined(items, total, basket.delivery_paise, chosen, benefits, shopper)
        if made.merit > best.merit:
            best = made
    used = {applied.rule.id for applied in best.applied}
    for rule in usable:
        if rule.id not in used:
            refused[rule.id] = _outdone(rule, best, items, benefits, stacking)
    by_id = {rule.id: rule for rule in rules}
    return Decision(
        applied=best.applied,
        refused=tuple(NotApplied(by_id[pk], no.why, no.sentence) for pk, no in sorted(refused.items())),
        line_discounts=best.line_discounts,
        discount_paise=best.discount_paise,
        waived_paise=best.waived_paise,
        credit_paise=best.credit_paise,
        is_proven=best.is_proven,
    )


def _not_for(rule: Rule, shopper: Shopper, now: datetime) -> Refusal | None:
    if rule.starts_at is not None and now < rule.starts_at:
        return Refusal(Why.NOT_STARTED, "It has not started yet.")
    if rule.ends_at is not None and now >= rule.ends_at:
        return Refusal(Why.ENDED, "It is over.")
    if rule.needs_code and rule.id not in shopper.codes:
        return Refusal(Why.CODE_NEEDED, "It needs a coupon code.")
    if (rule.first_order or rule.segment) and shopper.first_order is None:
        return Refusal(Why.SIGN_IN, "Sign in to see whether it is for you.")
    if rule.first_order and not shopper.first_order:
        return Refusal(Why.FIRST_ORDER, "It is for a first order.")
    if rule.segment and rule.segment not in shopper.segments:
        return Refusal(Why.NOT_FOR_YOU, "It is for some customers only.")
    if rule.method and rule.method != shopper.method:
        return Refusal(Why.PAY_WITH, say("It needs another way to pay: {method}.", method=rule.method))
    left = shopper.left.get(rule.id)
    if rule.is_limited and (left is None or (left.uses is not None and left.uses <= 0)):
        return Refusal(Why.USED_UP, "It is used up.")
    return None


def _judged(rule: Rule, items: Sequence[Item], total: int, delivery_paise: int, left: Left) -> Benefit | Refusal | None:
    """What an item promotion is worth; None for a promotion of another stage that may apply."""
    if rule.group == Group.ITEM:
        return item_benefit(rule, items, left)
    counted = total if not rule.is_scoped else sum(i.qty * i.unit_price_paise for i in items if rule.covers(i))
    if not counted:
        return Refusal(Why.NOT_IN_BASKET, "Nothing it is for is in your cart.")
    if (missing := rule.min_items_paise - counted) > 0:
        return Refusal(Why.BELOW_MINIMUM, say("Add {amount} more.", amount=rupees(missing)))
    if rule.group == Group.DELIVERY:
        if not delivery_paise:
            return Refusal(Why.NOTHING_TO_SAVE, "Delivery is free already.")
        if left.paise is not None and delivery_paise > left.paise:
            return Refusal(Why.USED_UP, "Its budget is used up.")
    return None


def _ways(rules: Sequence[Rule], stacking: Stacking) -> list[list[Rule]]:
    """Sets of promotions among which only the stages decide: one per largest legal set of stages, each alone one."""
    sociable = [rule for rule in rules if not rule.alone]
    there = sorted({rule.group for rule in sociable})
    legal: list[frozenset[Group]] = []
    for size in range(len(there), 0, -1):
        for some in map(frozenset, combinations(there, size)):
            if stacking.allows(some) and not any(some < other for other in legal):
                legal.append(some)
    ways = [[rule for rule in sociable if rule.group in groups] for groups in legal]
    return ways + [[rule] for rule in rules if rule.alone]


def _combined(
    items: Sequence[Item],
    total: int,
    delivery_paise: int,
    rules: Sequence[Rule],
    benefits: dict[int, Benefit],
    shopper: Shopper,
) -> Decision:
    mine = [benefits[rule.id] for rule in rules if rule.group == Group.ITEM]
    picked, proven = _pack(mine)
    off = [0] * len(items)
    applied: list[Applied] = []
    for benefit in picked:
        for place, paise in benefit.off.items():
            off[place] += paise
        lines = tuple((items[place].product_id, paise) for place, paise in sorted(benefit.off.items()))
        code = shopper.codes.get(benefit.rule.id, "")
        applied.append(Applied(benefit.rule, benefit.worth, lines=lines, units=benefit.units, code=code))
    net = [item.qty * item.unit_price_paise - less for item, less in zip(items, off, strict=True)]
    for group in (Group.BASKET, Group.BANK):
        rule, worth = _dearest([rule for rule in rules if rule.group == group], sum(net), shopper)
        if rule is None:
            continue
        shares = share_out(worth, net)
        lines = tuple((item.product_id, share) for item, share in zip(items, shares, strict=True) if share)
        applied.append(Applied(rule, worth, lines=lines, code=shopper.codes.get(rule.id, "")))
        off = [less + share for less, share in zip(off, shares, strict=True)]
        net = [left - share for left, share in zip(net, shares, strict=True)]
    waived = 0
    free = next((rule for rule in rules if rule.group == Group.DELIVERY), None)
    if free is not None:
        waived = delivery_paise
        applied.append(Applied(free, waived_paise=waived, code=shopper.codes.get(free.id, "")))
    rule, credit = _dearest([rule for rule in rules if rule.group == Group.CASHBACK], sum(net), shopper)
    if rule is not None:
        applied.append(Applied(rule, credit_paise=credit, code=shopper.codes.get(rule.id, "")))
    return Decision(
        applied=tuple(applied),
        line_discounts=tuple((item.product_id, less) for item, less in zip(items, off, strict=True) if less),
        discount_paise=sum(off),
        waived_paise=waived,
        credit_paise=credit,
        is_proven=proven,
    )


def _dearest(rules: Sequence[Rule], paid_paise: int, shopper: Shopper) -> tuple[Rule | None, int]:
    """The one that gives most on this amount and still can; the earlier one among equals."""
    best: Rule | None = None
    most = 0
    for rule in rules:
        worth = off_whole(rule, paid_paise)
        left = shopper.left.get(rule.id, NO_LIMIT).paise
        if worth > most and (left is None or worth <= left):
            best, most = rule, worth
    return best, most


def _pack(benefits: Sequence[Benefit]) -> tuple[list[Benefit], bool]:
    """The item promotions to use, each with the lines it gets, and whether nothing better exists for certain."""
    by_line: dict[int, tuple[int, Benefit]] = {}
    whole: list[Benefit] = []
    for benefit in benefits:
        if not is_per_line(benefit.rule):
            whole.append(benefit)
            continue
        for place, paise in benefit.off.items():
            if place not in by_line or paise > by_line[place][0]:
                by_line[place] = (paise, benefit)
    base = {place: paise for place, (paise, _) in by_line.items()}
    gains = [(benefit.worth - sum(base.get(place, 0) for place in benefit.takes), benefit) for benefit in whole]
    search = _Search(sorted([pair for pair in gains if pair[0] > 0], key=lambda pair: (-pair[0], pair[1].rule.id)))
    taken = frozenset(place for benefit in search.best for place in benefit.takes)
    shares: dict[int, dict[int, int]] = {}
    owners: dict[int, Benefit] = {}
    for place, (paise, benefit) in by_line.items():
        if place not in taken:
            shares.setdefault(benefit.rule.id, {})[place] = paise
            owners[benefit.rule.id] = benefit
    own = [Benefit(owners[pk].rule, off, frozenset(off), 0, sum(off.values())) for pk, off in shares.items()]
    return sorted([*own, *search.best], key=lambda benefit: benefit.rule.id), search.is_proven


class _Search:
    """Largest sum of gains of promotions that share no line: depth first, with the bound that a promotion can gain no
    more per line than its gain divided by its lines."""

    def __init__(self, gains: Sequence[tuple[int, Benefit]]) -> None:
        self._gains = gains
        self._bounds = self._suffix_bounds()
        self._steps = 0
        self.best: list[Benefit] = []
        self._most = 0
        self._go(0, 0, frozenset(), [])
        self.is_proven = self._steps < MOST_STEPS

    def _suffix_bounds(self) -> list[dict[int, float]]:
        """For each start: the most any promotion from there on can gain on a line."""
        bounds: list[dict[int, float]] = [{}]
        for gain, benefit in reversed(self._gains):
            density = gain / len(benefit.takes)
            here = dict(bounds[-1])
            for place in benefit.takes:
                here[place] = max(here.get(place, 0.0), density)
            bounds.append(here)
        return bounds[::-1]

    def _go(self, start: int, sum_: int, taken: frozenset[int], chosen: list[Benefit]) -> None:
        self._steps += 1
        if sum_ > self._most:
            self._most, self.best = sum_, list(chosen)
        if start == len(self._gains) or self._steps >= MOST_STEPS:
            return
        hope = sum_ + sum(most for place, most in self._bounds[start].items() if place not in taken)
        if hope <= self._most + 1e-6:
            return
        gain, benefit = self._gains[start]
        if not benefit.takes & taken:
            self._go(start + 1, sum_ + gain, taken | benefit.takes, [*chosen, benefit])
        self._go(start + 1, sum_, taken, chosen)


def _outdone(
    rule: Rule, best: Decision, items: Sequence[Item], benefits: dict[int, Benefit], stacking: Stacking
) -> Refusal:
    lone = next((applied for applied in best.applied if applied.rule.alone), None)
    if lone is not None:
        return Refusal(
            Why.NOT_TOGETHER, say("{name} cannot be combined with others and saves more.", name=lone.rule.name)
        )
    if rule.alone:
        return Refusal(Why.NOT_TOGETHER, "It cannot be combined with others, and they save more together.")
    if not stacking.allows(frozenset({rule.group, *(applied.rule.group for applied in best.applied)})):
        return Refusal(Why.NOT_TOGETHER, "It cannot be combined with what saves more.")
    same = [applied for applied in best.applied if applied.rule.group == rule.group]
    if rule.group == Group.ITEM and rule.id in benefits:
        mine = {items[place].product_id for place in benefits[rule.id].takes}
        others = [applied.rule.name for applied in same if any(product in mine for product, _ in applied.lines)]
        names = ", ".join(others) or say("other promotions")
        return Refusal(Why.OUTDONE, say("More is saved on the same items by: {names}.", names=names))
    if same:
        return Refusal(Why.OUTDONE, say("{name} gives more.", name=same[0].rule.name))
    if best.applied and rule.group in (Group.BASKET, Group.BANK, Group.CASHBACK):
        return Refusal(Why.NOTHING_TO_SAVE, "There is nothing left for it to lower, or its budget is used up.")
    return Refusal(Why.NOT_TOGETHER, "It cannot be combined with what saves more.")
