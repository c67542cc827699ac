"""Tiers and members' prices in cart, bill and order; hearing when something is cheaper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.models import Event
from catalog import services as catalog_services
from catalog.models import FeePolicy, PriceChange, PriceWatch, Promotion
from catalog.services import NewPrice
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from orders import queries, services
from orders.errors import BillChanged
from orders.models import OrderLine
from orders.states import Status
from orders.tests.factories import HOME, address, advance, customer, full_cart, place_order, shop

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def say(*prices: NewPrice, now=NOW) -> None:
    catalog_services.schedule_prices(prices=prices, actor="user:1", reason="test", now=now)


def line_of(view: queries.CartView):
    (line,) = view.bill.lines
    return line


# -- tiers ------------------------------------------------------------------------------------------------------------


def test_three_cost_less_each_in_cart_bill_and_order_and_the_cart_says_so_before():
    milk = ProductFactory(mrp_paise=6_000)
    place, user = shop(milk, price_paise=5_000), customer()
    say(NewPrice(milk.pk, 4_500, min_qty=3, city_id=place.city_id))
    two = full_cart(user, place, {milk: 2})
    assert (two.bill.items_paise, two.lines[0].as_dict()["nudge"]["price_paise"]) == (10_000, 4_500)
    three = full_cart(user, place, {milk: 3})
    line = line_of(three)
    assert (line.unit_price_paise, line.base_paise, line.source) == (4_500, 5_000, "city from 3")
    shown = three.lines[0].as_dict()
    assert (shown["gross_paise"], shown["unit_price_paise"], shown["price_paise"]) == (13_500, 4_500, 5_000)
    assert shown["tier"]["min_qty"] == 3 and shown["nudge"] is None
    order = place_order(user, place, {milk: 3})
    kept = OrderLine.objects.get(order=order)
    assert (kept.unit_price_paise, kept.price_source, order.items_paise) == (4_500, "city from 3", 13_500)


def test_no_nudge_to_more_than_there_is_or_may_be_ordered():
    milk, tea = ProductFactory(mrp_paise=6_000), ProductFactory(mrp_paise=6_000, max_per_order=2)
    place = shop(milk, tea, units=2)
    say(NewPrice(milk.pk, 4_500, min_qty=3), NewPrice(tea.pk, 4_500, min_qty=3))
    assert [line.nudge for line in full_cart(customer(), place, [milk, tea]).lines] == [None, None]


def test_a_promotion_counts_on_the_price_of_the_tier():
    milk = ProductFactory(mrp_paise=10_000)
    place = shop(milk)
    say(NewPrice(milk.pk, 8_000, min_qty=2))
    catalog_services.save_promotion(
        Promotion(name="Ten", kind="percent", percent_bp=1_000, starts_at=NOW - DAY), actor="user:1"
    )
    assert full_cart(customer(), place, {milk: 2}).bill.discount_paise == 1_600


def test_what_was_found_of_a_short_line_costs_no_more_each_than_agreed():
    milk, bread = ProductFactory(mrp_paise=6_000), ProductFactory()
    place = shop(milk, bread, price_paise=5_000)
    say(NewPrice(milk.pk, 4_500, min_qty=3))
    order = advance(place_order(customer(), place, {milk: 3, bread: 1}), Status.PICKING)
    line = OrderLine.objects.get(order=order, product=milk)
    services.short_line(order_id=order.pk, order_line_id=line.pk, qty=2, actor="user:2", now=NOW)
    line.refresh_from_db()
    order.refresh_from_db()
    assert (line.unit_price_paise, order.items_paise) == (4_500, 4_500 + 5_000)  # one is left, at the price of three


def test_members_pay_the_members_price_and_only_then_membership_is_asked_for():
    milk, tea = ProductFactory(mrp_paise=6_000), ProductFactory(mrp_paise=6_000)
    place, member, guest = shop(milk, tea, price_paise=5_000), customer(), customer()
    catalog_services.join_segment(user_id=member.pk, segment="members")

    def asked(user, *products) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as seen:
            view = full_cart(user, place, products)
        about = [one for one in seen.captured_queries if "catalog_segmentmember" in one["sql"]]
        return view.bill.items_paise, len(about)

    before = asked(member, milk, tea)
    say(NewPrice(milk.pk, 4_200, members_only=True))
    assert before == (10_000, 0) and asked(member, tea) == (5_000, 0)
    assert asked(member, milk) == (4_200, 1) and asked(guest, milk) == (5_000, 1)
    catalog_services.join_segment(user_id=member.pk, segment="members", until=NOW)
    assert asked(member, milk) == (5_000, 1)  # it is over


def test_the_price_list_is_the_same_for_everybody():
    milk = ProductFactory(mrp_paise=6_000)
    place, member = shop(milk, price_paise=5_000), customer()
    catalog_services.join_segment(user_id=member.pk, segment="members")
    say(NewPrice(milk.pk, 4_200, members_only=True), NewPrice(milk.pk, 4_500, min_qty=2))
    cards = []
    for user in (member, customer()):
        shown = full_cart(user, place, {milk: 2}).lines[0].as_dict()
        cards.append({name: shown[name] for name in ("price_paise", "mrp_paise", "price_source", "tiers")})
    assert cards[0] == cards[1] and len(cards[0]["tiers"]) == 2


def test_a_price_that_begins_between_cart_and_checkout_is_told_with_the_new_bill():
    milk, user = ProductFactory(mrp_paise=6_000), customer()
    place, where = shop(milk, price_paise=5_000), address(user)
    view = full_cart(user, place, [milk])
    say(NewPrice(milk.pk, 5_500, starts_at=NOW + timedelta(minutes=1), ends_at=NOW + DAY))

    def ask(fingerprint: str):
        return services.checkout(
            customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=fingerprint, now=NOW
        )

    catalog_services.sweep_prices(now=NOW + timedelta(minutes=1))
    with pytest.raises(BillChanged) as refusal:
        ask(view.fingerprint)
    assert refusal.value.extra["lines"] == [{"sku": milk.sku, "qty": 1, "unit_price_paise": 5_500}]
    assert ask(refusal.value.extra["bill"]["fingerprint"]).items_paise == 5_500


# -- cheaper ----------------------------------------------------------------------------------------------------------


def watch(user, place, product, **more) -> None:
    catalog_services.watch_price(customer_id=user.pk, store_id=place.pk, sku=product.sku, now=NOW, **more)


def price(place, product, paise: int) -> None:
    catalog_services.set_price(
        store_id=place.pk, product_id=product.pk, price_paise=paise, actor="user:1", reason="x", now=NOW
    )


def told() -> list[tuple[str, int, int]]:
    events = Event.objects.filter(code="orders.PriceDropped").order_by("pk")
    return [(event.subject, event.payload["seen_paise"], event.payload["price_paise"]) for event in events]


def test_who_watches_is_told_once_when_it_falls_far_enough():
    milk = ProductFactory(mrp_paise=10_000)
    place, user = shop(milk), customer()
    watch(user, place, milk)
    price(place, milk, 9_501)  # 4.99 %
    assert services.tell_cheaper(now=NOW) == 0
    price(place, milk, 9_500)
    assert services.tell_cheaper(now=NOW) == 1 and services.tell_cheaper(now=NOW + DAY) == 0
    price(place, milk, 5_000)
    assert services.tell_cheaper(now=NOW + DAY) == 0  # asked for once, told once
    assert told() == [(f"user:{user.pk}", 10_000, 9_500)]


def test_a_favourite_is_followed_from_the_lower_price_on_and_told_once_a_day():
    milk = ProductFactory(mrp_paise=10_000)
    place, user = shop(milk), customer()
    catalog_services.add_favourite(customer_id=user.pk, sku=milk.sku, now=NOW, store_id=place.pk)
    price(place, milk, 9_000)
    assert services.tell_cheaper(now=NOW) == 1
    price(place, milk, 8_000)
    assert services.tell_cheaper(now=NOW) == 0  # not twice on one day
    assert services.tell_cheaper(now=NOW + DAY) == 1
    price(place, milk, 9_500)
    price(place, milk, 7_900)  # back again: nothing new against 8,000
    assert services.tell_cheaper(now=NOW + 2 * DAY) == 0
    assert told() == [(f"user:{user.pk}", 10_000, 9_000), (f"user:{user.pk}", 9_000, 8_000)]
    catalog_services.remove_favourite(customer_id=user.pk, sku=milk.sku)
    price(place, milk, 1_000)
    assert services.tell_cheaper(now=NOW + 3 * DAY) == 0


def test_one_message_a_day_for_a_product_that_fell_at_two_stores():
    milk = ProductFactory(mrp_paise=10_000)
    one, two, user = shop(milk), shop(milk, at=make_store("BLR-X")), customer()
    for place in (one, two):
        watch(user, place, milk)
    say(NewPrice(milk.pk, 8_000, ends_at=NOW + 9 * DAY))
    assert services.tell_cheaper(now=NOW) == 1 and services.tell_cheaper(now=NOW) == 0
    assert services.tell_cheaper(now=NOW + DAY) == 1


def test_nothing_is_told_while_it_is_sold_out_or_when_it_is_dear_again():
    milk, tea = ProductFactory(mrp_paise=10_000), ProductFactory(mrp_paise=10_000)
    place, user = shop(tea), customer()
    shop(milk, units=1, at=place)
    place_order(customer(), place, [milk])  # the last one
    watch(user, place, milk)
    watch(user, place, tea)
    price(place, milk, 5_000)
    price(place, tea, 5_000)
    price(place, tea, 10_000)
    assert services.tell_cheaper(now=NOW) == 0 and told() == []
    assert PriceWatch.objects.get(product=tea).fell_at is None  # it waits for the next fall
    assert PriceWatch.objects.get(product=milk).fell_at is not None  # and this one for the goods


def test_a_sale_that_begins_by_itself_wakes_who_watches():
    milk = ProductFactory(mrp_paise=10_000)
    place, user = shop(milk), customer()
    watch(user, place, milk)
    say(NewPrice(milk.pk, 6_000, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY))
    assert services.tell_cheaper(now=NOW) == 0
    catalog_services.sweep_prices(now=NOW + DAY)
    assert PriceChange.objects.last().reason == "test"
    assert services.tell_cheaper(now=NOW + DAY) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_sweepers_tell_each_watcher_once(race):
    milk = ProductFactory(mrp_paise=10_000)
    place = shop(milk)
    for n in range(5):
        watch(customer(f"C{n}"), place, milk)
    price(place, milk, 5_000)
    assert sum(race(8, lambda: services.tell_cheaper(now=NOW))) == 5
    assert len(told()) == 5


# -- doors ------------------------------------------------------------------------------------------------------------


def window(user=None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return client


def test_card_product_and_cart_say_what_more_units_and_members_pay():
    milk = ProductFactory(mrp_paise=6_000)
    place, user = shop(milk, price_paise=5_000), customer()
    say(NewPrice(milk.pk, 4_500, min_qty=3), NewPrice(milk.pk, 4_400, members_only=True))
    client = window(user)
    for path in (f"/shelf/{milk.category.slug}/", f"/p/{milk.sku}/"):
        page = client.get(path).content.decode()
        assert "₹45 each from 3" in page and "₹44 with membership" in page
    full_cart(user, place, {milk: 2})
    assert "Buy 3, ₹45 each" in client.get("/cart/").content.decode()
    full_cart(user, place, {milk: 3})
    page = client.get("/cart/").content.decode()
    assert "Buy 3" not in page and re.search(r"<b>₹135</b>", page)


def test_the_button_watches_and_forgets_and_asks_a_guest_to_sign_in():
    milk, user = ProductFactory(mrp_paise=6_000), customer()
    place = shop(milk)
    answer = window().post("/favourites/watch/", {"sku": milk.sku, "watch": "on"})
    assert answer.status_code == 302 and "/sign-in/" in answer["Location"]
    client = window(user)
    assert "Tell me when cheaper" in client.get(f"/p/{milk.sku}/").content.decode()
    part = client.post("/favourites/watch/", {"sku": milk.sku, "watch": "on"}, HTTP_HX_REQUEST="true")
    assert "We watch the price" in part.content.decode()
    assert PriceWatch.objects.get().store == place
    client.post("/favourites/heart/", {"sku": milk.sku, "heart": "on"})
    assert "We watch the price" in client.get("/favourites/").content.decode()
    client.post("/favourites/watch/", {"sku": milk.sku, "watch": "off"})
    assert "Tell me when cheaper" in client.get(f"/p/{milk.sku}/").content.decode()


def test_apps_watch_prices_of_their_own_customer_only(api):
    milk = ProductFactory(mrp_paise=6_000)
    place, asha, ravi = shop(milk), customer(), customer("Ravi")
    path = f"/api/v1/stores/{place.code}/price-watches/"
    assert api().put(f"{path}{milk.sku}/").status_code == 401
    hers, his = api(asha), api(ravi)
    assert hers.put(f"{path}{milk.sku}/").status_code == 204 == hers.put(f"{path}{milk.sku}/").status_code
    assert hers.get(path).json() == {"items": [{"sku": milk.sku, "seen_paise": 6_000}]}
    assert hers.put(f"{path}NOPE/").status_code == 404
    assert his.get(path).json() == {"items": []} and his.delete(f"{path}{milk.sku}/").status_code == 204
    assert len(hers.get(path).json()["items"]) == 1
    assert hers.delete(f"{path}{milk.sku}/").status_code == 204 and hers.get(path).json() == {"items": []}
    full_cart(asha, place, [milk])
    assert hers.put(f"/api/v1/favourites/{milk.sku}/").status_code == 204
    assert hers.get(path).json()["items"]  # the heart watches where the customer shops


def test_apps_see_tiers_and_sources(api):
    milk = ProductFactory(mrp_paise=6_000)
    place = shop(milk, price_paise=5_000)
    say(NewPrice(milk.pk, 4_500, min_qty=3))
    card = api().get(f"/api/v1/stores/{place.code}/products/{milk.sku}/").json()
    assert card["price_source"] == "own"
    assert card["tiers"] == [{"min_qty": 3, "price_paise": 4_500, "members_only": False, "source": "everywhere"}]


def test_fees_show_delivery_by_distance_and_basket_and_the_bill_charges_it(api):
    milk, user = ProductFactory(mrp_paise=20_000), customer()
    place = shop(milk)
    where = {"lat": HOME[0], "lng": HOME[1]}
    fees = api().get("/api/v1/serviceability/", where).json()["fees"]
    assert fees["delivery_bands"] == [
        {"beyond_metres": beyond, "baskets": [
            {"from_paise": 0, "delivery_paise": 2_500 + extra}, {"from_paise": 19_900, "delivery_paise": extra}]}
        for beyond, extra in ((0, 0), (2_500, 1_000))
    ]  # fmt: skip
    table = [{"beyond_metres": 0, "fees": [[0, 3_000], [50_000, 0]]}, {"beyond_metres": 100, "fees": [[0, 4_000]]}]
    FeePolicy.objects.create(store=place, delivery_bands=table)
    fees = api().get("/api/v1/serviceability/", where).json()["fees"]
    assert [fees[name] for name in ("delivery_paise", "free_delivery_from_paise", "far_metres", "far_extra_paise")] == [
        3_000, 50_000, 100, 1_000,
    ]  # fmt: skip
    address(user)
    bill = full_cart(user, place, [milk]).bill
    assert bill.delivery_paise == 4_000
    assert bill.fees_why["delivery"] == "Free from ₹500: add ₹300. ₹10 because the store is more than 0.1 km away."
