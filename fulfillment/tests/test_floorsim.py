"""The floor in a simulation: no order is lost, every policy meets the same day, and the rules do what they are for."""

import random
from dataclasses import replace

import pytest

from fulfillment import clustering, pickroute, queueing
from fulfillment.clustering import Candidate, Pace
from fulfillment.floorsim import POLICIES, Job, Line, Policy, TimeModel, arrivals, figures, run
from fulfillment.floorsim.engine import alone_s
from fulfillment.pickroute import Item, Layout
from fulfillment.queueing import Waiting

BINS = [(f"{aisle}-{bay:02d}-2", 10 * n) for n, (aisle, bay) in enumerate((a, b) for a in "APCF" for b in range(1, 9))]
ZONES = {"A": "ambient", "P": "produce", "C": "chilled", "F": "frozen"}
LAYOUT = Layout.of(BINS)
TIMES = TimeModel()
FIRST_IN, FIRST_IN_CLUSTERS, SLACK, SLACK_CLUSTERS = POLICIES


def job(id: int, at_s: float, *, due_s: float = 900.0, lines: int = 3, rng: random.Random | None = None) -> Job:
    rng = rng or random.Random(id)
    picked = [rng.choice(BINS) for _ in range(lines)]
    items = [Item((id, n), ZONES[code[0]], sequence, 400, code) for n, (code, sequence) in enumerate(picked)]
    return Job(id, at_s, at_s + due_s, 120.0, tuple(Line(item) for item in items))


def day(seed: int, *, per_hour: float = 120, orders: int = 150) -> list[Job]:
    rng = random.Random(seed)
    (times,) = arrivals([1.0] * 24, peak_per_s=per_hour / 3600, orders=orders, rng=rng)
    return [job(n, at, due_s=rng.uniform(240, 700), lines=rng.randint(1, 6), rng=rng) for n, at in enumerate(times)]


def play(jobs: list[Job], policy: Policy, *, paces=(1.0, 1.1, 0.9), times=TIMES):
    return run(jobs, paces=paces, layout=LAYOUT, times=times, policy=policy, known=times.learned(pace=1.0))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_order_is_picked_once_and_nobody_is_in_two_walks(policy):
    jobs = day(1)
    outcome = play(jobs, policy)
    assert sorted(pick.job.id for pick in outcome.picks) == list(range(len(jobs)))
    assert all(pick.job.at_s <= pick.begun_s < pick.ready_s for pick in outcome.picks)
    for picker in range(3):
        walks = {}
        for pick in outcome.picks:
            if pick.picker == picker:
                walks.setdefault(pick.begun_s, []).append(pick)
        begun = sorted(walks)
        assert all(len(walk) == walk[0].together <= 4 for walk in walks.values())
        ends = [max(pick.ready_s for pick in walks[at]) for at in begun]
        assert all(end <= later for end, later in zip(ends, begun[1:], strict=False))
    if policy.clusters:
        assert max(pick.together for pick in outcome.picks) > 1


def test_a_seed_makes_the_day_and_a_policy_changes_nothing_of_it():
    assert day(3) == day(3) != day(4)
    assert play(day(3), SLACK_CLUSTERS) == play(day(3), SLACK_CLUSTERS)
    for policy in POLICIES:
        assert sorted((pick.job for pick in play(day(3), policy).picks), key=lambda it: it.id) == day(3)


def test_the_time_of_pickers_adds_up():
    """Busy is what the orders take one by one (utilisation law); the walk is the route's, at the floor's scale."""
    jobs = day(5, per_hour=60)
    outcome = play(jobs, FIRST_IN, paces=(1.0, 1.0))
    service_s = [alone_s(one, layout=LAYOUT, times=TIMES, policy=FIRST_IN) for one in jobs]
    assert outcome.busy_s == pytest.approx(sum(service_s))
    metres = sum(pickroute.route([line.item for line in one.lines], LAYOUT).metres for one in jobs) * TIMES.scale
    assert outcome.metres == pytest.approx(metres)
    assert figures([outcome]).busy == pytest.approx(sum(service_s) / outcome.open_s)
    waits = figures([play(day(5, per_hour=60), FIRST_IN, paces=(1.0,))]).wait_p50_s
    assert waits > figures([outcome]).wait_p50_s


