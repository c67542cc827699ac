"""Shopping lists, buy again and alerts as pages: forms without a script, and htmx answers."""

from datetime import timedelta

import pytest
from django.test import Client

from catalog import services as catalog_services
from catalog.models import RestockAlert, ShoppingList, ShoppingListItem
from catalog.tests.factories import NOW, ProductFactory
from orders.models import CartLine
from orders.queries.bought import bought_page
from orders.queries.shelves import store_id_of
from orders.services import sharing
from orders.states import Status
from orders.tests.factories import HOME, advance, customer, place_order, shop

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return client


@pytest.fixture
def asha():
    return customer()


def a_list(user, *products, name="Breakfast", qty=2) -> ShoppingList:
    made = catalog_services.save_list(customer_id=user.pk, name=name, now=NOW)
    for product in products:
        catalog_services.set_list_item(customer_id=user.pk, list_id=made.pk, sku=product.sku, qty=qty, now=NOW)
    return made


def test_made_renamed_and_removed(asha):
    shop(ProductFactory())
    client = signed_in(asha)
    assert "No list yet" in client.get("/lists/").content.decode()
    made = client.post("/lists/", {"name": " Sunday  breakfast "})
    mine = ShoppingList.objects.get()
    assert (mine.name, made.url) == ("Sunday breakfast", f"/lists/{mine.pk}/")
    taken = client.post("/lists/", {"name": "sunday breakfast"})
    assert taken.status_code == 400 and 'value="sunday breakfast"' in taken.content.decode()
    client.post(f"/lists/{mine.pk}/", {"name": "Weekdays"})
    assert ShoppingList.objects.get().name == "Weekdays"
    client.post(f"/lists/{mine.pk}/delete/")
    assert not ShoppingList.objects.exists()


def test_added_from_a_card_as_a_sheet_and_as_a_page(asha):
    product = ProductFactory()
    shop(product)
    client = signed_in(asha)
    assert f"/lists/add/?sku={product.sku}" in client.get(f"/p/{product.sku}/").content.decode()
    page = client.get(f"/lists/add/?sku={product.sku}&next=/cart/").content.decode()
    assert "<html" in page and 'value="/cart/"' in page
    sheet = client.get(f"/lists/add/?sku={product.sku}", **HTMX).content.decode()
    assert "<html" not in sheet and "data-close" in sheet
    back = client.post("/lists/add/", {"sku": product.sku, "name": "New", "next": "/cart/"})
    assert back.url == "/cart/"
    mine = ShoppingList.objects.get()
    added = client.post("/lists/add/", {"sku": product.sku, "list": str(mine.pk)}, **HTMX)
    assert "“New”" in added.content.decode()
    assert ShoppingListItem.objects.get().qty == 2
    elsewhere = client.post("/lists/add/", {"sku": product.sku, "name": "Other", "next": "https://evil.example/"})
    assert elsewhere.url == "/lists/"


def test_stepper_answers_with_the_items_and_zero_takes_off(asha):
    product = ProductFactory()
    shop(product, price_paise=4_000)
    mine = a_list(asha, product)
    client = signed_in(asha)
    part = client.post(f"/lists/{mine.pk}/item/", {"sku": product.sku, "qty": "3"}, **HTMX).content.decode()
    assert "₹120" in part and "<html" not in part
    assert client.post(f"/lists/{mine.pk}/item/", {"sku": product.sku, "qty": "no"}).status_code == 400
    client.post(f"/lists/{mine.pk}/item/", {"sku": product.sku, "qty": "0"})
    assert not ShoppingListItem.objects.exists()


def test_a_whole_list_into_the_cart_says_what_stayed_behind_and_why(asha):
    here, gone = ProductFactory(), ProductFactory(name="Rare cheese")
    shop(here, units=5)
    mine = a_list(asha, here, gone)
    client = signed_in(asha)
    assert client.post(f"/lists/{mine.pk}/to-cart/").url == f"/lists/{mine.pk}/"
    page = client.get(f"/lists/{mine.pk}/").content.decode()
    assert "Rare cheese: not sold at this store" in page
    assert "stayed behind" not in client.get(f"/lists/{mine.pk}/").content.decode()  # said once
    assert CartLine.objects.get().qty == 2
    catalog_services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=gone.sku, qty=0, now=NOW)
    assert client.post(f"/lists/{mine.pk}/to-cart/").url == "/cart/"


