"""What the customer's app needs beside the shelf, the cart and the checkout."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Device
from catalog.tests.factories import ProductFactory
from notifications.models import Channel, Message, MessageState
from orders import services
from orders.models import Cart, CartLine
from orders.states import Status
from orders.tests.factories import advance, customer, full_cart, place_order, shop

pytestmark = pytest.mark.django_db


def key() -> dict[str, str]:
    return {"HTTP_IDEMPOTENCY_KEY": uuid4().hex}


def test_an_app_learns_its_choices_and_limits_at_the_start(api):
    answer = api().get("/api/v1/app/")
    body = answer.json()
    assert (body["currency"], body["most_lines"]) == ("INR", 60)
    assert {"code": "hi", "name": "हिन्दी"} in body["languages"]
    assert set(body["payment_methods"]) == {"cod", "online"}
    assert "leave_at_door" in body["instructions"]
    assert "public" in answer["Cache-Control"]


def test_offers_are_below_mrp_and_never_sold_out(api):
    dear, cheap, gone = ProductFactory(), ProductFactory(mrp_paise=10_000), ProductFactory()
    place = shop(dear)
    shop(cheap, at=place, price_paise=7_000)
    shop(gone, at=place, price_paise=2_000, units=1)
    place_order(customer(), place, [gone])
    with CaptureQueriesContext(connection) as asked:
        items = api().get(f"/api/v1/stores/{place.code}/offers/").json()["items"]
    assert [card["sku"] for card in items] == [cheap.sku]
    assert len(asked) == 3


def test_the_same_again_goes_into_the_cart_once_and_what_is_gone_is_said(api):
    who, (milk, bread) = customer(), ProductFactory.create_batch(2)
    place = shop(milk, units=20)
    shop(bread, at=place, units=2)
    order = place_order(who, place, {milk: 2, bread: 2})
    CartLine.objects.all().delete()
    http, header = api(who), key()
    url = f"/api/v1/orders/{order.pk}/reorder/"
    first, again = (http.post(url, {"store": place.code}, **header) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert [(line["sku"], line["qty"]) for line in first.json()["cart"]["lines"]] == [(milk.sku, 2)]
    assert [(it["sku"], it["reason"]) for it in first.json()["left_out"]] == [(bread.sku, "sold-out")]
    assert api(customer()).post(url, {"store": place.code}, **key()).status_code == 404
    assert Cart.objects.get(customer=who).lines.count() == 1


def test_a_tip_is_set_and_an_emptied_cart_has_none(api):
    who, goods = customer(), ProductFactory.create_batch(2)
    full_cart(who, shop(*goods), goods)
    http = api(who)
    tipped = http.put("/api/v1/cart/tip/", {"tip_paise": 2_000}).json()
    assert (tipped["tip_paise"], tipped["bill"]["tip_paise"]) == (2_000, 2_000)
    assert http.put("/api/v1/cart/tip/", {"tip_paise": 100_001}).status_code == 400
    assert api(customer()).delete("/api/v1/cart/").status_code == 204
    assert CartLine.objects.count() == 2
    assert http.delete("/api/v1/cart/").status_code == http.delete("/api/v1/cart/").status_code == 204
    assert (CartLine.objects.count(), http.get("/api/v1/cart/").json()["tip_paise"]) == (0, 0)


def test_live_orders_are_those_that_are_not_over(api):
    who, goods = customer(), ProductFactory.create_batch(1)
    place = shop(*goods)
    done, open_ = place_order(who, place, goods), place_order(who, place, goods)
    services.cancel(order_id=done.pk, by="customer", reason="", actor="system", customer_id=who.pk, now=done.placed_at)
    http = api(who)
    assert [it["number"] for it in http.get("/api/v1/orders/?live=1").json()["results"]] == [open_.number]
    assert len(http.get("/api/v1/orders/").json()["results"]) == 2
    assert http.get("/api/v1/orders/?live=yes").status_code == 400
    advance(open_, Status.CLOSED)
    assert http.get("/api/v1/orders/?live=1").json()["results"] == []


def test_the_dot_on_the_bell_counts_and_goes(api):
    who, other = customer(), customer()
    for number, (user, channel) in enumerate(((who, "inapp"), (who, "inapp"), (who, "sms"), (other, "inapp"))):
        Message.objects.create(key=str(number), user=user, channel=channel, template_code="x", to="", body="Hi")
    http = api(who)
    assert http.get("/api/v1/me/messages/unread/").json() == {"unread": 2}
    assert http.post("/api/v1/me/messages/read/").json() == {"unread": 0}
    assert Message.objects.filter(channel=Channel.INAPP).exclude(state=MessageState.READ).get().user == other


def test_a_device_is_listed_and_removed_by_its_person_alone(api):
    who = customer()
    http = api(who)
    made = http.post("/api/v1/me/devices/", {"platform": "ios", "push_token": "t-1"}).json()
    listed = http.get("/api/v1/me/devices/").json()["items"]
    assert [(it["id"], it["platform"]) for it in listed] == [(made["id"], "ios")]
    assert "push_token" not in listed[0]
    assert api(customer()).delete(f"/api/v1/me/devices/{made['id']}/").status_code == 204
    assert Device.objects.count() == 1
    assert http.delete(f"/api/v1/me/devices/{made['id']}/").status_code == 204
    assert Device.objects.count() == 0
