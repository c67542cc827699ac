"""The engines by themselves: what every plan keeps to, and two faults they must not have."""

from __future__ import annotations

import copy
import io
import json
import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.dispatch import (
    STRATEGIES,
    WEIGHTS,
    Coming,
    Expected,
    FreeRider,
    OpenJob,
    Policy,
    Weights,
    along,
    assign,
)
from delivery.dispatch.board import Board
from delivery.dispatch.guess import Guesses
from delivery.dispatch.speed import Grid
from delivery.dispatch.why import explain

GRID = Grid()
STORES = {"A": (0.0, 0.0), "B": (2_000.0, 500.0), "C": (-1_500.0, 2_500.0)}
CITY = Policy(home_store_only=False, effort=25, round_s=60.0, farthest_pickup_s=3600.0)


def job(number, store="A", to=(800.0, 0.0), **fields):
    values = {"placed_s": 0.0, "ready_s": 0.0, "due_s": 1_200.0} | fields
    return OpenJob(number, store, STORES[store], to, **values)


def rider(number, at=(0.0, 0.0), **fields):
    return FreeRider(number, None, at, **({"free_s": 0.0} | fields))


def plan_of(jobs, riders, now_s=0.0, policy=CITY, before=None, strategy="rolling"):
    return assign(jobs, riders, now_s=now_s, travel=GRID, policy=policy, strategy=strategy, before=before)


def steps(plan):
    """Everything a plan decides, as plain values that do not depend on an order."""
    return sorted((one.rider, one.jobs) for one in plan.assignments), sorted((m.rider, m.store) for m in plan.moves)


spots = st.tuples(st.integers(-3_000, 3_000), st.integers(-3_000, 3_000))
seldom = st.integers(0, 4).map(lambda number: number == 4)
open_jobs = st.lists(
    st.builds(
        lambda store, to, placed, pick, bags, litres, cash, cold, car, no: job(
            0, store, to, placed_s=float(-placed), ready_s=float(pick - placed), due_s=float(1_200 - placed), bags=bags,
            litres=litres, cash_paise=cash, is_cold=cold, vehicles=frozenset({"scooter"}) if car else None,
            refused_by=frozenset(no),
        ),
        st.sampled_from(sorted(STORES)), spots, st.integers(0, 5_000), st.integers(0, 1_500), st.integers(1, 3),
        st.integers(0, 40), st.integers(0, 90_000), seldom, seldom, st.lists(st.integers(0, 5), max_size=1),
    ),
    max_size=9,
).map(lambda jobs: [replace(one, id=number) for number, one in enumerate(jobs)])  # fmt: skip
riders = st.lists(
    st.builds(
        lambda at, free, off, store, bags, litres, room, cold, car, zone, sos: rider(
            0, STORES[store] if store else at, free_s=float(free), off_s=float(off), heading=store, max_bags=bags,
            max_litres=litres, cash_room_paise=room, has_cold_bag=cold, vehicle="scooter" if car else "ebike",
            stores=zone and frozenset(zone), needs_help=sos,
        ),
        spots, st.integers(-300, 900), st.integers(0, 4_000), st.sampled_from([None, "A", "B", "C"]), st.integers(1, 6),
        st.sampled_from([None, 30, 60]), st.sampled_from([None, 50_000, 120_000]), st.booleans(), st.booleans(),
        st.sampled_from([None, None, "A", "AB"]), seldom,
    ),
    max_size=6,
).map(lambda people: [replace(one, id=number) for number, one in enumerate(people)])  # fmt: skip


def rested(people):
    """The same riders with long shifts, cold bags and no zones: of each one thing binds, bags, litres or cash."""
    free = {"stores": None, "has_cold_bag": True, "vehicle": "scooter", "needs_help": False, "max_bags": 99}
    free |= {"max_litres": None, "cash_room_paise": None}
    binds = [{"max_bags": 4}, {"max_litres": 40}, {"cash_room_paise": 120_000}]
    return [
        replace(one, **(free | {"off_s": one.off_s + 30_000} | binds[number % 3])) for number, one in enumerate(people)
    ]


