"""Pay by examples and by what holds for every input. Plain figures, no database."""

import random
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blinkit.kernel.geo import Point
from delivery.paying import (
    PARTS,
    STANDARD,
    Fix,
    Rates,
    Surge,
    Way,
    at_least,
    earned,
    highest,
    paid_way,
    pay_of,
    quoted,
    ridden_metres,
    total_of,
    waiting_of,
)
from delivery.tracing import Cleaner, noise
from delivery.tracing.plane import apart
from orders.stars import MINIMUM_RATINGS, score_of

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
METRES = st.integers(0, 40_000)
PAISE = st.integers(0, 20_000)
RATES = st.builds(
    Rates,
    base_paise=PAISE,
    next_base_paise=PAISE,
    first_metres=st.integers(0, 3000),
    per_km_paise=st.integers(0, 3000),
    long_from_metres=st.integers(0, 9000),
    long_per_km_paise=st.integers(0, 2000),
    leg_share_bp=st.integers(0, 10_000),
)
WAYS = st.lists(st.builds(Way, leg_metres=METRES, direct_metres=METRES), min_size=1, max_size=4)


class TestOneStop:
    def test_the_worked_example_of_the_docs(self):
        """3.4 km, eight minutes and a half at the shelf, rain, ₹20 from the customer."""
        parts = pay_of(3_400, waiting_paise=waiting_of(510), surge_paise=1_000, tip_paise=2_000)
        assert parts == dict.fromkeys(PARTS, 0) | {
            "base_paise": 2_500,
            "distance_paise": 1_680,
            "waiting_paise": 300,
            "surge_paise": 1_000,
            "tip_paise": 2_000,
        }
        assert total_of(parts) == 7_480

    def test_a_long_way_has_a_step_of_its_own(self):
        parts = pay_of(6_000)
        assert (parts["distance_paise"], parts["long_distance_paise"]) == (3_500, 600)

    @pytest.mark.parametrize(("waited_s", "paise"), [(0, 0), (300, 0), (359, 0), (360, 100), (540, 400)])
    def test_whole_minutes_beyond_the_free_ones_are_paid(self, waited_s, paise):
        assert waiting_of(waited_s) == paise

    @given(rates=RATES, near=METRES, far=METRES, tip=PAISE, waiting=PAISE, surge=PAISE)
    def test_whole_paise_never_less_for_a_longer_way_and_the_tip_is_whole(self, rates, near, far, tip, waiting, surge):
        near, far = sorted((near, far))
        more = {"rates": rates, "tip_paise": tip, "waiting_paise": waiting, "surge_paise": surge}
        short, long = pay_of(near, **more), pay_of(far, **more)
        assert tuple(short) == PARTS and all(type(paise) is int and paise >= 0 for paise in short.values())
        assert total_of(short) <= total_of(long)
        assert short["tip_paise"] == tip and total_of(short) == sum(short.values())


class TestABundle:
    def test_two_doors_by_example(self):
        first, second = quoted([Way(2_000, 2_000), Way(500, 2_300)], tips_paise=[0, 500])
        assert (first["base_paise"], first["distance_paise"]) == (2_500, 700)
        assert (second["base_paise"], second["distance_paise"], second["tip_paise"]) == (1_500, 0, 500)

    def test_a_stop_next_door_is_paid_for_a_share_of_its_own_way(self):
        _, second = quoted([Way(5_000, 5_000), Way(10, 5_000)], tips_paise=[0, 0])
        assert second["distance_paise"] == 700  # 40 % of 5 km, less the first kilometre

    @given(ways=WAYS, rates=RATES, surge=PAISE)
    def test_together_never_less_than_any_stop_alone(self, ways, rates, surge):
        stops = quoted(ways, tips_paise=[0] * len(ways), rates=rates, surge_paise=surge)
        alone = max(total_of(pay_of(way.direct_metres, rates=rates, surge_paise=surge)) for way in ways)
        if len(ways) > 1:
            assert sum(map(total_of, stops)) >= alone

    @given(ways=WAYS, rates=RATES, tips=st.lists(PAISE, min_size=4, max_size=4))
    def test_every_tip_goes_to_its_own_stop(self, ways, rates, tips):
        tips = tips[: len(ways)]
        assert [parts["tip_paise"] for parts in quoted(ways, tips_paise=tips, rates=rates)] == tips

    def test_a_tip_missing_for_a_door_is_a_mistake(self):
        with pytest.raises(ValueError):
            quoted([Way(1, 1), Way(1, 1)], tips_paise=[0])


