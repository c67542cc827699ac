"""The storefront as a browser without JavaScript uses it: forms that post and redirect; and its htmx answers."""

import re
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Address, OtpChallenge
from accounts.services import otp_code
from catalog.models import Waitlist
from catalog.tests.factories import ProductFactory
from catalog.tests.factories import store as make_store
from orders.models import Cart, Order
from orders.states import Status
from orders.tests.factories import HOME, address, advance, customer, full_cart, order, place_order, shop
from orders.web.cards import Card
from payments.models import Attempt, AttemptState

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def here(client: Client) -> None:
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_shows_the_shelf_and_the_arrival_range_to_a_stranger(client):
    shop(*ProductFactory.create_batch(3))
    here(client)
    page = client.get("/").content.decode()
    assert "hero-eta" in page and "min" in page
    assert page.count("btn-add") >= 3


def test_says_honestly_where_nobody_delivers_and_keeps_a_list(client):
    shop(ProductFactory())
    answer = client.post("/place/", {"lat": 28.6, "lng": 77.2})
    assert answer.url == reverse("shop-not-here")
    page = client.get(answer.url)
    assert b"We are not at your door yet" in page.content
    wrong = client.post("/place/waitlist/", {"phone": "12"})
    assert b'value="12"' in wrong.content  # what was typed is kept
    client.post("/place/waitlist/", {"phone": "98765 43210"})
    assert Waitlist.objects.get().phone == "+919876543210"


@pytest.mark.parametrize("path", ["/", "/search/?q=milk", "/shelves/"])
def test_every_shelf_is_the_honest_page_where_nobody_delivers(client, path):
    shop(ProductFactory())
    client.post("/place/", {"lat": 28.6, "lng": 77.2})
    assert "We are not at your door yet" in client.get(path).content.decode()
    assert client.get("/search/?q=milk", **HTMX)["HX-Redirect"] == reverse("shop-not-here")
    assert client.get("/search/suggest/?q=mi").status_code == 200


def test_a_guest_fills_a_cart_and_finds_it_again_after_signing_in(client):
    product = ProductFactory()
    shop(product)
    here(client)
    assert client.post("/cart/line/", {"sku": product.sku, "qty": 2}).status_code == 302
    answer = client.post("/sign-in/", {"phone": "98765 00011", "next": "/cart/"})
    assert answer.url == "/sign-in/code/?next=%2Fcart%2F"
    code = otp_code(OtpChallenge.objects.latest("created_at").pk)
    assert client.post("/sign-in/code/", {"code": code, "next": "/cart/"}).url == "/cart/"
    cart = Cart.objects.get()
    assert cart.customer is not None and cart.lines.get().qty == 2
    assert product.name in client.get("/cart/").content.decode()


def test_a_wrong_code_keeps_the_page_and_says_so(client):
    client.post("/sign-in/", {"phone": "98765 00012"})
    answer = client.post("/sign-in/code/", {"code": "000000"})
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content


def test_never_sends_a_person_to_another_site(client):
    client.post("/sign-in/", {"phone": "98765 00013"})
    code = otp_code(OtpChallenge.objects.latest("created_at").pk)
    assert client.post("/sign-in/code/", {"code": code, "next": "https://evil.example/"}).url == "/"


def test_a_tap_answers_with_every_part_that_shows_the_cart(client):
    product = ProductFactory()
    shop(product)
    here(client)
    page = client.post("/cart/line/", {"sku": product.sku, "qty": 1}, **HTMX).content.decode()
    assert f"outerHTML:.line-{product.pk}" in page
    for part in ("cart-count", "cart-bar", "cart-aside", "cart-button"):
        assert f'id="{part}"' in page
    gone = client.post("/cart/line/", {"sku": product.sku, "qty": 0}, **HTMX).content.decode()
    assert "btn-add" in gone


def test_a_refusal_is_a_toast_for_htmx_and_changes_nothing(client):
    product = ProductFactory(max_per_order=2)
    shop(product)
    here(client)
    answer = client.post("/cart/line/", {"sku": product.sku, "qty": 3}, **HTMX)
    assert answer.status_code == 409
    assert answer["HX-Retarget"] == "#toasts"
    assert b"at most 2 per order" in answer.content
    assert not Cart.objects.exists() or not Cart.objects.get().lines.exists()


