"""ids, money, geo: the pure part."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blinkit.kernel.geo import Point, contains, distance_metres, step_towards
from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees, share_out, tax_inside

SQUARE = [[77.6, 12.9], [77.7, 12.9], [77.7, 13.0], [77.6, 13.0]]


def test_uuid7_is_version_7_and_carries_the_time():
    made = uuid7()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert abs((made.int >> 80) - time.time_ns() // 1_000_000) < 1000


def test_uuid7_never_goes_backwards_and_never_repeats():
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("paise", "text"),
    [
        (12345650, "₹1,23,456.50"),
        (5800, "₹58"),
        (-500, "−₹5"),
        (0, "₹0"),
        (7, "₹0.07"),
        (-7, "−₹0.07"),
        (100_000, "₹1,000"),
        (10_000_000_00, "₹1,00,00,000"),
    ],
)
def test_rupees_are_written_the_indian_way(paise, text):
    assert rupees(paise) == text


def test_tax_inside_an_inclusive_price():
    assert tax_inside(10_500, 500) == 500
    assert tax_inside(11_800, 1_800) == 1_800
    assert tax_inside(100, 0) == 0
    assert tax_inside(-10_500, 500) == -500


def test_tax_inside_rounds_half_up():
    # 63 * 500 / 10500 = 3.0; 31.5 paise of 10 % inside 346.5 cannot occur, so halves are searched for:
    # gross * rate / (10000 + rate) = k + 1/2  ->  rate 10000 (100 %): gross 3 -> 1.5 -> 2
    assert tax_inside(3, 10_000) == 2
    assert tax_inside(-3, 10_000) == -2


@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_tax_is_within_half_a_paisa(gross, rate):
    tax = tax_inside(gross, rate)
    assert abs(tax * (10_000 + rate) - gross * rate) * 2 <= 10_000 + rate


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_shares_sum_exactly_and_stay_within_one_paisa(total, weights):
    parts = share_out(total, weights)
    assert sum(parts) == total
    if any(weights):
        whole = sum(weights)
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


def test_the_odd_paisa_goes_to_the_largest_remainder_then_to_the_first():
    assert share_out(100, [1, 1, 1]) == [34, 33, 33]
    assert share_out(10, [1, 2]) == [3, 7]
    assert share_out(0, []) == []
    assert share_out(-100, [1, 1, 1]) == [-34, -33, -33]
    assert share_out(5, [0, 0]) == [3, 2]


def test_share_out_refuses_nonsense():
    with pytest.raises(ValueError, match="negative"):
        share_out(1, [-1, 2])
    with pytest.raises(ValueError, match="share"):
        share_out(1, [])


def test_one_degree_of_latitude_is_about_111_kilometres():
    assert distance_metres(Point(12, 77), Point(13, 77)) == pytest.approx(111_195, abs=1)
    assert distance_metres(Point(12, 77), Point(12, 77)) == 0


def test_a_place_that_is_none_is_refused():
    for lat, lng in ((91, 0), (0, 181), (float("nan"), 0)):
        with pytest.raises(ValueError, match="place"):
            Point(lat, lng)


def test_a_point_in_a_ring_open_or_closed():
    inside, outside = Point(12.95, 77.65), Point(12.85, 77.65)
    for ring in (SQUARE, [*SQUARE, SQUARE[0]]):
        assert contains(ring, inside)
        assert not contains(ring, outside)
    assert not contains(SQUARE[:2], inside)


def test_a_notch_is_outside():
    notched = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]]
    assert not contains(notched, Point(3, 2))
    assert contains(notched, Point(0.5, 2))


@given(st.floats(12.9, 13.0))
def test_two_areas_with_a_common_border_never_both_contain_a_point(lat):
    neighbour = [[77.7, 12.9], [77.8, 12.9], [77.8, 13.0], [77.7, 13.0]]
    on_border = Point(lat, 77.7)
    assert contains(SQUARE, on_border) + contains(neighbour, on_border) <= 1


def test_a_step_covers_its_metres_and_stops_at_the_goal():
    a, b = Point(12.97, 77.59), Point(12.98, 77.60)
    step = step_towards(a, b, 500)
    assert distance_metres(a, step) == pytest.approx(500, rel=1e-3)
    assert distance_metres(step, b) == pytest.approx(distance_metres(a, b) - 500, rel=1e-3)
    assert step_towards(a, b, 10**6) == b
    assert step_towards(a, a, 10) == a
