"""Whatever falls away in the middle of a delivery, the order comes to an end and every rider is free again.

Each case: an order as far as a state, one thing that goes wrong, and then everybody does what they usually do (floor,
sweeps, rounds, riders who are there, operations), minute by minute.
"""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import User
from accounts.tests.factories import UserFactory
from blinkit.kernel import metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.redis_client import client, key
from catalog.models import Store
from catalog.tests.factories import NOW, store
from delivery import queries, services
from delivery.incidents import Incident, Rescue
from delivery.models import (
    AreaStore,
    Booking,
    CashLimit,
    DispatchArea,
    DispatchPolicy,
    DoorPolicy,
    DutyPolicy,
    Gig,
    Job,
    Offer,
    OfferState,
    PayPolicy,
    Rider,
    Shift,
    Stop,
    StopState,
    Trip,
)
from delivery.services import incidents
from delivery.services.weather import declare_weather
from delivery.tests.factories import BAGS, packed, rider, waiting_job
from orders import services as orders
from orders.models import Cause, Order
from orders.states import FINISHED, Status

pytestmark = pytest.mark.django_db
TICK = timedelta(seconds=60)


class Town:
    """One store, one order, Ravi who fetches it, and Asif who comes on duty when it went wrong. Who is `away` does
    nothing any more."""

    def __init__(self, time_machine, run_events):
        self.clock, self.run_events = time_machine, run_events
        self.at(NOW)
        self.job = waiting_job(method="cod")
        self.store = self.job.store
        DispatchPolicy.objects.create(city=self.store.city)
        DoorPolicy.objects.create(city=self.store.city)
        DutyPolicy.objects.create(city=self.store.city)
        PayPolicy.objects.create(city=self.store.city, starts_at=NOW - timedelta(days=1))
        area = DispatchArea.objects.create(name="Both")
        self.near = store(code="BLR-2", lat=self.store.lat + 0.01)
        for one in (self.store, self.near):
            AreaStore.objects.create(area=area, store=one)
        self.ravi = self.victim = rider(self.store, name="Ravi")
        self.away = set()
        self.ops = UserFactory(roles=["ops"])

    def at(self, now):
        self.now = now
        self.clock.move_to(now, tick=False)

    @property
    def order(self):
        return Order.objects.get(pk=self.job.order_id)

    @property
    def stop(self):
        return Stop.objects.filter(job=self.job).exclude(state=StopState.DROPPED).first()

    # -- how far the order has come

    def reach(self, state):
        until = "on_the_road" if state == "being_rescued" else state
        for name in [*HOW_FAR[: HOW_FAR.index(until) + 1], *([state] if state != until else [])]:
            getattr(self, f"is_{name}")()
            self.at(self.now + timedelta(seconds=20))

    def is_confirmed(self):
        self.run_events()

    def is_packed(self):
        packed(self.order, now=self.now)
        self.run_events()

    def is_offered(self):
        Rider.objects.update(seen_at=self.now)
        services.dispatch_round(now=self.now)
        assert Offer.objects.filter(state=OfferState.OPEN).exists()

    def is_accepted(self):
        services.accept(offer_id=Offer.objects.get().pk, rider_id=self.ravi.pk, now=self.now)

    def is_at_the_store(self):
        services.arrive_at_store(rider_id=self.ravi.pk, now=self.now)

    def is_half_scanned(self):
        services.scan_bag(stop_id=self.stop.pk, rider_id=self.ravi.pk, code=BAGS[0], nonce="1", now=self.now)

    def is_picked_up(self):
        services.scan_bag(stop_id=self.stop.pk, rider_id=self.ravi.pk, code=BAGS[1], nonce="2", now=self.now)

    def is_on_the_road(self):
        services.depart(rider_id=self.ravi.pk, now=self.now)

    def is_at_the_door(self):
        services.arrive(stop_id=self.stop.pk, rider_id=self.ravi.pk, now=self.now)

    def is_waiting_there(self):
        services.begin_wait(stop_id=self.stop.pk, rider_id=self.ravi.pk, now=self.now)

    def is_riding_back(self):
        services.bring_back(stop_id=self.stop.pk, rider_id=self.ravi.pk, why="refused", now=self.now)

    def is_being_rescued(self):
        self.away.add(self.ravi.pk)
        self.victim = rider(self.store, name="Zoya")
        self.send(self.victim, instead_of=self.ravi.pk)

    # -- what goes wrong

    def everything_is_changed(self):
        """Store off, another home store, no cash any more, bad weather for a moment, no zone, no policies."""
        Store.objects.filter(pk=self.store.pk).update(is_active=False)
        Rider.objects.filter(pk=self.victim.pk).update(store=self.near)
        CashLimit.objects.create(rider=self.victim, cash_limit_paise=0)
        for kind, until in (("rain", self.now + timedelta(hours=1)), ("", None)):
            weather = {"weather": kind, "until": until, "paise": 1_000 if kind else 0}
            declare_weather(city_id=self.store.city_id, actor="user:1", now=self.now, **weather)
        DispatchArea.objects.all().delete()
        for model in (DispatchPolicy, DoorPolicy, DutyPolicy, PayPolicy):
            model.objects.all().delete()

    def the_rider_may_not_ride_any_more(self):
        services.suspend(rider_id=self.victim.pk, reason="Papers", actor=f"user:{self.ops.pk}", now=self.now)
        Rider.objects.filter(pk=self.victim.pk).update(is_verified=False)

    def the_gig_is_called_off_and_over(self):
        hours = {"starts_at": NOW - timedelta(hours=1), "ends_at": self.now + TICK}
        gig = Gig.objects.create(store=self.store, places=1, booked=1, **hours)
        mine = Booking.objects.create(gig=gig, rider=self.victim, booked_at=NOW)
        Shift.objects.filter(rider=self.victim).update(booking=mine, ends_at=gig.ends_at)
        services.call_off_gig(gig_id=gig.pk, reason="x", actor=f"user:{self.ops.pk}", now=self.now)

    def the_shift_is_ended_by_somebody(self):
        Shift.objects.filter(rider=self.victim).update(ended_at=self.now)

    def the_order_is_cancelled(self):
        orders.cancel(order_id=self.job.order_id, by="staff", reason="x", actor="user:1", now=self.now)

    def another_store_is_to_do_it(self):
        orders.resource(
            order_id=self.job.order_id, store_id=self.store.pk, cause=Cause.DECLINED, why="x", actor="user:1",
            now=self.now,
        )  # fmt: skip

    def the_rider_is_blocked(self):
        User.objects.filter(pk=self.victim.user_id).update(is_active=False)
        self.away.add(self.victim.pk)

    def the_rider_is_hurt(self):
        incidents.tell(rider_id=self.victim.pk, kind="accident", nonce="h", now=self.now)
        self.away.add(self.victim.pk)

    def the_rider_calls_for_help(self):
        incidents.tell(rider_id=self.victim.pk, kind="sos", nonce="h", now=self.now)
        self.away.add(self.victim.pk)

    # -- and then

    def goes_wrong(self, what):
        try:
            getattr(self, what)()
        except Refusal:  # too late for that
            pass
        self.asif = rider(self.store, name="Asif")
        Shift.objects.filter(rider=self.asif).update(started_at=self.now)

    def minute(self):
        self.at(self.now + TICK)
        here = Rider.objects.exclude(pk__in=self.away)
        here.update(seen_at=self.now)
        self.run_events()
        self.floor()
        services.sweep_offers(now=self.now)
        services.watch_trips(now=self.now)
        services.sweep_rescues(now=self.now)
        services.sweep_suspensions(now=self.now)
        services.sweep_shifts(now=self.now)
        services.sweep_silent(now=self.now)
        services.sweep_jobs(now=self.now)
        services.dispatch_round(now=self.now)
        for one in here.order_by("pk"):
            self.rides(one)
        self.desk()

    def floor(self):
        order = self.order
        if order.status in (Status.CONFIRMED, Status.ASSIGNED_TO_STORE):
            packed(order, now=self.now)
        if order.status in (Status.UNDELIVERED, Status.REFUNDED) and order.picked_up_at:
            returns = order.delivery_job.stops.filter(bags_return__back_at__isnull=False, bags_return__done_at=None)
            if returns.exists():
                orders.goods_back(order_id=order.pk, actor="user:2", now=self.now)

    def rides(self, who):
        offer = Offer.objects.filter(rider=who, state=OfferState.OPEN).first()
        if offer is not None:
            try:
                services.accept(offer_id=offer.pk, rider_id=who.pk, now=self.now)
            except Refusal:
                return
        for _act in range(8):
            seen = queries.trip_of(rider=Rider.objects.get(pk=who.pk), now=self.now)
            if seen is None or not self.does(who, seen):
                return

    def does(self, who, seen):
        mine = {"rider_id": who.pk, "now": self.now}
        stop = next((one for one in seen["stops"] if one["next"] == seen["next"]), None)
        order = self.order
        match seen["next"]:
            case "at-store":
                services.arrive_at_store(**mine)
            case "pick-up":
                services.pick_up(stop_id=stop["id"], bag_codes=order.bag_codes, **mine)
            case "depart":
                services.leave_store(stop_id=stop["id"], **mine)
            case "arrive":
                services.arrive(stop_id=stop["id"], **mine)
            case "deliver":
                services.deliver(
                    stop_id=stop["id"], otp=order.door_otp, cash_paise=order.cash_due_paise or None, **mine
                )
            case "ride-back":
                services.back_at_store(**mine)
            case "meet":
                services.take_over(bag_codes=order.bag_codes, **mine)
            case _:
                return False
        return True

    def desk(self):
        """Operations look at who is hurt or silent: somebody else takes the bags over, or nobody waits for them."""
        for trip in Trip.objects.filter(ended_at=None, rider__in=self.away):
            if not trip.trouble and not Incident.objects.filter(rider=trip.rider_id, resolved_at=None).exists():
                continue
            for rescue in Rescue.objects.filter(trip=trip, taken_at=None, off_at=None):
                services.call_off(rescue_id=rescue.pk, actor="user:1", now=self.now)
            if trip.stops.filter(state=StopState.FAILED).exists():
                services.not_coming(order_id=self.job.order_id, reason="x", actor="user:1", now=self.now)
            coming = Rescue.objects.filter(from_trip=trip, taken_at=None, off_at=None)
            if trip.stops.filter(state=StopState.ON_BOARD).exists() and not coming.exists():
                self.send(self.asif, instead_of=trip.rider_id)

    def send(self, who, *, instead_of):
        services.send_rescue(
            from_rider_id=instead_of, to_rider_id=who.pk, why="x", actor="user:1", now=self.now, sure=True
        )

    def stands(self):
        trips = Trip.objects.filter(ended_at=None).values_list("rider__user__name", "stops__state")
        left = self.job.decisions.order_by("-pk").values_list("left", flat=True).first()
        return f"{self.order.status}, {Job.objects.get(pk=self.job.pk).state}, {list(trips)}, {left}"

    def is_over(self):
        return self.order.status in FINISHED and not Trip.objects.filter(ended_at=None).exists()


