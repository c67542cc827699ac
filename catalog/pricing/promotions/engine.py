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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from blinkit.kernel.money import rupees, share_out
from blinkit.kernel.said import say
from catalog.pricing.promotions.benefits import NOTHING_THERE, Benefit, Refusal, is_per_line, item_benefit, off_whole
from catalog.pricing.promotions.rules import TOGETHER, Basket, Group, Left, Lines, Rule, Shopper, Stacking, Why

MOST_STEPS = 600
NO_LIMIT = Left()
DELIVERED_FREE = Refusal(Why.NOTHING_TO_SAVE, "Delivery is free already.")
LESS_TOGETHER = Refusal(Why.NOT_TOGETHER, "It cannot be combined with what saves more.")


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
    lines = Lines(sorted(basket.items, key=lambda item: item.product_id))
    refused: dict[int, Refusal] = {}
    benefits: dict[int, Benefit] = {}
    usable: dict[Group, list[Rule]] = {}
    lone: list[Rule] = []
    by_id = {rule.id: rule for rule in rules}
    for id in sorted(by_id):
        rule = by_id[id]
        found = _not_for(rule, shopper, now) or _judged(rule, lines, basket.delivery_paise, shopper.left)
        if isinstance(found, Refusal):
            refused[id] = found
            continue
        if isinstance(found, Benefit):
            benefits[id] = found
        if rule.alone:
            lone.append(rule)
        else:
            usable.setdefault(rule.group, []).append(rule)

    best = Decision()
    for chosen in _ways(usable, lone, stacking):
        made = _combined(lines, basket.delivery_paise, chosen, benefits, shopper)
        if made.merit > best.merit:
            best = made
    _outdone(refused, best, lines, [*lone, *(rule for some in usable.values() for rule in some)], benefits, stacking)
    return Decision(
        applied=best.applied,
        refused=tuple(NotApplied(by_id[pk], refused[pk].why, refused[pk].sentence) for pk in sorted(refused)),
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


def _judged(rule: Rule, lines: Lines, delivery_paise: int, left: Mapping[int, Left]) -> Benefit | Refusal | None:
    """What an item promotion is worth; None for a promotion of another stage that may apply."""
    if rule.group is Group.ITEM:
        return item_benefit(rule, lines, left.get(rule.id, NO_LIMIT))
    counted = sum([lines.gross[place] for place in lines.on(rule)]) if rule.is_scoped else lines.total
    if not counted:
        return NOTHING_THERE
    if (missing := rule.min_items_paise - counted) > 0:
        return Refusal(Why.BELOW_MINIMUM, say("Add {amount} more.", amount=rupees(missing)))
    if rule.group is Group.DELIVERY:
        if not delivery_paise:
            return DELIVERED_FREE
        budget = left.get(rule.id, NO_LIMIT).paise
        if budget is not None and delivery_paise > budget:
            return Refusal(Why.USED_UP, "Its budget is used up.")
    return None


Chosen = Mapping[Group, Sequence[Rule]]


def _ways(usable: Chosen, lone: Sequence[Rule], stacking: Stacking) -> list[Chosen]:
    """Sets of promotions among which only the stages decide: one per largest legal set of stages, each alone one."""
    there = sorted(usable)
    legal: list[frozenset[Group]] = []
    for size in range(len(there), 0, -1):
        for some in map(frozenset, combinations(there, size)):
            if stacking.allows(some) and not any(some < other for other in legal):
                legal.append(some)
        if legal and legal[0] == frozenset(there):
            break  # all may meet: every other set is a part of it
    ways: list[Chosen] = [{group: usable[group] for group in groups} for groups in legal]
    return ways + [{rule.group: [rule]} for rule in lone]


def _combined(
    lines: Lines, delivery_paise: int, rules: Chosen, benefits: dict[int, Benefit], shopper: Shopper
) -> Decision:
    items = lines.items
    picked, proven = _pack([benefits[rule.id] for rule in rules.get(Group.ITEM, ())])
    off = [0] * len(items)
    applied: list[Applied] = []
    for benefit in picked:
        for place, paise in benefit.off.items():
            off[place] += paise
        given = tuple((items[place].product_id, paise) for place, paise in sorted(benefit.off.items()))
        code = shopper.codes.get(benefit.rule.id, "")
        applied.append(Applied(benefit.rule, benefit.worth, lines=given, units=benefit.units, code=code))
    net = [gross - less for gross, less in zip(lines.gross, off, strict=True)]
    for group in (Group.BASKET, Group.BANK):
        rule, worth = _dearest(rules.get(group, ()), sum(net), shopper)
        if rule is None:
            continue
        shares = share_out(worth, net)
        given = tuple((item.product_id, share) for item, share in zip(items, shares, strict=True) if share)
        applied.append(Applied(rule, worth, lines=given, code=shopper.codes.get(rule.id, "")))
        off = [less + share for less, share in zip(off, shares, strict=True)]
        net = [left - share for left, share in zip(net, shares, strict=True)]
    waived = 0
    free = next(iter(rules.get(Group.DELIVERY, ())), None)
    if free is not None:
        waived = delivery_paise
        applied.append(Applied(free, waived_paise=waived, code=shopper.codes.get(free.id, "")))
    rule, credit = _dearest(rules.get(Group.CASHBACK, ()), sum(net), shopper)
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
        self._masks = [sum([1 << place for place in benefit.takes]) for _, benefit in gains]
        self._rest = [sum([gain for gain, _ in gains[start:]]) for start in range(len(gains) + 1)]
        self._bounds = self._suffix_bounds()
        self._steps = 0
        self._chosen: Sequence[int] = []
        self._most = 0
        self._go(0, 0, 0, ())
        self.best = [gains[place][1] for place in self._chosen]
        self.is_proven = self._steps < MOST_STEPS

    def _suffix_bounds(self) -> list[list[tuple[int, float]]]:
        """For each start: the most any promotion from there on can gain on a line, by the line's bit."""
        most: dict[int, float] = {}
        bounds: list[list[tuple[int, float]]] = [[]]
        for gain, benefit in reversed(self._gains):
            density = gain / len(benefit.takes)
            for place in benefit.takes:
                bit = 1 << place
                if density > most.get(bit, 0.0):
                    most[bit] = density
            bounds.append(list(most.items()))
        return bounds[::-1]

    def _go(self, start: int, sum_: int, taken: int, chosen: tuple[int, ...]) -> None:
        self._steps += 1
        if sum_ > self._most:
            self._most, self._chosen = sum_, chosen
        if start == len(self._gains) or self._steps >= MOST_STEPS:
            return
        if sum_ + self._rest[start] <= self._most:
            return
        hope = float(sum_)
        for bit, most in self._bounds[start]:
            if not taken & bit:
                hope += most
        if hope <= self._most + 1e-6:
            return
        mask = self._masks[start]
        if not mask & taken:
            self._go(start + 1, sum_ + self._gains[start][0], taken | mask, (*chosen, start))
        self._go(start + 1, sum_, taken, chosen)


def _outdone(
    refused: dict[int, Refusal],
    best: Decision,
    lines: Lines,
    rules: Sequence[Rule],
    benefits: dict[int, Benefit],
    stacking: Stacking,
) -> None:
    """Say of each that might have applied and did not, why not."""
    used = {applied.rule.id for applied in best.applied}
    lone = next((applied for applied in best.applied if applied.rule.alone), None)
    first: dict[Group, Applied] = {}
    on_place: dict[int, list[int]] = {}
    of_item: list[str] = []
    places = {item.product_id: place for place, item in enumerate(lines.items)}
    for applied in best.applied:
        first.setdefault(applied.rule.group, applied)
        if applied.rule.group is Group.ITEM:
            for product_id, _ in applied.lines:
                on_place.setdefault(places[product_id], []).append(len(of_item))
            of_item.append(applied.rule.name)
    meets = {group: stacking.allows(frozenset({group, *first})) for group in Group}
    for rule in rules:
        if rule.id in used:
            continue
        group = rule.group
        if lone is not None:
            why = Refusal(
                Why.NOT_TOGETHER, say("{name} cannot be combined with others and saves more.", name=lone.rule.name)
            )
        elif rule.alone:
            why = Refusal(Why.NOT_TOGETHER, "It cannot be combined with others, and they save more together.")
        elif not meets[group]:
            why = LESS_TOGETHER
        elif group is Group.ITEM:
            others = sorted({n for place in benefits[rule.id].takes for n in on_place.get(place, ())})
            names = ", ".join([of_item[n] for n in others]) or say("other promotions")
            why = Refusal(Why.OUTDONE, say("More is saved on the same items by: {names}.", names=names))
        elif group in first:
            why = Refusal(Why.OUTDONE, say("{name} gives more.", name=first[group].rule.name))
        elif first and group in (Group.BASKET, Group.BANK, Group.CASHBACK):
            why = Refusal(Why.NOTHING_TO_SAVE, "There is nothing left for it to lower, or its budget is used up.")
        else:
            why = LESS_TOGETHER
        refused[rule.id] = why