def broken(carrier, trips, by_job, policy):
    """Rides these trips from now, which is 0: the first limit that is broken on the way, in words, or nothing."""
    clock, at, cash = max(0.0, carrier.free_s), carrier.at, 0
    for number, (store, ids) in enumerate(trips):
        load = [by_job[one] for one in ids]
        cash += sum(one.cash_paise for one in load)
        barred = {
            "no trip": not 1 <= len(load) <= policy.most_jobs or {one.store for one in load} != {store},
            "called for help": carrier.needs_help,
            "bags": sum(one.bags for one in load) > carrier.max_bags,
            "litres": carrier.max_litres is not None and sum(one.litres for one in load) > carrier.max_litres,
            "cash": carrier.cash_room_paise is not None and cash > carrier.cash_room_paise,
            "cold bag": not carrier.has_cold_bag and any(one.is_cold for one in load),
            "vehicle": any(one.vehicles is not None and carrier.vehicle not in one.vehicles for one in load),
            "said no": any(carrier.id in one.refused_by for one in load),
            "zone": carrier.stores is not None and store not in carrier.stores,
        }
        if why := next((why for why, is_so in barred.items() if is_so), ""):
            return why
        if number == 0 and carrier.heading == store:
            shelf = carrier.free_s
        else:
            way = GRID(at, STORES[store], "")
            if way > policy.farthest_pickup_s:
                return "too far"
            shelf = clock + way
        clock = max([shelf + policy.pick_before_s, 0.0, *(one.ready_s for one in load)])
        if clock > carrier.off_s + 1e-6:
            return "a pickup after the shift"
        clock, at = clock + policy.pick_after_s, STORES[store]
        for one in load:
            clock += GRID(at, one.drop, "") + policy.drop_before_s
            if policy.grace_s is not None and clock > carrier.off_s + policy.grace_s + 1e-6:
                return "the last door is not done in the shift"
            clock, at = clock + policy.drop_after_s, one.drop
    return ""


@settings(max_examples=200, deadline=None)
@given(
    jobs=open_jobs, people=riders | riders.map(rested), far_s=st.sampled_from([300.0, 3_600.0, 3_600.0]), data=st.data()
)
def test_trips_have_a_finite_cost_if_they_can_be_ridden_and_only_then(jobs, people, far_s, data):
    policy = replace(CITY, farthest_pickup_s=far_s, grace_s=data.draw(st.sampled_from([None, 0.0, 300.0])))
    board, by_job = Board(jobs, people, 0.0, GRID, policy), {one.id: one for one in jobs}
    for r, carrier in enumerate(board.riders):
        rows = [data.draw(st.permutations(group))[:4] for group in board.members if group]
        some = data.draw(st.permutations(rows))[: data.draw(st.integers(1, 3))]
        trips = tuple((board.store[route[0]], tuple(route[: data.draw(st.integers(1, 4))])) for route in some)
        may = all(board.may(r, j) for _, route in trips for j in route)
        named = [(board.stores[s], [board.jobs[j].id for j in route]) for s, route in trips]
        why = broken(carrier, named, by_job, policy)
        assert (may and board.value(r, trips)[0] < math.inf) == (not why), why


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@settings(max_examples=60, deadline=None)
@given(
    jobs=open_jobs, people=riders, open_bundles=st.booleans(), name=st.sampled_from(sorted(WEIGHTS)),
    grace_s=st.sampled_from([None, 0.0, 300.0]), far_s=st.sampled_from([300.0, 3_600.0]), data=st.data(),
)  # fmt: skip
def test_every_plan_can_be_ridden(strategy, jobs, people, open_bundles, name, grace_s, far_s, data):
    """With a hint, too, that may be of another day: other jobs, other shops, riders who could then carry more."""
    policy = replace(
        CITY, open_bundles=open_bundles, demand={"B": Expected(STORES["B"], 20.0, 120.0)}, weights=WEIGHTS[name],
        grace_s=grace_s, farthest_pickup_s=far_s,
    )  # fmt: skip
    before = None
    if data.draw(st.booleans()):
        before = plan_of(data.draw(open_jobs), [replace(one, max_bags=9, stores=None, off_s=None) for one in people])
    plan = plan_of(jobs, people, policy=policy, before=before, strategy=strategy)
    by_job, by_rider = {one.id: one for one in jobs}, {one.id: one for one in people}
    given_out = [number for one in plan.assignments for number in one.jobs]
    planned = [number for routes in plan.routes.values() for _, ids in routes for number in ids]
    assert len(given_out) == len(set(given_out)) and len(planned) == len(set(planned)), "no job twice"
    who = [one.rider for one in plan.assignments] + [one.rider for one in plan.moves]
    assert len(who) == len(set(who)), "one instruction per rider"
    assert set(given_out) | set(plan.left) == set(by_job) and not set(given_out) & set(plan.left)
    for number, routes in plan.routes.items():
        assert not broken(by_rider[number], routes, by_job, policy)
    for one in plan.assignments:
        assert not broken(by_rider[one.rider], [(by_job[one.jobs[0]].store, one.jobs)], by_job, policy)
        for number in one.jobs:
            chosen = plan.why[number][0]
            assert chosen.rider == one.rider and chosen.score == pytest.approx(sum(chosen.parts.values()))
    if strategy != "rolling":
        return
    for one in plan.assignments:
        assert plan.routes[one.rider][0][1] == one.jobs, "what is given out is the first trip"
    for number in plan.left:
        meant = next((who for who, routes in plan.routes.items() if any(number in ids for _, ids in routes)), None)
        shown = plan.considered(number)
        assert len(shown) >= min(len(people), 8) and len({one.rider for one in shown}) == len(shown)
        assert meant is None or shown[0].rider == meant
        assert all(one.score < math.inf or (one.note and not one.parts) for one in shown)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_nobody_is_given_what_they_cannot_finish_in_their_shift(strategy):
    """The shelf is reached in time; the door is not: a quarter of an hour away, and the shift ends in ten minutes."""
    far = job(1, to=(4_000.0, 0.0))
    tired = rider("R", off_s=600.0)
    city = replace(CITY, grace_s=120.0)
    why = "nobody may have it: goes home before they could be at the door (1)"
    assert plan_of([far], [tired], strategy=strategy).assignments, "without the rule it is theirs"
    plan = plan_of([far], [tired], policy=city, strategy=strategy)
    assert not plan.assignments and plan.left == {1: why}
    assert [(one.rider, one.note) for one in plan.considered(1)] == [
        ("R", "goes home before they could be at the door")
    ]
    fresh = rider("S", off_s=3_600.0, at=(0.0, 500.0))
    assert [one.rider for one in plan_of([far], [tired, fresh], policy=city, strategy=strategy).assignments] == ["S"]


