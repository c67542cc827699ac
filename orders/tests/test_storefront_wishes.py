"""Hearts, "tell me", what is suggested on home, product and cart pages; another address prices the checkout at once."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Affinity, AffinitySource, FavouriteItem, RestockAlert
from catalog.services import pair_by_hand
from catalog.tests.factories import NOW, ProductFactory, store
from orders.states import Status
from orders.tests.factories import HOME, address, advance, customer, full_cart, place_order, shop

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def window(user=None, language: str = "") -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    if language:
        client.post("/i18n/setlang/", {"language": language, "next": "/"})
    return client


def statements(client: Client, path: str) -> int:
    client.get(path)  # what is kept in memory is kept now
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_home_offers_again_what_was_brought():
    user, (brought, other) = customer(), ProductFactory.create_batch(2)
    place = shop(brought, other)
    made = place_order(user, place, [brought])
    client = window(user)
    assert "Buy again" not in client.get("/").content.decode()  # ordered is not brought
    advance(made, Status.DELIVERED)
    page = client.get("/").content.decode()
    strip = page.split("Buy again")[1].split("</section>")[0]
    assert brought.name in strip and other.name not in strip
    assert "Buy again" not in window().get("/").content.decode()


def test_a_product_page_says_where_its_companions_come_from():
    bread, butter, jam = ProductFactory.create_batch(3)
    shop(bread, butter, jam)
    client = window()
    page = client.get(f"/p/{bread.sku}/").content.decode()
    assert "Goes with it" in page and "learned from" not in page
    pair_by_hand(product_id=bread.pk, other_id=butter.pk, now=NOW)
    Affinity.objects.create(product=bread, other=jam, score=0.5, source=AffinitySource.ORDERS, together=40)
    page = client.get(f"/p/{bread.sku}/").content.decode()
    assert "chosen by us · learned from what is ordered together" in page


def test_a_companion_added_on_the_cart_page_swaps_the_cart():
    user, (bread, butter) = customer(), ProductFactory.create_batch(2)
    place = shop(bread, butter)
    pair_by_hand(product_id=bread.pk, other_id=butter.pk, now=NOW)
    full_cart(user, place, [bread])
    client = window(user)
    page = client.get("/cart/").content.decode()
    strip = page.split("Goes with your cart")[-1].split("</section>")[0]
    assert butter.name in strip and 'name="from" value="cart"' in strip and "data-line" in strip
    after = client.post("/cart/line/", {"sku": butter.sku, "qty": 1, "from": "cart"}, **HTMX).content.decode()
    assert f"cart-line-{butter.pk}" in after and "<html" not in after


def test_a_heart_is_full_after_one_tap_and_empty_after_two():
    user, product = customer(), ProductFactory()
    shop(product)
    client = window(user)
    part = client.post("/favourites/heart/", {"sku": product.sku, "heart": "on"}, **HTMX).content.decode()
    assert f"outerHTML:.heart-{product.pk}" in part and 'aria-pressed="true"' in part
    page = client.get("/favourites/").content.decode()
    assert product.name in page and 'value="off" aria-pressed="true"' in page
    answer = client.post("/favourites/heart/", {"sku": product.sku, "heart": "off", "next": "/favourites/"})
    assert answer.url == "/favourites/"
    assert not FavouriteItem.objects.exists()
    assert "No favourites yet" in client.get("/favourites/").content.decode()


def test_favourites_say_how_many_this_store_does_not_sell():
    user, (here, elsewhere) = customer(), ProductFactory.create_batch(2)
    shop(here)
    client = window(user)
    for product in (here, elsewhere):
        client.post("/favourites/heart/", {"sku": product.sku, "heart": "on"})
    page = client.get("/favourites/").content.decode()
    assert here.name in page and elsewhere.name not in page
    assert "1 favourite is not sold at this store." in page


def test_a_sold_out_card_waits_and_waits_no_longer():
    user, (gone, other) = customer(), ProductFactory.create_batch(2)
    place = shop(other)
    shop(gone, units=1, at=place)  # and somebody takes that one
    place_order(customer(), place, [gone])
    client = window(user)
    assert "Tell me" in client.get(f"/p/{gone.sku}/").content.decode()
    part = client.post("/tell-me/", {"sku": gone.sku, "wait": "on"}, **HTMX).content.decode()
    assert f"outerHTML:.line-{gone.pk}" in part and "bell" not in part.split("btn-soft")[0] and "btn-soft" in part
    assert RestockAlert.objects.get().store == place
    assert 'name="wait" value="off"' in client.get(f"/p/{gone.sku}/").content.decode()
    assert client.post("/tell-me/", {"sku": gone.sku, "wait": "off", "next": "/shelves/"}).url == "/shelves/"
    assert not RestockAlert.objects.exists()


@pytest.mark.parametrize("path", ["/favourites/heart/", "/tell-me/"])
def test_a_stranger_signs_in_first_and_comes_back(path):
    product = ProductFactory()
    shop(product)
    client = window()
    plain = client.post(path, {"sku": product.sku, "next": f"/p/{product.sku}/"})
    assert plain.url == f"/sign-in/?next=%2Fp%2F{product.sku}%2F"
    tapped = client.post(path, {"sku": product.sku}, HTTP_HX_CURRENT_URL="http://testserver/search/?q=x", **HTMX)
    assert tapped["HX-Redirect"] == "/sign-in/?next=%2Fsearch%2F%3Fq%3Dx"
    assert not FavouriteItem.objects.exists() and not RestockAlert.objects.exists()


def test_full_pages_stay_within_their_statements():
    user, goods = customer(), ProductFactory.create_batch(24)
    place = shop(*goods[:3])
    address(user)
    full_cart(user, place, goods[:1])
    client = window(user)
    paths = ("/", f"/p/{goods[0].sku}/", "/cart/", "/favourites/")
    shop(*goods[3:], at=place)
    advance(place_order(user, place, goods[:12]), Status.DELIVERED)
    full_cart(user, place, goods[:8])
    for product in goods[:10]:
        client.post("/favourites/heart/", {"sku": product.sku, "heart": "on"})
    many = {path: statements(client, path) for path in paths}
    # Product and favourites have a button that knows whether the price is watched; the cart reads the windows left.
    budget = {"/": 22, f"/p/{goods[0].sku}/": 22, "/cart/": 14, "/favourites/": 14}
    assert all(many[path] <= budget[path] for path in paths), many


def total(page: str) -> str:
    found = re.search(r"Pay (₹[\d,.]+)", page)
    assert found, page
    return found[1]


def test_choosing_another_address_prices_the_bill_at_once():
    user, product = customer(), ProductFactory()
    wide = [[77.5, 12.8], [77.8, 12.8], [77.8, 13.1], [77.5, 13.1], [77.5, 12.8]]
    place = shop(product, at=store("WIDE-1", area=wide))
    near = address(user)
    far = address(user, lat=place.lat + 0.03, lng=place.lng, is_default=False)
    full_cart(user, place, [product])
    client = window(user)
    first = client.get("/checkout/").content.decode()
    asked = {"address": str(far.pk), "method": "cod"}
    part = client.get("/checkout/", asked, **HTMX).content.decode()
    assert "<html" not in part and 'value="cod" checked' in part
    assert total(part) != total(first)
    assert re.search(rf'value="{far.pk}"[^>]* checked', part) and not re.search(
        rf'value="{near.pk}"[^>]* checked', part
    )
    shown = re.search(r'name="fingerprint" value="([^"]+)"', part)
    assert shown
    answer = client.post("/checkout/", {**asked, "fingerprint": shown[1]})
    assert answer.status_code == 302 and "/orders/" in answer.url  # nothing to accept once more


def test_pricing_an_empty_cart_leads_back_to_it():
    user = customer()
    shop(ProductFactory())
    assert window(user).get("/checkout/", **HTMX)["HX-Redirect"] == "/cart/"
