"""What a rider does twice, and what happens between two of their steps."""

from datetime import timedelta

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog.models import Product, Zone
from catalog.tests.factories import NOW
from delivery import calling, services
from delivery.errors import OfferGone, StopGone, TooEarly, TripLive
from delivery.models import CallAttempt, DoorWait, Job, JobState, Offer, OfferState, Rider, Trip
from delivery.services.calls import CONNECTING
from delivery.tests.factories import offered, packed, rider, trip, waiting_job
from delivery.tests.test_api import PIXEL
from delivery.tests.test_between import bundle
from delivery.tests.test_chats import exotel
from orders.models import Order, OrderLine

pytestmark = pytest.mark.django_db
AT_DOOR = NOW + timedelta(minutes=10)


# -- offers, and what carries them ---------------------------------------------------------------------------------


def on_offer(**fields):
    job = waiting_job()
    who = rider(job.store, **fields)
    packed(job.order)
    services.bags_ready(order_id=job.order_id, bags=4, now=NOW)
    return job, who, offered(job)


def test_who_changes_to_a_bicycle_does_not_accept_what_the_scooter_was_offered(monkeypatch):
    monkeypatch.setattr("delivery.services.joining.good_kinds", lambda *_, **__: {"kyc", "bank", "photo"})
    monkeypatch.setattr("delivery.services.joining.settle", lambda *_, **__: True)
    job, who, offer = on_offer()
    services.change_vehicle(rider_id=who.pk, vehicle="cycle", now=NOW)
    with pytest.raises(OfferGone):
        services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
    assert (Offer.objects.get().state, Job.objects.get().state) == (OfferState.WITHDRAWN, JobState.SEEKING)
    assert services.dispatch_round(now=NOW) == 0, "two bags go on a bicycle, and these are four"
    services.change_vehicle(rider_id=who.pk, vehicle="ebike", now=NOW)
    assert offered(job).rider_id == who.pk


def test_another_bag_takes_the_offer_back_and_is_for_after_the_trip():
    job, who, _offer = on_offer()
    Product.objects.filter(pk__in=OrderLine.objects.filter(order=job.order).values("product")).update(zone=Zone.FROZEN)
    services.update_rider(rider_id=who.pk, has_cold_bag=True, max_litres=40, language="hi", now=NOW)
    assert Offer.objects.get().state == OfferState.OPEN, "the same bag as before"
    services.update_rider(rider_id=who.pk, has_cold_bag=False, now=NOW)
    assert Offer.objects.get().state == OfferState.WITHDRAWN
    assert services.dispatch_round(now=NOW) == 0
    services.update_rider(rider_id=who.pk, has_cold_bag=True, now=NOW)
    services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)
    with pytest.raises(TripLive):
        services.update_rider(rider_id=who.pk, has_cold_bag=False, now=NOW)
    assert Rider.objects.get().has_cold_bag


def test_sent_twice_by_hand_is_sent_once():
    job = waiting_job()
    who, other = rider(job.store), rider(job.store)
    send = {"order_id": job.order_id, "actor": "user:1", "now": NOW}
    assert services.assign_by_hand(rider_id=who.pk, **send) == services.assign_by_hand(rider_id=who.pk, **send)
    with pytest.raises(StopGone):
        services.assign_by_hand(rider_id=other.pk, **send)
    assert Trip.objects.count() == 1


def test_the_floor_hurries_with_an_order_for_a_rider_who_stands_there_already():
    job = waiting_job()
    who, along = rider(job.store), waiting_job(at=job.store)
    services.assign_by_hand(order_id=job.order_id, rider_id=who.pk, actor="user:1", now=NOW)
    services.arrive_at_store(rider_id=who.pk, now=NOW, sure=True)
    services.assign_by_hand(order_id=along.order_id, rider_id=who.pk, actor="user:1", now=AT_DOOR)
    assert Order.objects.get(pk=along.order_id).rider_here_at == AT_DOOR


# -- calls -----------------------------------------------------------------------------------------------------------


def test_a_press_that_is_sent_again_while_the_provider_is_asked_does_not_ring_twice(settings, monkeypatch):
    asked = exotel(settings, monkeypatch, (200, {"Call": {"Sid": "c1"}}))
    made, stop = trip(to_door=True)
    press = {"stop_id": stop.pk, "rider_id": made.rider_id, "nonce": "n"}
    answer, again = calling.httpx.post, []

    def slow(url, **sent):
        if not again:  # the app gave up waiting and sends it once more, while this one is still on its way
            again.append(None)
            again.append(services.rider_calls(**press, now=AT_DOOR + timedelta(seconds=4)))
        return answer(url, **sent)

    monkeypatch.setattr(calling.httpx, "post", slow)
    assert services.rider_calls(**press, now=AT_DOOR).how == again[1].how == "rings"
    assert len(asked) == CallAttempt.objects.count() == 1


def test_a_call_that_was_lost_on_the_way_may_be_made_again(settings, monkeypatch):
    asked = exotel(settings, monkeypatch, (200, {"Call": {"Sid": "c1"}}))
    made, stop = trip(to_door=True)
    CallAttempt.objects.create(stop=stop, by="rider", nonce="n", at=AT_DOOR)  # the process died there
    press = {"stop_id": stop.pk, "rider_id": made.rider_id, "nonce": "n"}
    services.rider_calls(**press, now=AT_DOOR + CONNECTING)
    assert len(asked) == 1
    assert isinstance(asked[0][0], str) and httpx.URL(asked[0][0]).host == "api.exotel.com"


