"""How it shall come: gift, delivery instructions, the cap of a substitute, now or later, in the shop and its API."""

from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client as redis
from blinkit.kernel.redis_client import key as redis_key
from catalog import services as catalog_services
from catalog.demand import UnmetDemand
from catalog.models import Store
from catalog.services.demand import COUNTS_KEY, cell_of
from catalog.tests.factories import ProductFactory
from catalog.tests.factories import store as make_store
from orders import services
from orders.errors import CartEmpty
from orders.models import Cart, CartLine, Order
from orders.services import INSTRUCTIONS
from orders.tests.factories import HOME, address, customer, full_cart, place_order, shop
from orders.tests.slots import full, slot

pytestmark = pytest.mark.django_db
IST = ZoneInfo("Asia/Kolkata")


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return client


def tomorrow_at(place: Store, hour: int = 18, **fields):
    now = timezone.now()
    weekday = (now.astimezone(IST) + timedelta(days=1)).weekday()
    return slot(place, weekday=weekday, hour=hour, now=now, **fields)


def closed_now() -> dict[str, time]:
    """Opening hours that do not contain this moment, whenever the test runs."""
    local = datetime.now(IST)
    opens = (local + timedelta(hours=2)).time().replace(second=0, microsecond=0)
    return {"opens": opens, "closes": (local + timedelta(hours=5)).time().replace(second=0, microsecond=0)}


# -- gift ----------------------------------------------------------------------------------------------------------


def test_a_gift_goes_from_the_cart_into_the_order_and_the_next_cart_is_none():
    goods, user = ProductFactory(), customer()
    place = shop(goods)
    full_cart(user, place, [goods])
    services.set_gift(customer_id=user.pk, is_gift=True, note="  Happy birthday!\nYours  ", from_name="Asha  K")
    order = place_order(user, place, [goods])
    assert (order.is_gift, order.gift_note, order.gift_from) == (True, "Happy birthday!\nYours", "Asha K")
    cart = Cart.objects.get(customer=user)
    assert (cart.is_gift, cart.gift_note, cart.gift_from) == (False, "", "")


def test_a_note_has_two_hundred_characters_at_most():
    goods, user = ProductFactory(), customer()
    with pytest.raises(CartEmpty):
        services.set_gift(customer_id=user.pk, is_gift=True)
    full_cart(user, shop(goods), [goods])
    services.set_gift(customer_id=user.pk, is_gift=True, note="ä" * 200, from_name="b" * 60)
    for bad in ({"note": "a" * 201}, {"from_name": "a" * 61}, {"note": "a\x00b"}):
        with pytest.raises(Invalid):
            services.set_gift(customer_id=user.pk, is_gift=True, **bad)
    assert Cart.objects.get().gift_note == "ä" * 200


def test_a_guests_gift_is_kept_after_signing_in():
    goods, user, token = ProductFactory(), customer(), uuid4()
    place = shop(goods)
    services.set_line(sku=goods.sku, qty=1, store_code=place.code, guest_token=token, now=timezone.now())
    services.set_gift(guest_token=token, is_gift=True, note="Hi")
    full_cart(user, place, [goods])
    services.adopt_guest_cart(guest_token=token, customer_id=user.pk)
    assert Cart.objects.get(customer=user).gift_note == "Hi"


def test_the_api_keeps_a_gift_and_lists_instructions(api):
    goods, user = ProductFactory(), customer()
    place = shop(goods)
    full_cart(user, place, [goods])
    put = api(user).put("/api/v1/cart/gift/", {"is_gift": True, "note": "Hi", "from_name": "Asha"})
    assert put.json()["gift"] == {"note": "Hi", "from_name": "Asha"}
    assert api(user).put("/api/v1/cart/gift/", {"is_gift": True, "note": "x" * 201}).status_code == 400
    assert api(customer()).put("/api/v1/cart/gift/", {"is_gift": True}).status_code == 400  # an empty cart
    order = place_order(user, place, [goods], instructions=["no_bell"], method="online")
    said = api(user).get(f"/api/v1/orders/{order.pk}/").json()
    assert (said["gift"], said["to"]["instructions"]) == ({"note": "Hi", "from_name": "Asha"}, ["no_bell"])
    assert api(customer()).get(f"/api/v1/orders/{order.pk}/").status_code == 404
    listed = api().get("/api/v1/delivery-instructions/").json()["instructions"]
    assert [chip["code"] for chip in listed] == list(INSTRUCTIONS)
    assert all(chip["label"] for chip in listed)


# -- the cap -------------------------------------------------------------------------------------------------------


def test_the_cap_is_kept_per_line_and_goes_into_the_order(api):
    goods, user = ProductFactory(), customer()
    place = shop(goods)
    full_cart(user, place, [goods])
    body = {"sku": goods.sku, "qty": 2, "consent": "substitute", "substitute_up_to_paise": 2000}
    line = api(user).post("/api/v1/cart/lines/", body, HTTP_IDEMPOTENCY_KEY=uuid4().hex).json()["lines"][0]
    assert (line["consent"], line["substitute_up_to_paise"]) == ("substitute", 2000)
    again = api(user).post("/api/v1/cart/lines/", {"sku": goods.sku, "qty": 1}, HTTP_IDEMPOTENCY_KEY=uuid4().hex)
    assert again.json()["lines"][0]["substitute_up_to_paise"] == 2000  # a new quantity leaves it
    bad = body | {"substitute_up_to_paise": -1}
    assert api(user).post("/api/v1/cart/lines/", bad, HTTP_IDEMPOTENCY_KEY=uuid4().hex).status_code == 400
    with pytest.raises(Invalid):
        services.set_line(sku=goods.sku, qty=1, substitute_up_to_paise=10**6, customer_id=user.pk, now=timezone.now())
    here, view = address(user), api(user).get("/api/v1/cart/").json()
    order = services.checkout(
        customer_id=user.pk,
        address_id=here.pk,
        method="cod",
        bill_fingerprint=view["bill"]["fingerprint"],
        now=timezone.now(),
    )
    assert order.lines.get().substitute_up_to_paise == 2000