def test_a_bundle_is_as_long_as_the_shift_allows():
    """Three doors one after the other, each five minutes on; the shift has room for two of them."""
    doors = [job(n, to=(1_400.0 * n, 0.0)) for n in (1, 2, 3)]
    who = [rider("R", off_s=800.0)]
    assert [len(one.jobs) for one in plan_of(doors, who).assignments] == [3]
    plan = plan_of(doors, who, policy=replace(CITY, grace_s=60.0))
    assert [one.jobs for one in plan.assignments] == [(1, 2)] and list(plan.left) == [3]


@settings(max_examples=60, deadline=None)
@given(jobs=open_jobs, people=riders, name=st.sampled_from(sorted(WEIGHTS)))
def test_what_is_shown_is_what_was_weighed(jobs, people, name):
    """The parts of every plan and of every candidate add up to what the engine itself reckons."""
    policy = replace(CITY, weights=WEIGHTS[name], grace_s=300.0)
    board = Board(jobs, people, 0.0, GRID, policy)
    for j in range(len(board.jobs)):
        board.insert(j)
    placed = dict(enumerate(board.placed))
    for r, trips in enumerate(board.plan):
        told, cost = board.costs.reckon(r, trips), board.value(r, trips)[0]
        waits = sum(door - placed[j] for j, door in told.doors.items())
        assert waits + sum(told.late_s.values()) + told.fair + told.ride + told.end == pytest.approx(cost)
    number = {one.id: r for r, one in enumerate(board.riders)}
    for j in range(len(board.jobs)):
        for one in explain(board, j, board.where[j]):
            r = number[one.rider]
            alone = board.value(r, ((board.store[j], (j,)),))[0]
            assert one.score == pytest.approx(sum(one.parts.values())) or one.score == math.inf == alone or one.note
            if one.parts and board.where[j] != r:
                assert one.score == pytest.approx(alone - board.value(r, ())[0] + placed[j])


