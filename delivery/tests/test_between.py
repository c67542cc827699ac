"""What lies between the parts: bundles with returns, rescues and ranges; rounds with lifecycles; pay with all of it."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import import_string
from redis.exceptions import ConnectionError

from accounts.services.personal import parts
from accounts.tests.factories import UserFactory
from blinkit.kernel import live
from blinkit.kernel.models import Event
from blinkit.kernel.testing import until_somebody_waits
from catalog.tests.factories import NOW, store
from delivery import paying, queries, services
from delivery.errors import NotOnDuty, RiderBusy, StopGone, Suspended
from delivery.incidents import Rescue
from delivery.models import (
    Adjustment,
    Booking,
    DropRating,
    Earning,
    GateNote,
    Gig,
    Job,
    JobState,
    Offer,
    PayPolicy,
    Rider,
    RiderBreak,
    Shift,
    Stop,
    StopState,
    Trip,
)
from delivery.services import doors, personal, rescue, situation, weeks
from delivery.services.doors_before import tell_doors_before
from delivery.services.drops import place_of
from delivery.statement_files import line_text
from delivery.tests.factories import BAGS, offered, packed, rider, trip, waiting_job
from delivery.tests.paying import MONDAY, WEEK, delivered
from orders import services as orders
from orders.models import Order
from orders.queries import outlook_of
from orders.states import Status

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATER = NOW + 10 * MINUTE


def bundle(count=2, *, apart=0.004, picked_up=False, **order):
    """A trip to doors north of the store, one after another; with `picked_up` all bags are on the road."""
    jobs = []
    for number in range(count):
        job = waiting_job(at=jobs[0].store if jobs else None, **order)
        place = job.store
        Order.objects.filter(pk=job.order_id).update(lat=place.lat + 0.006 + number * apart, lng=place.lng)
        packed(job.order)
        services.bags_ready(order_id=job.order_id, bags=2, now=NOW)
        jobs.append(job)
    place = jobs[0].store
    who = rider(place, at=(place.lat, place.lng), max_bags=2 * count)
    services.dispatch_round(now=NOW)
    made = services.accept(offer_id=Offer.objects.get(rider=who).pk, rider_id=who.pk, now=NOW)
    stops = list(Stop.objects.filter(trip=made).select_related("job__order").order_by("rank"))
    assert len(stops) == count
    if picked_up:
        for stop in stops:
            services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
        services.depart(rider_id=who.pk, now=NOW)
    return made, stops


def hand_over(stop, *, now=LATER):
    services.arrive(stop_id=stop.pk, rider_id=stop.trip.rider_id, now=now)
    order = Order.objects.get(pk=stop.job.order_id)
    due = order.cash_due_paise or None
    services.deliver(
        stop_id=stop.pk,
        rider_id=stop.trip.rider_id,
        otp=order.door_otp,
        cash_paise=due,
        now=now,
    )


def loaded(stop):
    return Order.objects.select_related("store__load", "store__city").get(pk=stop.job.order_id)


def seen(stop, *, position=None, now=NOW):
    return outlook_of(loaded(stop), lines=1, now=now, position=position)


class TestRangesOfABundle:
    def test_the_second_door_counts_the_first_before_the_pick_up_and_no_more_once_it_is_served(self):
        made, (first, second) = bundle()
        alone = seen(second)
        assert tell_doors_before(rider_id=made.rider_id, now=NOW) == 1
        both = seen(second)
        assert Order.objects.get(pk=first.job.order_id).doors_before_s == 0
        longer_s = Order.objects.get(pk=second.job.order_id).doors_before_s
        assert longer_s >= 120, "somebody else's door takes two minutes"
        assert both.p50_s == pytest.approx(alone.p50_s + longer_s)
        assert both.p90_s - both.p50_s > alone.p90_s - alone.p50_s, "and is not certain"
        assert tell_doors_before(rider_id=made.rider_id, now=NOW) == 0
        for stop in (first, second):
            services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        hand_over(first)
        tell_doors_before(rider_id=made.rider_id, now=LATER)
        assert Order.objects.get(pk=second.job.order_id).doors_before_s == 0

    def test_a_position_on_the_way_to_another_door_is_not_taken_for_one_on_the_way_here(self):
        made, (_first, second) = bundle(picked_up=True)
        tell_doors_before(rider_id=made.rider_id, now=NOW)
        door = loaded(second)
        here = {"lat": door.lat, "lng": door.lng, "at": NOW.isoformat(), "left_s": 400}
        assert seen(second, position=here).p50_s >= 400
        assert seen(second, position=here, now=NOW + 5 * MINUTE).p50_s < 400 - 150, "the told time runs"
        assert seen(second, position=here | {"at": "never", "left_s": None}).p50_s < 150

    def test_the_doors_change_places(self, django_capture_on_commit_callbacks):
        made, (first, second) = bundle(picked_up=True)
        tell_doors_before(rider_id=made.rider_id, now=NOW)
        with django_capture_on_commit_callbacks(execute=True):
            services.door_first(stop_id=second.pk, rider_id=made.rider_id, now=NOW)
        now_later = dict(Order.objects.values_list("pk", "doors_before_s"))
        assert now_later[second.job.order_id] == 0 < now_later[first.job.order_id]
        known = live.recall(f"rider-carries:{made.rider_id}")
        assert [stop[0] for stop in known["stops"]] == [str(second.job.order_id), str(first.job.order_id)], (
            "the customer of the door that comes later now sees the rider roughly at once"
        )

    def test_who_gives_it_back_leaves_no_delay_behind(self):
        made, (_first, second) = bundle()
        tell_doors_before(rider_id=made.rider_id, now=NOW)
        services.hand_back(stop_id=second.pk, rider_id=made.rider_id, reason="x", actor="system", now=NOW)
        assert Order.objects.get(pk=second.job.order_id).doors_before_s == 0


class TestLeavingWithOneLeft:
    def test_by_position_what_stands_on_the_shelf_is_sought_by_somebody_else(self):
        made, (first, second) = bundle()
        services.pick_up(stop_id=first.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        services.depart(rider_id=made.rider_id, now=NOW)  # as a position outside the fence says it
        Rider.objects.update(seen_at=NOW, lat=made.store.lat + 0.001)
        assert services.watch_trips(now=NOW) == 0, "a few steps outside"
        Rider.objects.update(lat=made.store.lat + 0.005)
        assert services.watch_trips(now=NOW) == 1
        second.refresh_from_db()
        assert (second.state, second.fail_reason) == (StopState.DROPPED, "Left on the shelf")
        assert Job.objects.get(pk=second.job_id).state == JobState.SEEKING
        assert services.watch_trips(now=NOW) == 0

    def test_at_the_first_door_at_the_latest(self):
        made, (first, second) = bundle()
        services.pick_up(stop_id=first.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        for _ in range(2):
            services.arrive(stop_id=first.pk, rider_id=made.rider_id, now=LATER)
        assert Job.objects.get(pk=second.job_id).state == JobState.SEEKING
        with pytest.raises(StopGone):
            services.arrive(stop_id=second.pk, rider_id=made.rider_id, now=LATER)

    @pytest.mark.parametrize("at_door", [0, 1])
    def test_what_the_store_scanned_out_counts_although_its_event_is_still_on_the_way(self, at_door):
        made, stops = bundle()
        services.pick_up(stop_id=stops[0].pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        orders.picked_up(order_id=stops[1].job.order_id, bag_codes=BAGS, actor="user:2", now=NOW)
        services.arrive(stop_id=stops[at_door].pk, rider_id=made.rider_id, now=LATER)
        assert {stop.state for stop in Stop.objects.all()} == {StopState.ON_BOARD}
        services.bags_on_board(order_id=stops[1].job.order_id, now=LATER)
        assert set(Order.objects.values_list("status", flat=True)) == {Status.IN_TRANSIT}


class TestReturns:
    def failed(self, stop):
        services.arrive(stop_id=stop.pk, rider_id=stop.trip.rider_id, now=LATER)
        services.bring_back(stop_id=stop.pk, rider_id=stop.trip.rider_id, why="refused", now=LATER)

    def test_one_door_fails_the_other_is_served_and_the_way_back_is_paid_once(self):
        made, (first, second) = bundle(picked_up=True, method="online")
        self.failed(first)
        assert Trip.objects.get().ended_at is None
        hand_over(second)
        assert Trip.objects.get().ended_at is None, "the bags of the first ride back"
        assert situation.soon_free(situation.area_of([made.store_id], now=LATER), now=LATER) == []
        Rider.objects.update(seen_at=LATER - 9 * MINUTE)
        assert services.watch_trips(now=LATER) == 0, "nobody takes bags off who brings them back"
        for _ in range(2):
            services.bags_back(order_id=first.job.order_id, now=LATER)
        assert Trip.objects.get().ended_at == LATER
        paid = Adjustment.objects.get()
        metres = round(float(paid.reason) * 1000)
        assert paid.amount_paise == pytest.approx(metres * 7 / 10, abs=35), "₹7 a km, from the last door"
        assert paid.key == f"way-back:{made.pk}" and paid.rider_id == made.rider_id
        statement = weeks.issue_week(rider_id=made.rider_id, week=WEEK, now=MONDAY)
        assert [(line["kind"], line["paise"]) for line in statement.lines] == [("way_back", paid.amount_paise)]

    def test_a_silent_rider_on_the_way_back_is_told_of_once_and_keeps_the_bags(self):
        made, (stop, *_) = bundle(1, picked_up=True, method="online")
        self.failed(stop)
        for minutes in (5, 6):
            assert services.watch_trips(now=LATER + minutes * MINUTE) == 0
        assert Event.objects.filter(code="delivery.TripInTrouble").count() == 1
        assert Trip.objects.get().trouble == "silent" and made.rider_id
        Rider.objects.update(seen_at=LATER + 7 * MINUTE)
        services.watch_trips(now=LATER + 7 * MINUTE)
        assert Trip.objects.get().trouble == ""

    def test_two_failed_doors_are_one_way_back(self):
        _made, stops = bundle(picked_up=True, method="online")
        for stop in stops:
            self.failed(stop)
        for stop in stops:
            services.bags_back(order_id=stop.job.order_id, now=LATER)
        assert Adjustment.objects.count() == 1

    def test_the_rider_reads_it(self, client):
        made, stop = trip(to_door=True, method="online")
        client.force_login(made.rider.user)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="refused", now=LATER)
        services.bags_back(order_id=stop.job.order_id, now=LATER)
        Adjustment.objects.update(at=timezone.now())
        assert "Way back to the store with the bags" in client.get("/rider/earnings/").content.decode()
        assert line_text(Adjustment.objects.get().line).endswith("km")


class TestRescues:
    def stranded(self):
        made, stops = bundle(picked_up=True, method="online")
        return made, stops, rider(made.store, name="Zoya")

    def send(self, made, to):
        return services.send_rescue(
            from_rider_id=made.rider_id, to_rider_id=to.pk, why="Flat tyre", actor="user:1", now=NOW
        )

    def test_nobody_is_sent_for_bags_that_were_handed_over_while_operations_looked(self):
        made, stops, zoya = self.stranded()
        for stop in stops:
            hand_over(stop)
        with pytest.raises(StopGone):
            self.send(made, zoya)

    def test_nobody_on_a_break_is_sent(self):
        made, _stops, zoya = self.stranded()
        services.start_break(rider_id=zoya.pk, minutes=10, now=NOW)
        with pytest.raises(NotOnDuty):
            self.send(made, zoya)

    def test_who_rides_to_a_stranded_rider_is_not_given_an_order_along(self):
        made, _stops, zoya = self.stranded()
        self.send(made, zoya)
        job = waiting_job(at=made.store)
        with pytest.raises(RiderBusy):
            services.assign_by_hand(order_id=job.order_id, rider_id=zoya.pk, actor="user:1", now=NOW)

    def test_the_stranded_rider_is_not_counted_on_for_the_next_order(self):
        made, (first, _second), zoya = self.stranded()
        hand_over(first, now=NOW)
        area = situation.area_of([made.store_id], now=NOW)
        assert [free.id for _, free in situation.soon_free(area, now=NOW)] == [made.rider_id]
        self.send(made, zoya)
        assert situation.soon_free(area, now=NOW) == []

    def test_who_comes_for_bags_that_were_handed_over_meanwhile_turns_round(self):
        made, stops, zoya = self.stranded()
        sent = self.send(made, zoya)
        assert rescue.sweep_rescues(now=NOW) == 0
        for stop in stops:
            hand_over(stop)
        assert rescue.sweep_rescues(now=LATER) == 1
        assert Trip.objects.get(pk=sent.trip_id).ended_at == LATER
        assert rescue.sweep_rescues(now=LATER) == 0

    @pytest.mark.django_db(transaction=True)
    def test_called_off_while_it_is_taken_over_is_one_or_the_other(self, monkeypatch):
        made, stops, zoya = self.stranded()
        sent = self.send(made, zoya)
        for stop in stops:
            Order.objects.filter(pk=stop.job.order_id).update(bag_codes=[f"{stop.rank}-A"])
        end, told = rescue.returns.end_if_over, []

        def take_over():
            try:
                services.take_over(rider_id=zoya.pk, bag_codes=["1-A", "2-A"], now=LATER)
            except StopGone:
                told.append("gone")
            finally:
                connection.close()

        def while_it_is_open(trip_id, *, now):
            monkeypatch.setattr(rescue.returns, "end_if_over", end)
            thread.start()
            until_somebody_waits()
            return end(trip_id, now=now)

        thread = threading.Thread(target=take_over)
        monkeypatch.setattr(rescue.returns, "end_if_over", while_it_is_open)
        services.call_off(rescue_id=sent.pk, actor="user:1", now=LATER)
        thread.join(30)
        assert told == ["gone"] and Rescue.objects.get().taken_at is None
        assert Stop.objects.filter(trip=made, state=StopState.ON_BOARD).count() == 2

    def test_a_bundle_changes_hands_as_a_whole(self):
        made, stops, zoya = self.stranded()
        self.send(made, zoya)
        for stop in stops:  # bags of factories have the same codes in every order
            Order.objects.filter(pk=stop.job.order_id).update(bag_codes=[f"{stop.rank}-A"])
        taken = services.take_over(rider_id=zoya.pk, bag_codes=["1-A", "2-A"], now=LATER)
        assert list(taken.stops.order_by("rank").values_list("job_id", flat=True)) == [one.job_id for one in stops]
        assert Trip.objects.get(pk=made.pk).ended_at == LATER
        bases = [earned.parts["base_paise"] for earned in Earning.objects.filter(rider=made.rider).order_by("pk")]
        assert bases == [paying.STANDARD.base_paise, paying.STANDARD.next_base_paise], "one first base a ride"
        for stop in taken.stops.select_related("trip", "job"):
            hand_over(stop, now=LATER + MINUTE)
        assert set(Order.objects.values_list("status", flat=True)) == {Status.DELIVERED}


class TestRoundsAndLives:
    def test_papers_that_ended_after_the_offer_end_it(self):
        job = waiting_job()
        who = rider(job.store)
        offer = offered(job)
        Rider.objects.update(is_verified=False)
        with pytest.raises(Suspended):
            services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
        assert not Trip.objects.exists()

    def test_who_is_about_to_be_free_has_the_limits_of_their_shift(self):
        made, stop = trip(to_door=True)
        Shift.objects.update(ends_at=NOW + timedelta(hours=1), vehicle="cycle")
        Rider.objects.update(seen_at=NOW, max_litres=30)
        ((_, free),) = situation.soon_free(situation.area_of([made.store_id], now=NOW), now=NOW)
        assert free.off_s == (NOW + timedelta(hours=1)).timestamp()
        assert (free.vehicle, free.max_litres) == ("cycle", 30)
        assert stop.trip_id == made.pk
        window = {"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1), "places": 4}
        gig = Gig.objects.create(store=made.store, **window)
        Shift.objects.update(booking=Booking.objects.create(gig=gig, rider=made.rider, walk_in=True, booked_at=NOW))
        ((_, free),) = situation.soon_free(situation.area_of([made.store_id], now=NOW), now=NOW)
        assert free.off_s is None, "who walked in rides on into the next gig"

    def test_one_cancelled_order_of_an_accepted_bundle_leaves_the_rest_to_its_rider(self):
        made, (first, second) = bundle(method="online")
        orders.cancel(order_id=first.job.order_id, by="staff", reason="x", actor="user:1", now=NOW)
        services.drop_cancelled(order_id=first.job.order_id, now=NOW)
        assert Trip.objects.get().ended_at is None
        services.pick_up(stop_id=second.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        hand_over(second)
        assert Trip.objects.get().ended_at == LATER
        paid = Earning.objects.get()
        assert paid.parts["base_paise"] == 2_500, "it is the first door of its trip now"
        assert paid.total_paise >= second.pay_paise

    def test_an_order_that_moves_to_another_store_is_taken_back_from_all_who_were_asked(self):
        job = waiting_job()
        packed(job.order)
        services.bags_ready(order_id=job.order_id, bags=2, now=NOW)
        for _ in range(4):
            rider(job.store, at=(job.store.lat, job.store.lng))
        services.dispatch_round(now=NOW)
        asked = Offer.objects.get()
        services.decline(offer_id=asked.pk, rider_id=asked.rider_id, reason="", now=NOW)
        assert services.dispatch_round(now=NOW + 2 * MINUTE) == 3
        there = store(code="BLR-W", lat=job.store.lat + 0.03)
        Order.objects.filter(pk=job.order_id).update(store=there)
        for _ in range(2):
            services.follow_order(order_id=job.order_id, now=NOW + 2 * MINUTE)
        assert not Offer.objects.filter(state="open").exists()
        job.refresh_from_db()
        assert (job.store_id, job.state, job.declined_by) == (there.pk, JobState.SEEKING, [])

    @pytest.mark.django_db(transaction=True)
    def test_the_sweep_takes_nothing_that_is_picked_up_in_the_same_second(self, race):
        for number in range(3):  # a store each: a rider who was swept off would be asked for the next one's order
            made, stop = trip(at=store(code=f"BLR-{number}"))
            assert self.sweep_and_pick_up(race, made, stop), number

    def sweep_and_pick_up(self, race, made, stop):
        """Whether order, stop and trip say the same afterwards."""
        now = NOW + 30 * MINUTE

        def act(number):
            if number % 2:
                return services.watch_trips(now=now)
            return services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=now)

        race(4, act)
        stop.refresh_from_db()
        order = Order.objects.get(pk=stop.job.order_id)
        ended = Trip.objects.get(pk=made.pk).ended_at is not None
        facts = (stop.state, order.status, order.rider_id_ref, ended)
        return facts in (
            (StopState.ON_BOARD, Status.PICKED_UP, made.rider_id, False),
            (StopState.DROPPED, Status.PACKED, None, True),
        )


class TestPayOfBreaks:
    def test_the_hourly_promise_does_not_count_a_break(self):
        earning = delivered()
        PayPolicy.objects.create(starts_at=NOW, hour_least_paise=10_000)
        shift = Shift.objects.get()
        Shift.objects.update(ended_at=NOW + timedelta(hours=2))
        RiderBreak.objects.create(
            shift=shift, started_at=NOW + MINUTE, back_at=NOW + 31 * MINUTE, ended_at=NOW + 31 * MINUTE
        )
        week = weeks.issue_week(rider_id=earning.rider_id, week=WEEK, now=MONDAY)
        assert week.added_paise == 15_000 - week.earned_paise
        assert week.lines[0]["text"] == "1.5"


class TestTheRidersScreen:
    def test_reads_what_riders_say_of_the_door(self, client):
        made, stop = trip(to_door=True)
        for _ in range(3):
            other = delivered(rider(made.store))
            DropRating.objects.create(
                stop=other.stop, rider=other.rider, place=place_of(stop.job.order), is_easy=False, tags=["dog"],
                made_at=NOW, changed_at=NOW,
            )  # fmt: skip
        client.force_login(made.rider.user)
        assert "Riders say: Dog" in " ".join(client.get("/rider/").content.decode().split())

    def test_says_what_waiting_this_trips_policy_pays(self, client):
        job = waiting_job()
        who = rider(job.store)
        PayPolicy.objects.create(starts_at=NOW - timedelta(days=1), wait_free_s=480)
        services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)
        services.arrive_at_store(rider_id=who.pk, now=NOW)
        client.force_login(who.user)
        assert "Waiting beyond 8 minutes is paid." in client.get("/rider/").content.decode()
        PayPolicy.objects.all().delete()
        PayPolicy.objects.create(starts_at=NOW - timedelta(days=1), wait_per_min_paise=0)
        assert "is paid" not in client.get("/rider/").content.decode()


class TestDoors:
    @pytest.mark.django_db(transaction=True)
    def test_a_note_on_the_gate_sent_eight_times_at_once_is_one(self, race):
        made, stop = trip(to_door=True)
        at = stop.job.order.point
        race(8, lambda: services.note_gate(stop_id=stop.pk, rider_id=made.rider_id, at=at, text="Gate 2", now=NOW))
        assert GateNote.objects.count() == 1

    def test_a_note_on_the_gate_is_forgotten_with_the_person_or_after_a_year(self):
        made, stop = trip(to_door=True)
        order = stop.job.order
        at, customer_id = order.point, order.customer_id
        services.note_gate(stop_id=stop.pk, rider_id=made.rider_id, at=at, text="Ask for Asha", now=NOW)
        neighbours = GateNote.objects.create(
            lat=at.lat + 0.0001, lng=at.lng, gate_lat=at.lat, gate_lng=at.lng, text="Gate 2", rider=made.rider, at=NOW
        )
        assert personal.held(user_id=customer_id)["ways_in"][0]["text"] == "Ask for Asha"
        Order.objects.filter(pk=order.pk).update(status="CLOSED")
        for name, (_tell, forget) in parts().items():
            if name in ("deliveries", "orders"):
                import_string(forget)(user_id=customer_id, now=NOW)
        assert GateNote.objects.get() == neighbours
        assert doors.purge_gates(now=NOW + timedelta(days=364)) == 0
        assert doors.purge_gates(now=NOW + timedelta(days=366)) == 1

    @pytest.mark.parametrize("minutes", ["9" * 30, "-1", "x", "\x00", "²"])
    def test_minutes_nobody_can_mean_are_refused(self, client, minutes):
        made, _stop = trip()
        client.force_login(UserFactory(roles=["ops"]))
        asked = client.post(
            f"/ops/stores/{made.store.code}/mode/", {"mode": "paused", "minutes": minutes, "reason": "x"}
        )
        assert asked.status_code < 500
        assert type(made.store).objects.get(pk=made.store.pk).mode == "open"


class TestWithoutRedis:
    def test_a_trip_goes_on_by_forms_and_the_customer_by_reading_again(self, client, monkeypatch):
        made, (first, second) = bundle(picked_up=True, method="online")

        def away(*_args, **_kwargs):
            raise ConnectionError("refused")

        monkeypatch.setattr("redis.connection.ConnectionPool.get_connection", away)
        client.force_login(made.rider.user)
        assert client.get("/rider/").status_code == 200
        for stop in (first, second):
            client.post(f"/rider/stops/{stop.pk}/arrive/")
            client.post(f"/rider/stops/{stop.pk}/deliver/", {"otp": loaded(stop).door_otp})
        assert Trip.objects.get().ended_at is not None
        client.force_login(first.job.order.customer)
        page = client.get(f"/orders/{first.job.order_id}/")
        assert page.status_code == 200 and "Delivered" in page.content.decode()
        assert client.get(f"/orders/{first.job.order_id}/now/").status_code == 200
        client.logout()


def test_a_stop_that_is_over_keeps_the_area_and_nothing_of_who_lives_there():
    made, (first, second) = bundle(picked_up=True, method="online")
    Order.objects.update(door_instructions="Ring twice", contact_name="Asha", instructions=["dont_ring"])
    hand_over(first)
    over, ahead = queries.trip_of(rider=made.rider, now=NOW)["stops"]
    assert (over["state"], over["order_number"]) == ("delivered", first.job.order.number)
    assert over["drop"]["area"] and over["drop"]["lat"] == round(first.job.order.lat, 3)
    gone = ("address", "contact_name", "contact_phone", "door_instructions", "instructions", "hints")
    assert not any(over["drop"][name] for name in gone)
    assert over["navigate"]["url"] == "" and not any(over["navigate"]["urls"].values())
    assert ahead["drop"]["address"] and ahead["drop"]["contact_name"] == "Asha" and ahead["navigate"]["url"]
    Stop.objects.filter(pk=second.pk).update(state="dropped", done_at=NOW)
    cancelled = queries.trip_of(rider=made.rider, now=NOW)["stops"][1]
    assert not any(cancelled["drop"][name] for name in gone), "nor of one that was cancelled"
