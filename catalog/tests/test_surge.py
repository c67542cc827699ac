"""The busy-hour fee: smoothed, capped, over by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blinkit.kernel.events import timeline
from catalog import queries, services
from catalog.models import FeePolicy
from catalog.pricing.surge import PICKERS, RIDERS, STEP_PAISE, Surge, Work, next_surge, pressure
from catalog.tests.factories import NOW, store

BUSY = Work(open_orders=60, pick_backlog_s=0, riders_on=5, as_of=NOW)
CALM = Work(open_orders=5, pick_backlog_s=60, riders_on=5, as_of=NOW)


@given(
    st.builds(
        Work,
        open_orders=st.integers(0, 500),
        pick_backlog_s=st.integers(0, 9_000),
        riders_on=st.integers(0, 60),
        as_of=st.just(NOW),
    ),
    st.floats(0, 1),
    st.integers(0, 20_000),
    st.floats(0, 5_000),
)
def test_it_is_never_above_the_cap_and_in_whole_steps(work, level, cap, elapsed_s):
    before = Surge(level, 0, "", NOW + timedelta(minutes=1))
    after = next_surge(before, work, cap_paise=cap, elapsed_s=elapsed_s, now=NOW)
    assert 0 <= after.paise <= cap
    assert after.paise % STEP_PAISE == 0
    assert 0 <= after.level <= 1
    assert bool(after.why) == bool(after.paise)


def test_it_rises_and_falls_slowly_and_says_what_is_short():
    surge, seen = Surge(), []
    for minute in range(12):
        now = NOW + timedelta(minutes=minute)
        work = BUSY if minute < 6 else CALM
        surge = next_surge(surge, replace(work, as_of=now), cap_paise=3_000, elapsed_s=60, now=now)
        seen.append(surge.paise)
    assert seen[:6] == sorted(seen[:6]) and seen[0] < seen[5] < 3_000
    assert seen[6:] == sorted(seen[6:], reverse=True) and seen[-1] < seen[5]
    assert pressure(BUSY, now=NOW) == (4.0, RIDERS)
    assert pressure(Work(5, 480, 5, NOW), now=NOW) == (2.0, PICKERS)


def test_old_facts_are_no_facts():
    assert pressure(BUSY, now=NOW + timedelta(minutes=11)) == (0.0, "")


@pytest.mark.django_db
def test_a_store_has_it_only_with_a_cap_and_only_until_its_end():
    place = store()
    services.write_store_load(store_id=place.pk, now=NOW, open_orders=60, riders_on=2)
    assert services.refresh_surge(now=NOW) == 0
    policy = FeePolicy.objects.create(store=place, surge_cap_paise=5_000)
    assert services.refresh_surge(now=NOW) == 1
    read = queries.store_by_id(place.pk)
    paise, why = queries.current_surge(read, now=NOW)
    assert (0 < paise <= 5_000, why) == (True, RIDERS)
    assert queries.current_surge(read, now=NOW + timedelta(minutes=5)) == (0, "")
    assert [row.code for row in timeline(f"store:{place.code}")] == ["catalog.SurgeChanged"]
    FeePolicy.objects.filter(pk=policy.pk).update(surge_cap_paise=0)
    assert queries.current_surge(queries.store_by_id(place.pk), now=NOW) == (0, "")
    services.refresh_surge(now=NOW + timedelta(minutes=1))
    assert queries.store_by_id(place.pk).load.surge_until is None