@settings(max_examples=100, deadline=None)
@given(jobs=open_jobs, people=riders | riders.map(rested), otherwise_s=st.integers(200, 5_000), data=st.data())
def test_an_order_goes_along_if_the_longer_trip_can_be_ridden_and_only_then(jobs, people, otherwise_s, data):
    """`bags` and the like of who comes are what is left beside the jobs they fetch already: those take nothing here."""
    policy = replace(CITY, grace_s=data.draw(st.sampled_from([None, 0.0, 300.0])))
    trips = []
    for one in people:
        store = one.heading or data.draw(st.sampled_from(sorted(STORES)))
        doors = data.draw(st.lists(st.tuples(spots, st.integers(0, 600)), max_size=4))
        own = [job(f"had {n}", store, to, ready_s=float(ready_s), bags=0) for n, (to, ready_s) in enumerate(doors)]
        ready_s = max((each.ready_s for each in own), default=0.0)
        coming = Coming(replace(one, free_s=0.0), store, STORES[store], tuple(each.drop for each in own), ready_s)
        trips.append((coming, own))

    def goes(coming, own, more):
        way_s = 0.0 if coming.rider.heading == coming.store else GRID(coming.rider.at, coming.pickup, "")
        in_hand_s = max(way_s + policy.pick_before_s, coming.ready_s)
        by_job = {each.id: each for each in [*own, more]}
        return more.ready_s <= in_hand_s + 60.0 and not broken(
            coming.rider, [(coming.store, list(by_job))], by_job, policy
        )

    for more in jobs:
        for coming, own in trips:
            made = along([more], [coming], 0.0, GRID, policy, lambda job: math.inf)
            assert bool(made) == goes(coming, own, more)
    found = along(jobs, [coming for coming, _ in trips], 0.0, GRID, policy, lambda job: float(otherwise_s))
    assert len({one.job for one in found}) == len({one.rider for one in found}) == len(found), "one order for one trip"
    for one in found:
        assert goes(*trips[one.rider], jobs[one.job])
        assert one.door_s < otherwise_s and one.door_s == pytest.approx(sum(one.parts.values()))


def books(board):
    """What a board keeps beside its plan: who has which job and which store's bags, ends, costs and ways."""
    ends = [round(float(end_s), 6) for end_s in board.end_s]
    kept = (board.where, board.pool, [sorted(held.items()) for held in board.holders], board.cost, ends)
    return copy.deepcopy((board.plan, kept, board.to_store.tolist()))


@settings(max_examples=60, deadline=None)
@given(jobs=open_jobs.filter(len), people=riders, data=st.data())
def test_what_is_tried_and_taken_back_leaves_no_trace(jobs, people, data):
    """And what is kept leaves the books in order: they are those of a board that was given the same plan at once."""
    board = Board(jobs, people, 0.0, GRID, replace(CITY, grace_s=300.0))
    for j in range(len(board.jobs)):
        board.insert(j)
    for _ in range(3):
        torn = data.draw(st.lists(st.integers(0, len(jobs) - 1), min_size=1, unique=True))
        pooled, was, cost = [j for j in torn if j in board.pool], books(board), sum(board.cost)
        board.mark()
        for j in torn:
            board.take(j)
        for j in data.draw(st.permutations(torn)):
            board.insert(j)
        assert board.saved() == pytest.approx(cost - sum(board.cost))
        if data.draw(st.booleans()):
            board.undo(torn, pooled)
            assert books(board) == was
    fresh = Board(jobs, people, 0.0, GRID, replace(CITY, grace_s=300.0))
    for r, trips in enumerate(board.plan):
        fresh.put(r, trips, *fresh.value(r, trips))
    fresh.pool.update(board.pool)
    assert books(board) == books(fresh)
    assert set(board.pool) == {j for j, r in enumerate(board.where) if r < 0}


@settings(max_examples=25, deadline=None)
@given(jobs=open_jobs, people=riders, seed=st.integers(0, 99))
def test_a_plan_is_the_same_again_and_in_any_order_of_its_inputs(jobs, people, seed):
    dice = random.Random(seed)
    first = plan_of(jobs, people)
    assert steps(plan_of(jobs, people)) == steps(first)
    mixed = plan_of(dice.sample(jobs, len(jobs)), dice.sample(people, len(people)))
    assert steps(mixed) == steps(first) and mixed.routes == first.routes


