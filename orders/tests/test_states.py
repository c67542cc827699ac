"""The table of moves."""

import pytest

from orders import states
from orders.errors import IllegalMove
from orders.states import CUSTOMER_MAY_CANCEL, FINISHED, LIVE, NEXT, STAFF_MAY_CANCEL, Status


def test_every_status_has_a_row():
    assert set(NEXT) == set(Status)


def test_final_statuses_are_final():
    assert {status for status in Status if not NEXT[status]} == {Status.CLOSED, Status.REFUNDED}


def test_every_status_is_reached_and_leads_to_an_end():
    reached = {Status.PENDING}
    while more := {new for old in reached for new in NEXT[old]} - reached:
        reached |= more
    assert reached == set(Status)
    for status in LIVE:
        seen = {status}
        while more := {new for old in seen for new in NEXT[old]} - seen:
            seen |= more
        assert seen & FINISHED


def test_live_and_finished_part_the_statuses():
    assert set(Status) == LIVE | FINISHED
    assert not LIVE & FINISHED


def test_whoever_may_cancel_can():
    assert CUSTOMER_MAY_CANCEL < STAFF_MAY_CANCEL
    assert all(Status.CANCELLED in NEXT[status] for status in STAFF_MAY_CANCEL)
    assert all(Status.CANCELLED not in NEXT[status] for status in set(Status) - STAFF_MAY_CANCEL)


@pytest.mark.parametrize("old", list(Status))
def test_moves_outside_the_table_are_refused_with_where_it_stands(old):
    for new in set(Status) - NEXT[old]:
        with pytest.raises(IllegalMove) as refused:
            states.check(old, new)
        assert refused.value.extra["status_now"] == old
