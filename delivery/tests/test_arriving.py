""" "I am there": what the position says to it, and what is paid and credited when it says otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from catalog.travel import street_metres
from catalog.ways import way_metres
from delivery import services
from delivery.errors import NotThere, StopGone
from delivery.models import Adjustment, Earning, Position, Stop, StopState, Trip
from delivery.queries import receipt_json
from delivery.services.doors import DAMAGED, REFUSED
from delivery.services.trips import AT_DOOR_WITHIN_M
from delivery.tests import test_between as between
from delivery.tests.factories import BAGS, trip
from orders import services as orders
from orders.models import Evidence, Order, Promise
from orders.services.at_door import proven_at_door
from orders.states import Status

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def stands(rider_id, point, *, at=NOW, accuracy=5):
    fact = {"lat": point.lat, "lng": point.lng, "at": round(at.timestamp() * 1000), "accuracy": accuracy}
    live.remember(f"rider-at:{rider_id}", fact, ttl_s=60)


def carrying(**order):
    """Bags on board, picked up at NOW, the rider's phone at the store; the door is `far` away."""
    made, stop = trip(method="online", **order)
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    Order.objects.filter(pk=stop.job.order_id).update(lat=made.store.lat + 0.03)
    stands(made.rider_id, made.store.point)
    return made, Stop.objects.select_related("job__order", "job__store__city", "trip").get(pk=stop.pk)


def arrive(made, stop, *, now=NOW, sure=False):
    return services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=now, sure=sure)


def doubts(stop):
    return list(
        Evidence.objects.filter(order=stop.job.order_id, kind="arrival_unproven").values_list("detail", flat=True)
    )


class TestTheDoor:
    def test_far_from_it_nobody_is_at_the_door(self):
        made, stop = carrying()
        with pytest.raises(NotThere, match=r"Your phone is \d\.\d km from this door") as refusal:
            arrive(made, stop)
        assert refusal.value.extra["metres"] > 3_000
        order = Order.objects.get()
        assert (order.rider_at_door_at, order.status) == (None, Status.PICKED_UP)
        assert not doubts(stop) and not Event.objects.filter(code="orders.RiderAtDoor").exists()
        with pytest.raises(StopGone):
            services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=REFUSED, now=NOW)

    def test_a_phone_near_the_door_proves_it(self):
        made, stop = carrying()
        stands(made.rider_id, stop.job.order.point)
        arrive(made, stop)
        order = Order.objects.get()
        assert proven_at_door(order) == order.rider_at_door_at == NOW
        assert not doubts(stop)

    def test_the_phones_own_accuracy_is_in_the_riders_favour(self):
        made, stop = carrying()
        near = Point(stop.job.order.lat - 0.0035, stop.job.order.lng)
        beyond = street_metres(near, stop.job.order.point) - AT_DOOR_WITHIN_M
        assert beyond > 50
        stands(made.rider_id, near, accuracy=5)
        with pytest.raises(NotThere):
            arrive(made, stop)
        stands(made.rider_id, near, accuracy=beyond + 1)
        arrive(made, stop)
        assert not doubts(stop)

    def test_what_can_have_been_ridden_since_the_position_is_no_contradiction_and_no_proof(self):
        made, stop = carrying()
        near = Point(stop.job.order.lat - 0.0045, stop.job.order.lng)
        stands(made.rider_id, near)
        with pytest.raises(NotThere):
            arrive(made, stop, now=NOW)
        arrive(made, stop, now=NOW + timedelta(seconds=58))
        assert doubts(stop) == [{"where": "door", "metres": None}]

    def test_who_is_sure_is_believed_but_it_is_written_down_and_told(self):
        made, stop = carrying()
        arrive(made, stop, sure=True)
        (doubt,) = doubts(stop)
        assert doubt["where"] == "door" and doubt["metres"] > 3_000
        order = Order.objects.get()
        assert order.rider_at_door_at == NOW and proven_at_door(order) is None
        told = Event.objects.get(code="delivery.ArrivalDoubted")
        assert told.subject == f"order:{order.pk}"
        assert (told.payload["where"], told.payload["rider_id"]) == ("door", made.rider_id)
        arrive(made, stop, sure=True)
        assert Event.objects.filter(code="delivery.ArrivalDoubted").count() == 1

    def test_a_phone_that_tells_nothing_fresh_is_believed_and_marked(self):
        made, stop = carrying()
        arrive(made, stop, now=NOW + 2 * MINUTE)
        assert doubts(stop) == [{"where": "door", "metres": None}]
        assert proven_at_door(Order.objects.get()) is None
        assert not Event.objects.filter(code="delivery.ArrivalDoubted").exists()

    @pytest.mark.parametrize(("minutes", "proven"), [(10, True), (20, False)])
    def test_a_phone_that_lies_still_at_the_door_proves_it_for_some_minutes(self, minutes, proven):
        made, stop = carrying()
        stands(made.rider_id, stop.job.order.point)
        arrive(made, stop, now=NOW + minutes * MINUTE)
        assert (doubts(stop) == []) == proven

    def test_standing_there_later_proves_the_later_arrival(self):
        made, stop = carrying()
        arrive(made, stop, sure=True)
        orders.rider_rides_on(order_id=stop.job.order_id)
        Stop.objects.update(arrived_at=None)
        stands(made.rider_id, stop.job.order.point, at=NOW + 5 * MINUTE)
        arrive(made, stop, now=NOW + 5 * MINUTE)
        assert proven_at_door(Order.objects.get()) == NOW + 5 * MINUTE


