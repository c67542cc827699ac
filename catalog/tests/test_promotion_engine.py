"""Promotions: never below zero, never above the items, the shares are the discount, the order of things is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing.promotions import Basket, Group, Item, Kind, Left, Rule, Shopper, Stacking, Why, decide
from catalog.pricing.promotions.benefits import Benefit, is_per_line, item_benefit, off_whole
from catalog.tests.factories import NOW

CATEGORIES, BRANDS = ("milk", "snacks"), ("Amul", "Lays")
PAISE = st.integers(0, 30_000)

ITEMS = st.lists(
    st.builds(
        Item,
        product_id=st.integers(1, 6), qty=st.integers(1, 6), unit_price_paise=st.integers(1, 20_000),
        category=st.sampled_from(CATEGORIES), brand=st.sampled_from(BRANDS),
    ),
    max_size=6, unique_by=lambda item: item.product_id,
)  # fmt: skip
RULE = st.builds(
    Rule,
    id=st.just(0), name=st.just("x"), kind=st.sampled_from(list(Kind)),
    percent_bp=st.integers(0, 10_000), amount_paise=PAISE, cap_paise=st.none() | PAISE,
    buy_qty=st.integers(0, 2), get_qty=st.integers(1, 2), most_times=st.none() | st.integers(1, 3),
    parts=st.just(()) | st.just(((1, 1), (2, 2))),
    products=st.frozensets(st.integers(1, 6), max_size=3),
    categories=st.just(frozenset()) | st.just(frozenset({"milk"})),
    min_items_paise=st.just(0) | PAISE, method=st.sampled_from(["", "online"]),
    alone=st.sampled_from([False, False, False, True]), is_limited=st.booleans(),
)  # fmt: skip
RULES = st.lists(RULE, max_size=7).map(lambda rules: [replace(rule, id=n) for n, rule in enumerate(rules, 1)])
LEFT = st.builds(Left, uses=st.none() | st.integers(0, 2), paise=st.none() | PAISE, units=st.none() | st.integers(0, 5))
SHOPPERS = st.builds(
    Shopper, first_order=st.booleans(), method=st.sampled_from(["", "online"]),
    left=st.fixed_dictionaries(dict.fromkeys(range(1, 8), LEFT)),
)  # fmt: skip


@given(ITEMS, RULES, SHOPPERS, PAISE)
def test_never_below_zero_never_above_the_items_and_the_shares_are_the_discount(items, rules, shopper, delivery):
    made = decide(Basket(items, delivery), rules, shopper=shopper, now=NOW)
    gross = {item.product_id: item.qty * item.unit_price_paise for item in items}
    assert 0 <= made.discount_paise == sum(paise for _, paise in made.line_discounts) <= sum(gross.values())
    assert all(0 < paise <= gross[product] for product, paise in made.line_discounts)
    assert made.discount_paise == sum(applied.discount_paise for applied in made.applied)
    for applied in made.applied:
        assert applied.discount_paise == sum(paise for _, paise in applied.lines)
        assert applied.rule.cap_paise is None or applied.discount_paise <= applied.rule.cap_paise
        left = shopper.left.get(applied.rule.id, Left())
        if applied.rule.is_limited and left.paise is not None:
            assert applied.discount_paise <= left.paise
    assert 0 <= made.waived_paise <= delivery
    assert 0 <= made.credit_paise <= sum(gross.values()) - made.discount_paise
    # Every promotion is either used or says why not.
    told = {applied.rule.id for applied in made.applied} ^ {refused.rule.id for refused in made.refused}
    assert told == {rule.id for rule in rules}
    assert all(refused.sentence for refused in made.refused)


@given(ITEMS, RULES, SHOPPERS, st.randoms())
def test_the_order_of_lines_and_promotions_is_nothing(items, rules, shopper, random):
    made = decide(Basket(items, 2_500), rules, shopper=shopper, now=NOW)
    items, rules = list(items), list(rules)
    random.shuffle(items)
    random.shuffle(rules)
    assert decide(Basket(items, 2_500), rules, shopper=shopper, now=NOW) == made


@given(ITEMS, RULES)
def test_stages_exclude_each_other_and_lines_have_one_item_promotion(items, rules):
    made = decide(Basket(items, 2_500), rules, shopper=Shopper(first_order=True, method="online"), now=NOW)
    stages = [applied.rule.group for applied in made.applied if applied.rule.group != Group.ITEM]
    assert len(stages) == len(set(stages))
    lines = [product for a in made.applied if a.rule.group == Group.ITEM for product, _ in a.lines]
    assert len(lines) == len(set(lines))
    if any(applied.rule.alone for applied in made.applied):
        assert len(made.applied) == 1


@given(ITEMS, RULES.filter(lambda rules: len(rules) <= 6))
def test_no_other_legal_combination_saves_more(items, rules):
    """Against trying all subsets: item promotions by the definition, then every choice of the later stages."""
    shopper = Shopper(first_order=True, method="online")
    rules = [replace(rule, is_limited=False) for rule in rules]
    items = sorted(items, key=lambda item: item.product_id)
    total = sum(item.qty * item.unit_price_paise for item in items)
    best = 0
    for size in range(len(rules) + 1):
        for some in combinations(rules, size):
            best = max(best, worth_of(some, items, total, 2_500) or 0)
    made = decide(Basket(items, 2_500), rules, shopper=shopper, now=NOW)
    assert made.is_proven
    assert made.discount_paise + made.waived_paise == best


def worth_of(rules, items, total, delivery):
    """What exactly these save together; None when that is not legal."""
    if len(rules) > 1 and any(rule.alone for rule in rules):
        return None
    groups = [rule.group for rule in rules if rule.group != Group.ITEM]
    if len(groups) != len(set(groups)):
        return None
    taken, lines = set(), {}
    for rule in rules:
        if rule.group != Group.ITEM:
            if not items or rule.min_items_paise > sum(i.qty * i.unit_price_paise for i in items if rule.covers(i)):
                return None
            if not any(rule.covers(item) for item in items):
                return None
            continue
        found = item_benefit(rule, items, Left())
        if not isinstance(found, Benefit):
            return None
        if is_per_line(rule):
            for place, paise in found.off.items():
                lines.setdefault(place, []).append(paise)
        elif taken & found.takes:
            return None
        else:
            taken |= found.takes
    saved = sum(item_benefit(r, items, Left()).worth for r in rules if r.group == Group.ITEM and not is_per_line(r))
    saved += sum(max(paise) for place, paise in lines.items() if place not in taken)
    for group in (Group.BASKET, Group.BANK):
        for rule in rules:
            if rule.group == group:
                saved += off_whole(rule, total - saved)
    return saved + (delivery if any(rule.group == Group.DELIVERY for rule in rules) else 0)


MILK = Item(1, 2, 6_000, "milk", "Amul")
CHIPS = Item(2, 3, 2_000, "snacks", "Lays")
BASKET = Basket([MILK, CHIPS], 2_500)
ANYBODY = Shopper(first_order=False)


def alone_with(rule: Rule, basket: Basket = BASKET, shopper: Shopper = ANYBODY, **more):
    return decide(basket, [rule], shopper=shopper, now=NOW, **more)


@pytest.mark.parametrize(
    ("rule", "discount", "waived", "credit"),
    [
        (Rule(1, Kind.PERCENT, "", percent_bp=1_000), 1_800, 0, 0),
        (Rule(1, Kind.PERCENT, "", percent_bp=1_000, cap_paise=500), 500, 0, 0),
        (Rule(1, Kind.PERCENT, "", percent_bp=5_000, brands=frozenset({"Lays"})), 3_000, 0, 0),
        (Rule(1, Kind.FLAT, "", amount_paise=5_000, categories=frozenset({"snacks"})), 5_000, 0, 0),
        (Rule(1, Kind.FLAT, "", amount_paise=99_000), 18_000, 0, 0),
        (Rule(1, Kind.FREE_ITEM, "", products=frozenset({2}), min_items_paise=16_000), 2_000, 0, 0),
        (Rule(1, Kind.BUY_GET, "", buy_qty=2, categories=frozenset({"snacks"})), 2_000, 0, 0),
        (Rule(1, Kind.BUY_GET, "", buy_qty=1, percent_bp=5_000, products=frozenset({1})), 3_000, 0, 0),
        (Rule(1, Kind.BUNDLE, "", parts=((1, 1), (2, 1)), amount_paise=7_000), 2_000, 0, 0),
        (Rule(1, Kind.BUNDLE, "", parts=((1, 1), (2, 1)), amount_paise=7_000, most_times=1), 1_000, 0, 0),
        (Rule(1, Kind.FLASH, "", products=frozenset({1}), amount_paise=5_000, most_times=1), 1_000, 0, 0),
        (Rule(1, Kind.FREE_DELIVERY, ""), 0, 2_500, 0),
        (Rule(1, Kind.CASHBACK, "", percent_bp=500), 0, 0, 900),
    ],
)  # fmt: skip
def test_every_kind(rule, discount, waived, credit):
    made = alone_with(rule)
    assert (made.discount_paise, made.waived_paise, made.credit_paise) == (discount, waived, credit), made


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"starts_at": NOW + timedelta(seconds=1)}, Why.NOT_STARTED),
        ({"ends_at": NOW}, Why.ENDED),
        ({"needs_code": True}, Why.CODE_NEEDED),
        ({"first_order": True}, Why.FIRST_ORDER),
        ({"segment": "members"}, Why.NOT_FOR_YOU),
        ({"method": "online"}, Why.PAY_WITH),
        ({"is_limited": True}, Why.USED_UP),
        ({"min_items_paise": 18_001}, Why.BELOW_MINIMUM),
        ({"products": frozenset({9})}, Why.NOT_IN_BASKET),
        ({"kind": Kind.BUY_GET, "buy_qty": 9, "products": frozenset({1})}, Why.TOO_FEW),
    ],
)
def test_says_why_not(changes, why):
    made = alone_with(replace(Rule(1, Kind.FLAT, "x", amount_paise=100), **changes))
    assert [(no.rule.id, no.why) for no in made.refused] == [(1, why)]
    assert not made.applied


def test_stages_stack_and_the_worse_of_a_stage_says_what_beat_it():
    rules = [
        Rule(1, Kind.FLASH, "Milk hour", products=frozenset({1}), amount_paise=5_000),
        Rule(2, Kind.PERCENT, "Ten off", percent_bp=1_000),
        Rule(3, Kind.FLAT, "Coupon", amount_paise=1_000, needs_code=True),
        Rule(4, Kind.FLAT, "Bank", amount_paise=2_000, method="online"),
        Rule(5, Kind.FREE_DELIVERY, "Members", segment="members"),
    ]
    shopper = Shopper(False, frozenset({"members"}), "online", codes={3: "SAVE10"})
    made = decide(BASKET, rules, shopper=shopper, now=NOW)
    assert [applied.rule.id for applied in made.applied] == [1, 2, 4, 5]
    assert made.discount_paise == 2_000 + 1_600 + 2_000
    assert [(no.rule.name, no.why, no.sentence) for no in made.refused] == [
        ("Coupon", Why.OUTDONE, "Ten off gives more.")
    ]


def test_stacking_is_data():
    rules = [
        Rule(1, Kind.PERCENT, "a", percent_bp=1_000),
        Rule(2, Kind.FLAT, "b", amount_paise=1_000, method="online"),
    ]
    apart = Stacking(frozenset({frozenset({Group.BASKET, Group.BANK})}))
    made = decide(BASKET, rules, shopper=Shopper(False, method="online"), now=NOW, stacking=apart)
    assert [applied.rule.id for applied in made.applied] == [1]
    assert [no.why for no in made.refused] == [Why.NOT_TOGETHER]
