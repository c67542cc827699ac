"""Whom a round counts on: who can finish it, who is well, whose vehicle goes so far. What is said about the rest."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.tests.factories import UserFactory
from catalog.models import StoreLoad
from catalog.tests.factories import NOW
from delivery import services
from delivery.errors import AgainstRule, OfferGone
from delivery.models import (
    Decision,
    DispatchPolicy,
    Earning,
    Job,
    JobState,
    Offer,
    OfferState,
    Rider,
    Shift,
    Stop,
    StopState,
    Trip,
)
from delivery.services import incidents, situation
from delivery.services.duty import write_load
from delivery.services.fitting import barred_from
from delivery.services.rounds import GRACE_S
from delivery.tests.factories import BAGS, offered, packed, rider, trip, waiting_job
from orders.models import Order

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def ready_job(*, at=None, north=0.006):
    """Packed bags whose door is so far north of the store."""
    job = waiting_job(at=at)
    Order.objects.filter(pk=job.order_id).update(lat=job.store.lat + north, lng=job.store.lng)
    packed(job.order)
    services.bags_ready(order_id=job.order_id, bags=1, now=NOW)
    return Job.objects.select_related("order", "store").get(pk=job.pk)


def at_shelf(place, **fields):
    return rider(place, at=(place.lat, place.lng), **fields)


def told(job):
    return Decision.objects.filter(job=job).latest("at", "pk")


def notes(decision):
    return {row["name"]: row["note"] for row in decision.why}


class TestTheLastDoor:
    def test_nobody_is_offered_a_door_after_their_shift(self):
        job = ready_job(north=0.05)  # over 20 minutes by street
        who = at_shelf(job.store, name="Asif")
        Shift.objects.update(ends_at=NOW + 16 * MINUTE)
        assert services.dispatch_round(now=NOW) == 0
        assert "goes home before they could be at the door (1)" in told(job).left
        assert notes(told(job)) == {"Asif": "goes home before they could be at the door"}
        Shift.objects.update(ends_at=NOW + 60 * MINUTE)
        assert offered(job).rider_id == who.pk

    def test_what_is_offered_together_is_what_the_shift_has_room_for(self):
        jobs = [ready_job(north=0.02)]
        jobs += [ready_job(at=jobs[0].store, north=0.02 + 0.02 * n) for n in (1, 2)]
        at_shelf(jobs[0].store)
        ends_at = NOW + 16 * MINUTE
        Shift.objects.update(ends_at=ends_at)
        services.dispatch_round(now=NOW)
        asked = list(Offer.objects.get().offered.values_list("job_id", flat=True))
        assert asked == [jobs[0].pk]
        assert {told(job).left for job in jobs[1:]} == {
            "nobody may have it: goes home before they could be at the door (1)"
        }

    def test_a_near_door_is_theirs_to_the_last_minute_and_the_grace_is_small(self):
        job = ready_job(north=0.004)
        at_shelf(job.store)
        Shift.objects.update(ends_at=NOW + MINUTE)
        assert GRACE_S <= 300
        assert services.dispatch_round(now=NOW) == 1

    def test_by_hand_it_is_said_when_they_would_be_done_and_may_be_decided(self):
        first, far = ready_job(north=0.004), None
        who = at_shelf(first.store)
        far = ready_job(at=first.store, north=0.05)
        Shift.objects.update(ends_at=NOW + 20 * MINUTE)
        services.assign_by_hand(order_id=first.order_id, rider_id=who.pk, actor="user:1", now=NOW)
        send = {"order_id": far.order_id, "rider_id": who.pk, "actor": "user:1", "now": NOW}
        words = r"The shift of Ravi ends at \d\d:\d\d: they would be at the last door at about \d\d:\d\d\."
        with pytest.raises(AgainstRule, match=words):
            services.assign_by_hand(**send)
        assert services.assign_by_hand(**send, sure=True).stops.count() == 2


class TestWhoNeedsHelp:
    @pytest.mark.parametrize("kind", ["sos", "accident"])
    def test_no_round_counts_on_them_until_it_is_resolved(self, kind):
        job = ready_job()
        who = at_shelf(job.store)
        incident = incidents.tell(rider_id=who.pk, kind=kind, nonce="a", now=NOW)
        assert services.dispatch_round(now=NOW) == 0
        incidents.resolve(incident_id=incident.pk, outcome="All is well", by=UserFactory().pk, name="Meera", now=NOW)
        assert services.dispatch_round(now=NOW) == 1

    def test_nobody_accepts_for_them(self):
        job = ready_job()
        DispatchPolicy.objects.create(city=job.store.city, auto_accept=True)
        who = at_shelf(job.store)
        incidents.tell(rider_id=who.pk, kind="accident", nonce="a", now=NOW)
        services.dispatch_round(now=NOW)
        assert not Trip.objects.exists()

    def test_they_are_not_among_those_bags_are_put_to(self):
        job = ready_job()
        riders = [at_shelf(job.store) for _ in range(4)]
        services.decline(offer_id=offered(job).pk, rider_id=Offer.objects.get().rider_id, reason="", now=NOW)
        hurt = next(one for one in riders if one.pk != Offer.objects.get().rider_id)
        incidents.tell(rider_id=hurt.pk, kind="sos", nonce="a", now=NOW)
        assert services.dispatch_round(now=NOW + 2 * MINUTE) == 2
        assert hurt.pk not in set(Offer.objects.values_list("rider_id", flat=True))

    def test_an_offer_that_is_open_is_taken_back_and_somebody_else_is_asked(self):
        job = ready_job()
        who = at_shelf(job.store)
        offer = offered(job)
        incidents.tell(rider_id=who.pk, kind="sos", nonce="a", now=NOW)
        offer.refresh_from_db()
        assert offer.state == OfferState.WITHDRAWN
        with pytest.raises(OfferGone):
            services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
        other = at_shelf(job.store)
        assert offered(job).rider_id == other.pk

    def test_so_is_one_of_a_rider_operations_tell_it_for(self):
        job = ready_job()
        who = at_shelf(job.store)
        offer = offered(job)
        desk = UserFactory()
        incidents.open_for(
            rider_id=who.pk, kind="accident", text="Nobody answers", nonce="a", by=desk.pk, name="Meera", now=NOW
        )
        offer.refresh_from_db()
        assert offer.state == OfferState.WITHDRAWN
        assert services.dispatch_round(now=NOW) == 0

    def test_a_flat_tyre_is_no_call_for_help(self):
        job = ready_job()
        who = at_shelf(job.store)
        incidents.tell(rider_id=who.pk, kind="vehicle", nonce="a", now=NOW)
        assert offered(job).rider_id == who.pk

    def test_after_their_bags_were_taken_over_they_are_left_in_peace(self):
        made, _stop = trip(to_door=True)
        incidents.tell(rider_id=made.rider_id, kind="accident", nonce="a", now=NOW)
        helper = rider(made.store, name="Zoya")
        services.send_rescue(
            from_rider_id=made.rider_id, to_rider_id=helper.pk, why="Accident", actor="user:1", now=NOW
        )
        services.take_over(rider_id=helper.pk, bag_codes=BAGS, now=NOW)
        assert not Trip.objects.filter(rider=made.rider, ended_at=None).exists()
        Rider.objects.update(seen_at=NOW)
        job = ready_job(at=made.store)
        assert services.dispatch_round(now=NOW) == 0
        assert Job.objects.get(pk=job.pk).state == JobState.SEEKING

    def test_operations_read_why_and_may_send_them_all_the_same(self):
        job = ready_job()
        who = at_shelf(job.store)
        incidents.tell(rider_id=who.pk, kind="sos", nonce="a", now=NOW)
        words = "Ravi called for help, and it is not resolved yet."
        for at_the_shelf in (True, False):
            assert barred_from([job.pk], [who], at_shelf=at_the_shelf, now=NOW)[who.pk].against == words
        with pytest.raises(AgainstRule, match="called for help"):
            services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
        assert services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW, sure=True)

    def test_the_promise_does_not_count_on_them(self):
        job = ready_job()
        who = at_shelf(job.store)
        write_load(store_id=job.store_id, now=NOW)
        assert StoreLoad.objects.get(store=job.store).riders_idle == 1
        incidents.tell(rider_id=who.pk, kind="sos", nonce="a", now=NOW)
        load = StoreLoad.objects.get(store=job.store)
        assert (load.riders_on, load.riders_idle) == (0, 0)

    @pytest.mark.django_db(transaction=True)
    def test_an_sos_in_the_second_of_a_round_leaves_no_open_offer(self):
        """Whoever is first: the round sees the incident, or the incident takes the offer back."""
        job = ready_job()
        who = at_shelf(job.store)
        meet = threading.Barrier(2)

        def act(what):
            try:
                meet.wait(5)
                what()
            finally:
                connection.close()

        acts = [
            lambda: services.dispatch_round(now=NOW),
            lambda: incidents.tell(rider_id=who.pk, kind="sos", nonce="a", now=NOW),
        ]
        threads = [threading.Thread(target=act, args=(one,)) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not Offer.objects.filter(state=OfferState.OPEN).exists()
        assert Job.objects.get(pk=job.pk).state == JobState.SEEKING


class TestBroadcast:
    def late(self, count=3):
        """Bags that stood for two minutes with their promise lost, and nobody said no."""
        job = ready_job()
        for _ in range(count):
            at_shelf(job.store)
        Job.objects.filter(pk=job.pk).update(due_at=NOW + MINUTE)
        return job

    def test_bags_whose_promise_is_lost_are_put_to_several_although_nobody_said_no(self):
        job = self.late()
        assert services.dispatch_round(now=NOW + 2 * MINUTE) == 3
        assert Offer.objects.filter(is_broadcast=True).count() == 3 and told(job).left == "broadcast"

    def test_bags_that_stood_long_and_will_be_in_time_are_offered_to_one(self):
        job = self.late()
        Job.objects.filter(pk=job.pk).update(due_at=NOW + 60 * MINUTE)
        assert services.dispatch_round(now=NOW + 2 * MINUTE) == 1
        assert not Offer.objects.filter(is_broadcast=True).exists()

    def test_late_bags_somebody_said_no_to_are_put_to_several_at_once(self):
        job = self.late()
        Job.objects.filter(pk=job.pk).update(ready_at=NOW, due_at=NOW - MINUTE)
        assert services.dispatch_round(now=NOW) == 1, "nobody said no yet, and they have not stood long"
        offer = Offer.objects.get()
        services.decline(offer_id=offer.pk, rider_id=offer.rider_id, reason="", now=NOW)
        assert services.dispatch_round(now=NOW) == 2

    def test_late_bags_wait_for_who_is_back_sooner_than_those_who_could_come(self):
        first = ready_job(north=0.001)
        back_soon = at_shelf(first.store)
        services.assign_by_hand(order_id=first.order_id, rider_id=back_soon.pk, actor="user:1", now=NOW)
        stop = Stop.objects.get()
        services.pick_up(stop_id=stop.pk, rider_id=back_soon.pk, bag_codes=BAGS, now=NOW)
        services.arrive(stop_id=stop.pk, rider_id=back_soon.pk, now=NOW)
        Rider.objects.filter(pk=back_soon.pk).update(lat=first.store.lat + 0.001, lng=first.store.lng)
        job = ready_job(at=first.store)
        for _ in range(2):
            rider(first.store, at=(first.store.lat + 0.035, first.store.lng))
        Job.objects.filter(pk=job.pk).update(due_at=NOW + MINUTE)
        services.dispatch_round(now=NOW + 2 * MINUTE)
        assert not Offer.objects.filter(is_broadcast=True).exists()
        assert told(job).left == "a rider is planned who need not leave yet"

    @pytest.mark.parametrize("far", ["from the shelf", "from home"])
    def test_who_cannot_reach_or_finish_it_is_not_asked(self, far):
        job = self.late(count=2)
        lost = rider(job.store, at=(job.store.lat + (0.12 if far == "from the shelf" else 0.0), job.store.lng))
        if far == "from home":
            Order.objects.filter(pk=job.order_id).update(lat=job.store.lat + 0.05)
            Shift.objects.filter(rider=lost).update(ends_at=NOW + 12 * MINUTE)
        assert services.dispatch_round(now=NOW + 2 * MINUTE) == 2
        assert lost.pk not in set(Offer.objects.values_list("rider_id", flat=True))


class TestVehicles:
    def test_a_far_door_is_not_for_a_bicycle_and_it_is_said(self):
        job = ready_job(north=0.04)  # over 4 km
        who = at_shelf(job.store, vehicle="cycle", name="Asif")
        assert services.dispatch_round(now=NOW) == 0
        assert told(job).left == "nobody may have it: too far by cycle (1)"
        assert notes(told(job)) == {"Asif": "too far by cycle"}
        with pytest.raises(
            AgainstRule, match=r"too far for the vehicle of Asif \(Bicycle\): \d\.\d km by street, up to 4.0"
        ):
            services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
        scooter = at_shelf(job.store, vehicle="scooter")
        assert offered(job).rider_id == scooter.pk

    def test_a_city_says_how_far(self):
        job = ready_job(north=0.04)
        at_shelf(job.store, vehicle="cycle")
        policy = DispatchPolicy.objects.create(city=job.store.city, cycle_metres=None)
        assert services.dispatch_round(now=NOW) == 1
        Offer.objects.all().delete()
        Job.objects.update(state=JobState.SEEKING)
        DispatchPolicy.objects.filter(pk=policy.pk).update(cycle_metres=9_000, scooter_metres=100, ebike_metres=100)
        assert services.dispatch_round(now=NOW) == 1

    def test_near_doors_are_for_everybody(self):
        job = ready_job()
        who = at_shelf(job.store, vehicle="cycle")
        assert offered(job).rider_id == who.pk


class TestFairness:
    def test_who_is_about_to_be_free_counts_with_what_they_earned(self):
        made, stop = trip(to_door=True)
        Earning.objects.create(rider=made.rider, stop=stop, parts={}, total_paise=12_000, at=NOW)
        Rider.objects.update(seen_at=NOW + 30 * MINUTE)
        area = situation.area_of([made.store_id], now=NOW)
        ((_, free),) = situation.soon_free(area, now=NOW + 30 * MINUTE)
        assert (free.earned_paise_h, free.idle_s) == (24_000.0, 0.0)


class TestWhatIsSaid:
    def test_every_part_that_was_weighed_is_kept_and_who_could_not_have_it_says_why(self):
        job = ready_job()
        at_shelf(job.store, name="Asif")
        longest = at_shelf(job.store, name="Bina", max_bags=0)
        Shift.objects.filter(rider=longest).update(started_at=NOW - MINUTE)
        services.dispatch_round(now=NOW)
        chosen, barred = told(job).why
        assert (chosen["name"], barred["name"]) == ("Asif", "Bina")
        assert round(sum(chosen["parts"].values())) == chosen["score_s"]
        assert {"to_the_door", "afterwards", "fairness"} <= set(chosen["parts"])
        assert (barred["score_s"], barred["parts"], barred["note"]) == (None, {}, "cannot carry so many bags")

    def test_an_order_that_waits_keeps_who_is_planned_for_it_by_name(self):
        first = ready_job(north=0.001)
        back_soon = at_shelf(first.store, name="Asif")
        services.assign_by_hand(order_id=first.order_id, rider_id=back_soon.pk, actor="user:1", now=NOW)
        stop = Stop.objects.get()
        services.pick_up(stop_id=stop.pk, rider_id=back_soon.pk, bag_codes=BAGS, now=NOW)
        services.arrive(stop_id=stop.pk, rider_id=back_soon.pk, now=NOW)
        job = ready_job(at=first.store)
        rider(first.store, at=(first.store.lat + 0.035, first.store.lng), name="Bina")
        services.dispatch_round(now=NOW)
        assert told(job).left == "a rider is planned who need not leave yet"
        assert [row["name"] for row in told(job).why] == ["Asif", "Bina"]

    def test_many_reasons_are_cut_to_what_the_row_holds(self):
        """Four kinds of riders who may not have it: a sentence longer than its column."""
        job = ready_job()
        at_shelf(job.store, max_bags=0), at_shelf(job.store, max_litres=1)
        Job.objects.filter(pk=job.pk).update(volume_ml=9_000)
        no = at_shelf(job.store)
        Job.objects.filter(pk=job.pk).update(
            declined_by=[{"rider": no.pk, "at": NOW.isoformat(), "until": (NOW + MINUTE).isoformat()}]
        )
        late = at_shelf(job.store)
        Shift.objects.filter(rider=late).update(ends_at=NOW - 20 * MINUTE)
        assert services.dispatch_round(now=NOW) == 0
        assert len(told(job).left) == 80 and told(job).left.endswith("…")
        assert len(told(job).why) == 4


def test_every_trip_is_watched_however_many_there_are(monkeypatch):
    monkeypatch.setattr("delivery.services.watching.PIECE", 2)
    first, _ = trip()
    for _ in range(4):
        job = waiting_job(at=first.store)
        services.assign_by_hand(order_id=job.order_id, rider_id=rider(first.store).pk, actor="user:1", now=NOW)
    Rider.objects.update(seen_at=NOW)
    assert services.watch_trips(now=NOW + 4 * MINUTE) == 5
    assert set(Stop.objects.values_list("state", flat=True)) == {StopState.DROPPED}