def test_a_synced_cart_is_not_dearer_unless_told(api):
    goods = ProductFactory()
    place = shop(goods)
    line = {"sku": goods.sku, "qty": 1, "consent": "substitute"}
    put = api(customer()).put("/api/v1/cart/", {"store": place.code, "lines": [line]})
    assert put.json()["lines"][0]["substitute_up_to_paise"] == 0


def test_chips_of_the_cart_choose_consent_and_cap():
    goods, user = ProductFactory(), customer()
    full_cart(user, shop(goods), [goods])
    web = browser(user)
    assert "How much dearer" not in web.get("/cart/").content.decode()
    web.post("/cart/consent/", {"sku": goods.sku, "consent": "substitute"})
    assert "How much dearer" in web.get("/cart/").content.decode()
    web.post("/cart/consent/", {"sku": goods.sku, "consent": "substitute", "cap": "1000"})
    line = CartLine.objects.get()
    assert (line.consent, line.substitute_up_to_paise) == ("substitute", 1000)


# -- now or later --------------------------------------------------------------------------------------------------


def test_a_browser_orders_for_a_slot_and_its_page_says_the_window():
    goods, user = ProductFactory(), customer()
    place, here = shop(goods), address(user)
    full_cart(user, place, [goods])
    where, web = tomorrow_at(place), browser(user)
    web.post("/cart/when/", {"slot": str(where.pk)})
    page = web.get("/checkout/")
    assert page.context["when"]["slot"] == where
    form = {"address": str(here.pk), "method": "cod", "fingerprint": page.context["fingerprint"], "slot": str(where.pk)}
    done = web.post("/checkout/", form)
    order = Order.objects.get()
    assert done.url == f"/orders/{order.pk}/"
    assert order.slot_id == where.pk
    shown = web.get(done.url).content.decode()
    assert "Tomorrow 18:00–19:00" in shown and "What happens when" in shown
    assert "Tomorrow 18:00–19:00" in web.get("/orders/").content.decode()
    assert web.session.get("slot") is None


def test_a_slot_that_filled_up_meanwhile_is_said_and_the_others_are_offered():
    goods, user = ProductFactory(), customer()
    place, here = shop(goods), address(user)
    full_cart(user, place, [goods])
    first, second = tomorrow_at(place), tomorrow_at(place, 20)
    web = browser(user)
    page = web.get("/checkout/")
    full(first)
    form = {"address": str(here.pk), "method": "cod", "fingerprint": page.context["fingerprint"]}
    refused = web.post("/checkout/", form | {"slot": str(first.pk)})
    assert refused.status_code == 409
    assert "can&#x27;t be ordered for any more" in refused.content.decode()
    assert [one for day in refused.context["when"]["days"] for one in day.slots] == [second]
    assert CartLine.objects.exists()
    assert web.post("/checkout/", form | {"slot": "nonsense"}).status_code == 409


def test_a_closed_shop_stays_open_for_ordering_later():
    goods, user = ProductFactory(), customer()
    place = shop(goods, at=make_store(**closed_now()))
    full_cart(user, place, [goods])
    here, web = address(user), browser(user)
    assert "order for" not in web.get("/").content.decode()
    where = tomorrow_at(place, 7)
    home = web.get("/").content.decode()
    assert "Closed now" in home and "order for tomorrow 07:00" in home
    page = web.get("/checkout/")
    assert page.context["when"]["may_now"] is False
    form = {"address": str(here.pk), "method": "cod", "fingerprint": page.context["fingerprint"]}
    assert web.post("/checkout/", form | {"slot": ""}).status_code == 409
    assert web.post("/checkout/", form | {"slot": str(where.pk)}).status_code == 302


def test_pages_of_an_open_store_do_not_ask_for_slots():
    goods = ProductFactory()
    place = shop(goods)
    tomorrow_at(place)
    client = Client()
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    client.get("/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/")
    assert not [q for q in seen.captured_queries if "orders_slot" in q["sql"]]


# -- where nobody delivers -------------------------------------------------------------------------------------------


def test_doors_count_where_nobody_delivers_and_keep_no_person(api):
    shop(ProductFactory())
    redis().delete(redis_key(COUNTS_KEY))
    Client().post("/place/", {"lat": 28.6139, "lng": 77.2090})
    api().get("/api/v1/serviceability/", {"lat": 28.6139, "lng": 77.2090})
    api().get("/api/v1/serviceability/", {"lat": HOME[0], "lng": HOME[1]})  # served: not counted
    Client().get("/place/verdict/", {"lat": 28.6139, "lng": 77.2090})  # a pin being moved: not counted
    assert catalog_services.flush_unmet(now=timezone.now()) == 1
    row = UnmetDemand.objects.get()
    assert (row.cell_y, row.cell_x) == cell_of(Point(28.6139, 77.2090))
    assert row.asked == 2


@pytest.mark.parametrize("field", ["door_instructions", "line1", "landmark"])
def test_an_address_that_does_not_fit_is_refused_in_a_sentence(field):
    shop(ProductFactory())
    form = {"line1": "12", "lat": HOME[0], "lng": HOME[1], "placed": "1", field: "x" * 300}
    answer = browser(customer()).post("/account/addresses/new/", form)
    assert answer.status_code == 400
    assert "Write at most" in answer.content.decode()
