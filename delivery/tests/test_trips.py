"""From the offer to the door."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from blinkit.kernel.geo import Point, step_towards
from blinkit.kernel.models import Event
from catalog.models import StoreLoad
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from catalog.travel import RIDDEN
from delivery import queries, services
from delivery.errors import CannotTake, NoSuchStop, ReasonMissing, StopGone
from delivery.models import (
    Earning,
    Job,
    JobState,
    Offer,
    OfferState,
    ProofOfDelivery,
    Rider,
    Stop,
    StopState,
    Trip,
    Vehicle,
)
from delivery.tests.factories import BAGS, offered, packed, rider, trip, waiting_job
from orders import services as orders
from orders.errors import ProofNeeded, WrongBags, WrongCash, WrongOtp
from orders.models import Cause, LegStat, Order
from orders.states import Status
from orders.tests.factories import customer, place_order, shop
from payments.queries import cash_in_hand

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def status(stop):
    return Order.objects.get(pk=stop.job.order_id).status


def test_an_order_goes_from_offer_to_door():
    made, stop = trip()
    who = made.rider_id
    assert status(stop) == Status.ASSIGNED_TO_PARTNER
    services.arrive_at_store(rider_id=who, now=NOW)
    services.pick_up(stop_id=stop.pk, rider_id=who, bag_codes=["bag-2", " BAG-1 "], now=NOW)
    assert status(stop) == Status.PICKED_UP
    services.depart(rider_id=who, now=NOW)
    assert status(stop) == Status.IN_TRANSIT
    services.arrive(stop_id=stop.pk, rider_id=who, now=NOW)
    order = stop.job.order
    done = services.deliver(
        stop_id=stop.pk, rider_id=who, otp=order.door_otp, cash_paise=order.total_paise, at=Point(12.9, 77.6), now=LATER
    )
    assert (done.state, status(stop)) == (StopState.DELIVERED, Status.DELIVERED)
    assert Job.objects.get().state == JobState.DONE
    assert Trip.objects.get().ended_at == LATER
    assert ProofOfDelivery.objects.get().kind == "otp"
    assert cash_in_hand(who) == order.total_paise
    earning = Earning.objects.get()
    assert earning.total_paise == sum(earning.parts.values()) == Offer.objects.get().pay_paise


def test_delivering_twice_pays_once():
    made, stop = trip(to_door=True)
    order = stop.job.order
    for _ in range(2):
        services.deliver(
            stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.total_paise, now=LATER
        )
    assert Earning.objects.count() == ProofOfDelivery.objects.count() == 1


def test_waiting_at_the_store_is_paid_beyond_five_minutes():
    made, stop = trip()
    who, order = made.rider_id, stop.job.order
    services.arrive_at_store(rider_id=who, now=NOW)
    services.pick_up(stop_id=stop.pk, rider_id=who, bag_codes=BAGS, now=NOW + timedelta(minutes=9))
    services.deliver(stop_id=stop.pk, rider_id=who, otp=order.door_otp, cash_paise=order.total_paise, now=LATER)
    assert Earning.objects.get().parts["waiting_paise"] == 400


@pytest.mark.parametrize(
    ("proof", "refusal"),
    [({"otp": "xxxx", "cash_paise": 1}, WrongOtp), ({}, ProofNeeded), ({"otp": "right", "cash_paise": 1}, WrongCash)],
)
def test_a_wrong_code_no_proof_or_wrong_cash_delivers_nothing(proof, refusal):
    made, stop = trip(to_door=True)
    if proof.get("otp") == "right":
        proof["otp"] = stop.job.order.door_otp
    with pytest.raises(refusal):
        services.deliver(stop_id=stop.pk, rider_id=made.rider_id, now=LATER, **proof)
    assert status(stop) == Status.IN_TRANSIT
    assert not Earning.objects.exists()


def test_left_at_the_door_with_a_photo():
    made, stop = trip(to_door=True, method="online", instructions=["leave_at_door"])
    services.deliver(stop_id=stop.pk, rider_id=made.rider_id, photo="doors/1.jpg", now=LATER)
    assert ProofOfDelivery.objects.get().photo == "doors/1.jpg"


def test_at_the_door_is_written_down_on_the_order_once():
    made, stop = trip(to_door=True)
    at = Order.objects.get().rider_at_door_at
    assert at == stop.arrived_at
    services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=LATER)
    assert Order.objects.get().rider_at_door_at == at


def test_somebody_elses_bags_stay_in_the_store():
    made, stop = trip()
    with pytest.raises(WrongBags) as refusal:
        services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=["BAG-1", "BAG-9"], now=NOW)
    assert (refusal.value.extra["missing"], refusal.value.extra["foreign"]) == (["BAG-2"], ["BAG-9"])
    assert Stop.objects.get().state == StopState.TO_PICK_UP


def test_another_riders_stop_does_not_exist():
    _, stop = trip()
    stranger = rider(stop.job.store)
    for act in (services.arrive, services.deliver):
        with pytest.raises(NoSuchStop):
            act(stop_id=stop.pk, rider_id=stranger.pk, now=NOW)
    with pytest.raises(NoSuchStop):
        services.fail_stop(stop_id=stop.pk, rider_id=stranger.pk, reason="x", now=NOW)


def test_nobody_at_home_pays_the_ride_without_the_tip_and_ends_the_trip_once_the_store_has_the_bags():
    made, stop = trip(to_door=True, tip_paise=2_000)
    with pytest.raises(ReasonMissing):
        services.fail_stop(stop_id=stop.pk, rider_id=made.rider_id, reason=" ", now=LATER)
    for _ in range(2):
        services.fail_stop(stop_id=stop.pk, rider_id=made.rider_id, reason="Nobody opened", now=LATER)
    assert status(stop) == Status.UNDELIVERED
    assert Earning.objects.get().parts["tip_paise"] == 0
    assert Trip.objects.get().ended_at is None
    for _ in range(2):
        services.bags_back(order_id=stop.job.order_id, now=LATER)
    assert Trip.objects.get().ended_at == LATER


def test_handing_back_before_the_pickup_finds_somebody_else():
    made, stop = trip()
    services.give_up(stop_id=stop.pk, rider_id=made.rider_id, reason="Flat tyre", now=NOW)
    assert status(stop) == Status.PACKED
    assert Order.objects.get().rider_id_ref is None
    assert Trip.objects.get().ended_at == NOW
    assert services.dispatch_round(now=NOW) == 0, "never back to the one who gave it back"
    second = rider(made.store)
    assert offered(stop.job).rider_id == second.pk
    services.accept(offer_id=Offer.objects.get(state=OfferState.OPEN).pk, rider_id=second.pk, now=NOW)
    assert status(stop) == Status.ASSIGNED_TO_PARTNER


def test_a_cancelled_order_frees_its_rider_and_says_why(run_events):
    made, stop = trip()
    orders.cancel(order_id=stop.job.order_id, by="staff", reason="Customer called", actor="user:1", now=NOW)
    services.drop_cancelled(order_id=stop.job.order_id, now=NOW)
    services.drop_cancelled(order_id=stop.job.order_id, now=NOW)
    assert Trip.objects.get().ended_at == NOW
    assert Job.objects.get().state == JobState.CANCELLED
    state = queries.rider_state(rider=made.rider, now=NOW)
    assert state["trip"] is None
    assert "cancelled" in state["notice"]
    with override("hi"):
        assert "cancelled" not in queries.rider_state(rider=made.rider, now=NOW)["notice"]


def test_a_cancelled_order_takes_its_offer_back():
    job = waiting_job()
    rider(job.store)
    offer = offered(job)
    orders.cancel(order_id=job.order_id, by="staff", reason="Customer called", actor="user:1", now=NOW)
    services.drop_cancelled(order_id=job.order_id, now=NOW)
    assert Offer.objects.get(pk=offer.pk).state == OfferState.WITHDRAWN
    assert Job.objects.get().state == JobState.CANCELLED


def test_operations_send_and_recall_a_rider():
    job = waiting_job()
    first, second = rider(job.store), rider(job.store)
    assert offered(job).rider_id == first.pk
    services.assign_by_hand(order_id=job.order_id, rider_id=second.pk, actor="user:1", now=NOW)
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    with pytest.raises(StopGone):
        services.assign_by_hand(order_id=job.order_id, rider_id=first.pk, actor="user:1", now=NOW)
    along = waiting_job(at=job.store)
    services.assign_by_hand(order_id=along.order_id, rider_id=second.pk, actor="user:1", now=NOW)
    assert [stop.rank for stop in Trip.objects.get().stops.order_by("rank")] == [1, 2], "fetched along"
    Rider.objects.filter(pk=second.pk).update(max_bags=2)
    with pytest.raises(CannotTake):
        services.assign_by_hand(order_id=waiting_job(at=job.store).order_id, rider_id=second.pk, actor="u", now=NOW)
    services.unassign(order_id=job.order_id, reason="Too far away", actor="user:1", now=NOW)
    assert Order.objects.get(pk=job.order_id).rider_id_ref is None
    with pytest.raises(StopGone):
        services.unassign(order_id=job.order_id, reason="again", actor="user:1", now=NOW)


def test_the_promise_is_told_how_many_riders_are_idle():
    job = waiting_job()
    rider(job.store), rider(job.store)
    load = StoreLoad.objects.get(store=job.store)
    assert (load.riders_on, load.riders_idle) == (2, 2)
    assert (load.carries_bags, load.carries_litres) == (4, 40)
    offer = offered(job)
    services.accept(offer_id=offer.pk, rider_id=offer.rider_id, now=NOW)
    load.refresh_from_db()
    assert (load.riders_on, load.riders_idle, load.rider_wait_s) == (2, 1, 0)


def test_the_next_thing_to_do_is_one_thing():
    job = waiting_job()
    who = rider(job.store)
    services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)

    def now_do():
        return queries.trip_of(rider=who, now=NOW)["stops"][0]["next"]

    stop = Stop.objects.get()
    seen = [now_do()]
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    seen.append(now_do())
    packed(job.order)
    seen.append(now_do())
    services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    seen.append(now_do())
    services.depart(rider_id=who.pk, now=NOW)
    seen.append(now_do())
    services.arrive(stop_id=stop.pk, rider_id=who.pk, now=NOW)
    seen.append(now_do())
    assert seen == ["at-store", "wait", "pick-up", "depart", "arrive", "deliver"]


def test_every_answer_is_on_the_orders_timeline():
    _made, stop = trip()
    codes = Event.objects.filter(subject=f"order:{stop.job.order_id}").values_list("code", flat=True)
    assert {"delivery.OfferMade", "delivery.OfferAnswered"} <= set(codes)


def test_what_the_legs_took_is_written_down(monkeypatch):
    monkeypatch.setattr("orders.promise.pooling.LEAN", 0)
    made, stop = trip(to_door=True)
    order = stop.job.order
    services.deliver(
        stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.total_paise, now=LATER
    )
    before = Order.objects.get(pk=waiting_job(at=made.store).order_id)
    Order.objects.filter(pk=before.pk).update(placed_at=order.placed_at, promised_by=LATER + timedelta(minutes=1))
    assert services.measure_legs(now=LATER) == 0, "one from before it is on its way and in time"
    services.measure_legs(now=LATER + timedelta(hours=1))
    assert not LegStat.objects.filter(leg__startswith="by_").exists(), "one ride does not say which vehicles ride"
    monkeypatch.setattr("delivery.services.legs.ENOUGH_RIDES", 1)
    services.measure_legs(now=LATER + timedelta(hours=1))
    rows = {(row.hour, row.leg): (row.p50_s, row.samples) for row in LegStat.objects.all()}
    found = {leg: figures for (hour, leg), figures in rows.items() if hour == 14}  # by the clock of the city
    assert found == {leg: figures for (hour, leg), figures in rows.items() if hour == LegStat.ANY_HOUR}
    reckoned_s = order.promises.get().inputs["ride_s"]
    assert found.pop("ride_times") == (pytest.approx(300 / reckoned_s), 1)
    assert found == {
        "rider": (60, 1), "handover": (0, 1), "door": (180, 1),
        "by_cycle": (0, 1), "by_ebike": (1, 1), "by_scooter": (0, 1),
    }  # fmt: skip


def test_a_ride_to_a_door_the_customer_moved_is_measured_by_the_way_that_was_ridden(monkeypatch):
    made, stop = trip()
    order = stop.job.order
    to = step_towards(order.point, Point(2 * order.lat - made.store.lat, 2 * order.lng - made.store.lng), 200)
    services.move_pin(order_id=order.pk, to=to, customer_id=order.customer_id, actor="user:1", now=NOW)
    first, agreed = (one.inputs["ride_s"] for one in order.promises.order_by("pk"))
    services.arrive_at_store(rider_id=made.rider_id, now=NOW + timedelta(minutes=2))
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW + timedelta(minutes=2))
    services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=NOW + timedelta(minutes=2, seconds=agreed))
    services.deliver(
        stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.total_paise, now=LATER
    )
    monkeypatch.setattr("orders.promise.pooling.LEAN", 0)
    services.measure_legs(now=LATER + timedelta(hours=1))
    row = LegStat.objects.get(leg="ride_times", store=made.store, hour=LegStat.ANY_HOUR)
    assert agreed > first and row.p50_s == pytest.approx(1)


def test_riders_come_with_the_vehicles_the_promise_knows():
    assert set(Vehicle.values) == set(RIDDEN)


def test_rides_in_bad_weather_are_measured_apart():
    dry, wet = trip(to_door=True), trip(to_door=True, at=make_store("BLR-U"))
    promise = wet[1].job.order.promises.get()
    promise.inputs |= {"bad_weather": True}
    promise.save()
    for made, stop in (dry, wet):
        due, rider_id = stop.job.order.total_paise, made.rider_id
        services.deliver(stop_id=stop.pk, rider_id=rider_id, otp=stop.job.order.door_otp, cash_paise=due, now=LATER)
    services.measure_legs(now=LATER + timedelta(hours=1))
    times = LegStat.objects.filter(leg__startswith="ride_", hour=LegStat.ANY_HOUR, store__isnull=False).values_list(
        "leg", "store_id"
    )
    assert sorted(times) == [("ride_times", dry[0].store_id), ("ride_wet", wet[0].store_id)]


def test_a_rider_who_was_coming_is_free_when_another_store_does_the_order(run_events):

    milk = ProductFactory()
    first = shop(milk)
    second = shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    order = place_order(customer(), first, [milk])
    services.open_job(order_id=order.pk, now=NOW)
    job = Job.objects.get(order=order)
    who, there = rider(first), rider(second)
    services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)
    orders.resource(order_id=order.pk, store_id=first.pk, cause=Cause.DECLINED, why="No power", actor="user:1", now=NOW)
    services.follow_order(order_id=order.pk, now=NOW)
    services.follow_order(order_id=order.pk, now=NOW)
    job.refresh_from_db()
    order.refresh_from_db()
    assert (job.store_id, job.state, job.due_at) == (second.pk, JobState.SEEKING, order.promised_by)
    assert Stop.objects.get(job=job).state == StopState.DROPPED
    assert services.live_trip(who.pk) is None
    assert order.rider_id_ref is None
    offer = offered(job)
    assert offer.rider_id == there.pk
    services.accept(offer_id=offer.pk, rider_id=there.pk, now=NOW)
    order.refresh_from_db()
    assert order.rider_id_ref == there.pk


def test_an_open_offer_is_withdrawn_and_a_rider_who_took_it_meanwhile_falls_away():

    milk = ProductFactory()
    first = shop(milk)
    shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    for taken in (False, True):
        order = place_order(customer(), first, [milk])
        services.open_job(order_id=order.pk, now=NOW)
        job = Job.objects.get(order=order)
        who = rider(first)
        offer = offered(job)
        orders.resource(order_id=order.pk, store_id=first.pk, cause=Cause.DECLINED, why="Dark", actor="user:1", now=NOW)
        if taken:  # before the news of the move is here
            services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
        services.follow_order(order_id=order.pk, now=NOW)
        job.refresh_from_db()
        order.refresh_from_db()
        assert (job.state, order.rider_id_ref, services.live_trip(who.pk)) == (JobState.SEEKING, None, None)
        services.go_off_duty(rider_id=who.pk, now=NOW)


def test_bags_scanned_one_by_one_are_on_board_with_the_last():
    made, stop = trip()
    send = {"stop_id": stop.pk, "rider_id": made.rider_id, "now": NOW}
    assert services.scan_bag(code="bag-2", nonce="a", **send).missing == ("BAG-1",)
    assert Stop.objects.get().state == StopState.TO_PICK_UP
    for _ in range(2):
        assert services.scan_bag(code="BAG-1", nonce="b", **send).complete
    assert (Stop.objects.get().state, status(stop)) == (StopState.ON_BOARD, Status.PICKED_UP)
    with pytest.raises(NoSuchStop):
        services.scan_bag(code="BAG-1", nonce="c", stop_id=stop.pk, rider_id=rider(stop.job.store).pk, now=NOW)


def test_bags_the_store_scanned_out_are_on_board_too():
    made, stop = trip()
    services.bags_on_board(order_id=stop.job.order_id, now=NOW)
    assert Stop.objects.get().state == StopState.TO_PICK_UP, "nothing left the store yet"
    orders.picked_up(order_id=stop.job.order_id, bag_codes=BAGS, actor="user:2", now=LATER)
    for _ in range(2):
        services.bags_on_board(order_id=stop.job.order_id, now=LATER)
    stop = Stop.objects.get()
    assert (stop.state, stop.picked_up_at) == (StopState.ON_BOARD, LATER)
    services.deliver(
        stop_id=stop.pk,
        rider_id=made.rider_id,
        otp=stop.job.order.door_otp,
        cash_paise=stop.job.order.cash_due_paise,
        now=LATER,
    )
    assert Earning.objects.count() == 1