# -- at the door -----------------------------------------------------------------------------------------------------


def stands_at_the_wrong_house():
    made, stop = trip(to_door=True)
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    for number in range(2):
        at = AT_DOOR + timedelta(seconds=30 * number)
        services.rider_calls(stop_id=stop.pk, rider_id=made.rider_id, nonce=str(number), now=at)
    return made, stop


def move(stop, by_deg):
    order = Order.objects.get(pk=stop.job.order_id)
    to = Point(order.lat + by_deg, order.lng)
    services.move_pin(order_id=order.pk, customer_id=order.customer_id, to=to, actor="user:1", now=AT_DOOR)
    stop.refresh_from_db()
    return Order.objects.get(pk=order.pk)


def test_a_pin_that_moves_to_another_house_sends_the_rider_there_and_ends_the_wait():
    made, stop = stands_at_the_wrong_house()
    late = AT_DOOR + timedelta(minutes=6)
    order = move(stop, 0.0015)
    assert stop.arrived_at is None and order.rider_at_door_at is None and not DoorWait.objects.exists()
    back = {"stop_id": stop.pk, "rider_id": made.rider_id, "why": "nobody"}
    with pytest.raises(StopGone):
        services.bring_back(**back, now=late)
    services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=late)
    with pytest.raises(TooEarly):
        services.bring_back(**back, now=late)
    assert services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=late).waits_until > late
    assert Event.objects.filter(code="orders.RiderAtDoor").count() == 2, "the customer is told of the new arrival"


def test_a_pin_that_is_drawn_better_is_the_same_door():
    _made, stop = stands_at_the_wrong_house()
    order = move(stop, 0.0002)
    assert stop.arrived_at is not None and order.rider_at_door_at is not None and DoorWait.objects.exists()


def test_who_cancelled_at_the_door_stays_cancelled_when_the_pin_moves():
    made, stop = stands_at_the_wrong_house()
    order = stop.job.order
    services.answer_door(order_id=order.pk, customer_id=order.customer_id, answer="cancel", now=AT_DOOR)
    move(stop, 0.0015)
    services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="nobody", now=AT_DOOR)
    stop.refresh_from_db()
    assert stop.fail_reason == "Cancelled at the door"


def test_a_picture_of_a_door_that_proves_nothing_is_not_kept(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    made, stop = trip(to_door=True, method="online")
    client.force_login(made.rider.user)

    def deliver():
        photo = SimpleUploadedFile("door.png", PIXEL, "image/png")
        client.post(f"/rider/stops/{stop.pk}/deliver/", {"photo": photo})
        return len(list((tmp_path / "doors").iterdir())) if (tmp_path / "doors").exists() else 0

    assert deliver() == 0, "the customer wants it in their hands: the code is needed"
    order = stop.job.order
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    services.answer_door(order_id=order.pk, customer_id=order.customer_id, answer="leave_at_door", now=AT_DOOR)
    assert [deliver() for _ in range(3)] == [1, 1, 1], "a second tap keeps no second picture"


def test_who_stands_at_the_second_door_waits_at_the_first_no_more():
    made, (first, second) = bundle(picked_up=True)
    who = {"rider_id": made.rider_id}
    services.arrive(stop_id=first.pk, now=AT_DOOR, **who)
    services.begin_wait(stop_id=first.pk, now=AT_DOOR, **who)
    for number in range(2):
        at = AT_DOOR + timedelta(seconds=30 * number)
        services.rider_calls(stop_id=first.pk, nonce=str(number), now=at, **who)
    later = AT_DOOR + timedelta(minutes=6)
    for _ in range(2):
        services.arrive(stop_id=second.pk, now=later, **who)
    assert [Order.objects.get(pk=it.job.order_id).rider_at_door_at for it in (first, second)] == [None, later]
    with pytest.raises(StopGone):
        services.bring_back(stop_id=first.pk, why="nobody", now=later, **who)
    services.arrive(stop_id=first.pk, now=later, **who)
    with pytest.raises(TooEarly):
        services.bring_back(stop_id=first.pk, why="nobody", now=later, **who)


def test_a_second_rider_who_falls_silent_on_the_way_is_told_to_operations():
    made, stop = trip(to_door=True)
    other = rider(made.store, name="Zoya")
    services.send_rescue(from_rider_id=made.rider_id, to_rider_id=other.pk, why="x", actor="user:1", now=NOW)
    late = NOW + timedelta(minutes=20)
    Rider.objects.filter(pk=made.rider_id).update(seen_at=late)
    told = Event.objects.filter(code="delivery.TripInTrouble")
    Rider.objects.filter(pk=other.pk).update(seen_at=late)
    services.watch_trips(now=late)
    assert not told.filter(payload__rider_id=other.pk).exists()
    Rider.objects.filter(pk=other.pk).update(seen_at=NOW)
    for _ in range(2):
        services.watch_trips(now=late)
    about = told.get(payload__rider_id=other.pk).payload
    assert (about["order_id"], about["what"]) == (str(stop.job.order_id), "silent")
