"""The pick-seconds budget and the learned pace: plain Python, properties."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.capacity import (
    HOUSE,
    PICKER_FREEDOM,
    STORE_FREEDOM,
    Floor,
    Hand,
    Later,
    Pace,
    Sample,
    begun_and_finished,
    expected_in_s,
    full_in_m,
    learn,
    load_by_minute,
    spells,
    stays_s,
    wait_s,
)
from orders.promise import PromiseInputs, quote

ORDER_S = HOUSE.typical_s
ALWAYS = 50_000.0

hands = st.builds(
    lambda since, lasts, speed: Hand(since, since + lasts, speed),
    st.floats(0, 6_000),
    st.floats(60, 20_000),
    st.floats(0.5, 2),
)
laters = st.builds(Later, st.floats(0, 7_000), st.floats(30, 600))
floors = st.builds(
    lambda its, work_s, later: Floor(its, work_s, ORDER_S, later),
    st.lists(hands, max_size=6),
    st.floats(0, 20_000),
    st.lists(laters, max_size=6),
)


def team(count, **more):
    return [Hand(0, ALWAYS, **more) for _ in range(count)]


def minutes_to(floor):
    return quote(PromiseInputs(lines=5, units=7, ride_s=300, backlog_s=wait_s(floor))).to_m


@given(floors, st.floats(0, 600))
def test_more_work_never_shortens_the_wait(floor, more_s):
    assert wait_s(replace(floor, work_s=floor.work_s + more_s)) >= wait_s(floor) - 1e-6


@given(floors, hands)
def test_one_more_pair_of_hands_never_lengthens_the_wait(floor, hand):
    assert wait_s(replace(floor, hands=[*floor.hands, hand])) <= wait_s(floor) + 1e-6


@given(floors, laters)
def test_an_order_for_later_never_shortens_the_wait(floor, later):
    assert wait_s(replace(floor, later=[*floor.later, later])) >= wait_s(floor) - 1e-6


@pytest.mark.parametrize("pickers", [1, 2, 3, 8])
def test_the_wait_is_the_middle_of_what_list_scheduling_says(pickers):
    """Over one round of equal orders: the average of the staircase is the average of the straight line."""
    waits = [wait_s(Floor(team(pickers), n * ORDER_S, ORDER_S)) for n in range(5 * pickers, 6 * pickers)]
    stairs = [n // pickers * ORDER_S for n in range(5 * pickers, 6 * pickers)]
    assert sum(waits) / pickers == pytest.approx(sum(stairs) / pickers)


@pytest.mark.parametrize("pickers", [1, 3])
def test_the_promise_stretches_order_after_order_without_a_jump(pickers):
    promised = [minutes_to(Floor(team(pickers), n * ORDER_S, ORDER_S)) for n in range(60)]
    steps = [after - before for before, after in pairwise(promised)]
    assert promised[-1] > promised[0] + 30 / pickers
    assert min(steps) >= 0
    assert max(steps) <= (3 if pickers == 1 else 1)  # an order of 111 s more, with its bad case


def test_the_promise_moves_with_the_clock_when_somebody_comes_goes_and_rests():
    """Seen every 10 seconds over an hour with the same queue: two people come by the plan, one is late, one rests and
    one goes home. Nothing but the clock changes, and no step is more than a minute."""
    work_s = 14 * ORDER_S

    def seen(at):
        its = [Hand(0, ALWAYS)]
        if at < 2400:  # her shift ends after 40 minutes, and she stays five more at most
            its.append(Hand(0, stays_s(2400 - at)))
        its.append(Hand(max(0.0, 900 - at), ALWAYS))  # planned in 15 minutes, and comes then
        its.append(Hand(expected_in_s(1500 - at), ALWAYS))  # planned in 25 minutes, and never comes
        if 600 <= at < 1500:
            its.append(Hand(1500 - at, ALWAYS))  # a rest of fifteen minutes, as she said
        else:
            its.append(Hand(0, ALWAYS))
        return Floor(its, work_s, ORDER_S)

    known = [wait_s(seen(at)) for at in range(0, 3600, 10)]
    steps = {at: after - before for at, (before, after) in enumerate(pairwise(known))}
    unforeseen = {59, 239}  # the rest begins; she who was due goes home: nobody could know before
    assert max(abs(step) for at, step in steps.items() if at not in unforeseen) <= 60
    assert max(abs(steps[at]) for at in unforeseen) <= 240


def test_nobody_there_waits_for_who_is_planned_and_then_for_the_queue():
    comes = [Hand(720, ALWAYS)]
    assert wait_s(Floor(comes, 0, ORDER_S)) == 720
    assert wait_s(Floor(comes, 300, ORDER_S)) == pytest.approx(1020)
    assert wait_s(Floor([], 0, ORDER_S)) == 7200
    begun, finished = begun_and_finished(Floor(comes, 0, ORDER_S), order_s=100)
    assert (begun, finished) == (720, 820)


def test_a_quick_picker_finishes_sooner():
    quick, slow = (begun_and_finished(Floor(team(1, speed=s), 200, ORDER_S), order_s=100) for s in (2, 0.5))
    assert quick == (100, 150)
    assert slow == (400, 600)


def test_orders_for_later_take_half_of_the_hands_at_most():
    """Two people, 900 seconds in which the orders for later flow in: one of both is there for those of now."""
    soon = [Later(0, 5_000) for _ in range(4)]
    ahead_s = 2_000 - ORDER_S / 2
    assert wait_s(Floor(team(2), 2_000, ORDER_S, soon)) == pytest.approx(900 + (ahead_s - 900) / 2)
    assert wait_s(Floor(team(2), 0, ORDER_S, soon)) == 0


@given(floors, st.floats(0, 3))
def test_no_minute_does_more_than_it_can_nor_more_than_is_wanted(floor, arriving):
    load = load_by_minute(floor, arriving=arriving)
    assert len(load) == 60
    assert all(0 <= it.done_s <= min(it.available_s, it.wanted_s) + 1e-6 for it in load)
    came_s = floor.work_s + arriving * 3600 + sum(it.work_s for it in floor.later)
    assert sum(it.done_s for it in load) <= came_s + 1e-3


def test_it_says_when_the_floor_will_be_full():
    calm = load_by_minute(Floor(team(2), 0, ORDER_S), arriving=1.5)
    assert full_in_m(calm) is None
    at_once = load_by_minute(Floor(team(2), 60 * 60, ORDER_S), arriving=0)
    assert full_in_m(at_once) == 0
    filling = load_by_minute(Floor(team(2), 0, ORDER_S), arriving=4)
    assert 10 <= (full_in_m(filling) or 0) <= 20


# -- the learned pace ----------------------------------------------------------------------------------------------


def done(pace, count, *, seed=7, outliers=0):
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        lines = chance.randint(1, 12)
        units = lines + chance.randint(0, 6)
        found.append(Sample(1, lines, units, pace.seconds(lines, units) * chance.lognormvariate(0, 0.25)))
    for at in range(outliers):
        found[at] = replace(found[at], seconds=2_400)
    return found


def test_nothing_done_is_the_prior_and_much_done_is_the_truth():
    truth = Pace(60, 18, 3)
    assert learn([], prior=HOUSE, freedom=STORE_FREEDOM) == HOUSE
    learned = learn(done(truth, 400), prior=HOUSE, freedom=STORE_FREEDOM)
    for lines, units in ((1, 1), (5, 7), (12, 15)):
        assert learned.seconds(lines, units) == pytest.approx(truth.seconds(lines, units), rel=0.12)


def test_few_orders_move_it_a_little_and_more_move_it_more():
    slow = Pace(HOUSE.base_s * 1.6, HOUSE.line_s * 1.6, HOUSE.unit_s * 1.6)
    typical = [
        learn(done(slow, n), prior=HOUSE, freedom=PICKER_FREEDOM).typical_s / HOUSE.typical_s for n in (0, 3, 20, 200)
    ]
    assert typical == sorted(typical)
    assert typical[1] < 1.25 < typical[3]


def test_a_lunch_in_the_middle_of_an_order_counts_little():
    clean = learn(done(HOUSE, 60), prior=HOUSE, freedom=PICKER_FREEDOM).typical_s
    with_lunches = learn(done(HOUSE, 60, outliers=4), prior=HOUSE, freedom=PICKER_FREEDOM).typical_s
    assert with_lunches == pytest.approx(clean, rel=0.1)
    mean = sum(it.seconds for it in done(HOUSE, 60, outliers=4)) / sum(it.seconds for it in done(HOUSE, 60))
    assert mean > 1.5  # what a plain average would have said


def test_a_cluster_counts_its_seconds_once():
    together = [(0.0, 300.0, 5, 7), (2.0, 340.0, 3, 3), (5.0, 380.0, 4, 4)]
    alone = [(500.0, 600.0, 5, 5)]
    assert spells(together + alone) == [Sample(3, 12, 14, 380.0), Sample(1, 5, 5, 100.0)]
    assert spells([(0.0, 2.0, 1, 1), (10.0, 90_000.0, 3, 3)]) == []  # a test, and a tablet left lying
