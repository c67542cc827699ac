"""The doors for programs."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Waitlist
from catalog.tests.factories import ProductFactory
from orders.models import Order
from orders.states import Status
from orders.tests.factories import HOME, address, customer, full_cart, order, place_order, shop

pytestmark = pytest.mark.django_db


def key() -> dict[str, str]:
    return {"HTTP_IDEMPOTENCY_KEY": uuid4().hex}


def test_says_who_delivers_here_and_what_it_costs(api):
    place = shop(ProductFactory())
    answer = api().get("/api/v1/serviceability/", {"lat": HOME[0], "lng": HOME[1]})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["served"], body["store"]["code"]) == (True, place.code)
    assert 1 <= body["eta_from_m"] < body["eta_to_m"]
    assert body["fees"]["cod_limit_paise"] == 300_000


def test_says_not_yet_here_with_a_waitlist(api):
    shop(ProductFactory())
    body = api().get("/api/v1/serviceability/", {"lat": 28.6, "lng": 77.2}).json()
    assert (body["served"], body["reason"], body["store"]) == (False, "not-yet-here", None)
    joined = api().post("/api/v1/waitlist/", {"phone": "98765 43210", "lat": 28.6, "lng": 77.2})
    assert joined.status_code == 201
    assert Waitlist.objects.get().phone == "+919876543210"


@pytest.mark.parametrize("query", [{}, {"lat": "x", "lng": "1"}, {"lat": "95", "lng": "1"}, {"lat": "nan", "lng": "1"}])
def test_refuses_places_that_are_none(api, query):
    answer = api().get("/api/v1/serviceability/", query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_page_of_the_shelf_takes_three_statements_and_goes_on_where_it_ended(api):
    goods = ProductFactory.create_batch(5)
    place = shop(*goods)
    url = f"/api/v1/stores/{place.code}/products/"
    with CaptureQueriesContext(connection) as asked:
        first = api().get(url, {"limit": 3})
    assert len(asked) == 3
    second = api().get(url, {"limit": 3, "cursor": first.json()["next_cursor"]})
    skus = [item["sku"] for page in (first, second) for item in page.json()["items"]]
    assert sorted(skus) == sorted(product.sku for product in goods)
    assert second.json()["next_cursor"] is None
    assert first.json()["items"][0]["available"] is True
    assert first.json()["items"][0]["left"] is None


def test_shelf_answers_are_kept_for_a_moment_and_not_sent_twice(api):
    place = shop(ProductFactory())
    url = f"/api/v1/stores/{place.code}/products/"
    first = api().get(url)
    assert first["Cache-Control"] == "public, max-age=10"
    again = api().get(url, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_categories_search_and_product_of_a_store(api):
    milk = ProductFactory(name="Toned milk")
    place = shop(milk, units=3)
    base = f"/api/v1/stores/{place.code}"
    assert api().get(f"{base}/categories/").json()["items"][0]["slug"] == milk.category.slug
    found = api().get(f"{base}/search/", {"q": "milk"}).json()
    assert [item["sku"] for item in found["items"]] == [milk.sku]
    product = api().get(f"{base}/products/{milk.sku}/").json()
    assert (product["left"], product["max_qty"], product["gst_bp"]) == (3, 3, 500)
    assert [store["code"] for store in api().get("/api/v1/stores/").json()["items"]] == [place.code]


@pytest.mark.parametrize(
    "path",
    [
        "stores/NOPE/products/",
        "stores/NOPE/categories/",
        "stores/BLR-T/products/NOPE/",
        "stores/BLR-T/products/?category=no",
    ],
)
def test_what_is_not_there_is_a_404_problem(api, path):
    shop(ProductFactory())
    answer = api().get(f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "limit=x", "cursor=%%%", "cursor=abc"])
def test_bad_parameters_are_a_400_problem(api, query):
    place = shop(ProductFactory())
    assert api().get(f"/api/v1/stores/{place.code}/products/?{query}").status_code == 400


def test_from_cart_to_order_and_back(api):
    milk = ProductFactory(mrp_paise=6_000)
    place, user = shop(milk), customer()
    where, http = address(user), api(user)
    cart = http.put("/api/v1/cart/", {"store": place.code, "lines": [{"sku": milk.sku, "qty": 2}]}).json()
    assert cart["can_check_out"] is True
    body = {"address_id": str(where.pk), "method": "cod", "bill_fingerprint": cart["bill"]["fingerprint"]}
    placed = http.post("/api/v1/checkout/", body, **key())
    assert placed.status_code == 201, placed.json()
    assert placed.json()["total_paise"] == cart["bill"]["total_paise"]
    order_url = placed["Location"]
    tracked = http.get(order_url).json()
    assert (tracked["status"], tracked["step"], tracked["can_cancel"]) == ("CONFIRMED", 1, True)
    assert len(tracked["otp"]) == 4
    assert http.get("/api/v1/orders/").json()["results"][0]["id"] == placed.json()["id"]
    cancelled = http.post(f"{order_url}cancel/", {"reason": "Changed my mind"}, **key()).json()
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("CANCELLED", "Changed my mind")


def test_the_same_key_orders_once_and_gives_the_same_answer(api):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where, http = address(user), api(user)
    view = full_cart(user, place, [milk])
    body = {"address_id": str(where.pk), "method": "cod", "bill_fingerprint": view.fingerprint}
    header = key()
    first, second = (http.post("/api/v1/checkout/", body, **header) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert Order.objects.count() == 1
    assert http.post("/api/v1/checkout/", {**body, "method": "online"}, **header).status_code == 422
    assert http.post("/api/v1/checkout/", body).status_code == 400


def test_an_online_order_says_where_to_pay(api):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where, http = address(user), api(user)
    view = full_cart(user, place, [milk])
    body = {"address_id": str(where.pk), "method": "online", "bill_fingerprint": view.fingerprint}
    placed = http.post("/api/v1/checkout/", body, **key()).json()
    assert placed["status"] == "PENDING"
    assert placed["payment_id"] and placed["pay_by"]


def test_a_changed_bill_is_a_409_with_the_new_bill(api):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    full_cart(user, place, [milk])
    body = {"address_id": str(where.pk), "method": "cod", "bill_fingerprint": "of-yesterday"}
    answer = api(user).post("/api/v1/checkout/", body, **key())
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/bill-changed")
    assert answer.json()["bill"]["total_paise"] > 0


def test_a_guest_fills_a_cart_and_takes_it_along(api):
    milk = ProductFactory()
    place, guest = shop(milk), str(uuid4())
    line = {"store": place.code, "sku": milk.sku, "qty": 2}
    filled = api().post("/api/v1/cart/lines/", line, HTTP_GUEST_CART=guest, **key())
    assert filled.json()["units"] == 2
    user = customer()
    adopted = api(user).post("/api/v1/cart/adopt/", {"guest_token": guest})
    assert adopted.json()["units"] == 2
    assert api().get("/api/v1/cart/", HTTP_GUEST_CART=guest).json()["lines"] == []
    assert api(user).post("/api/v1/cart/adopt/", {"guest_token": guest}).json()["units"] == 2


def test_a_cart_is_taken_along_by_the_header_it_was_filled_with(api):
    milk = ProductFactory()
    place, guest, user = shop(milk), str(uuid4()), customer()
    line = {"store": place.code, "sku": milk.sku, "qty": 2}
    api().post("/api/v1/cart/lines/", line, HTTP_GUEST_CART=guest, **key())
    assert api(user).post("/api/v1/cart/adopt/", {}, HTTP_GUEST_CART=guest).json()["units"] == 2
    nobody = api(user).post("/api/v1/cart/adopt/", {})
    assert (nobody.status_code, "Guest-Cart" in nobody.json()["detail"]) == (400, True)


def test_a_cart_needs_an_owner(api):
    assert api().get("/api/v1/cart/").status_code == 401
    for nobody in ("me", "", uuid4().hex, f"{{{uuid4()}}}"):
        assert api().get("/api/v1/cart/", HTTP_GUEST_CART=nobody).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"lines": [{"sku": "x" * 41, "qty": 1}]},
        {"lines": [{"sku": "x", "qty": 0}]},
        {"lines": [{"sku": "x", "qty": 100}]},
        {"lines": [{"sku": "x", "qty": 1}] * 61},
        {"tip_paise": -1},
        {"tip_paise": 10**9},
        {"store": ""},
        {"lat": 91, "lng": 0},
    ],
)
def test_input_has_limits(api, change):
    place = shop(ProductFactory())
    answer = api(customer()).put("/api/v1/cart/", {"store": place.code, "lines": [], **change})
    assert answer.status_code == 400, answer.json()


def test_too_many_of_one_product_are_refused_with_the_limit(api):
    milk = ProductFactory(max_per_order=3)
    place = shop(milk)
    answer = api(customer()).put("/api/v1/cart/", {"store": place.code, "lines": [{"sku": milk.sku, "qty": 4}]})
    assert (answer.status_code, answer.json()["max"]) == (409, 3)


@pytest.mark.parametrize("path", ["", "tracking/"])
def test_somebody_elses_order_is_not_found(api, path):
    theirs = order()
    stranger = api(customer())
    assert stranger.get(f"/api/v1/orders/{theirs.pk}/{path}").status_code == 404
    assert api().get(f"/api/v1/orders/{theirs.pk}/{path}").status_code == 401


def test_somebody_elses_order_cannot_be_cancelled(api):
    theirs = order()
    assert api(customer()).post(f"/api/v1/orders/{theirs.pk}/cancel/", {}, **key()).status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == Status.CONFIRMED


def test_the_order_list_shows_only_my_orders_in_few_statements(api):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    for _ in range(3):
        place_order(user, place, [milk])
    place_order(customer(), place, [milk])
    http = api(user)
    with CaptureQueriesContext(connection) as asked:
        page = http.get("/api/v1/orders/", {"page_size": 2}).json()
    assert len(asked) == 2
    assert len(page["results"]) == 2
    assert len(api(user).get(page["next"]).json()["results"]) == 1


def test_a_picture_has_addresses_in_orders_and_suggestions_as_on_the_shelf(api):
    milk = ProductFactory(name="Nandini Milk", image="products/milk.svg")
    place, user = shop(milk), customer()
    http = api(user)
    on_shelf = http.get(f"/api/v1/stores/{place.code}/products/{milk.sku}/").json()["images"]
    order = place_order(user, place, [milk])
    ordered = http.get(f"/api/v1/orders/{order.pk}/").json()["lines"][0]["images"]
    suggested = http.get(f"/api/v1/stores/{place.code}/suggest/?q=nandini").json()["items"]
    assert on_shelf["thumb"].endswith("/products/milk.svg")
    assert ordered == on_shelf
    assert [it["images"] for it in suggested if it["sku"] == milk.sku] == [on_shelf]
