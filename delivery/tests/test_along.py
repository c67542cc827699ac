"""One more order for a rider who has not left the shelf."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, store
from delivery import services
from delivery.dispatch import Coming, FreeRider, OpenJob, Policy, along
from delivery.errors import RiderBusy, StopGone
from delivery.models import Decision, DispatchPolicy, Job, JobState, Offer, Rider, Shift, Stop, Trip
from delivery.services import incidents, trips
from delivery.tests.factories import BAGS, offered, rider, waiting_job
from delivery.tests.test_reach import at_shelf, ready_job
from orders.models import Order

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def on_the_way(*, takes_along=True, **policy):
    """A rider who has accepted an order and rides to its shelf, where it is packed."""
    first = ready_job()
    DispatchPolicy.objects.create(city=first.store.city, take_along=takes_along, **policy)
    who = rider(first.store, name="Asif")
    made = services.accept(offer_id=offered(first).pk, rider_id=who.pk, now=NOW)
    return first, made, who


def doors(made):
    return list(Stop.objects.filter(trip=made, state="to_pick_up").order_by("rank").values_list("job_id", flat=True))


class TestOneMoreOrder:
    def test_it_goes_to_the_last_door_of_a_trip_that_is_still_to_be_fetched(self):
        first, made, who = on_the_way()
        second = ready_job(at=first.store, north=0.007)
        assert services.dispatch_round(now=NOW) == 0
        assert doors(made) == [first.pk, second.pk]
        assert Order.objects.get(pk=second.order_id).rider_id_ref == who.pk
        told = Decision.objects.filter(job=second).latest("at", "pk")
        assert (told.rider, told.why[0]["name"], told.why[0]["note"]) == (who, "Asif", "takes it along")
        assert round(sum(told.why[0]["parts"].values())) == told.why[0]["score_s"]

    def test_the_rider_is_told_and_paid_for_the_longer_way(self):
        first, made, who = on_the_way()
        second = ready_job(at=first.store, north=0.01)
        before = Stop.objects.get(trip=made).pay_paise
        services.dispatch_round(now=NOW)
        told = Event.objects.get(code="delivery.TripGrew").payload
        one, more = Stop.objects.filter(trip=made).order_by("rank")
        assert (one.pay_paise, more.job_id) == (before, second.pk)
        assert told["pay_paise"] == more.pay_paise > 0 and told["rider_user_id"] == who.user_id

    def test_the_rider_may_hand_it_back_as_any_other(self):
        first, made, who = on_the_way()
        second = ready_job(at=first.store)
        services.dispatch_round(now=NOW)
        stop = Stop.objects.get(job=second)
        services.hand_back(stop_id=stop.pk, rider_id=who.pk, reason="Too much", actor="user:1", now=NOW)
        assert services.dispatch_round(now=NOW) == 0
        assert doors(made) == [first.pk], "they said no to it"

    def test_where_the_city_does_not_say_so_it_waits(self):
        first, made, _ = on_the_way(takes_along=False)
        second = ready_job(at=first.store)
        services.dispatch_round(now=NOW)
        assert doors(made) == [first.pk] and Decision.objects.get(job=second).left == "no rider is free"

    def test_who_is_free_and_sooner_is_asked_instead(self):
        first, made, _ = on_the_way()
        second = ready_job(at=first.store)
        other = at_shelf(first.store)
        assert services.dispatch_round(now=NOW) == 1
        assert Offer.objects.get(state="open").rider_id == other.pk and doors(made) == [first.pk]
        assert Job.objects.get(pk=second.pk).state == JobState.OFFERED

    def test_beside_free_riders_who_may_not_have_it_it_goes_along(self):
        first, made, _ = on_the_way()
        second = ready_job(at=first.store)
        at_shelf(first.store, max_bags=0)
        services.dispatch_round(now=NOW)
        assert doors(made) == [first.pk, second.pk]

    @pytest.mark.parametrize("bar", ["full", "bags", "home", "help", "silent", "other store", "on board"])
    def test_what_bars_a_rider_bars_them_from_one_more(self, bar):
        first, made, who = on_the_way(most_jobs=1 if bar == "full" else 3)
        elsewhere = store(code="BLR-9") if bar == "other store" else first.store
        ready_job(at=elsewhere, north=0.02)
        if bar == "bags":
            Rider.objects.update(max_bags=1)
        elif bar == "home":
            Shift.objects.update(ends_at=NOW + 5 * MINUTE)
        elif bar == "help":
            incidents.tell(rider_id=who.pk, kind="sos", nonce="a", now=NOW)
        elif bar == "silent":
            Rider.objects.update(seen_at=NOW - 10 * MINUTE)
        elif bar == "on board":
            services.pick_up(stop_id=Stop.objects.get().pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
        services.dispatch_round(now=NOW)
        assert Stop.objects.filter(trip=made).count() == 1

    def test_nobodys_bags_wait_for_an_order_that_is_far_from_packed(self):
        first, made, _ = on_the_way()
        waiting_job(at=first.store)  # confirmed, and nobody picks it yet
        Rider.objects.update(lat=first.store.lat, lng=first.store.lng)
        services.dispatch_round(now=NOW)
        assert doors(made) == [first.pk]

    def test_a_trip_grows_by_one_order_a_round(self):
        first, made, _ = on_the_way()
        for _ in range(2):
            ready_job(at=first.store)
        services.dispatch_round(now=NOW)
        assert len(doors(made)) == 2
        services.dispatch_round(now=NOW)
        assert len(doors(made)) == 3


class TestInTheSameSecond:
    def test_bags_that_were_fetched_meanwhile_are_left_alone(self):
        first, _made, who = on_the_way()
        second = ready_job(at=first.store)
        services.pick_up(stop_id=Stop.objects.get().pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
        with pytest.raises(RiderBusy):
            trips.take_along(order_id=second.order_id, rider_id=who.pk, now=NOW)
        assert Job.objects.get(pk=second.pk).state == JobState.SEEKING

    def test_nobody_begins_a_trip_and_no_offer_is_taken_back(self):
        first, _made, who = on_the_way()
        second = ready_job(at=first.store)
        other = at_shelf(first.store)
        with pytest.raises(StopGone):
            trips.take_along(order_id=second.order_id, rider_id=other.pk, now=NOW)
        offer = offered(second)
        with pytest.raises(StopGone):
            trips.take_along(order_id=second.order_id, rider_id=who.pk, now=NOW)
        offer.refresh_from_db()
        assert offer.state == "open"

    @pytest.mark.django_db(transaction=True)
    def test_two_dispatchers_and_a_hand_give_it_to_one_rider(self):
        first, _made, who = on_the_way()
        second = ready_job(at=first.store)
        meet = threading.Barrier(3)

        def act(what):
            try:
                meet.wait(5)
                what()
            except (StopGone, RiderBusy):
                pass
            finally:
                connection.close()

        by_hand = {"order_id": second.order_id, "rider_id": who.pk, "actor": "user:1", "now": NOW, "sure": True}
        acts = [lambda: services.dispatch_round(now=NOW, store_id=second.store_id)] * 2 + [
            lambda: services.assign_by_hand(**by_hand)
        ]
        threads = [threading.Thread(target=act, args=(one,)) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert Stop.objects.filter(job=second).count() == 1
        assert Trip.objects.count() == 1 and Event.objects.filter(code="delivery.TripGrew").count() == 1


class TestTheEngine:
    @staticmethod
    def ways(a, b, vehicle):
        return float(abs(a - b))

    def job(self, number, drop, **fields):
        return OpenJob(number, "S", 0.0, drop, 0.0, **({"ready_s": 0.0, "due_s": 600.0} | fields))

    def trip(self, number, at, *doors, ready_s=0.0, **fields):
        return Coming(FreeRider(number, "S", at, 0.0, **fields), "S", 0.0, doors, ready_s)

    def given(self, jobs, trips, otherwise=1e9):
        policy = Policy(home_store_only=False, grace_s=0.0, pick_before_s=0.0)
        return [(one.job, one.rider) for one in along(jobs, trips, 0.0, self.ways, policy, lambda job: otherwise)]

    def test_the_most_urgent_chooses_the_trip_that_is_at_its_door_soonest(self):
        jobs = [self.job("late", 300.0, due_s=900.0), self.job("soon", 300.0)]
        trips = [self.trip("A", 500.0, 100.0), self.trip("B", 100.0, 290.0)]
        assert self.given(jobs, trips) == [("soon", "B"), ("late", "A")]

    def test_it_must_be_sooner_than_otherwise_and_hold_nobody_up(self):
        trip = self.trip("A", 100.0, 200.0)
        assert self.given([self.job(1, 300.0)], [trip], otherwise=400.0) == []
        assert self.given([self.job(1, 300.0, ready_s=170.0)], [trip]) == []
        assert self.given([self.job(1, 300.0, ready_s=150.0)], [trip]) == [(1, "A")]

    def test_the_shift_binds_the_new_last_door(self):
        assert self.given([self.job(1, 300.0)], [self.trip("A", 100.0, 200.0, off_s=500.0)]) == []
        assert self.given([self.job(1, 300.0)], [self.trip("A", 100.0, 200.0, off_s=600.0)]) == [(1, "A")]