def test_first_in_takes_the_oldest_and_slack_the_one_that_has_to_begin_first():
    jobs = [job(0, 0.0), job(1, 1.0, due_s=900), job(2, 2.0, due_s=300)]
    begun = {policy: [pick.job.id for pick in play(jobs, policy, paces=(1.0,)).picks] for policy in (FIRST_IN, SLACK)}
    assert begun == {FIRST_IN: [0, 1, 2], SLACK: [0, 2, 1]}


def test_a_shared_walk_is_shorter_and_orders_wait_less_when_the_floor_is_full():
    jobs = day(6, per_hour=130)
    alone, shared = (figures([play(jobs, policy)]) for policy in (SLACK, SLACK_CLUSTERS))
    assert shared.metres_per_line < 0.9 * alone.metres_per_line
    assert shared.wait_p90_s < alone.wait_p90_s
    assert shared.lines_per_hour > alone.lines_per_hour
    assert alone.together == 1


def test_arrivals_follow_the_hours():
    counted = [0] * 24
    days = arrivals([0, 1, 3, *[0] * 21], peak_per_s=0.05, orders=2000, rng=random.Random(7))
    assert sum(map(len, days)) == 2000
    for at in (at for times in days[:-1] for at in times):  # the last day ends with the last order
        counted[int(at // 3600)] += 1
    assert sum(counted) == counted[1] + counted[2]
    assert counted[2] / counted[1] == pytest.approx(3, rel=0.15)
    with pytest.raises(ValueError):
        arrivals([0] * 24, peak_per_s=1, orders=1, rng=random.Random(1))


def test_an_order_that_is_lost_gives_way_for_a_while_and_is_not_forgotten():
    saved, lost = Waiting("saved", due_s=200, work_s=120), Waiting("lost", due_s=60, work_s=120)
    assert [one.id for one in queueing.ranked([lost, saved])] == ["saved", "lost"]
    relaxed = Waiting("relaxed", due_s=600, work_s=120)
    assert [one.id for one in queueing.ranked([lost, relaxed])] == ["lost", "relaxed"]
    long_lost = replace(lost, due_s=-500)
    assert [one.id for one in queueing.ranked([saved, long_lost])] == ["lost", "saved"]


def test_what_is_lost_already_may_share_a_walk_and_is_packed_last():
    def candidate(id: str, due_s: float, work_s: float = 120) -> Candidate:
        items = [Item(n, "ambient", sequence, 400, code) for n, (code, sequence) in enumerate(BINS[5:8])]
        return Candidate(id, due_s, due_s - work_s, items, 3)

    lost, late_too, in_time, tight = (
        candidate("lost", -60), candidate("late too", 30), candidate("in time", 900), candidate("tight", 90, 80),
    )  # fmt: skip
    assert set(clustering.choose(lost, [late_too, in_time], layout=LAYOUT).ids) == {"lost", "late too", "in time"}
    assert clustering.choose(tight, [lost], layout=LAYOUT).ids == (
        "tight",
    )  # a promise that holds is not broken for it
    done = clustering.done_s([lost, in_time], 30.0, Pace())
    assert done["in time"] < done["lost"]


def test_a_slower_person_takes_more_seconds_for_all_they_do():
    usual, slow = Pace(), Pace().scaled(1.5)
    assert slow.pick_s(40, lines=4, units=6, totes=2) == pytest.approx(
        1.5 * usual.pick_s(40, lines=4, units=6, totes=2)
    )
    assert slow.pack_order_s(6) == pytest.approx(1.5 * usual.pack_order_s(6))
    assert (slow.safety_s, slow.least_saved_s) == (usual.safety_s, usual.least_saved_s)
