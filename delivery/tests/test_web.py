"""The rider's screen, as a browser without JavaScript uses it, and the parts htmx asks for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel import live
from catalog.tests.factories import ProductFactory
from delivery import queries, services
from delivery.models import Offer, Stop, Trip
from delivery.tests.factories import BAGS, offered, packed, rider, waiting_job
from orders.models import Order, OrderLine
from orders.states import Status
from orders.tests.factories import address, customer, place_order, shop

pytestmark = pytest.mark.django_db


def signed_in(client, **order):
    job = waiting_job(**order)
    who = rider(job.store, on_duty=False)
    client.force_login(who.user)
    client.post("/rider/duty/", {"on": "1"})
    services.dispatch_round(now=timezone.now())
    return job, who


def test_a_whole_delivery_by_plain_forms(client):
    job, _ = signed_in(client)
    page = client.get("/rider/").content.decode()
    offer = Offer.objects.get()
    assert "Accept" in page
    assert job.order.address_text not in page, "before accepting the door is an area"
    assert client.post(f"/rider/offers/{offer.pk}/accept/").status_code == 302
    assert job.order.address_text in client.get("/rider/").content.decode()
    client.post("/rider/trip/at-store/")
    assert "being packed" in client.get("/rider/").content.decode()
    packed(job.order)
    assert "BAG-1" in client.get("/rider/").content.decode()
    url = f"/rider/stops/{Stop.objects.get().pk}"
    client.post(f"{url}/pick-up/", {"bag": [BAGS[0]], "codes": f"{BAGS[1]}, {BAGS[0]}"})
    client.post(f"{url}/depart/")
    client.post(f"{url}/arrive/")
    assert 'name="otp"' in client.get("/rider/").content.decode()
    order = Order.objects.get()
    client.post(f"{url}/deliver/", {"otp": order.door_otp, "cash_paise": order.total_paise})
    assert Order.objects.get().status == Status.DELIVERED
    assert order.number in client.get("/rider/earnings/").content.decode()


def test_what_the_rider_is_to_do_now_stands_first(client):
    job, _ = signed_in(client)
    page = client.get("/rider/").content.decode()
    assert page.index("data-offer=") < page.index("data-duty=")
    client.post(f"/rider/offers/{Offer.objects.get().pk}/accept/")
    page = client.get("/rider/").content.decode()
    assert page.index("data-trip=") < page.index('data-act="at-store"') and page.count("data-trip=") == 1
    client.post("/rider/trip/at-store/")
    packed(job.order)
    page = client.get("/rider/").content.decode()
    assert page.index('data-act="pick-up"') < page.index("data-trip="), "the shelf and the bags before the way"
    url = f"/rider/stops/{Stop.objects.get().pk}"
    client.post(f"{url}/pick-up/", {"bag": BAGS})
    client.post(f"{url}/depart/")
    assert f'<b class="text-lg">{job.store.name}</b>' in client.get("/rider/").content.decode()
    client.post(f"{url}/arrive/")
    door = client.get("/rider/").content.decode()
    assert f'<b class="text-lg">{job.store.name}</b>' not in door and job.order.address_text in door


def test_htmx_gets_the_part_and_a_word(client):
    signed_in(client)
    offer = Offer.objects.get()
    part = client.post(f"/rider/offers/{offer.pk}/decline/", {"reason": "Too far"}, HTTP_HX_REQUEST="true")
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert "toast" in part["HX-Trigger"]
    assert "<html" not in client.get("/rider/", HTTP_HX_REQUEST="true").content.decode()


def test_a_wrong_door_code_keeps_the_bags_with_the_rider(client):
    job, _ = signed_in(client)
    client.post(f"/rider/offers/{Offer.objects.get().pk}/accept/")
    packed(job.order)
    url = f"/rider/stops/{Stop.objects.get().pk}"
    client.post(f"{url}/pick-up/", {"bag": BAGS})
    refused = client.post(f"{url}/deliver/", {"otp": "x", "cash_paise": "1"}, HTTP_HX_REQUEST="true")
    assert refused.status_code == 400
    assert Order.objects.get().status == Status.PICKED_UP


def test_a_reason_is_kept_in_one_language_and_said_in_the_riders(client):
    signed_in(client)
    client.cookies["django_language"] = "hi"
    page = client.get("/rider/").content.decode()
    assert 'name="reason" value="Too far">' in page and ">Too far<" not in page


def test_a_refused_page_leads_back_to_the_ride(client):
    signed_in(client)
    offer = Offer.objects.get()
    client.post(f"/rider/offers/{offer.pk}/accept/")
    late = client.post(f"/rider/offers/{offer.pk}/decline/", {"reason": "Too far"})
    assert late.status_code == 409 and 'class="btn" href="/rider/"' in late.content.decode()
    assert 'class="btn" href="/"' in client.get("/ops/orders/").content.decode(), "not where one may not be"


def test_other_peoples_screens_stay_closed(client):
    assert client.get("/rider/").status_code == 302
    client.force_login(UserFactory(roles=["ops"]))
    assert client.get("/rider/").status_code == 403
    assert client.post("/rider/duty/", {"on": "1"}).status_code == 403
    client.force_login(UserFactory(roles=["rider"]))
    assert client.get("/rider/").status_code == 404


def test_another_riders_offer_cannot_be_taken(client):
    job, _ = signed_in(client)
    client.force_login(rider(job.store).user)
    assert client.post(f"/rider/offers/{Offer.objects.get().pk}/accept/").status_code == 404
    assert Offer.objects.get().state == "open"


def test_empty_pages_are_helpful(client):
    who = rider(waiting_job().store, on_duty=False)
    client.force_login(who.user)
    assert "Go on duty" in client.get("/rider/").content.decode()
    assert "No deliveries yet" in client.get("/rider/earnings/").content.decode()


def test_trouble_at_the_door_is_told_with_a_reason(client):
    job, _ = signed_in(client)
    client.post(f"/rider/offers/{Offer.objects.get().pk}/accept/")
    packed(job.order)
    url = f"/rider/stops/{Stop.objects.get().pk}"
    client.post(f"{url}/pick-up/", {"bag": BAGS})
    client.post(f"{url}/arrive/")
    client.post(f"{url}/fail/", {"reason": "nobody"})
    assert Order.objects.get().status == Status.IN_TRANSIT, "first the customer is called and waited for"
    client.post(f"{url}/fail/", {"reason": "refused"})
    assert Order.objects.get().status == Status.UNDELIVERED


CHIPS = {
    "no_bell": "Don&#x27;t ring the bell",
    "call_on_arrival": "Call when here",
    "beware_of_pet": "Mind the pet",
    "leave_with_guard": "Leave with the guard",
    "leave_at_door": "Leave at the door",
}


def test_every_wish_for_the_door_is_shown_before_and_at_the_door(client):
    job, _ = signed_in(client)
    Order.objects.update(instructions=list(CHIPS))
    offer = Offer.objects.get()
    offered_page = client.get("/rider/").content.decode()
    assert all(words in offered_page for words in CHIPS.values())
    client.post(f"/rider/offers/{offer.pk}/accept/")
    packed(job.order)
    url = f"/rider/stops/{Stop.objects.get().pk}"
    client.post(f"{url}/pick-up/", {"bag": BAGS})
    client.post(f"{url}/arrive/")
    door = client.get("/rider/").content.decode().split("data-door")[1]
    assert all(words in door for words in CHIPS.values())


def test_an_offer_that_was_not_answered_says_where_it_went(client):
    signed_in(client)
    Offer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "That trip went to somebody else" in client.get("/rider/").content.decode()
    services.sweep_offers(now=timezone.now())
    assert "That trip went to somebody else" in client.get("/rider/").content.decode()


def test_an_area_without_a_name_is_a_distance_and_cold_is_what_was_found():
    assert queries.area_of("12", 1240) == "1.2 km from the store"
    assert queries.area_of("12, 5th Cross, Indiranagar, 560038", 1240) == "Indiranagar, 560038"
    assert queries.area_of("12, 5th Cross, Indiranagar, Opposite the park, 560038", 1240) == "Indiranagar, 560038"
    assert queries.area_of("12, 5th Cross, Indiranagar, मंदिर के पास, 560038", 1240) == "Indiranagar, 560038"
    job = waiting_job()
    line = OrderLine.objects.select_related("product").get(order=job.order)
    line.product.zone = "chilled"
    line.product.save()
    who = rider(job.store)
    assert queries.offer_json(offered(job), who)["cold"]
    OrderLine.objects.update(short_qty=1)
    assert not queries.offer_json(Offer.objects.get(), who)["cold"]


def test_who_is_idle_reads_where_the_next_order_is_likely(client):
    job, who = signed_in(client)
    type(who).objects.update(wait_at=job.store)
    assert "next order is likely" not in client.get("/rider/").content.decode(), "there is an offer"
    client.post(f"/rider/offers/{Offer.objects.get().pk}/decline/", {"reason": "Too far"})
    assert f"The next order is likely at {job.store.name}." in client.get("/rider/").content.decode()
    client.post("/rider/duty/", {"on": "0"})
    assert "next order is likely" not in client.get("/rider/").content.decode()
    client.post("/rider/duty/", {"on": "1"})
    assert "next order is likely" not in client.get("/rider/").content.decode(), "a hint of the shift before"


def test_a_wrong_position_does_not_keep_the_rider_from_the_shelf(client):
    signed_in(client)
    client.post(f"/rider/offers/{Offer.objects.get().pk}/accept/")
    trip = Trip.objects.get()
    far_off = {"lat": trip.store.lat + 0.05, "lng": trip.store.lng, "at": round(timezone.now().timestamp() * 1000)}
    live.remember(f"rider-at:{trip.rider_id}", far_off, ttl_s=60)
    refused = client.post("/rider/trip/at-store/", HTTP_HX_REQUEST="true").content.decode()
    assert "m away" in refused and 'name="sure"' in refused
    assert 'name="sure"' in client.get("/rider/").content.decode(), "the question stands when the screen renews itself"
    client.post("/rider/trip/at-store/", {"sure": "1"})
    assert Trip.objects.get().at_store_at
    assert 'name="sure"' not in client.get("/rider/").content.decode()


@pytest.mark.parametrize(
    ("landmark", "written"),
    [
        ("Blue gate", "near Blue gate"),
        ("Blue gate, 2nd floor", "near Blue gate; 2nd floor"),
        ("Opposite the park", "Opposite the park"),
        ("मंदिर के पास", "मंदिर के पास"),
    ],
)
def test_a_landmark_stands_in_the_address_as_one_and_is_never_the_area_of_an_offer(landmark, written):
    milk, user = ProductFactory(), customer()
    address(user, line2="Indiranagar", landmark=landmark)
    text = place_order(user, shop(milk), [milk]).address_text
    assert text == f"12, 5th Cross, Indiranagar, {written}, 560038"
    assert queries.area_of(text, 1240) == "Indiranagar, 560038"