@pytest.mark.parametrize(("where", "credited"), [("store", True), ("door", False)])
def test_pressing_early_does_not_take_the_late_credit_away(where, credited):
    """Pressed in time, handed over an hour late: a proven arrival counts, one that only was pressed does not."""
    made, stop = carrying()
    order = stop.job.order
    promised = NOW + 10 * MINUTE
    Order.objects.update(promised_by=promised, delivery_paise=2_500)
    Promise.objects.update(promised_by=promised)
    stands(made.rider_id, made.store.point if where == "store" else stop.job.order.point)
    arrive(made, stop, sure=True)
    late = promised + 60 * MINUTE
    services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, now=late)
    assert (orders.credit_late(order_id=order.pk, now=late) > 0) == credited


class TestBagsThatNeverCameToTheDoor:
    def test_damaged_at_the_shelf_pays_the_pickup_and_no_way(self):
        made, stop = carrying()
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=DAMAGED, now=NOW + MINUTE)
        earning = Earning.objects.get()
        assert earning.parts["base_paise"] == 2_500
        assert earning.total_paise == 2_500, "no kilometre, whatever the offer said of the door"
        assert (earning.receipt["why"], earning.receipt["paid_metres"]) == ("turned-back", 0)
        assert receipt_json(earning)["distance"]["why"] == "turned-back"
        come_back(stop)
        assert not Adjustment.objects.exists(), "there is no way back from the shelf"

    def test_on_the_way_as_far_as_they_came_and_back_from_there(self):
        made, stop = carrying()
        half = Point(made.store.lat + 0.015, made.store.lng)
        for step in range(6):
            Position.objects.create(
                rider_id=made.rider_id, lat=made.store.lat + 0.003 * step, lng=made.store.lng, accuracy_metres=5,
                at=NOW + step * MINUTE,
            )  # fmt: skip
        stands(made.rider_id, half, at=NOW + 5 * MINUTE)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=DAMAGED, now=NOW + 5 * MINUTE)
        earning = Earning.objects.get()
        way = way_metres(made.store, half)
        assert earning.receipt["paid_metres"] == way < way_metres(made.store, stop.job.order.point)
        assert earning.receipt["turned_at"] == [half.lat, half.lng]
        come_back(stop)
        assert Adjustment.objects.get().amount_paise == way * 700 // 1000

    def test_without_a_position_since_the_pickup_the_store_counts(self):
        made, stop = carrying()
        stands(made.rider_id, stop.job.order.point, at=NOW - MINUTE)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=DAMAGED, now=NOW + MINUTE)
        assert Earning.objects.get().receipt["paid_metres"] == 0

    def test_refused_at_a_door_the_position_contradicts_pays_no_door(self):
        made, stop = carrying()
        arrive(made, stop, sure=True)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=REFUSED, now=NOW + 5 * MINUTE)
        assert Earning.objects.get().receipt["why"] == "turned-back"

    def test_at_the_door_the_ride_is_paid_whole(self):
        made, stop = carrying()
        stands(made.rider_id, stop.job.order.point)
        arrive(made, stop)
        services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=DAMAGED, now=NOW + MINUTE)
        earning = Earning.objects.get()
        assert earning.receipt["paid_metres"] == way_metres(made.store, stop.job.order.point)
        assert "turned_at" not in earning.receipt

    def test_the_next_door_is_paid_from_where_the_bags_turned_round(self):
        made, (first, second) = between.bundle(picked_up=True, method="online")
        who, store = first.trip.rider_id, first.job.store
        stands(who, store.point)
        services.bring_back(stop_id=first.pk, rider_id=who, why=DAMAGED, now=NOW + MINUTE)
        stands(who, second.job.order.point, at=NOW + 5 * MINUTE)
        services.arrive(stop_id=second.pk, rider_id=who, now=NOW + 5 * MINUTE)
        otp = second.job.order.door_otp
        services.deliver(stop_id=second.pk, rider_id=who, otp=otp, now=NOW + 6 * MINUTE)
        earning = Earning.objects.get(stop=second)
        assert abs(earning.receipt["routed_metres"] - way_metres(store, second.job.order.point)) < 5
        assert made

    def test_damaged_at_the_door_before_pays_no_share_of_a_door_nobody_came_to(self):
        _made, (first, second) = between.bundle(picked_up=True, method="online")
        who = first.trip.rider_id
        stands(who, first.job.order.point, at=NOW + MINUTE)
        services.arrive(stop_id=first.pk, rider_id=who, now=NOW + MINUTE)
        otp = first.job.order.door_otp
        services.deliver(stop_id=first.pk, rider_id=who, otp=otp, now=NOW + 2 * MINUTE)
        Order.objects.filter(pk=second.job.order_id).update(lat=first.job.order.lat + 0.03)
        services.bring_back(stop_id=second.pk, rider_id=who, why=DAMAGED, now=NOW + 3 * MINUTE)
        assert Earning.objects.get(stop=second).receipt["paid_metres"] < 10