HOW_FAR = [
    "confirmed", "packed", "offered", "accepted", "at_the_store", "half_scanned", "picked_up", "on_the_road",
    "at_the_door", "waiting_there", "riding_back",
]  # fmt: skip
WRONG = [
    "everything_is_changed", "the_rider_may_not_ride_any_more", "the_gig_is_called_off_and_over",
    "the_shift_is_ended_by_somebody", "the_order_is_cancelled", "another_store_is_to_do_it", "the_rider_is_blocked",
    "the_rider_is_hurt", "the_rider_calls_for_help",
]  # fmt: skip


class Undo(Exception):
    """Back to before it went wrong."""


def forget_redis():
    keys = list(client().scan_iter(match=key("*"), count=1000))
    if keys:
        client().delete(*keys)


@pytest.mark.parametrize(
    "state",
    ["confirmed", "offered", "accepted", "half_scanned", "picked_up", "waiting_there", "riding_back", "being_rescued"],
)
def test_the_order_comes_to_its_end_whatever_goes_wrong(state, time_machine, run_events):
    town = Town(time_machine, run_events)
    town.reach(state)
    stuck, began, victim, away = {}, town.now, town.victim, set(town.away)
    for what in WRONG:
        forget_redis()  # what it knows is not rolled back
        town.at(began)
        town.victim, town.away = victim, set(away)
        try:
            with transaction.atomic():
                town.goes_wrong(what)
                for _minute in range(25):
                    town.minute()
                    if town.is_over():
                        break
                else:
                    stuck[what] = town.stands()
                raise Undo
        except Undo:
            pass
    assert not any(name == "sweep_failures_total" for name, _labels in metrics._pending)
    assert not stuck, "\n".join(f"{what}: {how}" for what, how in stuck.items())
