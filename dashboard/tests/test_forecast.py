"""What is still to do, in seconds."""

import pytest

from dashboard.forecast import Underway, remaining_s, why
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
    assert why(status, has_rider=False) != "Waiting for the payment"
