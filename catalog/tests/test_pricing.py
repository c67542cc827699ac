"""The bill adds up, whatever is in the basket."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blinkit.kernel.money import tax_inside
from catalog.pricing import BillInput, FeeRules, LineInput, base_delivery, make_bill
from catalog.pricing.bill import short_of
from catalog.pricing.delivery import BadBands, band_of, bands, checked
from catalog.pricing.promotions import Basket, Decision, Item, Kind, Rule, Shopper, decide
from catalog.pricing.tax import state_of_pincode
from catalog.pricing.tiers import Tier, charged
from catalog.pricing.unit_price import unit_price
from catalog.tests.factories import NOW

AMOUNT = st.integers(0, 50_000)


@st.composite
def lines(draw):
    mrp = draw(st.integers(1, 200_000))
    return LineInput(
        product_id=draw(st.integers(1, 10_000)),
        qty=draw(st.integers(1, 12)),
        unit_price_paise=draw(st.integers(1, mrp)),
        mrp_paise=mrp,
        gst_bp=draw(st.sampled_from([0, 500, 1800, 4000])),
    )


POLICIES = st.builds(
    FeeRules,
    delivery_paise=AMOUNT, free_delivery_from_paise=AMOUNT, far_extra_paise=AMOUNT, handling_paise=AMOUNT,
    small_cart_below_paise=AMOUNT, small_cart_paise=AMOUNT,
)  # fmt: skip
BASKETS = st.builds(
    BillInput,
    lines=st.lists(lines(), max_size=8, unique_by=lambda line: line.product_id),
    policy=POLICIES,
    distance_metres=st.floats(0, 10_000),
    surge_paise=AMOUNT, tip_paise=AMOUNT, discount_paise=st.integers(0, 500_000),
)  # fmt: skip


@given(BASKETS)
def test_the_parts_are_the_total_and_the_lines_are_the_items(basket):
    bill = make_bill(basket)
    fees = bill.delivery_paise + bill.handling_paise + bill.small_cart_paise + bill.surge_paise
    assert bill.total_paise == bill.items_paise + fees + bill.tip_paise - bill.discount_paise
    assert bill.items_paise == sum(line.gross_paise for line in bill.lines)
    assert bill.discount_paise == sum(line.discount_paise for line in bill.lines) <= bill.items_paise
    assert all(0 <= line.discount_paise <= line.gross_paise for line in bill.lines)
    assert 0 <= bill.tax_paise <= bill.total_paise


@given(BASKETS)
def test_tax_is_inside_what_is_paid_line_by_line(basket):
    bill = make_bill(basket)
    fees = bill.delivery_paise + bill.handling_paise + bill.small_cart_paise + bill.surge_paise
    for line in bill.lines:
        assert line.tax_paise == tax_inside(line.gross_paise - line.discount_paise, line.gst_bp)
    assert bill.tax_paise == sum(line.tax_paise for line in bill.lines) + tax_inside(fees, basket.policy.fee_gst_bp)


@given(BASKETS, st.randoms())
def test_the_fingerprint_does_not_depend_on_the_order_of_the_lines(basket, random):
    shuffled = list(basket.lines)
    random.shuffle(shuffled)
    assert make_bill(replace(basket, lines=shuffled)).fingerprint() == make_bill(basket).fingerprint()


@given(BASKETS.filter(lambda basket: basket.lines))
def test_the_fingerprint_changes_when_a_figure_does(basket):
    bill = make_bill(basket)
    figures = [name for name in type(bill).__slots__ if name.endswith("_paise")]
    for name in figures:
        assert replace(bill, **{name: getattr(bill, name) + 1}).fingerprint() != bill.fingerprint(), name
    line = bill.lines[0]
    for name in set(type(line).__slots__) - {"source"}:
        other = replace(bill, lines=(replace(line, **{name: getattr(line, name) + 1}), *bill.lines[1:]))
        assert other.fingerprint() != bill.fingerprint(), name
    named = replace(bill, lines=(replace(line, source="city"), *bill.lines[1:]))
    assert named.fingerprint() == bill.fingerprint()  # where a price comes from is no figure
    assert replace(bill, fees_why={"delivery": "other words"}).fingerprint() == bill.fingerprint()


def basket(items_paise: int, **more) -> BillInput:
    line = LineInput(product_id=1, qty=1, unit_price_paise=items_paise, mrp_paise=items_paise)
    return BillInput(lines=[line], policy=FeeRules(), **more)


@pytest.mark.parametrize(
    ("items_paise", "metres", "delivery", "small"),
    [
        (9_899, 0, 2_500, 2_000),
        (9_900, 0, 2_500, 0),
        (19_899, 2_500, 2_500, 0),
        (19_900, 2_500, 0, 0),
        (19_900, 2_501, 1_000, 0),  # the extra for a long way is the rider's and stays
        (5_000, 2_501, 3_500, 2_000),
    ],
)
def test_fees_at_their_edges(items_paise, metres, delivery, small):
    bill = make_bill(basket(items_paise, distance_metres=metres))
    assert (bill.delivery_paise, bill.small_cart_paise) == (delivery, small)
    assert bill.total_paise == items_paise + delivery + small + 500


def test_every_fee_says_why():
    why = make_bill(basket(5_000, distance_metres=3_000, surge_paise=1_500)).fees_why
    assert why["delivery"] == "Free from ₹199: add ₹149. ₹10 because the store is more than 2.5 km away."
    assert why["small_cart"] == "For baskets under ₹99. Add ₹49 to save it."
    assert {"handling", "surge"} <= why.keys()


def test_an_empty_basket_costs_nothing():
    bill = make_bill(BillInput(lines=[], policy=FeeRules(), tip_paise=100, surge_paise=100))
    assert (bill.total_paise, bill.lines, bill.fees_why) == (0, (), {})


def test_a_bill_is_json():
    shown = orjson.loads(orjson.dumps(make_bill(basket(5_000, discount_paise=100)).as_dict()))
    assert shown["fingerprint"] and shown["lines"][0]["gross_paise"] == 5_000 and shown["saved_paise"] == 100


@pytest.mark.parametrize("bad", [{"tip_paise": -1}, {"discount_paise": -1}, {"surge_paise": -1}])
def test_negative_amounts_are_a_bug(bad):
    with pytest.raises(ValueError):
        make_bill(basket(1_000, **bad))


@pytest.mark.parametrize("line", [(1, 0, 10, 10), (1, 1, 0, 10), (1, 1, 11, 10), (1, -1, 10, 10)])
def test_impossible_lines_are_a_bug(line):
    with pytest.raises(ValueError):
        make_bill(BillInput(lines=[LineInput(*line)], policy=FeeRules()))


@pytest.mark.parametrize(
    ("price", "size", "unit", "shown"),
    [
        (5_000, 500, "g", (1_000, "100 g")),
        (5_000, 2, "kg", (2_500, "kg")),
        (3_000, 6, "pc", (500, "pc")),
        (3_000, 1, "pc", None),
        (3_000, None, "g", None),
        (3_000, 0, "g", None),
        (3_000, 5, "", None),
    ],
)
def test_unit_price(price, size, unit, shown):
    found = unit_price(price, size, unit)
    assert (found and (found.paise, found.per)) == shown


RULES = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 99), name=st.just("x"), kind=st.sampled_from(list(Kind)), percent_bp=st.integers(0, 10_000),
        amount_paise=AMOUNT, cap_paise=st.none() | AMOUNT, buy_qty=st.integers(0, 2),
        products=st.just(frozenset()) | st.frozensets(st.integers(1, 10_000), max_size=9),
    ),
    max_size=5, unique_by=lambda rule: rule.id,
)  # fmt: skip


@given(BASKETS, RULES)
def test_with_promotions_each_line_is_taxed_on_what_is_paid_and_everything_adds_up(basket, rules):
    items = [Item(line.product_id, line.qty, line.unit_price_paise) for line in basket.lines]
    fee = base_delivery(basket.policy, sum(item.qty * item.unit_price_paise for item in items))
    decision = decide(Basket(items, fee), rules, shopper=Shopper(first_order=False), now=NOW)
    bill = make_bill(replace(basket, promotions=decision))
    for line in bill.lines:
        assert 0 <= line.discount_paise <= line.gross_paise
        assert line.tax_paise == tax_inside(line.gross_paise - line.discount_paise, line.gst_bp)
    assert sum(line.discount_paise for line in bill.lines) == bill.discount_paise >= decision.discount_paise
    paid = sum(line.gross_paise - line.discount_paise for line in bill.lines)
    assert bill.total_paise == paid + bill.fees_paise + bill.tip_paise >= 0
    assert bill.tax_paise == sum(line.tax_paise for line in bill.lines) + bill.fee_tax_paise
    if basket.lines:
        assert make_bill(basket).delivery_paise - bill.delivery_paise == decision.waived_paise


@given(BASKETS, st.sampled_from(["29", "27", ""]))
def test_the_tax_is_split_exactly_by_the_place_of_supply(basket, place):
    bill = make_bill(basket)
    parts = bill.tax_split(supplier_state="29", place_of_supply=place)
    assert parts.cgst_paise + parts.sgst_paise + parts.igst_paise == bill.tax_paise
    assert bool(parts.igst_paise) == (place == "27" and bill.tax_paise > 0)
    # Per line at most one paisa apart.
    assert 0 <= parts.cgst_paise - parts.sgst_paise <= len(bill.lines) + 1


PINS = {"560038": "29", "560 038": "29", "110001": "07", "122001": "06", "201301": "09", "400001": "", "12": ""}


@pytest.mark.parametrize(("pincode", "state"), PINS.items())
def test_the_state_of_a_pin_code_is_told_only_where_it_is_certain(pincode, state):
    assert state_of_pincode(pincode) == state


def test_decisions_for_another_basket_are_a_bug():
    decision = Decision(line_discounts=((7, 100),), discount_paise=100)
    with pytest.raises(ValueError):
        make_bill(basket(1_000, promotions=decision))


# -- delivery by distance and basket ----------------------------------------------------------------------------------


def old_delivery(policy: FeeRules, items_paise: int, metres: float) -> int:
    """The single fee, free-from and far step as they were charged before there were bands."""
    free = items_paise >= policy.free_delivery_from_paise
    return (0 if free else policy.delivery_paise) + (policy.far_extra_paise if metres > policy.far_metres else 0)


@given(BASKETS.filter(lambda basket: basket.lines))
def test_without_bands_delivery_costs_what_it_always_did(basket):
    bill = make_bill(basket)
    assert bill.delivery_paise == old_delivery(basket.policy, bill.items_paise, basket.distance_metres)


TABLE = [
    {"beyond_metres": 0, "fees": [[0, 2_500], [19_900, 1_500], [49_900, 0]]},
    {"beyond_metres": 2_000, "fees": [[0, 3_500], [49_900, 1_000]]},
    {"beyond_metres": 4_000, "fees": [[0, 6_000]]},
]


@pytest.mark.parametrize(
    ("items_paise", "metres", "paise", "why"),
    [
        (10_000, 2_000, 2_500, "₹15 from ₹199: add ₹99."),
        (19_900, 0, 1_500, "Free from ₹499: add ₹300."),
        (49_900, 2_000, 0, "Free from ₹499."),
        (49_900, 2_001, 1_000, "Free from ₹499. ₹10 because the store is more than 2 km away."),
        (10_000, 9_000, 6_000, "₹15 from ₹199: add ₹99. ₹35 because the store is more than 4 km away."),
    ],
)
def test_bands_say_what_delivery_costs_and_why(items_paise, metres, paise, why):
    policy = FeeRules(delivery_bands=bands(checked(TABLE)))
    bill = make_bill(replace(basket(items_paise, distance_metres=metres), policy=policy))
    assert (bill.delivery_paise, bill.fees_why["delivery"]) == (paise, why)


def test_a_promotion_waives_what_a_door_near_the_store_would_pay_and_not_the_way():
    policy = FeeRules(delivery_bands=bands(TABLE))
    free = Rule(1, Kind.FREE_DELIVERY, "Members")
    made = decide(Basket([Item(1, 1, 10_000)], base_delivery(policy, 10_000)), [free], shopper=Shopper(), now=NOW)
    bill = make_bill(replace(basket(10_000, distance_metres=3_000, promotions=made), policy=policy))
    assert bill.delivery_paise == 3_500 - 2_500


@pytest.mark.parametrize(
    "table",
    [
        None, [], {}, [{}], [{"beyond_metres": 0, "fees": []}], [{"beyond_metres": 0, "fees": [[0]]}],
        [{"beyond_metres": 500, "fees": [[0, 1]]}],  # nobody says what the first 500 m cost
        [{"beyond_metres": 0, "fees": [[100, 1]]}],
        [{"beyond_metres": 0, "fees": [[0, 1], [0, 1]]}],
        [{"beyond_metres": 0, "fees": [[0, 1], [100, 2]]}],  # more for a larger basket
        [{"beyond_metres": 0, "fees": [[0, 5]]}, {"beyond_metres": 900, "fees": [[0, 4]]}],  # less for a longer way
        [{"beyond_metres": 0, "fees": [[0, 5]]}, {"beyond_metres": 0, "fees": [[0, 5]]}],
        [{"beyond_metres": 0, "fees": [[0, -1]]}], [{"beyond_metres": 0, "fees": [[0, 1.5]]}],
        [{"beyond_metres": True, "fees": [[0, 1]]}], [{"beyond_metres": 0, "fees": [["0", 1]]}], "x", 5,
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused_with_a_sentence(table):
    with pytest.raises(BadBands, match=r"\w"):
        checked(table)


STEPS = st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.integers(1, 9_000), STEPS), min_size=1, max_size=4), AMOUNT, st.floats(0, 10_000))
def test_in_any_table_that_is_accepted_more_goods_and_a_shorter_way_never_cost_more(raw, items_paise, metres):
    table = [
        {"beyond_metres": 0 if n == 0 else far, "fees": [[0 if k == 0 else a, b] for k, (a, b) in enumerate(steps)]}
        for n, (far, steps) in enumerate(raw)
    ]
    try:
        kept = bands(checked(table))
    except BadBands:
        return
    here = band_of(kept, metres)
    assert here.fee(items_paise + 1) <= here.fee(items_paise)
    assert kept[0].fee(items_paise) <= here.fee(items_paise) <= band_of(kept, metres + 500).fee(items_paise)


# -- everything at once: the sum is always the sum --------------------------------------------------------------------


@st.composite
def tiered_lines(draw):
    line = draw(lines())
    steps = st.builds(Tier, min_qty=st.integers(1, 6), paise=st.integers(1, line.mrp_paise), members_only=st.booleans())
    return line, draw(st.lists(steps, max_size=3))


@given(
    st.lists(tiered_lines(), min_size=1, max_size=6, unique_by=lambda pair: pair[0].product_id),
    BASKETS, RULES, st.booleans(), st.data(),
)  # fmt: skip
def test_lines_fees_tip_and_discount_are_the_total_with_tiers_and_after_every_short_pick(
    pairs, basket, rules, is_member, data
):
    asked = []
    for line, steps in pairs:
        cost = charged(line.unit_price_paise, steps, qty=line.qty, is_member=is_member)
        asked.append(replace(line, unit_price_paise=cost.paise, base_paise=cost.base_paise))
    items = [Item(line.product_id, line.qty, line.unit_price_paise) for line in asked]
    fee = base_delivery(basket.policy, sum(item.qty * item.unit_price_paise for item in items))
    decision = decide(Basket(items, fee), rules, shopper=Shopper(first_order=False), now=NOW)
    bill = make_bill(replace(basket, lines=asked, promotions=decision))

    paid = sum(line.qty * line.unit_price_paise - line.discount_paise for line in bill.lines)
    assert bill.total_paise == paid + bill.fees_paise + bill.tip_paise
    assert all(line.unit_price_paise <= line.base_paise <= line.mrp_paise for line in bill.lines)

    line = bill.lines[0]
    left = data.draw(st.integers(0, line.qty), label="found")
    short = short_of(
        unit_price_paise=line.unit_price_paise,
        gst_bp=line.gst_bp,
        discount_paise=line.discount_paise,
        units=line.qty,
        missing=line.qty - left,
    )
    # What was found costs no more each than it did, and what goes back is to the paisa what was charged for the rest.
    assert short.items_paise == line.unit_price_paise * (line.qty - left)
    after = line.gross_paise - short.items_paise - short.discount_left_paise
    assert after == line.gross_paise - line.discount_paise - short.total_paise and after >= 0
    assert after * line.qty <= (line.gross_paise - line.discount_paise) * left
    assert short.tax_left_paise == tax_inside(after, line.gst_bp)
