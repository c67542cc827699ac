"""Packed bags that have outgrown the rider they were promised to: nobody is left with what they cannot carry."""

import pytest

from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from delivery import services
from delivery.errors import AgainstRule
from delivery.models import Decision, Job, JobState, Offer, OfferState, Stop, StopState, Trip
from delivery.services import packed as packing
from delivery.tests.factories import BAGS, offered, packed, rider, waiting_job
from delivery.tests.test_races import at_once
from orders.models import Order
from orders.states import Status
from orders.tests.factories import order as make_order

pytestmark = pytest.mark.django_db


def taken(*jobs, by):
    for job in jobs:
        services.assign_by_hand(order_id=job.order_id, rider_id=by.pk, actor="user:1", now=NOW)


def told():
    return Event.objects.filter(code="delivery.BagsOutgrewRider")


def test_more_bags_than_the_rider_carries_are_taken_off_the_trip_and_somebody_else_is_sought():
    job = waiting_job()
    who = rider(job.store)
    taken(job, by=who)
    packed(job.order)
    for _ in range(2):
        services.bags_ready(order_id=job.order_id, bags=5, now=NOW)
    assert not Trip.objects.filter(ended_at=None).exists(), "the rider is free"
    order = Order.objects.get()
    assert (order.rider_id_ref, order.status) == (None, Status.PACKED)
    assert told().get().payload["bags"] == 5
    job = Job.objects.get()
    assert (job.state, job.declined_by) == (JobState.SEEKING, []), "it is not the rider's no"
    assert services.dispatch_round(now=NOW) == 0
    assert Decision.objects.latest("pk").left == "nobody may have it: cannot carry so many bags (1)"
    strong = rider(job.store, max_bags=6)
    assert offered(job).rider_id == strong.pk


def test_before_it_is_packed_the_floor_has_reckoned_what_it_will_be():
    order = make_order()
    Order.objects.filter(pk=order.pk).update(bags_expected=3, volume_ml_expected=25_000)
    services.open_job(order_id=order.pk, now=NOW)
    rider(order.store, max_bags=2)
    assert services.dispatch_round(now=NOW) == 0
    able = rider(order.store, max_bags=3)
    assert offered(Job.objects.get()).rider_id == able.pk
    assert Job.objects.get().volume_ml == 25_000


def test_bags_that_fit_stay_and_nobody_is_told():
    job = waiting_job()
    taken(job, by=rider(job.store))
    packed(job.order)
    services.bags_ready(order_id=job.order_id, bags=4, volume_ml=40_000, now=NOW)
    assert Stop.objects.get().state == StopState.TO_PICK_UP
    assert not told().exists()


def test_what_the_rider_fetches_already_counts():
    job = waiting_job()
    who, other = rider(job.store), waiting_job(at=job.store)
    taken(job, other, by=who)
    for it in (job, other):
        packed(it.order)
    services.bags_ready(order_id=job.order_id, bags=3, now=NOW)
    assert not told().exists()
    services.bags_ready(order_id=other.order_id, bags=2, now=NOW)
    assert told().get().payload["order_id"] == str(other.order_id)
    assert Stop.objects.get(state=StopState.TO_PICK_UP).job_id == job.pk, "the other order stays with them"
    assert Trip.objects.get().ended_at is None


def test_goods_that_do_not_go_into_the_riders_bag_are_taken_off_as_well():
    job = waiting_job()
    who = rider(job.store, max_litres=30)
    taken(job, by=who)
    packed(job.order)
    services.bags_ready(order_id=job.order_id, bags=2, volume_ml=31_000, now=NOW)
    assert told().exists()
    assert services.dispatch_round(now=NOW) == 0
    assert "has no room for so much" in Decision.objects.latest("pk").left
    with pytest.raises(AgainstRule, match=r"too small for it: about 31 litres, with room for 30\."):
        services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
    # Litres are reckoned: who stands beside the bags may know better. Bags are counted.
    services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW, sure=True)
    assert Stop.objects.get(state=StopState.TO_PICK_UP).trip.rider == who


def test_an_offer_that_was_outgrown_is_withdrawn():
    job = waiting_job()
    first = rider(job.store, max_bags=2)
    offer = offered(job)
    packed(job.order)
    services.bags_ready(order_id=job.order_id, bags=3, now=NOW)
    offer.refresh_from_db()
    assert (offer.state, Job.objects.get().state) == (OfferState.WITHDRAWN, JobState.SEEKING)
    strong = rider(job.store)
    assert offered(job).rider_id == strong.pk != first.pk
    services.bags_ready(order_id=job.order_id, bags=3, now=NOW)
    assert Offer.objects.filter(state=OfferState.OPEN).count() == 1, "who can carry it keeps the offer"


def test_bags_in_the_riders_hands_stay_there():
    job = waiting_job()
    who = rider(job.store, max_bags=1)
    taken(job, by=who)
    packed(job.order)
    services.pick_up(stop_id=Stop.objects.get().pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    services.bags_ready(order_id=job.order_id, bags=2, now=NOW)
    assert Stop.objects.get().state == StopState.ON_BOARD and not told().exists()


def test_the_order_may_be_packed_before_it_has_a_job():
    services.bags_ready(order_id=make_order().pk, bags=2, now=NOW)
    assert not Job.objects.exists()


def both_packed_at_once():
    job = waiting_job()
    who, other = rider(job.store), waiting_job(at=job.store)
    taken(job, other, by=who)
    for it in (job, other):
        packed(it.order)
    refused = at_once(
        lambda: services.bags_ready(order_id=job.order_id, bags=3, now=NOW),
        lambda: services.bags_ready(order_id=other.order_id, bags=3, now=NOW),
    )
    assert not refused
    return sum(Stop.objects.filter(state=StopState.TO_PICK_UP).values_list("job__bags", flat=True))


@pytest.mark.django_db(transaction=True)
def test_two_orders_of_a_trip_packed_in_the_same_second_are_added_up():
    assert both_packed_at_once() == 3


@pytest.mark.django_db(transaction=True)
def test_without_the_trips_lock_the_rider_would_have_both(monkeypatch):
    class Unlocked:
        objects = Trip.objects.none()

    monkeypatch.setattr(Unlocked.objects, "select_for_update", lambda **_: Trip.objects.all())
    monkeypatch.setattr(packing, "Trip", Unlocked)
    assert both_packed_at_once() == 6