@settings(max_examples=12, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from("ABC"), spots, st.integers(0, 7_200)), min_size=1, max_size=14))
def test_no_job_starves_in_repeated_rounds(rows):
    """Two riders, new orders next door to the store in every round: whoever was there at first is served."""
    todo = {
        n: job(n, store, to, placed_s=float(-age), due_s=float(900 - age)) for n, (store, to, age) in enumerate(rows)
    }
    people = {n: rider(n, STORES["A"]) for n in range(2)}
    old, now, number = set(todo), 0.0, 1_000
    while old & set(todo):
        assert now < 60 * 60 * 6, f"still waiting: {sorted(old & set(todo))}"
        todo[number] = job(number, "A", (100.0, 0.0), placed_s=now, ready_s=now, due_s=now + 900)
        number += 1
        plan = plan_of(list(todo.values()), list(people.values()), now_s=now, policy=replace(CITY, effort=6))
        for one in plan.assignments:
            at, clock = people[one.rider].at, max(now, people[one.rider].free_s)
            for each in [todo.pop(n) for n in one.jobs]:
                at, clock = each.drop, clock + GRID(at, each.pickup, "") + GRID(each.pickup, each.drop, "") + 120
            people[one.rider] = rider(one.rider, at, free_s=clock)
        now += 240.0


def rounds_until_served(policy):
    """One rider, a far door, and next to the store a new order whenever the last is done; None: not in 160 rounds."""
    far, people = job("far", to=(1_200.0, 1_200.0), due_s=900.0), [rider("R", STORES["A"])]
    todo, now, before = {"far": far}, 0.0, None
    for number in range(160):
        todo[number] = job(number, to=(60.0, 0.0), placed_s=now, ready_s=now, due_s=now + 900)
        before = plan_of(list(todo.values()), people, now_s=now, policy=policy, before=before)
        for one in before.assignments:
            (name,) = one.jobs
            door = todo.pop(name).drop
            ride_s = GRID(people[0].at, STORES["A"], "") + GRID(STORES["A"], door, "")
            people = [rider("R", door, free_s=max(now, people[0].free_s) + ride_s + 120)]
        if "far" not in todo:
            return number
        now += 150.0
    return None


def test_lateness_that_grows_is_what_keeps_a_far_door_from_starving():
    alone = replace(CITY, effort=4, most_jobs=1)
    flat = Weights(late=0.0, late_growth_s=math.inf, fair_s=0.0)
    assert rounds_until_served(replace(alone, weights=flat)) is None, "the control: the sum of waiting alone starves it"
    for name, weights in WEIGHTS.items():
        served = rounds_until_served(replace(alone, weights=weights))
        assert served is not None and served <= 130, name


def test_a_hint_from_the_round_before_never_keeps_old_ready_times():
    """The bags are ten minutes later than the last plan believed: the rider is not sent, nor bound to them."""
    far = rider("R", (0.0, 1_880.0))
    believed = job(1, ready_s=530.0)
    last = plan_of([believed], [far])
    assert last.routes == {"R": (("A", (1,)),)} and not last.assignments
    late = replace(believed, ready_s=1_080.0)
    assert plan_of([late], [far], now_s=60.0, before=last).assignments == []
    assert plan_of([late], [far], now_s=60.0, before=last).left == plan_of([late], [far], now_s=60.0).left
    assert [one.jobs for one in plan_of([believed], [far], now_s=60.0, before=last).assignments] == [(1,)]


def test_very_late_jobs_win_over_a_stream_of_quick_ones():
    """One rider; a far door that is hours late against next-door orders that are still in time."""
    old = job("old", to=(3_000.0, 3_000.0), placed_s=-30_000.0, due_s=-28_800.0)
    fresh = [job(n, to=(150.0 + n, 0.0), placed_s=0.0, due_s=600.0) for n in range(6)]
    board = plan_of([old, *fresh], [rider("R")], policy=replace(CITY, most_jobs=1))
    assert [one.jobs for one in board.assignments] == [("old",)]


def test_not_serving_a_job_costs_more_with_every_minute():
    prices = [Board([job(1)], [], now_s, GRID, CITY).unserved(0) for now_s in (0.0, 3_600.0, 36_000.0, 68_400.0)]
    steps_up = [b - a for a, b in pairwise(prices)]
    assert min(steps_up) > 0 and steps_up[2] > steps_up[1], "and ever faster"