def test_a_cart_that_ran_short_is_settled_with_one_tap(client):
    plenty, few = ProductFactory.create_batch(2)
    place = shop(plenty)
    shop(few, units=1, at=place)
    here(client)
    for product in (plenty, few):
        client.post("/cart/line/", {"sku": product.sku, "qty": 2})
    page = client.get("/cart/").content.decode()
    assert "Only 1 left" in page and "/checkout/" not in page
    client.post("/cart/take-what-is-there/")
    lines = dict(Cart.objects.get().lines.values_list("product_id", "qty"))
    assert lines == {plenty.pk: 2, few.pk: 1}
    assert "/checkout/" in client.get("/cart/").content.decode()


def test_asks_for_a_sign_in_only_at_checkout(client):
    product = ProductFactory()
    shop(product)
    here(client)
    client.post("/cart/line/", {"sku": product.sku, "qty": 1})
    assert client.get("/checkout/").url == "/sign-in/?next=/checkout/"


def checkout_form(client: Client, **more: str) -> dict[str, str]:
    page = client.get("/checkout/").content.decode()
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', page)
    assert fingerprint, page
    chosen = Address.objects.get()
    return {"fingerprint": fingerprint[1], "address": str(chosen.pk), "method": "cod", **more}


@pytest.mark.parametrize("how", ["leave_at_door", "leave_with_guard"])
def test_cash_cannot_be_left_at_the_door_or_with_the_guard(how):
    user, product = customer(), ProductFactory()
    address(user)
    full_cart(user, shop(product), {product: 2})
    client = signed_in(user)
    client.post("/cart/instructions/", {"instruction": [how]})
    assert "Not together with" in client.get("/checkout/").content.decode()
    assert client.post("/checkout/", checkout_form(client)).status_code == 409
    assert not Order.objects.exists()
    assert client.post("/checkout/", checkout_form(client, method="upi")).status_code == 302


def test_cash_order_from_cart_to_tracking_page():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, {product: 2})
    client = signed_in(user)
    client.post("/cart/instructions/", {"instruction": ["no_bell", "nonsense"]})
    answer = client.post("/checkout/", checkout_form(client))
    made = Order.objects.get()
    assert answer.url == f"/orders/{made.pk}/"
    assert made.status == Status.CONFIRMED and made.instructions == ["no_bell"]
    page = client.get(answer.url).content.decode()
    assert made.number in page and "The store has your order" in page
    assert f'data-live="/ws/orders/{made.pk}/"' in page


def test_sending_the_order_twice_leads_to_the_same_order():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, [product])
    client = signed_in(user)
    form = checkout_form(client)
    first, second = client.post("/checkout/", form), client.post("/checkout/", form)
    assert first.url == second.url
    assert Order.objects.count() == 1


def test_a_changed_bill_is_shown_and_must_be_accepted():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, [product], tip_paise=0)
    client = signed_in(user)
    form = checkout_form(client, fingerprint="what-it-was-before")
    answer = client.post("/checkout/", form)
    page = answer.content.decode()
    assert answer.status_code == 409 and "The bill has changed." in page
    assert not Order.objects.exists()
    accepted = re.search(r'name="fingerprint" value="([^"]+)"', page)
    assert accepted
    assert client.post("/checkout/", {**form, "fingerprint": accepted[1]}).status_code == 302
    assert Order.objects.count() == 1


def test_online_order_goes_to_the_gateway_and_waits_on_its_own_page():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, [product])
    client = signed_in(user)
    answer = client.post("/checkout/", checkout_form(client, method="upi"))
    made = Order.objects.get()
    assert made.status == Status.PENDING
    assert "/sandbox-gateway/pay/" in answer.url
    assert b"Waiting for" in client.get(f"/orders/{made.pk}/pay/").content


def test_going_back_to_pay_for_what_was_cancelled_says_so():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, [product])
    client = signed_in(user)
    client.post("/checkout/", checkout_form(client, method="upi"))
    made = Order.objects.get()
    client.post(f"/orders/{made.pk}/cancel/", {"reason": "Ordered by mistake"})
    page = client.get(f"/orders/{made.pk}/pay/").content.decode()
    assert "This order was cancelled" in page and f'href="/orders/{made.pk}/"' in page
    assert "· not paid " in client.get(f"/orders/{made.pk}/").content.decode()
    Order.objects.update(pay_by=timezone.now() - timedelta(minutes=1))
    assert "The time to pay is over" in client.get(f"/orders/{made.pk}/pay/").content.decode()


