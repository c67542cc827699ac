"""Orders of which nothing is left to pay, and offers for a way to pay that nothing is paid by."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.models import FeePolicy
from catalog.tests.factories import NOW, ProductFactory
from orders import queries, services
from orders.errors import BillChanged
from orders.invoice_pdf import document_pdf
from orders.queries import books as reads
from orders.queries import carts, proof
from orders.queries.invoices import invoice_of
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, place_order, shop
from orders.tests.invoicing import supplier
from orders.tests.test_promotions import ask, promotion
from orders.tests.test_wallet import balance, credit
from payments import queries as books
from payments.models import Payment, PaymentState

pytestmark = pytest.mark.django_db


def free_shop():
    """Milk for nothing, brought for nothing."""
    milk = ProductFactory()
    promotion(name="All of it", percent_bp=10_000)
    place = shop(milk)
    FeePolicy.objects.create(store=place, delivery_paise=0, handling_paise=0, small_cart_paise=0, minimum_order_paise=0)
    return milk, place


@pytest.mark.parametrize("method", ["cod", "online"])
@pytest.mark.parametrize("use_wallet", [False, True])
def test_an_order_of_which_nothing_is_to_be_paid_is_paid_and_confirmed_at_once(method, use_wallet):
    milk, place = free_shop()
    user = customer()
    credit(user, 5_000)
    made = place_order(user, place, {milk: 2}, method=method, use_wallet=use_wallet, instructions=["leave_at_door"])
    payment = Payment.objects.get(ref=made.pk)
    assert (made.total_paise, made.status, made.payment_method, made.pay_by) == (0, Status.CONFIRMED, "wallet", None)
    assert (payment.amount_paise, payment.state) == (0, PaymentState.CAPTURED)
    done = advance(made, Status.DELIVERED)
    assert (done.cash_due_paise, balance(user)) == (0, 5_000)
    supplier(place.city)
    keep_documents(order_id=made.pk, now=NOW)
    invoice = invoice_of(made.pk, customer_id=user.pk)
    assert document_pdf(invoice, url="https://shop.example.com", brand="Tokri")
    assert (invoice.document.total_paise, invoice.paid_paise) == (0, {})
    assert books.audit() == [] and reads.audit() == [] and proof.audit() == []


def test_a_free_order_that_is_called_off_owes_nobody_anything():
    milk, place = free_shop()
    made = place_order(customer(), place, {milk: 1}, method="online")
    services.cancel(order_id=made.pk, by="customer", reason="", actor="user:1", now=NOW)
    made.refresh_from_db()
    assert made.status == Status.CANCELLED
    assert books.audit() == []


def test_the_checkout_page_of_a_free_order_asks_for_no_way_to_pay():
    milk, place = free_shop()
    user, browser = customer(), Client()
    address(user)
    full_cart(user, place, {milk: 1})
    browser.force_login(user)
    page = browser.get("/checkout/").content.decode()
    assert "There is nothing to pay." in page and "Cash at the door" not in page


def way_offer(user, *, in_wallet: int):
    """Milk for ₹40 with ₹15 off for those who pay online, and so much in the wallet."""
    milk = ProductFactory(mrp_paise=4_000)
    place = shop(milk)
    FeePolicy.objects.create(store=place, delivery_paise=0, handling_paise=0, small_cart_paise=0, minimum_order_paise=0)
    promotion(name="UPI", kind="flat", percent_bp=0, amount_paise=1_500, method="online")
    credit(user, in_wallet)
    full_cart(user, place, {milk: 1})
    return milk, place, address(user)


@pytest.mark.parametrize("in_wallet", [2_500, 3_000, 4_000, 9_000])
def test_an_offer_for_paying_online_does_not_count_where_the_wallet_pays_all(in_wallet):
    user = customer()
    _, _, where = way_offer(user, in_wallet=in_wallet)
    offered = queries.cart_view(customer_id=user.pk, method="online", now=NOW)
    assert offered.bill.total_paise == 2_500
    with pytest.raises(BillChanged) as refused:
        ask(user, offered.fingerprint, where, method="online", use_wallet=True)
    assert any("UPI" in one["sentence"] for one in refused.value.extra["sentences"])
    assert balance(user) == in_wallet

    view = queries.cart_view(customer_id=user.pk, method="online", use_wallet=True, now=NOW)
    assert view.fingerprint == refused.value.extra["bill"]["fingerprint"]
    made = ask(user, view.fingerprint, where, method="online", use_wallet=True)
    assert (made.discount_paise, made.wallet_paise) == (0, min(in_wallet, 4_000))
    assert made.payment_method == ("wallet" if in_wallet >= 4_000 else "online")


def test_it_counts_where_something_is_left_to_pay_online():
    user = customer()
    _, _, where = way_offer(user, in_wallet=2_499)
    view = queries.cart_view(customer_id=user.pk, method="online", use_wallet=True, now=NOW)
    made = ask(user, view.fingerprint, where, method="online", use_wallet=True)
    assert (made.discount_paise, made.to_pay_paise, made.payment_method) == (1_500, 1, "online")


def test_money_that_comes_into_the_wallet_meanwhile_changes_the_bill(monkeypatch):
    user = customer()
    _, _, where = way_offer(user, in_wallet=9_000)
    view = queries.cart_view(customer_id=user.pk, method="online", now=NOW)
    monkeypatch.setattr(carts, "wallet_of", lambda *_, **__: books.WalletView(balance_paise=0, endings=()))
    with pytest.raises(BillChanged) as refused:
        ask(user, view.fingerprint, where, method="online", use_wallet=True)
    assert refused.value.extra["bill"]["total_paise"] == 4_000
    assert balance(user) == 9_000


def test_the_checkout_page_and_the_api_show_the_bill_the_wallet_pays(api):
    user = customer()
    way_offer(user, in_wallet=9_000)
    http, browser = api(user), Client()
    browser.force_login(user)
    assert http.get("/api/v1/cart/?method=online").json()["bill"]["total_paise"] == 2_500
    assert http.get("/api/v1/cart/?method=online&use_wallet=true").json()["bill"]["total_paise"] == 4_000
    assert "₹40" in browser.get("/checkout/?method=upi&use_wallet=on").content.decode()
