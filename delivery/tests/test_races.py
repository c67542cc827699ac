"""What must stay true when two things happen in the same instant; each with a control that shows the race is real."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Value

from blinkit.kernel.errors import Refusal
from blinkit.kernel.testing import somebody_waits
from catalog.tests.factories import NOW
from delivery import services
from delivery.errors import OfferGone
from delivery.models import Job, Offer, Shift, Stop, StopState, Trip
from delivery.services import offers, returns, rounds, situation, trips
from delivery.tests.factories import offered, rider, trip, waiting_job
from orders import services as orders
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db(transaction=True)


def city(jobs=6, riders=6):
    first = waiting_job()
    for _ in range(jobs - 1):
        waiting_job(at=first.store)
    for _ in range(riders):
        rider(first.store)
    return first.store


def test_eight_dispatchers_never_offer_one_job_twice(race):
    place = city()
    made = race(8, lambda: services.dispatch_round(now=NOW, store_id=place.pk))
    assert not [one for one in made if isinstance(one, BaseException)]
    assert sum(made) == Offer.objects.count() == Offer.objects.values("rider").distinct().count() == 6


def test_without_the_stores_lock_two_dispatchers_collide(race, monkeypatch):
    """The control, without the locks of jobs and riders too: the constraints catch it, but somebody gets an error."""
    monkeypatch.setattr(rounds, "_only_dispatcher", lambda store_id: True)
    monkeypatch.setattr(situation, "still_free", lambda riders, *, store_ids, now: set(riders))
    seeking = Job.objects.filter(state="seeking").annotate(is_cold=Value(False)).select_related("order")
    monkeypatch.setattr(situation, "waiting_jobs", lambda area: list(seeking.all()))
    for _ in range(20):
        place = city(jobs=3, riders=2)
        made = race(8, lambda: services.dispatch_round(now=NOW, store_id=place.pk))  # called at once
        if any(isinstance(one, IntegrityError) for one in made):
            return
        Offer.objects.all().delete()
        Job.objects.all().delete()
        Shift.objects.all().delete()
        Order.objects.all().update(status=Status.CANCELLED)
    pytest.fail("the race never happened")


def test_eight_taps_on_accept_are_one_trip(race):
    job = waiting_job()
    rider(job.store)
    offer = offered(job)
    done = race(8, lambda: services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW).pk)
    assert len(set(done)) == 1
    assert Trip.objects.count() == 1


def test_accepting_while_it_expires_is_one_or_the_other(race):
    job = waiting_job()
    rider(job.store)
    offer = offered(job)
    late = offer.expires_at + timedelta(seconds=1)

    def act(number):
        if number % 2:
            return services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW).pk
        return offers._expire(offer.pk, now=late)

    done = race(8, act)
    assert all(not isinstance(one, BaseException) or isinstance(one, OfferGone) for one in done), done
    accepted = Offer.objects.get().state == "accepted"
    assert Trip.objects.count() == int(accepted)
    assert Job.objects.get().state == ("taken" if accepted else "seeking")


def test_accepting_while_the_order_is_cancelled_leaves_no_trip(race):
    job = waiting_job()
    rider(job.store)
    offer = offered(job)

    def act(number):
        if number % 2:
            return services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW)
        orders.cancel(order_id=job.order_id, by="staff", reason="x", actor="user:1", now=NOW)
        return services.drop_cancelled(order_id=job.order_id, now=NOW)

    race(8, act)
    assert Order.objects.get().status == Status.CANCELLED
    assert not Trip.objects.filter(ended_at=None).exists()
    assert Job.objects.get().state == "cancelled"


def test_accepting_while_going_off_duty_never_deadlocks(race):
    job = waiting_job()
    who = rider(job.store)
    offer = offered(job)

    def act(number):
        if number % 2:
            return services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
        return services.go_off_duty(rider_id=who.pk, now=NOW)

    done = race(8, act)
    codes = {type(one).__name__ for one in done if isinstance(one, BaseException)}
    assert codes <= {"OfferGone", "NotOnDuty", "TripLive"}
    on_trip = Trip.objects.filter(ended_at=None).exists()
    assert on_trip == Shift.objects.filter(ended_at=None).exists()


def test_eight_riders_sent_by_hand_to_one_order_one_goes(race):
    job = waiting_job()
    riders = [rider(job.store).pk for _ in range(8)]
    race(8, lambda n: services.assign_by_hand(order_id=job.order_id, rider_id=riders[n], actor="user:1", now=NOW))
    assert Trip.objects.count() == 1
    assert Order.objects.get().rider_id_ref == Trip.objects.get().rider_id


def at_once(first, then):
    """`then` begins while `first` has done everything but commit; both end. What they raised."""
    done, began, ended = [], threading.Event(), threading.Event()

    def run():
        try:
            with transaction.atomic():
                first()
                began.set()
                deadline = time.monotonic() + 10
                while not (somebody_waits() or ended.is_set() or time.monotonic() > deadline):
                    pass
        except Refusal as refusal:
            done.append(refusal)
        finally:
            began.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    began.wait(20)
    try:
        then()
    except Refusal as refusal:
        done.append(refusal)
    ended.set()
    thread.join(20)
    return done


LEAVING = {
    "off duty": lambda who, other: services.go_off_duty(rider_id=who.pk, now=NOW),
    "on a break": lambda who, other: services.start_break(rider_id=who.pk, minutes=10, now=NOW),
    "sent by hand": lambda who, other: services.assign_by_hand(
        order_id=other.order_id, rider_id=who.pk, actor="user:1", now=NOW
    ),
}


def offers_left(leave, *, round_first):
    """A rider leaves in the second in which a round offers them a job; how many offers stay open."""
    job, elsewhere = waiting_job(), waiting_job()
    who = rider(job.store)
    acts = [
        lambda: services.dispatch_round(now=NOW, store_id=job.store_id),
        lambda: LEAVING[leave](who, elsewhere),
    ]
    refused = at_once(*(acts if round_first else reversed(acts)))
    assert not refused
    assert not Shift.objects.working().exists() or Trip.objects.filter(rider=who).exists()
    return Offer.objects.filter(rider=who, state="open").count()


@pytest.mark.parametrize("round_first", [True, False])
@pytest.mark.parametrize("leave", LEAVING)
def test_who_leaves_while_a_round_offers_a_job_has_no_open_offer(leave, round_first):
    assert offers_left(leave, round_first=round_first) == 0
    assert Job.objects.order_by("pk").first().state == "seeking"
    assert Offer.objects.count() == int(round_first), "the offer was made first and taken back, or never made"


@pytest.mark.parametrize("round_first", [True, False])
def test_without_the_riders_lock_the_offer_would_stay_with_who_went_off_duty(round_first, monkeypatch):
    """The control: the round takes its riders for free without asking again."""
    monkeypatch.setattr(situation, "still_free", lambda riders, *, store_ids, now: set(riders))
    assert offers_left("off duty", round_first=round_first) == 1


def two_to_fetch():
    job = waiting_job()
    who, other = rider(job.store), waiting_job(at=job.store)
    for it in (job, other):
        services.assign_by_hand(order_id=it.order_id, rider_id=who.pk, actor="user:1", now=NOW)
    return who, *Stop.objects.select_related("job").order_by("rank")


def both_fall_away():
    """One order of a trip is cancelled while its rider gives the other one back."""
    who, first, second = two_to_fetch()
    orders.cancel(order_id=second.job.order_id, by="staff", reason="x", actor="user:1", now=NOW)
    at_once(
        lambda: services.drop_cancelled(order_id=second.job.order_id, now=NOW),
        lambda: services.hand_back(stop_id=first.pk, rider_id=who.pk, reason="x", actor="rider", now=NOW),
    )
    return Trip.objects.filter(ended_at=None).exists()


def test_the_last_two_orders_of_a_trip_fall_away_at_once_and_the_rider_is_free():
    assert not both_fall_away()


def test_without_the_trips_lock_the_rider_would_be_on_a_trip_with_nothing_on_it(monkeypatch):
    def unlocked(trip_id, *, now):
        return returns.is_over(trip_id) and bool(Trip.objects.filter(pk=trip_id).update(ended_at=now))

    monkeypatch.setattr(returns, "end_if_over", unlocked)
    monkeypatch.setattr(
        trips, "_lock_fetching", lambda job: Stop.objects.select_related("trip", "job").filter(job=job).first()
    )
    assert both_fall_away()


@pytest.mark.parametrize("by_hand_first", [True, False])
def test_an_order_taken_along_while_the_only_other_one_falls_away_is_on_a_live_trip(by_hand_first):
    who, first, second = two_to_fetch()
    services.hand_back(stop_id=second.pk, rider_id=who.pk, reason="x", actor="rider", now=NOW)
    along = waiting_job(at=first.job.store)
    acts = [
        lambda: services.assign_by_hand(order_id=along.order_id, rider_id=who.pk, actor="user:1", now=NOW),
        lambda: services.hand_back(stop_id=first.pk, rider_id=who.pk, reason="x", actor="rider", now=NOW),
    ]
    assert at_once(*(acts if by_hand_first else reversed(acts))) == []
    stop = Stop.objects.get(job=along)
    assert (stop.state, stop.trip.ended_at) == (StopState.TO_PICK_UP, None)


def test_bags_are_taken_by_the_store_while_the_rider_says_i_am_back(race):
    made, stop = trip(to_door=True)
    services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="damaged", now=NOW)
    orders.goods_back(order_id=stop.job.order_id, actor="user:2", now=NOW)

    def act(number):
        if number % 2:
            return services.back_at_store(rider_id=made.rider_id, now=NOW)
        return services.bags_back(order_id=stop.job.order_id, now=NOW)

    done = race(8, act)
    assert {type(one).__name__ for one in done if isinstance(one, BaseException)} <= {"StopGone"}
    assert not Trip.objects.filter(ended_at=None).exists()
