"""Sourcing and promise: plain Python, no database."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.promise import PromiseInputs, quote
from orders.sourcing import Candidate, Need, Reason, choose

NOON = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)  # 12:00 in Kolkata


def store(store_id: int = 1, **facts) -> Candidate:
    given = {
        "store_id": store_id,
        "code": f"S{store_id}",
        "street_metres": 1000.0,
        "opens": time(6),
        "closes": time(23),
        "timezone": "Asia/Kolkata",
    }
    return Candidate(**{**given, **facts})


def test_the_store_that_is_there_first_is_chosen_and_the_others_are_kept_with_their_scores():
    choice = choose([store(1, street_metres=3000.0), store(2), store(3, backlog_s=900)], Need(), now=NOON)
    assert choice.store_id == 2
    assert [verdict.code for verdict in choice.why] == ["S2", "S1", "S3"]
    assert choice.why[0].parts["ride"] > 0


def test_the_carts_store_stays_unless_another_is_clearly_quicker():
    mine = store(1, street_metres=1500.0)
    assert choose([mine, store(2)], Need(prefers_store_id=1), now=NOON).store_id == 1
    swamped = store(1, street_metres=1500.0, backlog_s=900)
    assert choose([swamped, store(2)], Need(prefers_store_id=1), now=NOON).store_id == 2


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"opens": time(13)}, Reason.CLOSED),
        ({"mode": "paused", "mode_until": NOON + timedelta(minutes=1)}, Reason.PAUSED),
        ({"open_orders": 120}, Reason.FULL),
        ({"free": {7: 1}}, Reason.MISSING_ITEMS),
    ],
)
def test_a_store_that_cannot_says_why_and_another_one_does_it(facts, reason):
    need = Need(basket={7: 2})
    blocked = choose([store(1, **facts)], need, now=NOON)
    assert (blocked.store_id, blocked.refusal) == (None, reason)
    assert choose([store(1, **facts), store(2, street_metres=4000.0)], need, now=NOON).store_id == 2


def test_a_pause_that_has_run_out_is_none():
    assert choose([store(1, mode="paused", mode_until=NOON)], Need(), now=NOON).store_id == 1


def test_nobody_near_is_no_choice():
    assert choose([], Need(), now=NOON).why == ()


sizes = st.builds(
    PromiseInputs,
    lines=st.integers(1, 40),
    units=st.integers(40, 200),
    ride_s=st.floats(0, 3000),
    backlog_s=st.floats(0, 3600),
    rider_wait_s=st.floats(0, 3600),
    rush=st.booleans(),
)


@given(sizes)
def test_the_range_holds_the_middle_and_the_bad_case(inputs):
    made = quote(inputs)
    assert 1 <= made.from_m <= made.p50_s / 60 + 1
    assert made.p50_s <= made.p90_s <= made.to_m * 60
    assert made.to_m - made.from_m >= 3
    assert abs(sum(leg.p50_s for leg in made.legs) - made.p50_s) < 1e-6


@given(sizes)
def test_more_work_never_promises_an_earlier_arrival(inputs):
    from dataclasses import replace

    slower = replace(inputs, lines=inputs.lines + 1, units=inputs.units + 1, ride_s=inputs.ride_s + 60)
    assert quote(slower).to_m >= quote(inputs).to_m
    assert quote(replace(inputs, rush=True)).p50_s >= quote(replace(inputs, rush=False)).p50_s


def test_a_small_order_near_by_is_promised_in_about_ten_minutes():
    made = quote(PromiseInputs(lines=5, units=7, ride_s=280))
    assert (made.from_m, made.to_m) == (7, 10)


def test_bags_wait_for_their_rider_as_they_did_of_late_or_as_the_load_says_whichever_is_longer():
    def rider(**facts):
        return {leg.name: leg for leg in quote(PromiseInputs(lines=5, units=5, ride_s=300, **facts)).legs}["rider"]

    assert rider()[1:] == (0, 0)
    assert rider(measured={"rider": (120, 260)})[1:] == (120, 260)
    busy = rider(rider_wait_s=1_200, measured={"rider": (120, 260)})
    assert busy.p50_s == rider(rider_wait_s=1_200).p50_s > 900


def test_measured_legs_replace_the_rule_of_thumb():
    made = quote(PromiseInputs(lines=5, units=5, ride_s=300, measured={"ride_times": (2, 2.5)}))
    assert {leg.name: leg.p50_s for leg in made.legs}["ride"] == 600