def test_somebody_elses_list_is_not_found(asha):
    product = ProductFactory()
    shop(product)
    mine = a_list(asha, product)
    other = signed_in(customer())
    assert other.get(f"/lists/{mine.pk}/").status_code == 404
    for path, form in (("", {"name": "Mine"}), ("item/", {"sku": product.sku, "qty": "9"}), ("to-cart/", {})):
        assert other.post(f"/lists/{mine.pk}/{path}", form).status_code == 404
    other.post(f"/lists/{mine.pk}/delete/")
    assert ShoppingList.objects.get().name == "Breakfast"
    assert ShoppingListItem.objects.get().qty == 2
    assert Client().get("/lists/").status_code == 302


def test_a_shared_link_is_read_by_anybody_and_copied_apart(asha, api):
    product = ProductFactory()
    shop(product)
    mine = a_list(asha, product)
    token = sharing.share_token(customer_id=asha.pk, list_id=mine.pk)
    stranger = Client()
    page = stranger.get(f"/lists/shared/{token}/").content.decode()
    assert product.name in page and asha.name not in page and asha.phone not in page
    assert "/sign-in/" in stranger.post(f"/lists/shared/{token}/").url
    ravi = customer("Ravi")
    a_list(ravi, name="Breakfast")
    client = signed_in(ravi)
    copied = client.post(f"/lists/shared/{token}/")
    copy = ShoppingList.objects.get(customer=ravi, name="Breakfast 2")
    assert copied.url == f"/lists/{copy.pk}/"
    assert copy.items.get().qty == 2
    catalog_services.set_list_item(customer_id=asha.pk, list_id=mine.pk, sku=product.sku, qty=9, now=NOW)
    assert copy.items.get().qty == 2
    assert stranger.get(f"/lists/shared/{token}x/").status_code == 404
    shared = api(asha).post(f"/api/v1/lists/{mine.pk}/share/").json()
    assert api().get(f"/api/v1/lists/shared/{shared['token']}/").json()["name"] == "Breakfast"
    assert api(ravi).post(f"/api/v1/lists/{mine.pk}/share/").status_code == 404
    catalog_services.delete_list(customer_id=asha.pk, list_id=mine.pk)
    assert stranger.get(f"/lists/shared/{token}/").status_code == 404


def test_a_link_is_good_for_thirty_days(asha, monkeypatch):
    mine = a_list(asha)
    token = sharing.share_token(customer_id=asha.pk, list_id=mine.pk)
    assert sharing.shared_list_id(token) == mine.pk
    monkeypatch.setattr(sharing, "GOOD_FOR", timedelta(seconds=-1))
    assert Client().get(f"/lists/shared/{token}/").status_code == 404


def test_everything_bought_before_page_by_page(asha, api, django_assert_num_queries):
    goods = ProductFactory.create_batch(5)
    place = shop(*goods)
    for number, product in enumerate(goods):
        advance(place_order(asha, place, [product], now=NOW + timedelta(hours=number)), Status.DELIVERED)
    store_id_of(place.code)  # kept from then on
    seen, cursor = [], ""
    while True:
        with django_assert_num_queries(4):  # one of them the store, which tests do not keep
            page = bought_page(customer_id=asha.pk, store_code=place.code, cursor=cursor, limit=2)
        seen += [it.card.row.sku for it in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == [product.sku for product in reversed(goods)]
    client = signed_in(asha)
    assert client.get("/buy-again/").content.decode().count('class="product-name"') == 5
    assert client.get("/buy-again/?cursor=nonsense").status_code == 400
    url = f"/api/v1/stores/{place.code}/bought/"
    assert len(api(asha).get(url, {"limit": 2}).json()["items"]) == 2
    assert api(customer()).get(url).json()["items"] == []


def test_what_is_waited_for_can_be_let_go(asha):
    product = ProductFactory()
    place = shop(product)
    catalog_services.ask_for_restock(customer_id=asha.pk, store_id=place.pk, sku=product.sku, now=NOW)
    client = signed_in(asha)
    assert product.name in client.get("/alerts/").content.decode()
    client.post("/alerts/", {"store": place.pk, "sku": product.sku})
    assert not RestockAlert.objects.exists()
    assert "You wait for nothing" in client.get("/alerts/").content.decode()
