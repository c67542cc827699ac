"""A store that is switched off: its carts stay, its paid orders go on, and nothing else waits for either."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from catalog.models import Product, Store
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory.models import Stock
from orders import queries, services
from orders.models import Cart, Order
from orders.services import ending, slots
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, order, place_order, shop
from orders.tests.slots import slot
from payments.gateways import sandbox
from payments.models import Payment, PaymentState
from payments.tests.factories import start, tell

pytestmark = pytest.mark.django_db

NEAR = {"lat": 12.956, "lng": 77.626}
PAGES = ("/", "/cart/", "/checkout/", "/orders/", "/account/")


def two_stores() -> tuple[User, Product, Store, Store]:
    """A customer with milk in a cart of the first store, which is switched off; the second has milk as well."""
    milk, user = ProductFactory(mrp_paise=3000), customer()
    first, second = shop(milk), shop(milk, at=make_store("BLR-U", **NEAR))
    address(user)
    full_cart(user, first, {milk: 2})
    switch_off(first)
    return user, milk, first, second


def switch_off(place: Store) -> None:
    Store.objects.filter(pk=place.pk).update(is_active=False)


def paid(made: Order) -> Payment:
    """The gateway has its money; nobody has told the order yet."""
    payment = Payment.objects.get(ref=made.pk)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW)
    return payment


@pytest.mark.parametrize("is_empty", [False, True])
def test_every_page_opens_for_somebody_whose_cart_is_at_a_store_that_was_switched_off(is_empty):
    user, _, first, _ = two_stores()
    if is_empty:
        services.empty_cart(customer_id=user.pk)
    browser, app = Client(), APIClient()
    browser.force_login(user)
    app.force_authenticate(user)
    checkout = 302 if is_empty else 200  # nothing to pay: to the cart
    assert [browser.get(page).status_code for page in PAGES] == [200, 200, checkout, 200, 200]
    assert app.get("/api/v1/cart/").json()["store"] == {"code": first.code, "name": first.name, "is_active": False}


def test_a_guests_cart_at_such_a_store_opens_the_shop_too():
    milk, token = ProductFactory(), uuid4()
    place = shop(milk)
    services.set_line(guest_token=token, store_code=place.code, sku=milk.sku, qty=1, now=NOW)
    switch_off(place)
    assert queries.cart_view(guest_token=token, now=NOW).units == 1


def test_the_cart_says_that_its_store_takes_no_orders_and_checkout_asks_the_other_one():
    user, _, first, second = two_stores()
    browser = Client()
    browser.force_login(user)
    assert f"{first.name} takes no orders now." in browser.get("/cart/").content.decode()

    view = queries.cart_view(customer_id=user.pk, method="cod", now=NOW)
    made = services.checkout(
        customer_id=user.pk, address_id=user.addresses.get().pk, method="cod", bill_fingerprint=view.fingerprint,
        now=NOW,
    )  # fmt: skip
    assert made.store_id == second.pk


def test_lines_and_coupons_of_such_a_cart_can_be_changed_and_another_stores_shelf_moves_it():
    user, milk, first, second = two_stores()
    oats = ProductFactory()
    shop(oats, at=first)
    shop(oats, at=second)
    owner = {"customer_id": user.pk, "now": NOW}
    assert services.set_line(sku=milk.sku, qty=1, **owner).units == 1
    assert services.set_coupon(code="NOSUCH", **owner).offered.coupon["exists"] is False
    Stock.objects.filter(store=first, product=milk).update(held=F("on_hand"))
    assert [line.product_id for line in services.swap_line(sku=milk.sku, instead=oats.sku, **owner).lines] == [oats.pk]
    assert services.set_line(sku=oats.sku, qty=0, **owner).units == 0
    services.set_line(store_code=second.code, sku=oats.sku, qty=1, **owner)
    assert Cart.objects.get(customer=user).store_id == second.pk


def test_what_was_paid_at_such_a_store_is_confirmed_and_goes_to_the_next():
    milk = ProductFactory()
    first, second = shop(milk), shop(milk, at=make_store("BLR-U", **NEAR))
    made = place_order(customer(), first, {milk: 1}, method="online")
    paid(made)
    switch_off(first)
    assert services.confirm(order_id=made.pk, now=NOW).status == Status.CONFIRMED
    assert services.sweep_offline(now=NOW) == 1
    made.refresh_from_db()
    assert (made.status, made.store_id) == (Status.CONFIRMED, second.pk)


def test_where_nobody_else_has_it_the_money_goes_back_with_the_true_reason():
    milk = ProductFactory()
    place = shop(milk)
    made = place_order(customer(), place, {milk: 1}, method="online")
    payment = paid(made)
    switch_off(place)
    services.sweep_unpaid(now=NOW + timedelta(minutes=16))
    services.sweep_offline(now=NOW + timedelta(minutes=16))
    made.refresh_from_db()
    payment.refresh_from_db()
    assert (made.status, payment.state) == (Status.CANCELLED, PaymentState.CAPTURED)
    assert made.cancel_reason == "Your store can't prepare it, and no other store near you has everything."
    assert payment.refunds.get().amount_paise == payment.amount_paise


def test_one_order_whose_window_cannot_be_ended_does_not_hold_up_the_others(monkeypatch):
    broken, other = order(method="online"), order(method="online")
    _breaks_for(monkeypatch, ending, "end_window", broken)
    assert services.sweep_unpaid(now=NOW + timedelta(hours=1)) == 1
    broken.refresh_from_db()
    other.refresh_from_db()
    assert (broken.status, other.status) == (Status.PENDING, Status.CANCELLED)


def test_one_slot_order_that_cannot_be_begun_with_does_not_hold_up_the_others(monkeypatch):
    milk = ProductFactory()
    place = shop(milk)
    when = slot(place)
    broken, other = (place_order(customer(), place, [milk], slot_id=when.pk) for _ in range(2))
    _breaks_for(monkeypatch, slots, "release", broken)
    assert services.release_due(now=other.release_at) == 1
    other.refresh_from_db()
    assert other.released_at == other.release_at


def _breaks_for(monkeypatch: pytest.MonkeyPatch, module: object, name: str, made: Order) -> None:
    act = getattr(module, name)

    def broken(*, order_id, **more):
        if order_id == made.pk:
            raise RuntimeError("This one breaks.")
        return act(order_id=order_id, **more)

    monkeypatch.setattr(module, name, broken)
