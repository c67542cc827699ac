"""Where goods go, and why."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory import putaway
from inventory.putaway import MOST_PRODUCTS, Goods, Place, plan, suggest

FULL = MOST_PRODUCTS
SHELVES = [
    Place("A-01", "ambient", 10, products=4, categories=frozenset({1})),
    Place("A-02", "ambient", 20, products=1),
    Place("A-03", "ambient", 30, products=2, categories=frozenset({1, 2})),
    Place("C-01", "chilled", 40, products=FULL),
]


@pytest.mark.parametrize(
    ("goods", "bin_code", "why"),
    [
        (Goods(1, "ambient", 9, home="A-03"), "A-03", putaway.HOME),
        (Goods(1, "ambient", 9, home="A-03", lot_in="A-01"), "A-01", putaway.SAME_LOT),
        (Goods(1, "ambient", 9, home="C-01"), "A-02", putaway.ROOM),  # a home of the wrong zone is none
        (Goods(1, "chilled", 9, home="C-01"), "C-01", putaway.HOME),  # home even when it is full
        (Goods(1, "ambient", 1), "A-03", putaway.BESIDE),
        (Goods(1, "ambient", 1, popularity=900), "A-01", putaway.BESIDE),
        (Goods(1, "ambient", 9, popularity=900), "A-01", putaway.NEAR),
        (Goods(1, "ambient", 9), "A-02", putaway.ROOM),
        (Goods(1, "chilled", 9), None, putaway.NONE),
        (Goods(1, "frozen", 9), None, putaway.NONE),
    ],
)
def test_suggests_a_place_and_says_why(goods, bin_code, why):
    assert suggest(goods, SHELVES) == (bin_code, why)
    assert putaway.WHY[why]


def test_what_gets_a_home_takes_its_room():
    shelves = [Place("A-01", "ambient", 10, products=FULL - 1), Place("A-02", "ambient", 20, products=FULL - 1)]
    goods = [Goods(1, "ambient", 9), Goods(1, "ambient", 9), Goods(2, "ambient", 8), Goods(3, "ambient", 7)]
    assert [s.bin_code for s in plan(goods, shelves)] == ["A-01", "A-01", "A-02", None]


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly; the test itself is quick
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3), st.sampled_from([0, 799, 800, 1000])), max_size=30),
    st.lists(st.tuples(st.sampled_from(["ambient", "chilled"]), st.integers(0, FULL)), max_size=8),
)
def test_never_a_bin_of_another_zone_and_never_more_than_fits(goods, bins):
    goods = [Goods(n, ("ambient", "chilled")[n % 2], category, popularity) for n, category, popularity in goods]
    places = [Place(f"B{n}", zone, n, products) for n, (zone, products) in enumerate(bins)]
    zones, homes = {place.code: place.zone for place in places}, {}
    for one, (code, _) in zip(goods, plan(goods, places), strict=True):
        assert code is None or zones[code] == one.zone
        if code:
            homes.setdefault(code, set()).add((one.product_id, one.zone))
    for place in places:
        assert place.products + len({p for p, _ in homes.get(place.code, ())}) <= FULL
