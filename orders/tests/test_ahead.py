"""What is still to do, in seconds."""

import pytest

from orders.promise import STAGES, Underway, ahead, remaining_s
from orders.promise.replay import judge, walk
from orders.risk import CLEAR_BELOW, HELP, RISK_FROM, STAGE_LABELS, why_slow
from orders.states import LIVE, Status

ORDER = ["CONFIRMED", "ASSIGNED_TO_STORE", "PICKING", "PACKED", "ASSIGNED_TO_PARTNER", "PICKED_UP"]


def at(status, **more):
    return Underway(status=status, lines=5, ride_s=300, here_s=more.pop("here_s", 0), **more)


def test_each_step_leaves_less_to_do():
    left = [remaining_s(at(status, has_rider=True)) for status in ORDER]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[2] > left[3] > left[5]


def test_time_spent_on_a_leg_counts_and_never_below_the_next_legs():
    fresh, half, stuck = (remaining_s(at("PICKING", here_s=s)) for s in (0, 30, 3000))
    assert fresh - 30 == half
    assert stuck == remaining_s(at("PACKED", has_rider=True))


def test_a_packed_order_without_a_rider_waits_for_one_and_never_counts_down():
    waiting = [remaining_s(at("PACKED", rider_wait_s=400, here_s=s)) for s in (0, 60, 6000)]
    assert waiting == [remaining_s(at("PACKED", has_rider=True)) + 400] * 3


@pytest.mark.parametrize("status", sorted(LIVE - {Status.PENDING}))
def test_every_live_state_has_a_reason(status):
    stage = ahead(at(status)).stage
    assert stage in STAGES and why_slow(stage) and HELP[stage] and STAGE_LABELS[stage]


def test_the_stages_come_in_order_and_each_leaves_less_behind_it():
    walked = [
        at("CONFIRMED"),
        at("ASSIGNED_TO_STORE"),
        at("PICKING"),
        at("PICKING", picked=True),
        at("PACKED"),
        at("PACKED", has_rider=True),
        at("IN_TRANSIT"),
        at("IN_TRANSIT", at_door=True),
    ]
    seen = [ahead(order) for order in walked]
    assert tuple(it.stage for it in seen) == STAGES
    rest = [it.rest_s for it in seen]
    assert rest == sorted(rest, reverse=True) and rest[-1] == 0


def test_a_breach_is_as_probable_as_not_when_the_usual_time_is_left_and_certain_far_beyond():
    it = ahead(at("PICKING"))
    assert it.breach(it.p50_s) == pytest.approx(0.5)
    assert it.breach(it.p90_s) == pytest.approx(0.1, abs=0.001)
    assert it.breach(it.p50_s - 600) > 0.999 > 0.001 > it.breach(it.p50_s + 600)


def test_riders_who_are_not_free_are_counted_before_the_bags_are_packed_unless_one_has_it():
    alone, promised = at("PICKING", rider_wait_s=900), at("PICKING", rider_wait_s=900, has_rider=True)
    assert remaining_s(alone) - remaining_s(promised) == 900 - (20 + 11 * 5) - (25 + 1.5 * 5)


def test_measured_legs_take_the_place_of_the_usual_ones():
    slow = at("PACKED", has_rider=True, measured={"door": (200.0, 300.0)})
    assert remaining_s(slow) - remaining_s(at("PACKED", has_rider=True)) == 150


def test_the_threshold_warns_of_most_breaches_in_time_and_is_mostly_right():
    told = judge(walk(400, seed=5), RISK_FROM, clear=CLEAR_BELOW)
    assert told.recall_60_s >= 75 and told.recall_120_s >= 70
    assert told.precision >= 80
    assert judge(walk(400, seed=5), 0.2, clear=CLEAR_BELOW).precision < told.precision, "a lower one cries wolf"