def test_bundles_two_neighbours_rather_than_send_two_riders_across_town():
    pair = [job(1, to=(2_000.0, 0.0)), job(2, to=(2_050.0, 0.0))]
    plan = plan_of(pair, [rider("here"), rider("far", (9_000.0, 0.0))])
    assert [(one.rider, sorted(one.jobs)) for one in plan.assignments] == [("here", [1, 2])]


def test_a_job_waits_for_the_rider_who_is_about_to_be_free_next_door():
    plan = plan_of([job(1)], [rider("soon", free_s=120.0), rider("far", (5_000.0, 0.0))])
    assert not plan.assignments and plan.routes == {"soon": (("A", (1,)),)}
    assert plan.left == {1: "a rider is planned who need not leave yet"}


def test_bags_that_are_only_expected_are_waited_for_at_the_shelf():
    city = replace(CITY, open_bundles=True)
    guess = job(1, ready_s=300.0, is_known=False)
    sent = plan_of([guess], [rider("R", (0.0, 1_500.0))], policy=city)
    assert [(one.rider, one.store, one.jobs) for one in sent.moves] == [("R", "A", (1,))] and not sent.assignments
    there = rider("R", STORES["A"], heading="A")
    assert not plan_of([replace(guess, ready_s=0.0)], [there], policy=city).assignments
    assert plan_of([replace(guess, ready_s=0.0, is_known=True)], [there], policy=city).assignments


def test_riders_without_work_wait_where_orders_are_expected_and_do_not_swap_places():
    city = replace(CITY, open_bundles=True, demand={s: Expected(STORES[s], 6.0, 60.0) for s in "AB"})
    at_a = [rider(n, STORES["A"], heading="A") for n in range(2)]
    assert [one.store for one in plan_of([], at_a, policy=city).moves] == ["B"]
    settled = [rider(n, STORES[s], heading=s) for n, s in enumerate("AB")]
    assert plan_of([], settled, policy=city).moves == []


def test_of_two_riders_at_the_shelf_the_one_who_waited_longer_goes():
    pair = [rider("new", heading="A", idle_s=60.0), rider("old", heading="A", idle_s=1_800.0)]
    assert [one.rider for one in plan_of([job(1)], pair).assignments] == ["old"]
    rich = [replace(pair[1], earned_paise_h=40_000.0), replace(pair[1], id="poor", earned_paise_h=5_000.0)]
    assert [one.rider for one in plan_of([job(1)], rich).assignments] == ["poor"]


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_zone_is_kept_to(strategy):
    other = rider("R", stores=frozenset({"B"}))
    assert plan_of([job(1)], [other], strategy=strategy).left == {1: "nobody may have it: rides in another zone (1)"}


# -- the public benchmark ---------------------------------------------------------------------------------------------


