"""What a round makes of several orders, of a city's policy, and of riders who are not free yet."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.geo import Point
from catalog.tests.factories import NOW, store, street_field
from catalog.travel import travel_seconds
from catalog.ways import leg_seconds
from delivery import dispatch, queries, services
from delivery.dispatching import StrategyName, WeighingName
from delivery.errors import OfferGone
from delivery.models import (
    AreaStore,
    Decision,
    DispatchArea,
    DispatchPolicy,
    Job,
    JobState,
    Offer,
    OfferState,
    Rider,
    Stop,
    StopState,
    Trip,
)
from delivery.services import situation
from delivery.tests.factories import BAGS, packed, rider, waiting_job
from orders import services as orders
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db


def ready_jobs(count, *, at=None, apart=0.0004):
    """Packed orders of one store whose doors are near each other."""
    made = []
    for number in range(count):
        job = waiting_job(at=at)
        at = job.store
        Order.objects.filter(pk=job.order_id).update(lat=at.lat + 0.006 + number * apart, lng=at.lng)
        packed(job.order)
        services.bags_ready(order_id=job.order_id, bags=1, now=NOW)
        made.append(Job.objects.select_related("order", "store").get(pk=job.pk))
    return made


def at_shelf(place, **fields):
    return rider(place, at=(place.lat, place.lng), **fields)


def test_orders_to_neighbours_go_together_and_each_says_why():
    jobs = ready_jobs(3)
    who = at_shelf(jobs[0].store)
    assert services.dispatch_round(now=NOW) == 1
    offer = Offer.objects.get()
    assert [one.job_id for one in offer.offered.all()] == [job.pk for job in jobs], "the nearest door first"
    assert offer.pay_paise == sum(one.pay_paise for one in offer.offered.all())
    assert {made.job_id for made in Decision.objects.filter(rider=who)} == {job.pk for job in jobs}
    asked = queries.offer_of(rider=who, now=NOW)
    assert (len(asked["drops"]), asked["bags"]) == (3, 3)
    assert asked["cash_paise"] == sum(drop["cash_paise"] for drop in asked["drops"]) > 0
    trip = services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
    stops = queries.trip_of(rider=who, now=NOW)["stops"]
    assert [stop["order_id"] for stop in stops] == [job.order_id for job in jobs]
    assert sum(stop["pay_paise"] for stop in stops) == offer.pay_paise
    assert services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW) == trip
    assert set(Order.objects.values_list("rider_id_ref", flat=True)) == {who.pk}


def test_the_whole_trip_of_a_bundle_door_by_door():
    jobs = ready_jobs(2)
    who = at_shelf(jobs[0].store)
    services.dispatch_round(now=NOW)
    trip = services.accept(offer_id=Offer.objects.get().pk, rider_id=who.pk, now=NOW)
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    first, second = Stop.objects.filter(trip=trip).order_by("rank")
    for stop in (first, second):
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    for number, stop in enumerate((first, second), start=1):
        now = NOW + timedelta(minutes=5 * number)
        services.arrive(stop_id=stop.pk, rider_id=who.pk, now=now)
        order = Order.objects.get(pk=stop.job.order_id)
        services.deliver(stop_id=stop.pk, rider_id=who.pk, otp=order.door_otp, cash_paise=order.cash_due_paise, now=now)
        assert Trip.objects.filter(ended_at=None).exists() == (number == 1)
    assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}


def test_what_was_left_on_the_shelf_is_sought_by_somebody_else():
    jobs = ready_jobs(2)
    who = at_shelf(jobs[0].store)
    services.dispatch_round(now=NOW)
    trip = services.accept(offer_id=Offer.objects.get().pk, rider_id=who.pk, now=NOW)
    first, second = Stop.objects.filter(trip=trip).order_by("rank")
    services.pick_up(stop_id=first.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    services.leave_store(stop_id=first.pk, rider_id=who.pk, now=NOW)
    second.refresh_from_db()
    assert second.state == StopState.DROPPED and Job.objects.get(pk=second.job_id).state == JobState.SEEKING
    assert Order.objects.get(pk=second.job.order_id).rider_id_ref is None
    assert Trip.objects.get().ended_at is None


def test_one_cancelled_order_takes_the_offer_back_and_the_others_are_offered_again():
    jobs = ready_jobs(2)
    at_shelf(jobs[0].store)
    services.dispatch_round(now=NOW)
    orders.cancel(order_id=jobs[0].order_id, by="staff", reason="x", actor="user:1", now=NOW)
    services.drop_cancelled(order_id=jobs[0].order_id, now=NOW)
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert list(Job.objects.order_by("opened_at", "pk").values_list("state", flat=True)) == ["cancelled", "seeking"]
    assert services.dispatch_round(now=NOW) == 1
    assert [one.job_id for one in Offer.objects.get(state="open").offered.all()] == [jobs[1].pk]


def test_a_city_says_how_many_go_together_and_that_nobody_is_asked():
    jobs = ready_jobs(3)
    who = at_shelf(jobs[0].store)
    DispatchPolicy.objects.create(city=jobs[0].store.city, most_jobs=2, auto_accept=True)
    assert services.dispatch_round(now=NOW) == 1
    assert Offer.objects.get().state == OfferState.ACCEPTED
    trip = Trip.objects.get(ended_at=None)
    assert trip.rider == who and trip.stops.count() == 2


@pytest.mark.parametrize("strategy", StrategyName.values)
def test_each_strategy_can_be_a_citys(strategy):
    jobs = ready_jobs(2)
    at_shelf(jobs[0].store), at_shelf(jobs[0].store)
    DispatchPolicy.objects.create(city=jobs[0].store.city, strategy=strategy)
    assert services.dispatch_round(now=NOW) >= 1
    assert set(Decision.objects.exclude(rider=None).values_list("strategy", flat=True)) == {strategy}


def test_the_names_of_the_strategies_are_the_engines():
    assert set(StrategyName.values) == set(dispatch.STRATEGIES)
    assert set(WeighingName.values) == set(dispatch.WEIGHTS)


def test_bags_that_stood_too_long_are_put_to_several_and_the_first_answer_counts():
    (job,) = ready_jobs(1)
    for _ in range(4):
        at_shelf(job.store)
    services.dispatch_round(now=NOW)
    first = Offer.objects.get()
    services.decline(offer_id=first.pk, rider_id=first.rider_id, reason="", now=NOW)
    late = NOW + timedelta(minutes=2)
    assert services.dispatch_round(now=late) == 3
    asked = {offer.rider_id: offer for offer in Offer.objects.filter(is_broadcast=True)}
    assert first.rider_id not in asked and len(asked) == 3
    assert Decision.objects.filter(job=job).latest("at").left == "broadcast"
    (no, no_offer), (quick, quick_offer), (slow, slow_offer) = asked.items()
    services.decline(offer_id=no_offer.pk, rider_id=no, reason="", now=late)
    assert Job.objects.get().state == JobState.OFFERED, "two may still answer"
    services.accept(offer_id=quick_offer.pk, rider_id=quick, now=late)
    with pytest.raises(OfferGone):
        services.accept(offer_id=slow_offer.pk, rider_id=slow, now=late)
    states = dict(Offer.objects.filter(is_broadcast=True).values_list("rider_id", "state"))
    assert states == {no: "declined", quick: "accepted", slow: "withdrawn"}
    assert Trip.objects.get().rider_id == quick


def test_a_broadcast_nobody_answers_is_sought_again():
    (job,) = ready_jobs(1)
    for _ in range(3):
        at_shelf(job.store)
    services.dispatch_round(now=NOW)
    first = Offer.objects.get()
    services.decline(offer_id=first.pk, rider_id=first.rider_id, reason="", now=NOW)
    late = NOW + timedelta(minutes=2)
    services.dispatch_round(now=late)
    assert services.sweep_offers(now=late + timedelta(minutes=1)) == 2
    assert Job.objects.get().state == JobState.SEEKING


def test_stores_that_share_riders_are_planned_together():
    jobs = ready_jobs(1)
    other = store(code="BLR-9")
    area = DispatchArea.objects.create(name="East")
    stranger = at_shelf(other)
    assert services.dispatch_round(now=NOW) == 0, "belongs to another store"
    for place in (jobs[0].store, other):
        AreaStore.objects.create(area=area, store=place)
    assert services.dispatch_round(now=NOW) == 1
    assert Offer.objects.get().rider == stranger
    assert services.dispatch_round(now=NOW, store_id=other.pk) == 0


def test_bags_wait_for_a_rider_who_is_back_sooner_than_another_could_come():
    (job,) = ready_jobs(1)
    place = job.store
    back_soon = at_shelf(place)
    services.assign_by_hand(order_id=job.order_id, rider_id=back_soon.pk, actor="user:1", now=NOW)
    services.pick_up(stop_id=Stop.objects.get().pk, rider_id=back_soon.pk, bag_codes=BAGS, now=NOW)
    services.arrive(stop_id=Stop.objects.get().pk, rider_id=back_soon.pk, now=NOW)
    Rider.objects.filter(pk=back_soon.pk).update(lat=place.lat + 0.001)
    Order.objects.filter(pk=job.order_id).update(lat=place.lat + 0.001)
    (following,) = ready_jobs(1, at=place)
    rider(place, at=(place.lat + 0.035, place.lng))  # a quarter of an hour away
    services.dispatch_round(now=NOW)
    assert Job.objects.get(pk=following.pk).state == JobState.SEEKING
    assert Decision.objects.get(job=following).left == "a rider is planned who need not leave yet"


def test_reasons_are_written_when_they_change_and_kept_for_a_week():
    (job,) = ready_jobs(1)
    for _ in range(3):
        services.dispatch_round(now=NOW)
    assert Decision.objects.get().left == "no rider is free"
    at_shelf(job.store)
    services.dispatch_round(now=NOW)
    assert Decision.objects.count() == 2
    assert services.forget_decisions(now=NOW + timedelta(days=6, hours=23)) == 0
    assert services.forget_decisions(now=NOW + timedelta(days=7, seconds=1)) == 2


def test_a_table_of_ways_is_what_single_ways_are():
    place = store()
    ways = situation.area_of((place.pk,), now=NOW).ways
    spots = [rider(place, at=(place.lat + d, place.lng - d), on_duty=False).point for d in (0.0, 0.002, 0.03)]
    table = ways.table(spots, spots, "scooter")
    for i, a in enumerate(spots):
        for j, b in enumerate(spots):
            assert table[i][j] == pytest.approx(ways(a, b, "scooter"), abs=1.0)


def test_rides_from_a_store_are_those_of_its_streets():
    """In a round, in the offer and for the doors before a door: one measure, the one that was promised and is paid."""
    jobs = ready_jobs(2)
    place = street_field(jobs[0].store, metres=4_321)
    ways, door = situation.area_of((place.pk,), now=NOW).ways, jobs[0].order.point
    known_s = leg_seconds(place, place.point, door, vehicle="scooter", at=NOW)
    plain_s = travel_seconds(place.point, door, "scooter", NOW)
    assert known_s > 2 * plain_s
    spots = [place.point, door, Point(place.lat + 0.5, place.lng)]
    table = ways.table(spots, spots, "scooter")
    assert ways(place.point, door, "scooter") == known_s == pytest.approx(table[0][1], abs=1.0)
    assert (table[0][0], ways(place.point, place.point, "scooter")) == (0, 0)
    assert table[1][0] == pytest.approx(ways(door, place.point, "scooter"), abs=1.0)
    assert table[1][0] < known_s, "the way back is not the store's field"
    assert table[0][2] > 5_000, "beyond the field the city's figures serve"
    who = at_shelf(place)
    services.dispatch_round(now=NOW)
    drops = queries.offer_of(rider=who, now=NOW)["drops"]
    assert drops[0]["distance_metres"] == 4_321 > 10 * drops[1]["distance_metres"]


def test_a_round_takes_as_many_statements_for_forty_riders_as_for_two():
    jobs = ready_jobs(1)
    Order.objects.filter(pk=jobs[0].order_id).update(lat=jobs[0].store.lat + 0.3)

    def statements():
        Decision.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            services.dispatch_round(now=NOW, store_id=jobs[0].store_id)
        Offer.objects.all().delete()
        Job.objects.update(state=JobState.SEEKING)
        return len(asked)

    for _ in range(2):
        at_shelf(jobs[0].store)
    few = statements()
    for _ in range(8):
        at_shelf(jobs[0].store)
    assert statements() == few <= 24
