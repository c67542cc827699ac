"""The dispatch package by itself: no database, no clock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blinkit.kernel.geo import Point, distance_metres
from delivery.dispatch import STRATEGIES, FreeRider, OpenJob, Policy, assign

STORE = Point(12.955, 77.625)


def travel(a, b, vehicle):
    return distance_metres(a, b) / 5


def job(number, **fields):
    values = {"placed_s": 0.0, "ready_s": 100.0, "due_s": 900.0, "store": "S"} | fields
    return OpenJob(id=number, pickup=STORE, drop=Point(12.96, 77.63), **values)


def rider(number, *, away=0.0, **fields):
    values = {"store": "S", "free_s": 0.0} | fields
    return FreeRider(id=number, at=Point(STORE.lat + away, STORE.lng), **values)


def pairs(plan):
    return {one.jobs[0]: one.rider for one in plan.assignments}


def test_the_most_urgent_job_gets_the_nearest_rider():
    plan = assign(
        [job("late", due_s=1000), job("soon", due_s=500)],
        [rider("far", away=0.01), rider("near")],
        now_s=0,
        travel=travel,
    )
    assert pairs(plan) == {"soon": "near", "late": "far"}
    assert [one.rider for one in plan.why["soon"]] == ["near", "far"]


def test_a_rider_free_in_a_minute_next_door_beats_one_far_away():
    plan = assign([job(1)], [rider("busy", free_s=60), rider("far", away=0.01)], now_s=0, travel=travel)
    assert pairs(plan) == {1: "busy"}
    assert plan.why[1][0].parts == {"busy": 60.0, "ride_to_store": 0.0}


def test_bags_that_are_not_ready_soon_wait():
    plan = assign([job(1, ready_s=5_000)], [rider(1)], now_s=0, travel=travel)
    assert plan.assignments == []
    assert plan.left == {1: "the bags are not ready soon enough"}


@pytest.mark.parametrize(
    ("change", "of", "why"),
    [
        ({"refused_by": frozenset({"R"})}, "job", "nobody may have it: said no to it (1)"),
        ({"bags": 9}, "job", "nobody may have it: cannot carry so many bags (1)"),
        ({"store": "elsewhere"}, "rider", "nobody may have it: belongs to another store (1)"),
        ({"cash_room_paise": 10}, "rider", "nobody may have it: would hold too much cash (1)"),
        ({"off_s": 0.0, "free_s": 10.0}, "rider", "nobody may have it: goes home before they could fetch it (1)"),
        ({"away": 1.0}, "rider", "nobody may have it: is too far from the store (1)"),
        ({"vehicles": frozenset({"scooter"})}, "job", "nobody may have it: too far by ebike (1)"),
        ({"needs_help": True}, "rider", "nobody may have it: called for help (1)"),
    ],
    ids=["said no", "too many bags", "other store", "too much cash", "shift over", "too far", "vehicle", "needs help"],
)
def test_nobody_gets_what_they_may_not_have(change, of, why):
    jobs = [job(1, cash_paise=500, **(change if of == "job" else {}))]
    plan = assign(jobs, [rider("R", **(change if of == "rider" else {}))], now_s=0, travel=travel)
    assert plan.assignments == []
    assert plan.left == {1: why}


def test_nobody_on_duty_is_said_so():
    assert assign([job(1)], [], now_s=0, travel=travel).left == {1: "nobody is on duty"}


def test_an_unknown_strategy_is_an_error():
    with pytest.raises(KeyError):
        assign([], [], now_s=0, travel=travel, strategy="magic")


jobs_of = st.lists(
    st.builds(
        lambda n, due, ready, bags, no: (n, due, ready, bags, frozenset(no)),
        st.integers(0, 30),
        st.floats(0, 3_000),
        st.floats(0, 2_000),
        st.integers(1, 6),
        st.lists(st.integers(0, 8), max_size=4),
    ),
    max_size=12,
    unique_by=lambda row: row[0],
)
riders_of = st.lists(
    st.tuples(st.integers(0, 8), st.floats(-0.1, 0.1), st.floats(0, 900), st.integers(1, 6), st.sampled_from("SX")),
    max_size=9,
    unique_by=lambda row: row[0],
)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@settings(max_examples=50, deadline=None)
@given(rows=jobs_of, people=riders_of)
def test_every_plan_of_every_strategy_is_feasible(strategy, rows, people):
    jobs = [job(n, due_s=due, ready_s=ready, bags=bags, refused_by=no) for n, due, ready, bags, no in rows]
    riders = [rider(n, away=away, free_s=free, max_bags=most, store=at) for n, away, free, most, at in people]
    policy = Policy()
    plan = assign(jobs, riders, now_s=0.0, travel=travel, policy=policy, strategy=strategy)
    by_job, by_rider = {one.id: one for one in jobs}, {one.id: one for one in riders}
    given_out = [number for one in plan.assignments for number in one.jobs]
    assert len(given_out) == len(set(given_out)), "a job goes to one rider"
    assert len({one.rider for one in plan.assignments}) == len(plan.assignments), "a rider gets one assignment"
    assert set(given_out) | set(plan.left) == set(by_job), "every job is given out or has a reason"
    assert not set(given_out) & set(plan.left)
    for one in plan.assignments:
        who, load = by_rider[one.rider], [by_job[number] for number in one.jobs]
        assert sum(each.bags for each in load) <= who.max_bags
        for each in load:
            assert who.id not in each.refused_by
            assert who.store == each.store
            assert travel(who.at, each.pickup, who.vehicle) <= policy.farthest_pickup_s
            assert each.ready_s <= policy.seek_ahead_s
            best = plan.why[each.id][0]
            assert best.rider == one.rider
            assert best.score == pytest.approx(sum(best.parts.values()))