def come_back(stop):
    orders.goods_back(order_id=stop.job.order_id, actor="user:2", now=NOW + 20 * MINUTE)
    services.bags_back(order_id=stop.job.order_id, now=NOW + 20 * MINUTE)
    assert Stop.objects.get(pk=stop.pk).state == StopState.FAILED
    assert Trip.objects.get().ended_at


class TestTheStore:
    def waits(self, *, far=True, sure=True):
        """The rider says to be at the shelf at NOW, and has the bags fourteen minutes later."""
        made, stop = trip(method="online")
        stands(made.rider_id, Point(made.store.lat + (0.02 if far else 0), made.store.lng))
        services.arrive_at_store(rider_id=made.rider_id, now=NOW, sure=sure)
        return made, stop

    def paid(self, made, stop):
        at = NOW + 14 * MINUTE
        services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=at)
        services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=at)
        services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=stop.job.order.door_otp, now=at)
        earning = Earning.objects.get()
        return earning.parts["waiting_paise"], earning.receipt["waited_s"]

    def test_who_is_sure_against_a_good_position_is_told_to_operations_and_not_paid_for_waiting(self):
        made, stop = self.waits()
        told = Event.objects.get(code="delivery.ArrivalDoubted")
        assert told.payload["where"] == "store" and told.payload["metres"] > 2_000
        assert self.paid(made, stop) == (0, 0), "it began with the scan"

    def test_waiting_is_paid_from_when_a_position_shows_it(self):
        made, stop = self.waits()
        Position.objects.create(
            rider_id=made.rider_id, lat=made.store.lat, lng=made.store.lng, accuracy_metres=5, at=NOW + 2 * MINUTE
        )
        assert self.paid(made, stop) == (700, 720), "twelve minutes, five of them free"

    def test_where_the_position_agrees_it_is_paid_from_the_press(self):
        made, stop = self.waits(far=False)
        assert not Event.objects.filter(code="delivery.ArrivalDoubted").exists()
        assert self.paid(made, stop) == (900, 840)


class TestTheDoors:
    @pytest.fixture
    def riding(self, client):
        made, stop = carrying()
        client.force_login(made.rider.user)
        stands(made.rider_id, made.store.point, at=timezone.now())
        return made, stop

    def test_the_api_refuses_with_a_problem_and_believes_who_is_sure(self, client, riding):
        _made, stop = riding
        url = f"/api/v1/rider/stops/{stop.pk}/arrive/"
        refused = client.post(url, {}, content_type="application/json")
        assert refused.status_code == 409 and refused.json()["type"].endswith("/not-there")
        assert refused.json()["metres"] > 3_000
        done = client.post(url, {"sure": True}, content_type="application/json")
        assert done.status_code == 200 and done.json()["stop"]["next"] == "deliver"

    def test_the_screen_asks_and_believes(self, client, riding):
        _made, stop = riding
        url = f"/rider/stops/{stop.pk}/arrive/"
        services.depart(rider_id=stop.trip.rider_id, now=NOW)
        asked = client.post(url, HTTP_HX_REQUEST="true").content.decode()
        assert "m from this door" in asked and "I do stand at the door" in asked
        assert "I do stand at the door" in client.get("/rider/").content.decode()
        client.post(url, {"sure": "1"})
        assert Stop.objects.get().arrived_at
        assert "I do stand at the door" not in client.get("/rider/").content.decode()