class TestWhatWasOffered:
    @given(promised=METRES, real=METRES, tip=PAISE, tip_now=PAISE)
    def test_no_part_falls_below_the_offer_but_the_tip_which_is_the_customers(self, promised, real, tip, tip_now):
        offer, now = pay_of(promised, tip_paise=tip), pay_of(real, tip_paise=tip_now)
        paid = at_least(now, offer)
        assert paid["tip_paise"] == tip_now
        assert all(paid[name] >= offer[name] for name in PARTS if name != "tip_paise")


class TestSurge:
    PEAK = Surge(800, "Evening rush", from_time=time(18), until_time=time(21), weekdays="12345")
    RAIN = Surge(1_500, "Heavy rain", kind="weather", starts_at=AT, ends_at=AT + timedelta(hours=2))
    NIGHT = Surge(500, "Night", from_time=time(23), until_time=time(5), weekdays="5")

    def test_the_highest_open_window_counts_and_they_are_not_added_up(self):
        local = (AT + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Kolkata"))
        assert highest([self.PEAK, self.RAIN], at=local) is self.RAIN
        assert highest([self.PEAK, self.RAIN], at=local.replace(hour=18)) is self.PEAK
        assert highest([self.PEAK, self.RAIN], at=local + timedelta(hours=2)) is None

    def test_a_night_belongs_to_the_day_it_began(self):
        saturday = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
        assert self.NIGHT.holds(saturday) and self.NIGHT.holds(saturday - timedelta(hours=3))
        assert not self.NIGHT.holds(saturday - timedelta(days=1)) and not self.NIGHT.holds(saturday.replace(hour=23))


class TestThePaidWay:
    @pytest.mark.parametrize(
        ("ridden", "metres", "why"),
        [
            (None, 2_000, "unknown"),
            (1_400, 2_000, "shorter"),
            (2_300, 2_000, "as-routed"),
            (2_301, 2_301, "detour"),
            (3_000, 3_000, "detour"),
            (3_001, 3_000, "detour-capped"),
        ],
    )
    def test_by_example(self, ridden, metres, why):
        paid = paid_way(routed_metres=2_000, ridden_metres=ridden)
        assert (paid.metres, paid.why) == (metres, why)

    @given(routed=METRES, ridden=st.none() | METRES, more=METRES)
    def test_never_less_than_routed_nor_for_riding_further(self, routed, ridden, more):
        paid = paid_way(routed_metres=routed, ridden_metres=ridden)
        assert paid.metres >= routed
        if ridden is not None:
            assert paid_way(routed_metres=routed, ridden_metres=ridden + more).metres >= paid.metres

    def test_the_detour_is_a_part_of_its_own(self):
        parts = earned(pay_of(2_000), paid_metres=3_000, routed_metres=2_000)
        assert (parts["distance_paise"], parts["detour_paise"]) == (700, 700)


class TestRidden:
    START = Point(12.950, 77.620)

    def along(self, *steps, every_s=10, accuracy=10.0):
        """Fixes north of the start, so many metres from it each."""
        return [
            Fix(Point(self.START.lat + metres / 111_195, self.START.lng), AT + timedelta(seconds=every_s * n), accuracy)
            for n, metres in enumerate(steps)
        ]

    def metres(self, fixes, *, end=1_000, minutes=2):
        return ridden_metres(
            fixes,
            start=self.START,
            end=Point(self.START.lat + end / 111_195, self.START.lng),
            since=AT,
            until=AT + timedelta(minutes=minutes),
        )

    def test_a_straight_ride_is_as_long_as_it_is(self):
        assert self.metres(self.along(0, 250, 500, 750, 1_000)) == pytest.approx(1_000, abs=2)

    def test_there_and_back_counts_both_ways(self):
        assert self.metres(self.along(0, 300, 600, 300, 0), end=0) == pytest.approx(1_200, abs=3)

    def test_jumps_and_vague_positions_do_not_count(self):
        fixes = self.along(0, 250, 500, 750, 1_000)
        wild = Fix(Point(13.5, 77.62), AT + timedelta(seconds=25))
        vague = Fix(Point(12.955, 77.63), AT + timedelta(seconds=27), accuracy_metres=300)
        assert self.metres([*fixes, wild, vague]) == self.metres(fixes)

    def test_standing_still_is_no_ride(self):
        assert self.metres(self.along(0, 12, 3, 15, 0, 9), end=0) == pytest.approx(0, abs=1)

    def test_creeping_through_traffic_counts_as_far_as_it_was(self):
        assert self.metres(self.along(*range(0, 310, 10)), end=300, minutes=6) == pytest.approx(300, abs=3)

    def test_what_the_filter_of_the_map_believes_is_what_is_paid(self):
        """A ride with corners and red lights, as a phone tells it: taken, kept and added up, within a tenth of the
        truth, where adding up what the phone says would double it."""
        true = said = ridden = 0.0
        for number in range(4):
            told = noise.said(random.Random(f"ride/{number}"), noise.Phone(), minutes=8)
            cleaner, kept = Cleaner(), []
            for one in told:
                at = datetime.fromtimestamp(one.at_ms / 1000, UTC)
                if mark := cleaner.take(one.lat, one.lng, one.at_ms, one.accuracy_m):
                    kept.append(Fix(Point(mark.lat, mark.lng), at, one.accuracy_m))
            ends = [Point(one.true_lat, one.true_lng) for one in (told[0], told[-1])]
            ridden += ridden_metres(kept, start=ends[0], end=ends[1], since=kept[0].at, until=kept[-1].at)
            true += sum(apart(a.true_lat, a.true_lng, b.true_lat, b.true_lng) for a, b in pairwise(told))
            said += sum(apart(a.lat, a.lng, b.lat, b.lng) for a, b in pairwise(told))
        assert said > 1.8 * true
        assert ridden == pytest.approx(true, rel=0.1)

    def test_nobody_knows_after_a_long_silence_or_without_positions(self):
        assert self.metres([]) is None
        assert self.metres(self.along(0, 500, 1_000, every_s=200), minutes=9) is None

    @settings(max_examples=60)
    @given(steps=st.lists(st.integers(0, 3_000), min_size=1, max_size=12))
    def test_never_shorter_than_nothing_and_the_order_of_arrival_does_not_matter(self, steps):
        fixes = self.along(*steps)
        assert self.metres(fixes) == self.metres(list(reversed(fixes))) and (self.metres(fixes) or 0) >= 0


class TestScores:
    def test_there_is_no_score_before_the_minimum(self):
        assert score_of(stars_sum=19, count=MINIMUM_RATINGS - 1).stars is None

    def test_few_stars_move_it_little_and_many_to_their_mean(self):
        few, many = score_of(stars_sum=20 * 3, count=20), score_of(stars_sum=2_000 * 3, count=2_000)
        assert (few.stars, many.stars) == (3.8, 3.0)

    @given(count=st.integers(MINIMUM_RATINGS, 5_000), data=st.data())
    def test_always_between_one_and_five(self, count, data):
        stars = score_of(stars_sum=data.draw(st.integers(count, 5 * count)), count=count).stars
        assert 1 <= stars <= 5


def test_the_standard_is_what_riders_were_paid_before():
    assert total_of(pay_of(2_000, rates=STANDARD)) == 3_200
