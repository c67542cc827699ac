"""Buy again, goes with, lists into the cart, waiting for a product: from our own orders, through every door."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.models import Event
from catalog import services as catalog_services
from catalog.affinity import Baskets, learn
from catalog.errors import NoSuchProduct
from catalog.models import Affinity, RestockAlert
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory, on_shelf
from inventory import services as stock
from orders import queries, services
from orders.models import CartLine, Order, OrderLine
from orders.states import Status
from orders.tests.factories import advance, customer, full_cart, place_order, shop

pytestmark = pytest.mark.django_db


def brought(user, place, *products, days_ago=0):
    """An order of these products, delivered so many days ago."""
    order = advance(place_order(user, place, dict.fromkeys(products, 1)), Status.DELIVERED)
    Order.objects.filter(pk=order.pk).update(placed_at=NOW - timedelta(days=days_ago))
    return order


def key():
    return {"HTTP_IDEMPOTENCY_KEY": uuid4().hex}


# -- buy again ----------------------------------------------------------------------------------------------------


def test_buy_again_puts_often_and_lately_first_and_sold_out_last(django_assert_num_queries):
    milk, bread, soap, gone, eggs = products = ProductFactory.create_batch(5)
    place, asha, ravi = shop(*products), customer(), customer("Ravi")
    brought(asha, place, milk, gone, days_ago=3)
    brought(asha, place, milk, days_ago=2)
    brought(asha, place, bread, days_ago=1)
    brought(asha, place, soap, days_ago=150)
    brought(ravi, place, eggs)
    stock.count(store_id=place.pk, product_id=gone.pk, counted=0, reason="count", actor="user:1", now=NOW)
    with django_assert_num_queries(4):  # store, history, shelf, stock
        found = queries.buy_again(customer_id=asha.pk, store_code=place.code, now=NOW)
    assert [it.card.row.sku for it in found] == [milk.sku, bread.sku, soap.sku, gone.sku]
    assert (found[0].times, found[0].last_at) == (2, NOW - timedelta(days=2))
    assert found[-1].card.free == 0


def test_what_was_not_brought_was_not_bought():
    milk, bread, soap = products = ProductFactory.create_batch(3)
    place, asha = shop(*products), customer()
    place_order(asha, place, [milk])  # on its way
    order = brought(asha, place, bread, soap)
    OrderLine.objects.filter(order=order, product=soap).update(short_qty=1)
    found = queries.buy_again(customer_id=asha.pk, store_code=place.code, now=NOW)
    assert [it.card.row.sku for it in found] == [bread.sku]
    assert queries.buy_again(customer_id=customer("New").pk, store_code=place.code, now=NOW) == []


# -- learning -----------------------------------------------------------------------------------------------------


def test_learning_from_our_orders_feeds_goes_with():
    tea, biscuits, soap = products = ProductFactory.create_batch(3)
    place = shop(*products)
    for name in ("Asha", "Ravi"):
        brought(customer(name), place, tea, biscuits)
    place_order(customer("Nila"), place, [tea, soap])  # not delivered: not learned from
    assert services.learn_affinity(now=NOW + timedelta(days=1)) == 2
    assert set(Affinity.objects.values_list("product", "other", "source", "together")) == {
        (tea.pk, biscuits.pk, "orders", 2), (biscuits.pk, tea.pk, "orders", 2)}  # fmt: skip
    found = queries.goes_with(store_code=place.code, sku=tea.sku)
    assert [(it.card.row.sku, it.source) for it in found] == [(biscuits.sku, "orders"), (soap.sku, "popular")]
    assert services.learn_affinity(now=NOW + timedelta(days=services.wanting.LEARN_FROM_DAYS + 2)) == 0


def test_learning_without_orders_is_no_error():
    assert services.learn_affinity(now=NOW) == 0


# -- goes with, similar -------------------------------------------------------------------------------------------


def test_a_sold_out_product_is_never_suggested_and_the_statements_are_few(django_assert_num_queries):
    spreads = CategoryFactory()
    butter, cheese, ghee, other = (
        *ProductFactory.create_batch(3, category=spreads), ProductFactory())  # fmt: skip
    place = shop(butter, cheese, other)
    on_shelf(place, ghee)
    pairs = [butter.pk, cheese.pk, ghee.pk, other.pk]
    catalog_services.replace_learned(pairs=learn(Baskets.of([pairs, pairs])), now=NOW)
    with django_assert_num_queries(5 + 1):  # store, product, pairs, then tree and best sellers as there are few, stock
        found = queries.goes_with(store_code=place.code, sku=butter.sku)
    assert {it.card.row.sku for it in found} == {cheese.sku, other.sku}
    with django_assert_num_queries(4):  # store, product, category, stock
        alike = queries.similar(store_code=place.code, sku=butter.sku)
    assert [it.card.row.sku for it in alike] == [cheese.sku]
    for read in (queries.goes_with, queries.similar):
        with pytest.raises(NoSuchProduct):
            read(store_code=place.code, sku="NOPE")


def test_a_shelf_is_not_empty_because_the_best_companions_are_sold_out():
    """Twenty-five teas are gone: coffee, which comes after them, is there."""
    milk, tea, coffee = (CategoryFactory(slug=slug) for slug in ("milk", "tea", "coffee"))
    milks, last = ProductFactory(category=milk), ProductFactory(category=coffee)
    place = shop(milks, last)
    teas = ProductFactory.create_batch(25, category=tea, popularity=9)
    on_shelf(place, *teas)
    ids = [milks.pk, *(product.pk for product in teas)]
    catalog_services.replace_learned(pairs=learn(Baskets.of([ids, ids])), now=NOW)
    found = queries.goes_with(store_code=place.code, sku=milks.sku)
    assert [(it.card.row.sku, it.source) for it in found] == [(last.sku, "category")]


def test_goes_with_costs_the_same_for_a_cart_of_one_and_of_ten():
    products = ProductFactory.create_batch(30)
    place = shop(*products)
    costs = []
    for size in (1, 10):
        user = customer()
        view = full_cart(user, place, products[:size])
        with CaptureQueriesContext(connection) as asked:
            found = queries.goes_with_cart(customer_id=user.pk)
        with CaptureQueriesContext(connection) as for_view:
            assert [it.card for it in queries.goes_with_view(view)] == [it.card for it in found]
        assert len(found) == 12
        assert not {it.card.row.sku for it in found} & {product.sku for product in products[:size]}
        costs.append((len(asked), len(for_view)))
    assert costs[0] == costs[1] == (5, 4)  # (lines,) pairs, tree, best sellers, stock
    assert queries.goes_with_cart(customer_id=customer().pk) == []


# -- lists into the cart ------------------------------------------------------------------------------------------


def a_list(user, **items):
    mine = catalog_services.save_list(customer_id=user.pk, name="Weekly", now=NOW)
    for sku, qty in items.items():
        catalog_services.set_list_item(customer_id=user.pk, list_id=mine.pk, sku=sku, qty=qty, now=NOW)
    return mine


def test_a_whole_list_goes_into_the_cart_once():
    milk, bread = ProductFactory.create_batch(2)
    place, asha = shop(milk, bread), customer()
    full_cart(asha, place, {milk: 3})
    mine = a_list(asha, **{milk.sku: 2, bread.sku: 4})
    for _ in range(2):
        added = services.add_list_to_cart(customer_id=asha.pk, list_id=mine.pk, store_code=place.code, now=NOW)
        assert {line.product_id: line.qty for line in added.view.lines} == {milk.pk: 3, bread.pk: 4}
        assert added.left_out == ()
        assert added.view.bill.items_paise == 7 * 10_000


def test_what_the_store_cannot_give_is_said_and_the_rest_goes_in():
    milk, few, gone, capped = ProductFactory.create_batch(3) + [ProductFactory(max_per_order=2)]
    elsewhere = ProductFactory()
    place, asha = shop(milk, capped), customer()
    on_shelf(place, few, gone)
    stock.receive(store_id=place.pk, lines=[(few.pk, 2, None)], reason="delivery", actor="system", now=NOW)
    mine = a_list(asha, **{milk.sku: 1, few.sku: 5, gone.sku: 1, capped.sku: 9, elsewhere.sku: 1})
    added = services.add_list_to_cart(customer_id=asha.pk, list_id=mine.pk, store_code=place.code, now=NOW)
    assert {line.product_id: line.qty for line in added.view.lines} == {milk.pk: 1, few.pk: 2, capped.pk: 2}
    assert {it.sku: (it.qty, it.reason) for it in added.left_out} == {
        few.sku: (2, "few-left"), gone.sku: (0, "sold-out"), capped.sku: (2, "too-many-units"),
        elsewhere.sku: (0, "not-on-shelf")}  # fmt: skip
    assert added.view.problems == ()


def test_a_list_costs_the_same_number_of_statements_whatever_is_on_it():
    products = ProductFactory.create_batch(12)
    place, costs = shop(*products), []
    for size in (2, 12):
        user = customer()
        mine = a_list(user, **{product.sku: 1 for product in products[:size]})
        with CaptureQueriesContext(connection) as asked:
            services.add_list_to_cart(customer_id=user.pk, list_id=mine.pk, store_code=place.code, now=NOW)
        costs.append(len(asked))
    assert costs[0] == costs[1]


# -- back in stock ------------------------------------------------------------------------------------------------


def test_who_waits_is_told_once_when_it_is_back():
    milk, place = ProductFactory(), shop()
    on_shelf(place, milk)
    asha, ravi = customer(), customer("Ravi")
    for user in (asha, ravi):
        catalog_services.ask_for_restock(customer_id=user.pk, store_id=place.pk, sku=milk.sku, now=NOW)
    assert services.tell_restocked(now=NOW) == 0
    stock.receive(store_id=place.pk, lines=[(milk.pk, 5, None)], reason="delivery", actor="system", now=NOW)
    assert services.tell_restocked(now=NOW) == 2
    assert services.tell_restocked(now=NOW) == 0
    told = Event.objects.filter(code="orders.BackInStock").order_by("pk")
    assert [(event.subject, event.payload["sku"]) for event in told] == [
        (f"user:{asha.pk}", milk.sku), (f"user:{ravi.pk}", milk.sku)]  # fmt: skip
    assert not RestockAlert.objects.filter(told_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_eight_sweepers_tell_each_customer_once(race):
    milk = ProductFactory()
    place = shop(milk)
    for number in range(6):
        user = customer(f"C{number}")
        catalog_services.ask_for_restock(customer_id=user.pk, store_id=place.pk, sku=milk.sku, now=NOW)
    assert sum(race(8, lambda: services.tell_restocked(now=NOW))) == 6
    assert Event.objects.filter(code="orders.BackInStock").count() == 6


# -- doors --------------------------------------------------------------------------------------------------------


def test_suggestions_are_open_to_everybody_and_say_their_source(api):
    milk, tea = (ProductFactory(category=CategoryFactory(slug=slug)) for slug in ("milk", "tea"))
    more = ProductFactory(category=milk.category)
    place = shop(milk, tea, more)
    base = f"/api/v1/stores/{place.code}/products/{milk.sku}"
    answer = api().get(f"{base}/goes-with/", {"limit": 1})
    assert [(it["sku"], it["source"], it["available"]) for it in answer.json()["items"]] == [
        (tea.sku, "category", True)
    ]
    assert answer["Cache-Control"].startswith("public") and answer["ETag"]
    assert [it["sku"] for it in api().get(f"{base}/similar/").json()["items"]] == [more.sku]
    assert api().get(f"{base}/goes-with/", {"limit": 41}).status_code == 400
    assert api().get(f"/api/v1/stores/{place.code}/products/NOPE/similar/").status_code == 404


def test_a_guests_cart_has_companions_too(api):
    milk, tea = (ProductFactory(category=CategoryFactory(slug=slug)) for slug in ("milk", "tea"))
    place, guest = shop(milk, tea), {"HTTP_GUEST_CART": str(uuid4())}
    assert api().get("/api/v1/cart/goes-with/").status_code == 401
    assert api().get("/api/v1/cart/goes-with/", **guest).json() == {"items": []}
    api().post("/api/v1/cart/lines/", {"store": place.code, "sku": milk.sku, "qty": 1}, **guest, **key())
    assert [it["sku"] for it in api().get("/api/v1/cart/goes-with/", **guest).json()["items"]] == [tea.sku]


def test_favourites_buy_again_and_alerts_through_the_api(api):
    milk, gone = ProductFactory.create_batch(2)
    place, asha = shop(milk), customer()
    on_shelf(place, gone)
    brought(asha, place, milk)
    http, base = api(asha), f"/api/v1/stores/{place.code}"
    again = http.get(f"{base}/buy-again/")
    assert [(it["sku"], it["times"]) for it in again.json()["items"]] == [(milk.sku, 1)]
    assert again["Cache-Control"] == "no-store"
    for _ in range(2):
        assert http.put(f"/api/v1/favourites/{milk.sku}/").status_code == 204
    assert [it["sku"] for it in http.get(f"{base}/favourites/").json()["items"]] == [milk.sku]
    assert http.delete(f"/api/v1/favourites/{milk.sku}/").status_code == 204
    assert http.get(f"{base}/favourites/").json()["items"] == []
    assert http.put(f"{base}/restock-alerts/{gone.sku}/").status_code == 204
    assert http.get(f"{base}/restock-alerts/").json() == {"items": [gone.sku]}
    assert http.delete(f"{base}/restock-alerts/{gone.sku}/").status_code == 204
    assert http.get(f"{base}/restock-alerts/").json() == {"items": []}
    assert http.put("/api/v1/favourites/NOPE/").status_code == 404
    assert http.put(f"{base}/restock-alerts/NOPE/").status_code == 404


def test_a_list_through_the_api_from_its_name_to_the_cart(api):
    milk, elsewhere = ProductFactory.create_batch(2)
    place, http = shop(milk), api(customer())
    assert http.post("/api/v1/lists/", {"name": "Weekly"}).status_code == 400  # no Idempotency-Key
    made = http.post("/api/v1/lists/", {"name": "Weekly"}, **key())
    assert made.status_code == 201
    url = made["Location"]
    assert http.post("/api/v1/lists/", {"name": "weekly"}, **key()).json()["type"] == "/problems/list-name-taken"
    http.put(f"{url}items/{elsewhere.sku}/", {"qty": 1})
    body = http.put(f"{url}items/{milk.sku}/?store={place.code}", {"qty": 2}).json()
    assert [(it["sku"], it["qty"], bool(it["card"])) for it in body["items"]] == [
        (elsewhere.sku, 1, False), (milk.sku, 2, True)]  # fmt: skip
    header = key()
    for _ in range(2):
        added = http.post(f"{url}to-cart/", {"store": place.code}, **header)
        assert added.status_code == 200, added.json()
        assert [(it["sku"], it["qty"]) for it in added.json()["cart"]["lines"]] == [(milk.sku, 2)]
        assert [(it["sku"], it["reason"]) for it in added.json()["left_out"]] == [(elsewhere.sku, "not-on-shelf")]
    assert http.put(url, {"name": "Monthly"}).json()["name"] == "Monthly"
    assert [(it["name"], it["items"]) for it in http.get("/api/v1/lists/").json()["items"]] == [("Monthly", 2)]
    assert http.delete(url).status_code == 204
    assert http.get(url).status_code == 404
    assert CartLine.objects.count() == 1


PRIVATE = [
    ("get", "stores/BLR-T/buy-again/"), ("get", "stores/BLR-T/favourites/"), ("put", "favourites/X/"),
    ("delete", "favourites/X/"), ("get", "stores/BLR-T/restock-alerts/"), ("put", "stores/BLR-T/restock-alerts/X/"),
    ("delete", "stores/BLR-T/restock-alerts/X/"), ("get", "lists/"), ("post", "lists/"),
    ("get", "lists/{id}/"), ("put", "lists/{id}/"), ("delete", "lists/{id}/"), ("put", "lists/{id}/items/X/"),
    ("post", "lists/{id}/to-cart/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_what_is_private_needs_a_sign_in(api, method, path):
    answer = getattr(api(), method)(f"/api/v1/{path.format(id=uuid4())}", {})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("get", "", {}), ("put", "", {"name": "Mine now"}), ("put", "items/{sku}/", {"qty": 1}),
     ("post", "to-cart/", {"store": "BLR-T"})],
)  # fmt: skip
def test_somebody_elses_list_is_not_found_by_any_door(api, method, path, body):
    milk, asha = ProductFactory(), customer()
    shop(milk)
    mine = a_list(asha, **{milk.sku: 1})
    url = f"/api/v1/lists/{mine.pk}/{path.format(sku=milk.sku)}"
    answer = getattr(api(customer("Ravi")), method)(url, body, **key())
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-list")
    assert api(customer("Ravi")).delete(f"/api/v1/lists/{mine.pk}/").status_code == 204
    assert api(asha).get(f"/api/v1/lists/{mine.pk}/").json()["name"] == "Weekly"