def test_a_declined_payment_shows_the_ways_that_are_left():
    user, product = customer(), ProductFactory()
    place = shop(product)
    address(user)
    full_cart(user, place, [product])
    client = signed_in(user)
    client.post("/checkout/", checkout_form(client, method="upi"))
    made = Order.objects.get()
    assert "Pay ₹" in client.get("/orders/").content.decode()
    attempt = Attempt.objects.get()
    waiting = client.get(f"/orders/{made.pk}/pay/").content.decode()
    assert "delay:500ms" in waiting and "until " in waiting
    Attempt.objects.update(state=AttemptState.DECLINED, decline_reason="Not enough money.")
    page = client.get(f"/orders/{made.pk}/pay/").content.decode()
    ways = ("Try again", "Pay by card instead", "Cash at the door instead")
    for words in ("Not enough money.", *ways, 'data-kind="stop"'):
        assert words in page
    Order.objects.update(instructions=["leave_with_guard"])  # cash needs a hand
    assert "Cash at the door instead" not in client.get(f"/orders/{made.pk}/pay/").content.decode()
    Order.objects.update(instructions=[])
    answer = client.post(f"/orders/{made.pk}/pay/", {"instrument": "card"})
    assert "/sandbox-gateway/pay/" in answer.url and attempt.gateway_ref not in answer.url
    Attempt.objects.update(state=AttemptState.DECLINED)
    assert client.post(f"/orders/{made.pk}/pay/", {"instrument": "cod"}).url == "/checkout/?method=cod"
    made.refresh_from_db()
    assert made.status == Status.CANCELLED
    assert Cart.objects.get(customer=user).lines.get().product == product


def test_a_new_customer_is_asked_for_a_name_once():
    user, product = customer(), ProductFactory()
    user.name = ""
    user.save(update_fields=["name"])
    place = shop(product)
    address(user)
    full_cart(user, place, [product])
    client = signed_in(user)
    page = client.get("/checkout/").content.decode()
    assert 'name="name"' in page and "The rider brings change" in page and "Up to ₹" in page
    client.post("/checkout/", checkout_form(client, name="  Asha   Rao "))
    user.refresh_from_db()
    assert user.name == "Asha Rao" and Order.objects.get().contact_name == "Asha Rao"
    full_cart(user, place, [product])
    assert 'name="name"' not in client.get("/checkout/").content.decode()


def test_says_what_cancelling_means_and_why_it_is_over():
    made = order()
    client = signed_in(made.customer)
    page = client.get(f"/orders/{made.pk}/").content.decode()
    assert "You pay nothing." in page and "What you paid" not in page
    advance(made, Status.PICKING)
    page = client.get(f"/orders/{made.pk}/").content.decode()
    assert "can&#x27;t be cancelled any more" in page and 'id="cancel"' not in page


def test_cancels_and_orders_again():
    made = order()
    client = signed_in(made.customer)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    client.post(f"/orders/{made.pk}/cancel/", {"reason": "Ordered by mistake"})
    made.refresh_from_db()
    assert made.status == Status.CANCELLED
    assert client.post(f"/orders/{made.pk}/reorder/").url == "/cart/"
    assert Cart.objects.get(customer=made.customer).lines.count() == made.lines.count()


def test_somebody_elses_order_does_not_exist_for_me():
    made = order()
    client = signed_in(customer("Ravi"))
    assert client.get(f"/orders/{made.pk}/").status_code == 404
    assert client.post(f"/orders/{made.pk}/reorder/").status_code == 404


def test_an_address_is_kept_with_its_pin_and_may_go():
    user = customer()
    shop(ProductFactory())
    client = signed_in(user)
    form = {"lat": HOME[0], "lng": HOME[1], "placed": "1", "line1": "12, 5th Cross", "label": "Work"}
    form["next"] = "/checkout/"
    assert client.post("/account/addresses/new/", form).url == "/checkout/"
    kept = Address.objects.get(user=user)
    assert (kept.label, kept.lat) == ("Work", HOME[0])
    empty = client.post("/account/addresses/new/", {**form, "line1": "", "landmark": "the old tree"})
    assert empty.status_code == 400 and b"the old tree" in empty.content
    client.post(f"/account/addresses/{kept.pk}/delete/")
    assert not Address.objects.filter(user=user, deleted_at=None).exists()


