"""Bags, plain: what lies beside what, how much one holds, and what a scale says."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders import bagging
from orders.bagging import BAG_CARRIES_G, BAG_EMPTY_G, BAG_HOLDS_ML, Goods


def goods(id, kind="ambient", qty=1, weight_g=500, volume_ml=800, fragile=False):
    return Goods(id, f"Item {id}", kind, qty, weight_g, volume_ml, fragile)


def inside(bag):
    return {part.id: part.qty for part in bag.parts}


@pytest.mark.parametrize(
    ("hsn", "category", "zone", "kind"),
    [
        ("3402", "laundry", "ambient", "nonfood"),
        ("3808", "dishwash-cleaners", "ambient", "nonfood"),
        ("28363000", "salt-sugar", "ambient", "ambient"),
        ("1101", "atta-flours", "ambient", "ambient"),
        ("0701", "fresh-vegetables", "produce", "ambient"),
        ("", "cleaning-household-detergents-dishwash", "ambient", "nonfood"),
        ("", "foodgrains-oil-masala-atta", "ambient", "ambient"),
        ("4818", "home-needs", "ambient", "ambient"),
        ("2105", "ice-cream", "frozen", "frozen"),
    ],
)
def test_the_tariffs_sorting_decides_what_may_lie_beside_food(hsn, category, zone, kind):
    assert bagging.kind_of(zone=zone, hsn=hsn, category=category) == kind


@pytest.mark.parametrize(
    ("size", "unit", "weight_g", "zone", "fragile", "ml"),
    [
        ("1", "l", 1040, "chilled", False, 1150),
        ("750", "ml", 0, "ambient", False, 862),
        ("5", "kg", 5050, "ambient", False, 7769),
        ("1", "kg", 0, "produce", False, 2222),
        ("400", "g", 420, "ambient", True, 2100),
        ("6", "pc", 0, "ambient", False, 1000),
        (None, "", 0, "ambient", False, 1000),
        ("5", "g", 5, "ambient", False, 50),
    ],
)
def test_litres_come_from_what_is_printed_or_from_weight_and_density(size, unit, weight_g, zone, fragile, ml):
    size = Decimal(size) if size else None
    assert bagging.litres_ml(pack_size=size, pack_unit=unit, weight_g=weight_g, zone=zone, fragile=fragile) == ml


def test_cold_and_chemicals_have_bags_of_their_own_and_eggs_lie_on_top():
    bags = bagging.fill(
        [goods("eggs", fragile=True, weight_g=800), goods("soap", "nonfood"), goods("ice", "frozen"), goods("rice")]
    )
    assert [(bag.kind, list(inside(bag))) for bag in bags] == [
        ("ambient", ["rice", "eggs"]),
        ("nonfood", ["soap"]),
        ("frozen", ["ice"]),
    ]
    assert [part.on_top for part in bags[0].parts] == [False, True]


def test_weight_and_volume_each_open_another_bag():
    assert bagging.suggest([goods("rice", qty=2, weight_g=5000, volume_ml=7000)]) == {"ambient": 2}
    assert bagging.suggest([goods("crisps", qty=9, weight_g=100, volume_ml=2000)]) == {"ambient": 2}
    assert bagging.suggest([goods("sack", weight_g=25_000)]) == {"ambient": 1}  # cannot be divided
    assert bagging.suggest([]) == {}


def test_the_packers_count_holds_but_detergent_never_joins_food():
    basket = [goods("rice", qty=4, weight_g=2000), goods("soap", "nonfood"), goods("curd", "chilled")]
    bags = bagging.fill(basket, {"ambient": 1})
    assert [(bag.kind, set(inside(bag))) for bag in bags] == [("ambient", {"rice", "curd"}), ("nonfood", {"soap"})]
    spread = bagging.fill(basket, {"ambient": 2, "chilled": 1, "nonfood": 1})
    assert [inside(bag) for bag in spread] == [{"rice": 2}, {"rice": 2}, {"soap": 1}, {"curd": 1}]
    assert [bag.kind for bag in bagging.fill([goods("soap", "nonfood"), goods("curd", "chilled")], {"nonfood": 1})] == [
        "nonfood",
        "chilled",
    ]


line = st.builds(
    Goods,
    id=st.uuids(),
    name=st.just("x"),
    kind=st.sampled_from(bagging.KINDS),
    qty=st.integers(0, 6),
    weight_g=st.integers(0, 9000),
    volume_ml=st.integers(50, 20_000),
    fragile=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(line, max_size=12), st.dictionaries(st.sampled_from(bagging.KINDS), st.integers(0, 4)))
def test_every_unit_is_in_one_bag_within_the_limits_and_food_never_beside_chemicals(lines, counts):
    kind_of = {line.id: line.kind for line in lines}
    for bags in (bagging.fill(lines), bagging.fill(lines, counts)):
        packed = {}
        for bag in bags:
            for part in bag.parts:
                packed[part.id] = packed.get(part.id, 0) + part.qty
            assert len({kind_of[part.id] == "nonfood" for part in bag.parts}) <= 1
        assert packed == {line.id: line.qty for line in lines if line.qty}
    for bag in bagging.fill(lines):
        alone = sum(part.qty for part in bag.parts) == 1
        assert alone or (bag.expected_g - BAG_EMPTY_G <= BAG_CARRIES_G and bag.volume_ml <= BAG_HOLDS_ML)
        assert [part.on_top for part in bag.parts] == sorted(part.on_top for part in bag.parts)


def test_a_bag_within_its_tolerance_is_right():
    [bag] = bagging.fill([goods("rice", weight_g=2000), goods("dal", weight_g=1000)])
    assert bag.expected_g == 3060 and bagging.tolerance_g(3060) == 122 and bagging.tolerance_g(500) == 60
    assert [bagging.judge(bag, grams).kind for grams in (0, 2937, 2938, 3182, 3183)] == [
        "unweighed",
        "lighter",
        "right",
        "right",
        "heavier",
    ]


def test_what_is_missing_is_named_by_the_weight_that_fits_best():
    bags = bagging.fill(
        [goods("ghee", weight_g=910), goods("salt", qty=3, weight_g=420), goods("ice", "frozen", weight_g=700)]
    )
    dry = bags[0]
    lighter = bagging.judge(dry, dry.expected_g - 430)
    assert (lighter.kind, lighter.off_g, lighter.suspect.id, lighter.suspect.units) == ("lighter", -430, "salt", 1)
    assert bagging.judge(dry, dry.expected_g - 850).suspect == bagging.Suspect("salt", "Item salt", 2)
    assert bagging.judge(dry, dry.expected_g - 200).suspect is None
    heavier = bagging.judge_all(bags, [dry.expected_g + 690])[0]
    assert (heavier.kind, heavier.suspect.id) == ("heavier", "ice")


def test_unknown_weights_can_only_be_too_light():
    [bag] = bagging.fill([goods("rice", weight_g=2000), goods("gift", weight_g=0)])
    assert not bag.weight_known
    assert [bagging.judge(bag, grams).kind for grams in (1500, 2060, 9000)] == ["lighter", "right", "right"]


@pytest.mark.parametrize(
    ("typed", "grams"),
    [("1240", 1240), (" 1240 G", 1240), ("1.24", 1240), ("1,240 kg", 1240), ("+ 0.85kg", 850), ("2 kg", 2000)]
    + [("", 0), ("-5", 0), ("abc", 0), ("1e5", 0), ("12345678", 0), ("१२", 0)],
)
def test_a_scale_may_type_grams_or_kilograms(typed, grams):
    assert bagging.grams_of(typed) == grams


def test_what_one_bag_lacks_and_another_has_too_much_is_settled():
    bags = bagging.fill([goods("ghee", qty=2, weight_g=900)], {"ambient": 2})
    weighed = [bag.expected_g for bag in bags]
    swapped = bagging.judge_all(bags, [weighed[0] - 900, weighed[1] + 900])
    assert [verdict.kind for verdict in swapped] == ["lighter", "heavier"] and bagging.settled(swapped)
    assert not bagging.settled(bagging.judge_all(bags, [weighed[0] - 900, weighed[1]]))
    assert not bagging.settled(bagging.judge_all(bags, [weighed[0] - 900]))
