"""Orders of one walk: they save time, and nobody's promise is broken for it."""

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blinkit.demo.places import bins
from fulfillment import pickroute
from fulfillment.clustering import TOTE_ML, TROLLEY_G, Candidate, Pace, choose, done_s, is_lost
from fulfillment.pickroute import Item, Layout

BINS = list(bins())
FLOOR = Layout.of([(one.code, one.sequence) for one in BINS])
PLACE = {one.code: one for one in BINS}
LOOSE = 3_600


def candidate(number, codes, *, due_s=LOOSE, **more):
    items = [Item(n, PLACE[code].zone, PLACE[code].sequence, 300, code) for n, code in enumerate(codes)]
    return Candidate(number, due_s, due_s - 200, items, len(codes), **more)


def queue(chance, orders, lines):
    return [
        candidate(number, [one.code for one in chance.choices(BINS, k=lines)], due_s=chance.uniform(60, 1_500))
        for number in range(orders)
    ]


def test_two_orders_of_the_same_aisle_are_one_walk_and_it_says_why():
    first, same, other = candidate(1, ["H-06-1"]), candidate(2, ["H-05-2"]), candidate(3, ["A-01-1"])
    made = choose(first, [other, same], most=2, layout=FLOOR)
    assert made.ids == (1, 2)
    assert made.metres < made.metres_alone
    assert made.why == f"shares aisle H, saves {made.saved_s:.0f} s"
    walking = (made.metres_alone - made.metres) / Pace().walk_mps
    assert made.saved_s == pytest.approx(walking + Pace().start_s - 2 * Pace().tote_s)


def test_a_cluster_has_at_most_so_many_orders_and_the_first_is_always_in():
    alike = [candidate(number, ["H-06-1", "A-10-1"]) for number in range(8)]
    assert len(choose(alike[0], alike, layout=FLOOR).ids) == 4
    assert choose(alike[5], alike, most=1, layout=FLOOR).ids == (5,)
    assert choose(alike[5], [], layout=FLOOR).ids == (5,)


def test_an_order_that_would_be_late_for_it_goes_alone():
    first = candidate(1, ["A-10-1", "H-06-1"])
    walk = pickroute.route(first.items, FLOOR).metres
    needs = done_s([first], walk, Pace())[1] + Pace().safety_s
    another = candidate(2, ["A-10-1", "H-06-1"])
    hurried = Candidate(1, needs + 5, 0, first.items, first.units)
    assert choose(first, [another], layout=FLOOR).ids == (1, 2)
    assert choose(hurried, [another], layout=FLOOR).ids == (1,)
    late = Candidate(1, needs - 5, 0, first.items, first.units)
    assert choose(late, [another], layout=FLOOR).why == "no time to wait for another order"
    # The one that joins counts as well.
    soon = Candidate(2, needs - 5, 0, another.items, another.units)
    assert choose(first, [soon], layout=FLOOR).ids == (1,)


@pytest.mark.parametrize(
    "more", [{"pinned": True}, {"split": True}, {"volume_ml": TOTE_ML + 1}], ids=["pinned", "split", "too big"]
)
def test_some_orders_are_picked_alone_whoever_comes_first(more):
    plain, alone = candidate(1, ["H-06-1"]), candidate(2, ["H-06-1"], **more)
    assert choose(plain, [alone], layout=FLOOR).ids == (1,)
    made = choose(alone, [plain], layout=FLOOR)
    assert made.ids == (2,)
    assert made.why.endswith("goes alone")


def test_the_trolley_carries_only_so_much():
    half = [candidate(number, ["H-06-1"], weight_g=TROLLEY_G // 2) for number in range(4)]
    assert len(choose(half[0], half, layout=FLOOR).ids) == 2


def test_frozen_goods_are_fetched_last_and_are_not_out_for_too_long():
    ice, dry = candidate(1, ["F-02-1", "A-10-1"]), candidate(2, ["A-10-1", "H-06-1"])
    made = choose(ice, [dry], layout=FLOOR)
    assert made.ids == (1, 2)
    short = Pace(frozen_out_s=50)
    assert choose(ice, [dry], pace=short, layout=FLOOR).ids == (1,)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.integers(2, 12), st.integers(1, 8))
def test_a_promise_that_holds_alone_holds_in_the_cluster(chance, orders, lines):
    waiting = queue(chance, orders, lines)
    first, pace = min(waiting, key=lambda one: one.due_s), Pace()
    made = choose(first, waiting, pace=pace, layout=FLOOR)
    assert made.ids[0] == first.id
    assert len(set(made.ids)) == len(made.ids) <= 4
    if len(made.ids) == 1:
        return
    taken = [waiting[number] for number in made.ids]
    lines_of_all = [
        Item((one.id, item.id), item.zone, item.sequence, item.weight_g, item.bin_code)
        for one in taken
        for item in one.items
    ]
    walk = pickroute.route(lines_of_all, FLOOR)
    assert walk.metres == pytest.approx(made.metres)
    done = done_s(taken, walk.metres, pace)
    assert all(done[one.id] + pace.safety_s <= one.due_s for one in taken if not is_lost(one))
    assert made.saved_s >= pace.least_saved_s * (len(taken) - 1)
    stages = {item.id: pickroute.stage_of(item) for item in lines_of_all}
    assert [stages[number] for number in walk.ids] == sorted(stages.values())


def test_on_a_full_queue_clusters_save_a_third_of_the_way():
    waiting = sorted(queue(random.Random(7), 40, 4), key=lambda one: one.due_s)
    waiting = [one for one in waiting if one.due_s > 300]
    together = alone = 0.0
    while waiting:
        made = choose(waiting[0], waiting, layout=FLOOR)
        together, alone = together + made.metres, alone + made.metres_alone
        waiting = [one for one in waiting if one.id not in made.ids]
    assert together < alone * 2 / 3


def test_sixty_orders_of_ten_lines_are_looked_through_in_twenty_milliseconds():
    chance, took = random.Random(3), []
    for _ in range(12):
        waiting = [
            candidate(number, [one.code for one in chance.choices(BINS, k=10)], due_s=chance.uniform(500, 2_000))
            for number in range(60)
        ]
        began = time.process_time()
        choose(waiting[0], waiting, layout=FLOOR)
        took.append((time.process_time() - began) * 1000)
    assert sorted(took)[len(took) // 2] <= 20, took