def test_an_address_is_never_a_guess():
    user = customer()
    place = shop(ProductFactory(), at=make_store(address="18, 12th Main Road, Indiranagar"))
    client = signed_in(user)
    page = client.get("/account/addresses/new/").content.decode()
    assert 'id="placed" value=""' in page  # the pin stands somewhere, but nobody put it there
    street = re.search(r'<option value="(12th Main Road[^"]*)"', page)
    assert street
    form = {"lat": HOME[0], "lng": HOME[1], "placed": "", "line1": "12, 5th Cross", "label": "Home"}
    refused = client.post("/account/addresses/new/", form)
    assert refused.status_code == 400 and "Where is it?" in refused.content.decode()
    assert client.post("/account/addresses/new/", {**form, "street": "Nowhere Lane"}).status_code == 400
    assert not Address.objects.filter(user=user).exists()
    client.post("/account/addresses/new/", {**form, "street": street[1]})
    assert Address.objects.get(user=user).point == place.point


def test_a_pin_once_put_is_remembered_for_the_address(client):
    shop(ProductFactory())
    client.force_login(customer())
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1], "placed": "1"})
    assert 'id="placed" value="1"' in client.get("/account/addresses/new/").content.decode()
    here(client)  # "Deliver here" with a pin nobody moved
    assert 'id="placed" value=""' in client.get("/account/addresses/new/").content.decode()


def test_shelf_page_costs_the_same_for_three_and_for_thirty_products(client):
    goods = ProductFactory.create_batch(30)
    place = shop(*goods[:3])
    here(client)
    url = f"/shelf/{goods[0].category.slug}/"
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    shop(*goods[3:], at=place)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) <= len(few) <= 9


def test_speaks_hindi(client):
    shop(ProductFactory())
    here(client)
    client.post("/i18n/setlang/", {"language": "hi", "next": "/"})
    page = client.get("/").content.decode()
    assert 'lang="hi"' in page and "शेल्फ़" in page


def test_an_order_reads_in_the_readers_language():
    product = ProductFactory(name="Toned Milk", name_hi="टोंड दूध")
    user = customer()
    address(user)
    made = place_order(user, shop(product), [product])
    client = signed_in(user)
    client.post("/i18n/setlang/", {"language": "hi", "next": "/"})
    for path in ("/orders/", f"/orders/{made.pk}/"):
        page = client.get(path).content.decode()
        assert "टोंड दूध" in page and "Toned Milk" not in page
    assert "<b>होम</b>" in client.get("/account/").content.decode()


def test_the_tab_follows_the_order():
    made = order()
    page = signed_in(made.customer).get(f"/orders/{made.pk}/", **HTMX).content.decode()
    assert 'data-title="' in page and " min · The store has your order" in page


@pytest.mark.parametrize(
    "path", ["/manifest.webmanifest", "/sw.js", "/offline/", "/sign-in/", "/cart/", "/orders/nope/"]
)
def test_pages_without_a_cart_or_a_person_answer(client, path):
    shop(ProductFactory())
    assert client.get(path).status_code in (200, 404)


def test_pages_carry_no_script_of_their_own(client):
    product = ProductFactory()
    shop(product)
    here(client)
    for path in ("/", f"/p/{product.sku}/", "/place/", "/cart/", "/search/?q=x"):
        page = client.get(path).content.decode()
        for script in re.findall(r"<script\b[^>]*>", page):
            assert "src=" in script or 'type="application/json"' in script, script
        assert "hx-on" not in page and "javascript:" not in page and "onclick" not in page


def test_a_card_knows_what_is_left():
    row = type("Row", (), {"price_paise": 4500, "mrp_paise": 5000, "max_per_order": 3})()
    assert Card(row, free=2).low and not Card(row, free=2).gone
    assert Card(row, free=9, qty=3).at_most and not Card(row, free=9, qty=2).at_most
    assert Card(row, free=1, qty=2).short
    assert Card(row, free=1).saving_percent == 10


def test_the_shop_can_be_installed_with_its_own_icon_pictures_and_ways_in(client):
    manifest = client.get("/manifest.webmanifest").json()
    assert {"any", "maskable"} <= {icon["purpose"] for icon in manifest["icons"]}
    assert {shot["form_factor"] for shot in manifest["screenshots"]} == {"narrow", "wide"}
    for picture in [*manifest["icons"], *manifest["screenshots"]]:
        found = finders.find(picture["src"].removeprefix("/static/"))
        width, height = struct.unpack(">II", Path(found).read_bytes()[16:24])
        assert f"{width}x{height}" == picture["sizes"]
    for way in manifest["shortcuts"]:
        assert client.get(way["url"]).status_code in (200, 302)
    worker = client.get("/sw.js").content.decode()
    assert "__" not in worker and 'addEventListener("push"' in worker and "notificationclick" in worker
