"""Operations call bags back that are on the road: the rider turns round, the customer is refunded, the ride is paid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from blinkit.kernel import live
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from catalog.ways import way_metres
from delivery import queries, services
from delivery.errors import ReasonMissing, RiderBusy, StopGone
from delivery.models import Adjustment, BagsReturn, Earning, Offer, PayPolicy, Stop, StopState, Trip
from delivery.tests import test_between as between
from delivery.tests.factories import BAGS, rider, trip
from inventory.models import Stock
from orders import services as orders
from orders.errors import IllegalMove
from orders.models import Order
from orders.states import Status
from payments.gateways import sandbox
from payments.models import Payment, Refund
from payments.tests.factories import start, tell

LATER = NOW + timedelta(minutes=5)
WHY = "The customer asked for it"


def on_the_road():
    """Paid, picked up, left."""
    made, stop = trip(method="online")
    payment = Payment.objects.get(ref=stop.job.order_id)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW)
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    services.depart(rider_id=made.rider_id, now=NOW)
    return made, stop


def call_back(stop, *, reason=WHY, now=LATER):
    return services.call_back(order_id=stop.job.order_id, reason=reason, actor="user:1", now=now)


@pytest.mark.django_db
class TestCallingBack:
    def test_the_bags_ride_back_the_money_goes_back_and_the_goods_are_sold_again(self):
        made, stop = on_the_road()
        before = Stock.objects.get().on_hand
        for _ in range(2):
            call_back(stop)
        stop.refresh_from_db()
        assert (stop.state, stop.fail_reason) == (StopState.FAILED, WHY)
        order = Order.objects.get()
        assert (order.status, order.cancel_reason) == (Status.UNDELIVERED, WHY)
        assert Refund.objects.count() == 1
        assert queries.trip_of(rider=made.rider, now=LATER)["next"] == "ride-back"
        orders.goods_back(order_id=order.pk, actor="user:2", now=LATER)
        services.bags_back(order_id=order.pk, now=LATER)
        assert Trip.objects.get().ended_at == LATER
        assert Stock.objects.get().on_hand > before
        assert Event.objects.filter(code="delivery.BagsCalledBack").count() == 1

    def test_the_rider_reads_why_on_the_screen_at_once(self, client):
        made, stop = on_the_road()
        call_back(stop)
        client.force_login(made.rider.user)
        page = client.get("/rider/").content.decode()
        assert f"Bring {stop.job.order.number} back to the store" in page and f"{WHY}<br>Your ride" in page
        assert 'data-act="ride-back"' in page
        assert client.get("/api/v1/rider/trip/").json()["trip"]["returns"][0]["called_back"] is True

    def test_the_way_is_paid_and_the_way_back_from_where_the_rider_is(self):
        made, stop = on_the_road()
        half = (made.store.lat + 0.004, made.store.lng)
        at = round(LATER.timestamp() * 1000)
        Order.objects.update(lat=made.store.lat + 0.03)
        live.remember(f"rider-at:{made.rider_id}", {"lat": half[0], "lng": half[1], "at": at}, ttl_s=60)
        call_back(stop)
        earning = Earning.objects.get()
        assert earning.receipt["why"] == "turned-back"
        orders.goods_back(order_id=stop.job.order_id, actor="user:2", now=LATER)
        services.bags_back(order_id=stop.job.order_id, now=LATER)
        way = Adjustment.objects.get().amount_paise * 1000 / 700
        assert abs(way - way_metres(made.store, type(made.store.point)(*half))) < 5
        assert BagsReturn.objects.get().done_at

    def test_never_less_than_offered_because_the_house_ended_it(self):
        PayPolicy.objects.create(starts_at=NOW, first_metres=0)
        made, stop = on_the_road()
        at = round(LATER.timestamp() * 1000)
        live.remember(f"rider-at:{made.rider_id}", {"lat": made.store.lat, "lng": made.store.lng, "at": at}, ttl_s=60)
        call_back(stop)
        earning = Earning.objects.get()
        assert earning.receipt["why"] == "turned-back"
        assert earning.total_paise == Offer.objects.get().pay_paise > earning.parts["base_paise"]

    def test_the_other_doors_of_the_trip_stay(self):
        _made, (first, second) = between.bundle(picked_up=True, method="online")
        call_back(first)
        second.refresh_from_db()
        assert second.state == StopState.ON_BOARD
        assert Trip.objects.get().ended_at is None

    def test_not_before_the_pickup_not_after_the_door_and_never_without_a_reason(self):
        made, stop = trip(method="online")
        with pytest.raises(StopGone):
            call_back(stop)
        services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
        with pytest.raises(ReasonMissing):
            call_back(stop, reason=" ")
        services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=stop.job.order.door_otp, now=LATER)
        with pytest.raises(StopGone):
            call_back(stop)
        assert Order.objects.get().status == Status.DELIVERED

    def test_not_while_another_rider_comes_for_the_bags(self):
        made, stop = on_the_road()
        zoya = rider(made.store, name="Zoya")
        services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="x", actor="user:1", now=NOW)
        with pytest.raises(RiderBusy):
            call_back(stop)

    def test_bags_on_the_road_that_the_rider_has_not_been_told_of_yet(self):
        """The store's scan, whose event is still on its way."""
        made, stop = trip(method="online")
        orders.picked_up(order_id=stop.job.order_id, bag_codes=BAGS, actor="user:2", now=NOW)
        assert call_back(stop).state == StopState.FAILED
        assert made.pk