def test_without_the_harness_the_command_says_so(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command("dispatch_benchmark", str(tmp_path), "--harness", str(tmp_path))
    assert stopped.value.code == 2
    assert "harness is not here" in capsys.readouterr().err


def test_the_engine_as_a_command_decides_what_it_decides_in_process(monkeypatch, capsys):
    from delivery.dispatch import benchmark

    town = {
        "interval": 1, "speed": 320.0, "stores": {"r1": [0, 0], "r2": [4_000, 0]}, "pickup_service": 4,
        "dropoff_service": 4, "target": 40, "max": 90, "ready_info": "exact",
    }  # fmt: skip
    orders = [
        {
            "id": f"o{n}",
            "store": "r1",
            "x": 900 * n,
            "y": 300,
            "placed": n,
            "ready": 9 + n,
            "known": True,
            "due": 40 + n,
        }
        for n in range(3)
    ]
    people = [
        {"id": f"c{n}", "x": 1_500 * n, "y": 0, "free_at": 0, "state": "idle", "on": 0, "off": 200, "store": None}
        for n in range(3)
    ]
    rounds = [{"type": "assign", "now": now, "orders": orders, "couriers": people} for now in (2, 5, 8)]
    lines = [json.dumps(one) for one in ({"type": "start", **town}, *rounds)]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    benchmark.main()
    engine = benchmark.make(town)
    here = [engine.assign(one["now"], orders, people) for one in rounds]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == json.loads(json.dumps(here))
    assert any(here)


def day_of(name, **how):
    """A day of the public benchmark as its harness scores it, with no rule broken."""
    from delivery.management.commands.dispatch_benchmark import find_harness, score

    harness = find_harness()
    if harness is None or not (harness / name).is_dir():
        pytest.skip("the public benchmark's data is not here")
    day = score(harness, str(harness / name), "rolling", **how)
    assert day["violations"] == [] and day["rejected"] == {}
    return day


def test_a_dark_store_day_breaks_no_rule_and_meets_its_bar():
    day = day_of("dev_quick/q2", seed=5)
    assert day["undelivered_pct"] <= 0.9
    assert day["click_to_door"]["mean"] <= 18.2 and day["on_time_pct"] >= 73
    day_of("dev_quick/q2", as_product=True)


@pytest.mark.parametrize(
    ("name", "ready_info", "figure"),
    [
        ("dev/0o50t100s1p100", "exact", 30.13),
        ("dev/0o50t100s1p100", "estimate", 30.88),
        ("dev_quick/q2", "estimate", 17.68),
    ],
)
def test_a_public_day_is_no_worse_than_its_row_in_the_docs(name, ready_info, figure):
    """The mean of all days with estimated times is 0.4 below its bar: a slip must be seen. What a change makes better
    here belongs into docs/dispatch.md, with the whole tables run anew."""
    assert day_of(name, ready_info=ready_info)["ctd_mean_penalised"] <= figure + 0.15


# -- bags that are only expected --------------------------------------------------------------------------------------


def test_the_adapter_learns_from_the_picking_times_it_was_told_wrong():
    """Every bag takes twice as long as was guessed: of the next one that is believed."""
    from delivery.dispatch import benchmark

    town = {
        "interval": 1, "speed": 320.0, "stores": {"r1": [0, 0]}, "pickup_service": 4, "dropoff_service": 4,
        "target": 40, "max": 90, "ready_info": "estimate",
    }  # fmt: skip
    engine = benchmark.make(town)

    def bags(number, *, ready, known):
        return {
            "id": f"o{number}", "store": "r1", "x": 900, "y": 300, "placed": number, "ready": number + ready,
            "known": known, "due": number + 40,
        }  # fmt: skip

    new = bags(400, ready=10, known=False)
    engine._learn([new])
    unlearnt = engine._job(new, 400, 1.0)
    for number in range(300):
        engine.assign(number, [bags(number, ready=10, known=False)], [])
        engine.assign(number + 20, [bags(number, ready=20, known=True)], [])
    assert len(engine.guesses.ratios) == 310 and engine.guesses.ratios[200] == 2.0
    job = engine._job(new, 400, 1.0)
    assert (job.ready_s, job.is_known) == (60.0 * 420, False) and job.together_s == 60.0 * 420
    assert unlearnt.ready_s < job.ready_s
    assert engine._job(bags(400, ready=20, known=True), 421, 1.0).ready_s == 60.0 * 420


def test_overdue_bags_are_not_ready_now_but_as_late_as_late_bags_were():
    guesses = Guesses()
    for number in range(400):  # half of the guesses come true, the rest come twice as late
        guesses.learn(600.0, 600.0 if number % 2 else 1_200.0)
    assert guesses.ready_s(0.0, 600.0, 0.0, 0.25) == 600.0
    assert guesses.ready_s(0.0, 600.0, 660.0, 0.25) == 1_200.0, "later than those which came true: one of the others"
    assert guesses.ready_s(0.0, 600.0, 3_000.0, 0.25) == 3_000.0, "later than any ever was"


@given(elapsed=st.floats(0, 5_000), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_guess_is_never_in_the_past_and_later_for_who_must_be_surer(elapsed, low, high):
    sooner, later = (Guesses().ready_s(0.0, 900.0, elapsed, share) for share in sorted((low, high)))
    assert elapsed <= sooner <= later


def test_other_bags_are_not_made_to_wait_for_bags_that_may_be_late():
    """Two doors side by side, one rider: together only where the second bags are sure to come soon."""
    rest = {"to": (700.0, 40.0), "ready_s": 60.0, "is_known": False}
    city = replace(CITY, open_bundles=True)
    together = plan_of([job(1), job(2, **rest)], [rider("R")], policy=city)
    apart = plan_of([job(1), job(2, together_s=1_500.0, **rest)], [rider("R")], policy=city)
    assert [sorted(ids) for _, ids in together.routes["R"]] == [[1, 2]]
    assert [ids for _, ids in apart.routes["R"]] == [(1,), (2,)]
