"""The range a customer looks at narrows, and moves only with a reason."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from catalog.tests.factories import NOW
from orders.promise import STAGES
from orders.steady import LEEWAY, WHY, Arrival, Shown, steady

S, M = timedelta(seconds=1), timedelta(minutes=1)
FIRST = Arrival(NOW + 8 * M, NOW + 11 * M, "picking", 1, None)


def later(by, **more):
    return replace(FIRST, from_at=FIRST.from_at + by, to_at=FIRST.to_at + by, **more)


def trembling(seed):
    """Estimates of one order, each a few seconds after the last, up to five minutes off in either direction."""
    chance, now, stage = Random(seed), NOW, 0
    for _ in range(80):
        now += chance.randint(1, 20) * S
        stage = min(len(STAGES) - 1, stage + (chance.random() < 0.1))
        begin = NOW + 10 * M + chance.randint(-300, 300) * S
        end = begin + chance.randint(0, 400) * S
        yield (
            now,
            Arrival(
                max(now, begin), max(now, end), STAGES[stage], chance.choice([1, 1, 1, 2]), chance.choice([None, 7])
            ),
        )


def moves_without_a_reason(say):
    found = 0
    for seed in range(60):
        last = None
        for now, fresh in trembling(seed):
            shown = say(fresh, last, now)
            if last is not None and shown.why not in WHY:
                found += (
                    shown.arrival.to_at > last.arrival.to_at or shown.arrival.from_at < last.arrival.from_at - LEEWAY
                )
            last = shown
    return found


def test_never_moves_later_or_leaps_forward_without_a_reason():
    assert moves_without_a_reason(lambda fresh, last, now: steady(fresh, last, now=now)) == 0


def test_control_estimates_shown_as_they_come_leap():
    assert moves_without_a_reason(lambda fresh, last, now: Shown(fresh)) > 100


def test_what_is_shown_is_never_far_from_what_is_known():
    for seed in range(60):
        last = None
        for now, fresh in trembling(seed):
            last = steady(fresh, last, now=now)
            assert fresh.to_at - LEEWAY <= last.arrival.to_at <= max(fresh.to_at, fresh.from_at + M) + LEEWAY
            assert last.arrival.from_at <= last.arrival.to_at and 1 <= last.minutes(now)[0] <= last.minutes(now)[1]


def test_less_than_a_minute_is_held_back_and_minutes_run_down():
    shown = steady(later(40 * S), Shown(FIRST), now=NOW + 40 * S)
    assert (shown.arrival.to_at, shown.why) == (FIRST.to_at, "")
    assert Shown(FIRST).minutes(NOW) == (8, 11) and shown.minutes(NOW + 3 * M) == (5, 8)
    assert Shown(FIRST).minutes(NOW + 30 * M) == (1, 1)


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (later(4 * M), "picking"),
        (later(4 * M, stage="rider"), "picking"),
        (later(4 * M, store_id=2), "store"),
        (later(4 * M, stage="ride", rider_id=8), "other-rider"),
        (later(-3 * M), "sooner"),
    ],
)
def test_says_what_moved_it(fresh, why):
    assert steady(fresh, Shown(replace(FIRST, rider_id=7)), now=NOW).why == why


def test_a_reason_stays_for_some_minutes_or_until_the_next_stage():
    busy = steady(later(4 * M, stage="queue"), Shown(replace(FIRST, stage="queue")), now=NOW)
    again = busy.arrival
    assert busy.why == "queue" and "busier than usual" in WHY["queue"]
    assert steady(again, busy, now=NOW + 2 * M).why == "queue"
    assert steady(again, busy, now=NOW + 7 * M).why == ""
    assert steady(replace(again, stage="picking"), busy, now=NOW + 2 * M).why == ""
