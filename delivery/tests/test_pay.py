"""What a stop is paid, where the figures come from, and that it is never less than was offered."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from blinkit.kernel.geo import Point
from catalog.tests.factories import NOW
from catalog.ways import way_metres
from delivery import services
from delivery.models import Earning, Offer, OfferedJob, PayPolicy, PayReview, PaySurge, Position, Stop, StopState, Trip
from delivery.services import pay
from delivery.tests import test_between as between
from delivery.tests.factories import BAGS, packed, rider, trip, waiting_job
from orders import services as orders

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def hand_over(stop, *, now=LATER):
    order = stop.job.order
    services.deliver(
        stop_id=stop.pk,
        rider_id=stop.trip.rider_id,
        otp=order.door_otp,
        cash_paise=order.cash_due_paise,
        now=now,
    )
    return Earning.objects.get(stop=stop)


def positions(who, *places, start=NOW + timedelta(minutes=2), every_s=30):
    for number, (lat, lng) in enumerate(places):
        at = start + timedelta(seconds=every_s * number)
        Position.objects.create(rider_id=who, lat=lat, lng=lng, accuracy_metres=10, at=at)


class TestPolicy:
    def test_the_newest_that_has_begun_holds_and_a_citys_own_before_everywhere(self):
        store = waiting_job().store
        assert pay.policy_of(store, now=NOW).rates.base_paise == 2_500
        PayPolicy.objects.create(starts_at=NOW, base_paise=3_000)
        PayPolicy.objects.create(city=store.city, starts_at=NOW, base_paise=3_500)
        PayPolicy.objects.create(city=store.city, starts_at=NOW + timedelta(days=1), base_paise=9_000)
        assert pay.policy_of(store, now=NOW - timedelta(seconds=1)).rates.base_paise == 2_500
        assert pay.policy_of(store, now=NOW).rates.base_paise == 3_500

    def test_two_policies_never_begin_together(self):
        PayPolicy.objects.create(starts_at=NOW)
        with pytest.raises(IntegrityError, match="pay_policy_once_per_city_and_start"):
            PayPolicy.objects.create(starts_at=NOW)

    def test_rain_at_one_store_pays_more_there_until_it_ends(self):
        store = waiting_job().store
        hours = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=1)}
        PaySurge.objects.create(store=store, kind="weather", reason="Heavy rain", paise=1_200, **hours)
        assert pay.policy_of(store, now=NOW).surge_paise == 1_200
        assert pay.policy_of(store, now=NOW + timedelta(hours=1)).surge_paise == 0

    def test_a_quote_of_many_takes_the_policy_as_given_and_asks_nothing(self, django_assert_num_queries):
        job = waiting_job()
        policy = pay.policy_of(job.store, now=NOW)
        doors = [job.order.point, Point(job.order.lat + 0.004, job.order.lng)]
        with django_assert_num_queries(0):
            first, second = pay.quote(store=job.store, doors=doors, tips_paise=[0, 700], now=NOW, policy=policy)
        assert first == pay.parts_of(store=job.store, door=doors[0], now=NOW)
        assert (second["base_paise"], second["tip_paise"]) == (1_500, 700)


class TestTheReceipt:
    def test_without_positions_the_routed_way_is_paid_and_the_receipt_says_so(self):
        made, stop = trip(to_door=True)
        earning = hand_over(stop)
        routed = way_metres(made.store, stop.job.order.point)
        told = earning.receipt
        assert (told["routed_metres"], told["ridden_metres"], told["paid_metres"]) == (routed, None, routed)
        assert (told["why"], told["offered_paise"]) == ("unknown", Offer.objects.get().pay_paise)
        assert Trip.objects.get().paid_metres == routed
        assert not PayReview.objects.exists()

    def test_a_detour_is_paid_by_itself(self):
        made, stop = trip(to_door=True)
        home, store = stop.job.order.point, made.store
        PayPolicy.objects.create(starts_at=NOW, first_metres=0, detour_most_bp=100_000)
        off = [(store.lat, store.lng + 0.003 * step) for step in (1, 2, 3)]
        positions(made.rider_id, (store.lat, store.lng), *off, *reversed(off), (home.lat, home.lng))
        earning = hand_over(stop)
        told = earning.receipt
        assert told["why"] == "detour" and told["ridden_metres"] == told["paid_metres"] > told["routed_metres"]
        more = told["paid_metres"] * 700 // 1000 - told["routed_metres"] * 700 // 1000
        assert earning.parts["detour_paise"] == more > 0
        assert earning.total_paise == sum(earning.parts.values())
        assert not PayReview.objects.exists()

    def test_beyond_the_limit_the_rest_waits_for_a_person(self):
        made, stop = trip(to_door=True)
        store = made.store
        off = [(store.lat, store.lng + 0.004 * step) for step in (1, 2, 3)]
        positions(made.rider_id, (store.lat, store.lng), *off, *reversed(off))
        earning = hand_over(stop)
        review = PayReview.objects.get()
        assert earning.receipt["why"] == "detour-capped"
        assert review.facts["ridden_metres"] > review.facts["paid_metres"] >= review.facts["routed_metres"]
        assert (review.rider_id, review.closed_at) == (made.rider_id, None)


class TestNeverLessThanOffered:
    def test_a_policy_that_pays_less_from_now_on_does_not_touch_an_offer(self):
        _, stop = trip(to_door=True)
        PayPolicy.objects.create(starts_at=NOW - timedelta(days=1), base_paise=100, per_km_paise=0)
        assert hand_over(stop).total_paise == Offer.objects.get().pay_paise

    def test_waiting_of_a_bundle_is_paid_once(self):
        """Two orders of one trip, both taken at the shelf after nine minutes."""
        made, first = trip()
        who, other = made.rider_id, waiting_job(at=made.store)
        second = Stop.objects.create(trip=made, job=other, rank=2)
        type(other).objects.filter(pk=other.pk).update(state="taken")
        orders.rider_accepted(order_id=other.order_id, rider_id=who, rider_name="Ravi", actor=f"rider:{who}", now=NOW)
        packed(other.order, now=NOW + timedelta(minutes=1))
        services.arrive_at_store(rider_id=who, now=NOW)
        nine = NOW + timedelta(minutes=9)
        for stop in (first, second):
            services.pick_up(stop_id=stop.pk, rider_id=who, bag_codes=BAGS, now=nine)
        for stop in (first, second):
            services.arrive(stop_id=stop.pk, rider_id=who, now=nine)
        one, two = hand_over(first), hand_over(second, now=LATER + timedelta(minutes=3))
        assert sorted(e.parts["waiting_paise"] for e in (one, two)) == [0, 400]
        assert (one.parts["base_paise"], two.parts["base_paise"]) == (2_500, 1_500)
        assert two.receipt["from"] == first.job.order.number
        assert Stop.objects.get(pk=second.pk).state == StopState.DELIVERED

    def test_the_second_door_first_pays_the_first_base_once_and_no_part_less_than_offered(self):
        _made, (first, second) = between.bundle(picked_up=True, method="online")
        services.door_first(stop_id=second.pk, rider_id=first.trip.rider_id, now=NOW)
        earned = {}
        for stop in (second, first):
            between.hand_over(stop)
            earned[stop] = Earning.objects.get(stop=stop).parts
        assert [earned[stop]["base_paise"] for stop in (first, second)] == [2_500, 1_500]
        for stop in (first, second):
            offered = OfferedJob.objects.get(job_id=stop.job_id).pay_parts
            assert all(earned[stop][part] >= offered[part] for part in offered)

    def test_who_brings_the_second_door_only_is_paid_the_way_to_the_store_with_it(self):
        """The first order of the trip was cancelled at the shelf."""
        made, (first, second) = between.bundle()
        orders.cancel(order_id=first.job.order_id, by="staff", reason="x", actor="user:1", now=NOW)
        services.drop_cancelled(order_id=first.job.order_id, now=NOW)
        services.pick_up(stop_id=second.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        between.hand_over(second)
        assert Earning.objects.get().parts["base_paise"] == 2_500

    def test_an_order_taken_along_by_hand_shows_what_it_adds(self):
        one = waiting_job()
        two, who = waiting_job(at=one.store), rider(one.store)
        for job in (one, two):
            services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
        assert [stop.pay_paise for stop in Stop.objects.order_by("rank")] == [
            pay.total_of(parts)
            for parts in pay.quote(
                store=one.store, doors=[one.order.point, two.order.point],
                tips_paise=[one.order.tip_paise, two.order.tip_paise], now=NOW,
            )
        ]  # fmt: skip

    def test_a_trip_given_by_hand_is_paid_by_the_policy_of_its_beginning(self):
        job = waiting_job()
        who = rider(job.store)
        PayPolicy.objects.create(starts_at=NOW - timedelta(days=1), base_paise=4_000)
        services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
        packed(job.order)
        stop = Stop.objects.select_related("job__order", "trip").get()
        services.arrive_at_store(rider_id=who.pk, now=NOW)
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
        PayPolicy.objects.create(starts_at=NOW + timedelta(minutes=1), base_paise=1)
        services.arrive(stop_id=stop.pk, rider_id=who.pk, now=LATER)
        earning = hand_over(stop)
        assert (earning.parts["base_paise"], earning.receipt["offered_paise"]) == (4_000, None)