@pytest.mark.django_db(transaction=True)
def test_called_back_and_handed_over_at_once_one_of_them_counts(race):
    made, stop = on_the_road()
    otp = stop.job.order.door_otp

    def act(number):
        if number % 2:
            return services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=otp, now=LATER)
        return call_back(stop)

    done = race(8, act)
    refused = {type(one) for one in done if isinstance(one, BaseException)}
    assert refused <= {StopGone, IllegalMove} and refused
    ended = (Stop.objects.get().state, Order.objects.get().status)
    assert ended in ((StopState.DELIVERED, Status.DELIVERED), (StopState.FAILED, Status.UNDELIVERED))
    assert Earning.objects.count() == 1
    assert Refund.objects.count() == (ended[0] == StopState.FAILED)


@pytest.mark.django_db
class TestBagsThatDoNotComeBack:
    def lost(self, stop, reason="The rider is in hospital"):
        services.not_coming(order_id=stop.job.order_id, reason=reason, actor="user:1", now=LATER)

    def test_their_rider_is_free_of_them_and_no_way_back_is_paid(self):
        made, stop = trip(to_door=True, method="online")
        call_back(stop)
        for _ in range(2):
            self.lost(stop)
        assert Trip.objects.get().ended_at == LATER and not Adjustment.objects.exists()
        assert BagsReturn.objects.get().done_at == LATER
        assert Event.objects.filter(code="delivery.BagsNotComing").count() == 1
        services.go_off_duty(rider_id=made.rider_id, now=LATER)

    def test_what_turns_up_is_taken_in_as_usual(self):
        _made, stop = on_the_road()
        call_back(stop)
        self.lost(stop)
        before = Stock.objects.get().on_hand
        orders.goods_back(order_id=stop.job.order_id, actor="user:2", now=LATER)
        services.bags_back(order_id=stop.job.order_id, now=LATER)
        assert Stock.objects.get().on_hand > before and not Adjustment.objects.exists()

    def test_not_without_a_reason_nor_while_nothing_rides_back(self):
        _made, stop = on_the_road()
        with pytest.raises(StopGone):
            self.lost(stop)
        call_back(stop)
        with pytest.raises(ReasonMissing):
            self.lost(stop, " ")
        services.bags_back(order_id=stop.job.order_id, now=LATER)
        self.lost(stop)
        assert not Event.objects.filter(code="delivery.BagsNotComing").exists(), "the store has them"
