"""Duty, rounds, offers and their answers."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import StoreLoad
from catalog.tests.factories import NOW, ProductFactory, store
from delivery import saying_no, services
from delivery.errors import NoSuchOffer, NotOnDuty, OfferGone, Suspended, TripLive
from delivery.models import Decision, Job, JobState, Offer, OfferState, Rider, Shift, Stop, Trip
from delivery.services import asking, duty, offers
from delivery.tests.factories import offered, packed, rider, trip, waiting_job
from orders import services as orders
from orders.models import Order
from orders.tests.factories import customer, place_order, shop
from orders.tests.factories import order as make_order
from orders.tests.slots import slot

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(seconds=31)


def test_the_nearest_rider_is_asked_and_the_round_says_why():
    job = waiting_job()
    far = rider(job.store, at=(job.store.lat + 0.02, job.store.lng))
    near = rider(job.store, at=(job.store.lat + 0.001, job.store.lng))
    offer = offered(job)
    assert offer.rider_id == near.pk
    chosen = Decision.objects.get(job=job)
    assert chosen.rider == near and [row["rider"] for row in chosen.why] == [near.pk, far.pk]
    assert Job.objects.get().state == JobState.OFFERED


def test_opening_a_job_takes_three_statements():
    order = make_order()
    with CaptureQueriesContext(connection) as asked:
        services.open_job(order_id=order.pk, now=NOW)
    assert len(asked) == 3
    services.open_job(order_id=order.pk, now=NOW)
    assert Job.objects.count() == 1


def test_an_order_that_is_over_needs_no_rider():
    order = make_order()
    orders.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    services.open_job(order_id=order.pk, now=NOW)
    assert not Job.objects.exists()


@pytest.mark.parametrize("change", [{"suspended_reason": "Papers"}, {"is_verified": False}, {"seen_at": None}])
def test_no_offer_to_riders_who_cannot_ride(change):
    job = waiting_job()
    who = rider(job.store)
    Rider.objects.filter(pk=who.pk).update(**change)
    assert services.dispatch_round(now=NOW) == 0


def test_no_offer_to_a_silent_phone_off_duty_or_elsewhere():
    job = waiting_job()
    rider(job.store)
    rider(job.store, on_duty=False)
    assert services.dispatch_round(now=NOW + timedelta(minutes=4)) == 0
    assert Job.objects.get().state == JobState.SEEKING


def test_a_rider_gets_one_offer_and_one_trip_at_a_time():
    job = waiting_job()
    waiting_job(at=job.store)
    rider(job.store)
    assert services.dispatch_round(now=NOW) == 1
    assert services.dispatch_round(now=NOW) == 0
    offer = Offer.objects.get()
    services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW)
    assert services.dispatch_round(now=NOW) == 0


def test_accepting_twice_is_one_trip():
    job = waiting_job()
    rider(job.store)
    offer = offered(job)
    trips = {services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW).pk for _ in range(2)}
    assert len(trips) == 1
    assert Order.objects.get().rider_id_ref == offer.rider_id


def test_somebody_elses_offer_does_not_exist():
    job = waiting_job()
    rider(job.store)
    offer = offered(job)
    stranger = rider(job.store)
    with pytest.raises(NoSuchOffer):
        services.accept(offer_id=offer.pk, rider_id=stranger.pk, now=NOW)
    with pytest.raises(NoSuchOffer):
        services.decline(offer_id=offer.pk, rider_id=stranger.pk, reason="", now=NOW)


def test_declined_goes_to_the_next_and_not_back_for_minutes():
    job = waiting_job()
    first, second = rider(job.store), rider(job.store)
    offer = offered(job)
    for _ in range(2):
        services.decline(offer_id=offer.pk, rider_id=first.pk, reason="Too far", now=NOW)
    with pytest.raises(OfferGone):
        services.accept(offer_id=offer.pk, rider_id=first.pk, now=NOW)
    following = offered(job, now=SOON)
    assert following.rider_id == second.pk


def alive(now):
    Rider.objects.update(seen_at=now)
    return now


def test_one_who_declined_is_asked_again_after_five_minutes_while_others_are_busy():
    job = waiting_job()
    first, busy = rider(job.store), rider(job.store)
    services.assign_by_hand(order_id=waiting_job(at=job.store).order_id, rider_id=busy.pk, actor="user:9", now=NOW)
    services.decline(offer_id=offered(job).pk, rider_id=first.pk, reason="", now=NOW)
    assert services.dispatch_round(now=alive(NOW + timedelta(minutes=4, seconds=59))) == 0
    assert offered(job, now=alive(NOW + timedelta(minutes=5))).rider_id == first.pk


def test_when_everybody_said_no_they_are_asked_again_after_a_pause():
    job = waiting_job()
    first, second = rider(job.store), rider(job.store)
    services.decline(offer_id=offered(job).pk, rider_id=first.pk, reason="", now=NOW)
    following = offered(job, now=SOON)
    assert following.rider_id == second.pk
    late = following.expires_at
    services.sweep_offers(now=late)  # let pass: a no as well
    assert services.dispatch_round(now=alive(NOW + timedelta(seconds=59))) == 0
    again = offered(job, now=alive(NOW + timedelta(seconds=60)))
    assert again.rider_id == first.pk
    services.decline(offer_id=again.pk, rider_id=first.pk, reason="", now=late + timedelta(seconds=5))
    assert offered(job, now=alive(late + timedelta(seconds=60))).rider_id == second.pk
    assert len(Job.objects.get().declined_by) == 2


def test_rows_without_a_time_count_from_the_opening_of_the_job():
    rows = [3, {"rider": 4, "at": NOW.isoformat(), "until": (NOW + timedelta(minutes=5)).isoformat()}]
    ask = {"opened_at": NOW, "on_duty": {3, 4, 5}}
    assert saying_no.refused_by(rows, now=NOW, **ask) == {3, 4}
    assert saying_no.refused_by(rows, now=NOW + timedelta(minutes=6), **ask) == set()
    assert saying_no.all_said_no(rows, on_duty={3, 4}) and not saying_no.all_said_no(rows, on_duty=())


def test_one_offer_that_cannot_be_taken_back_does_not_hold_up_the_others(monkeypatch):
    job = waiting_job()
    for _ in range(2):
        rider(job.store)
    broken = offered(job)
    second = waiting_job(at=job.store)
    other = offered(second)
    act = offers._lock_offer

    def breaks(offer_id):
        if offer_id == broken.pk:
            raise RuntimeError("This one breaks.")
        return act(offer_id)

    monkeypatch.setattr(offers, "_lock_offer", breaks)
    assert services.sweep_offers(now=SOON) == 1
    assert dict(Offer.objects.values_list("pk", "state")) == {broken.pk: OfferState.OPEN, other.pk: OfferState.EXPIRED}


def test_unanswered_goes_to_the_next_and_comes_back_when_nobody_else_is_there():
    job = waiting_job()
    riders = {rider(job.store).pk for _ in range(2)}
    first = offered(job).rider_id
    with pytest.raises(OfferGone):
        services.accept(offer_id=Offer.objects.get().pk, rider_id=first, now=SOON)
    assert services.sweep_offers(now=NOW) == 0
    assert services.sweep_offers(now=SOON) == 1
    assert Offer.objects.get().state == OfferState.EXPIRED
    assert {offered(job, now=SOON).rider_id} == riders - {first}
    services.sweep_offers(now=SOON + timedelta(seconds=30))
    assert services.dispatch_round(now=SOON + timedelta(seconds=31)) == 0
    Rider.objects.update(seen_at=SOON + timedelta(seconds=100))
    assert services.dispatch_round(now=SOON + timedelta(seconds=100)) == 1


def test_off_duty_withdraws_the_offer_and_the_job_goes_on():
    job = waiting_job()
    who = rider(job.store)
    offer = offered(job)
    services.go_off_duty(rider_id=who.pk, now=NOW)
    services.go_off_duty(rider_id=who.pk, now=NOW)
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert Job.objects.get().state == JobState.SEEKING
    with pytest.raises(OfferGone):
        services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)


def test_nobody_goes_off_duty_with_a_trip():
    made, _ = trip()
    with pytest.raises(TripLive):
        services.go_off_duty(rider_id=made.rider_id, now=NOW)
    assert Shift.objects.get().ended_at is None


def test_duty_repeated_is_one_shift_and_papers_are_checked():
    job = waiting_job()
    who = rider(job.store)
    services.go_on_duty(rider_id=who.pk, now=NOW)
    assert Shift.objects.count() == 1
    fresh = rider(job.store, on_duty=False, is_verified=False)
    with pytest.raises(Suspended):
        services.go_on_duty(rider_id=fresh.pk, now=NOW)
    services.verify(rider_id=fresh.pk, actor="user:1", now=NOW)
    services.go_on_duty(rider_id=fresh.pk, now=NOW)


def test_a_suspended_rider_finishes_the_trip_but_gets_no_other():
    made, _ = trip()
    who = made.rider_id
    services.suspend(rider_id=who, reason="Complaint", actor="user:1", now=NOW)
    assert Shift.objects.get().ended_at is None
    idle = rider(made.store)
    services.suspend(rider_id=idle.pk, reason="Papers", actor="user:1", now=NOW)
    assert Shift.objects.get(rider=idle).ended_at == NOW
    with pytest.raises(Suspended, match="Papers"):
        services.go_on_duty(rider_id=idle.pk, now=NOW)
    services.suspend(rider_id=idle.pk, reason="", actor="user:1", now=NOW)
    services.go_on_duty(rider_id=idle.pk, now=NOW)


def test_an_offer_from_before_going_off_duty_cannot_be_accepted():
    job = waiting_job()
    who = rider(job.store)
    offer = offered(job)
    Shift.objects.filter(rider=who).update(ended_at=NOW)
    with pytest.raises(NotOnDuty):
        services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)


def test_packed_bags_are_known_to_the_job():
    job = waiting_job()
    packed(job.order, now=SOON)
    services.bags_ready(order_id=job.order_id, bags=2, now=SOON)
    job.refresh_from_db()
    assert (job.bags, job.ready_at) == (2, SOON)


def test_a_round_without_free_riders_takes_few_statements():
    job = waiting_job()
    with CaptureQueriesContext(connection) as asked:
        services.dispatch_round(now=NOW, store_id=job.store_id)
    # Which stores share riders (kept for a while), the area's lock, its free riders, the reason, written once, and how
    # long the wait is now.
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) == 6
    for _ in range(2):
        services.dispatch_round(now=NOW, store_id=job.store_id)
    assert Decision.objects.get().left == "no rider is free"


def test_orders_that_wait_for_riders_make_the_wait_longer():
    """One rider who is away, three orders before the next one: what each takes of a rider's time, four times."""
    made, _stop = trip()
    place = made.store
    for _ in range(3):
        waiting_job(at=place)
    services.dispatch_round(now=NOW, store_id=place.pk)
    load = StoreLoad.objects.get(store=place)
    assert (load.riders_on, load.riders_idle, load.rider_wait_s, load.next_rider_s) == (1, 0, 900, 4 * 900)
    other = rider(place)
    services.write_load(store_id=place.pk, now=NOW)
    load.refresh_from_db()
    assert (load.riders_idle, load.rider_wait_s, load.next_rider_s) == (1, 0, 3 * 900 // 2)
    for number in range(8):  # those who come and go in five minutes are not away for fifteen
        done = Trip.objects.create(rider=other, store=place, started_at=NOW, ended_at=NOW + timedelta(minutes=5))
        Stop.objects.create(trip=done, job=waiting_job(), rank=number + 1)
    services.write_load(store_id=place.pk, now=NOW + timedelta(minutes=6))
    load.refresh_from_db()
    assert load.next_rider_s == (3 + 8) * (8 * 300 + 2 * 900) // 10 // 2
    Trip.objects.filter(rider=other).update(at_store_at=NOW + timedelta(seconds=100))  # they had to ride there first
    before_s = load.next_rider_s
    services.write_load(store_id=place.pk, now=NOW + timedelta(minutes=6))
    load.refresh_from_db()
    assert (load.rider_wait_s, load.next_rider_s) == (8 * 100 // 10, before_s + 8 * 100 // 10)


def test_a_new_job_asks_for_a_round_when_somebody_is_there():
    place = store()
    with mock.patch("delivery.services.offers.ask_for_round") as ask:
        waiting_job(at=place)
        assert not ask.called, "nobody is on duty"
        rider(place)
        waiting_job(at=place)
    ask.assert_called_once_with(place.pk)


def test_many_asks_are_one_round_now_and_one_at_the_end_of_the_gap():
    job = waiting_job()
    with mock.patch("delivery.tasks.dispatch_round.apply_async") as publish:
        for _ in range(5):
            asking._publish([job.store_id, job.store_id])
    assert [call.kwargs.get("countdown") for call in publish.call_args_list] == [None, asking.GAP_S]


def test_a_broker_that_is_down_leaves_it_to_the_beat(django_capture_on_commit_callbacks):
    task = mock.patch("delivery.tasks.dispatch_round.apply_async", side_effect=OSError("broker"))
    place = store()
    with task, django_capture_on_commit_callbacks(execute=True):
        rider(place)
        waiting_job(at=place)
    assert Job.objects.get().state == JobState.SEEKING


def test_a_rider_who_fell_silent_goes_off_duty_unless_on_a_trip():
    made, _ = trip()
    idle = rider(made.store)
    assert services.sweep_silent(now=NOW + timedelta(minutes=14)) == 0
    assert services.sweep_silent(now=NOW + timedelta(minutes=16)) == 1
    assert not Shift.objects.filter(rider=idle, ended_at=None).exists()
    assert Shift.objects.filter(rider=made.rider, ended_at=None).exists()


@pytest.mark.parametrize("sweep", ["silent", "shifts"])
def test_a_rider_who_cannot_go_off_duty_does_not_hold_up_the_others(monkeypatch, sweep):
    broken, _ = (rider(store()) for _ in range(2))
    Shift.objects.update(ends_at=NOW)
    act = duty.go_off_duty

    def off(*, rider_id, **more):
        if rider_id == broken.pk:
            raise RuntimeError("This one breaks.")
        return act(rider_id=rider_id, **more)

    monkeypatch.setattr(duty, "go_off_duty", off)
    swept = services.sweep_silent if sweep == "silent" else services.sweep_shifts
    assert swept(now=NOW + timedelta(minutes=16)) == 1
    assert list(Shift.objects.filter(ended_at=None).values_list("rider_id", flat=True)) == [broken.pk]


def test_no_rider_is_sought_for_a_slot_until_its_time():
    milk = ProductFactory()
    place = shop(milk)
    kept = place_order(customer(), place, [milk], slot_id=slot(place).pk)
    services.open_job(order_id=kept.pk, now=NOW)
    assert not Job.objects.exists()
    orders.release_due(now=kept.release_at)
    services.open_job(order_id=kept.pk, now=kept.release_at)
    assert Job.objects.get().due_at == kept.promised_by
