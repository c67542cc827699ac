"""What a reaction to an event left undone is done from the rows; and sweeps and rounds go on past one that breaks."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW, store
from delivery import services
from delivery.models import BagsReturn, Booking, Document, Gig, Job, JobState, Offer, Rider, Stop, StopState, Trip
from delivery.services import agreeing, gigs, papers, rounds, standing
from delivery.tests.factories import BAGS, offered, packed, rider, trip, waiting_job
from orders import services as orders
from orders.models import Order
from orders.tests.factories import order as make_order

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)


def cancelled(order_id):
    orders.cancel(order_id=order_id, by="staff", reason="x", actor="user:1", now=NOW)


class TestJobsThatLagBehind:
    def test_a_rider_is_sought_for_an_order_nobody_seeks_one_for(self):
        waits = make_order(products=1, qty=1)
        orders.confirm(order_id=waits.pk, now=NOW)
        packed(waits)
        assert services.sweep_jobs(now=NOW + timedelta(minutes=1)) == 0, "the reaction may still come"
        assert services.sweep_jobs(now=LATER) == 1
        assert Job.objects.get().state == JobState.SEEKING
        assert services.sweep_jobs(now=LATER) == 0

    def test_none_is_for_an_order_that_is_not_paid_or_over(self):
        make_order(products=1, qty=1, method="online")
        cancelled(make_order(products=1, qty=1).pk)
        assert services.sweep_jobs(now=LATER) == 0 and not Job.objects.exists()

    def test_nobody_is_sought_or_asked_for_an_order_that_was_cancelled(self):
        job = waiting_job()
        rider(job.store)
        offered(job)
        cancelled(job.order_id)
        assert services.sweep_jobs(now=LATER) == 1
        assert Job.objects.get().state == JobState.CANCELLED
        assert not Offer.objects.filter(state="open").exists()

    def test_a_rider_who_comes_for_one_is_free(self):
        made, stop = trip()
        cancelled(stop.job.order_id)
        assert services.sweep_jobs(now=LATER) == 1
        assert Trip.objects.get(pk=made.pk).ended_at == LATER
        assert services.sweep_jobs(now=LATER) == 0

    def test_a_job_follows_its_order_to_the_other_store(self):
        job = waiting_job()
        rider(job.store)
        services.accept(offer_id=offered(job).pk, rider_id=Rider.objects.get().pk, now=NOW)
        there = store(code="BLR-W", lat=job.store.lat + 0.03)
        Order.objects.filter(pk=job.order_id).update(store=there)
        assert services.sweep_jobs(now=LATER) == 1
        job.refresh_from_db()
        assert (job.store_id, job.state) == (there.pk, JobState.SEEKING)
        assert not Trip.objects.filter(ended_at=None).exists()

    def test_bags_the_store_handed_out_are_on_board(self):
        _made, stop = trip()
        orders.picked_up(order_id=stop.job.order_id, bag_codes=BAGS, actor="user:2", now=NOW)
        assert services.sweep_jobs(now=LATER) == 1
        assert Stop.objects.get().state == StopState.ON_BOARD

    def test_bags_the_store_took_back_ride_no_more(self):
        made, stop = trip(to_door=True)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="refused", now=NOW)
        orders.goods_back(order_id=stop.job.order_id, actor="user:2", now=NOW)
        assert services.sweep_jobs(now=LATER) == 1
        assert BagsReturn.objects.get().done_at == LATER and services.live_trip(made.rider_id) is None

    def test_one_that_breaks_does_not_hold_up_the_others(self, monkeypatch):
        jobs = [waiting_job(at=store(code=f"BLR-{number}")) for number in range(2)]
        for job in jobs:
            cancelled(job.order_id)
        drop = agreeing.drop_cancelled

        def broken(*, order_id, now):
            if order_id == jobs[0].order_id:
                raise RuntimeError("broken")
            drop(order_id=order_id, now=now)

        monkeypatch.setattr(agreeing, "drop_cancelled", broken)
        assert services.sweep_jobs(now=LATER) == 1
        assert [Job.objects.get(pk=job.pk).state for job in jobs] == [JobState.SEEKING, JobState.CANCELLED]

    def test_while_all_agree_it_costs_seven_statements(self, django_assert_num_queries):
        _made, stop = trip(to_door=True)
        waiting_job(at=stop.job.store)
        with django_assert_num_queries(7):
            assert services.sweep_jobs(now=LATER + timedelta(hours=1)) == 0


def test_nobody_is_asked_for_an_order_cancelled_in_this_second():
    job = waiting_job()
    rider(job.store)
    cancelled(job.order_id)
    assert services.dispatch_round(now=NOW) == 0


class TestOneThatBreaks:
    """It does not hold up the others."""

    def test_a_round_of_one_store(self, monkeypatch):
        jobs = [waiting_job(at=store(code=f"BLR-{number}")) for number in range(2)]
        for job in jobs:
            rider(job.store)
        dispatch = rounds._round

        def broken(store_ids, **rest):
            if jobs[0].store_id in store_ids:
                raise RuntimeError("broken")
            return dispatch(store_ids, **rest)

        monkeypatch.setattr(rounds, "_round", broken)
        assert jobs[0].store_id < jobs[1].store_id, "its round comes first"
        assert services.dispatch_round(now=NOW) == 1
        assert Offer.objects.get().store_id == jobs[1].store_id
        with pytest.raises(RuntimeError):
            services.dispatch_round(now=NOW, store_id=jobs[0].store_id)

    def breaks(self, monkeypatch, module, name, *, first):
        act = getattr(module, name)

        def broken(*keys, **rest):
            if first in keys:
                raise RuntimeError("broken")
            return act(*keys, **rest)

        monkeypatch.setattr(module, name, broken)

    def test_a_suspension_whose_time_is_over(self, monkeypatch):
        place, boss = store(), UserFactory()
        people = [rider(place) for _ in range(2)]
        for minutes, who in enumerate(people, start=1):
            until = NOW + timedelta(minutes=minutes)
            services.suspend(rider_id=who.pk, reason="x", actor=f"user:{boss.pk}", until=until, now=NOW)
        self.breaks(monkeypatch, standing, "_end_due", first=people[0].pk)
        assert services.sweep_suspensions(now=LATER) == 1
        assert Rider.objects.get(suspended_reason="").pk == people[1].pk

    def test_a_booking_nobody_came_to(self, monkeypatch):
        place = store()
        window = Gig.objects.create(store=place, starts_at=NOW - timedelta(hours=2), ends_at=NOW, places=2, booked=2)
        made = [Booking.objects.create(gig=window, rider=rider(place, on_duty=False), booked_at=NOW) for _ in range(2)]
        self.breaks(monkeypatch, gigs, "_miss", first=made[0].pk)
        assert services.sweep_bookings(now=LATER) == 1
        assert Booking.objects.get(state="missed").pk == made[1].pk

    def test_a_paper_that_ends_soon(self, monkeypatch):
        place = store()
        soon = (NOW + timedelta(days=6)).date()
        paper = {"kind": "licence", "state": "verified", "expires_on": soon, "submitted_at": NOW, "decided_at": NOW}
        riders = [rider(place, vehicle="scooter") for _ in range(2)]
        made = [Document.objects.create(rider=one, number_print=f"{one.pk}", **paper) for one in riders]
        self.breaks(monkeypatch, papers, "_warn", first=made[0].pk)
        told = services.sweep_papers(now=NOW)
        assert told >= 1 and Document.objects.get(pk=made[1].pk).warned_days is not None
        assert Document.objects.get(pk=made[0].pk).warned_days is None
