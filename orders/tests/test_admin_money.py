"""An order's money on its page: everything in words, and whether it adds up."""

import pytest
from django.urls import reverse

from accounts.models import User
from blinkit.kernel.money import rupees
from catalog.tests.factories import NOW, ProductFactory
from inventory import services as stock
from inventory.counts import ShelfPolicy
from inventory.models import Batch
from orders import services
from orders.admin_money import money_of
from orders.models import Order
from orders.queries import proof
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from orders.tests.test_books import by_hand, claim
from orders.tests.test_life import finish_refunds, paid_order, pay
from payments import services as payments
from payments.models import Payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+919999999999", "secret"))
    return client


def page_of(client, an_order: Order) -> str:
    return client.get(reverse("admin:orders_order_change", args=[an_order.pk])).content.decode()


def rich() -> Order:
    """Paid from wallet and card, with a tip; delivered, and a part of it claimed."""
    goods = ProductFactory.create_batch(2)
    user = customer()
    payments.credit_wallet(customer_id=user.pk, amount_paise=3_000, source="goodwill", key="k", reason="Sorry", now=NOW)
    an_order = place_order(user, shop(*goods), dict.fromkeys(goods, 2), method="online", tip_paise=900, use_wallet=True)
    pay(an_order)
    services.confirm(order_id=an_order.pk, now=NOW)
    done = advance(an_order, Status.DELIVERED)
    claim(done)
    return done


def test_the_page_shows_bill_payment_refund_and_every_posting(boss):
    done = rich()
    found = money_of(done)
    assert found.adds_up
    titles = [posting.title for posting in found.postings]
    assert titles == [
        "Paid from the wallet",
        "Paid",
        "Delivered: it is earned",
        "Promised back",
        "Not earned after all",
    ]
    assert [posting.kept_paise for posting in found.postings] == [
        3_000, done.total_paise, done.total_paise, found.kept_paise, found.kept_paise,
    ]  # fmt: skip
    page = page_of(boss, done)
    for words in (
        "It adds up",
        "Wallet",
        "Tip owed to the rider",
        "CGST owed",
        "Prepaid by customers",
        "Sandbox, not paid out yet",
        "To be sent",
        rupees(done.total_paise),
        rupees(found.kept_paise),
        f"revenue:{done.pk}",
    ):
        assert words in page, words
    assert "It does not add up" not in page


@pytest.mark.parametrize("state", ["fresh", "paid", "cancelled", "undelivered", "cash"])
def test_it_adds_up_in_every_state(boss, state):
    an_order = order() if state in ("fresh", "cash") else paid_order()
    if state == "cash":
        an_order = advance(an_order, Status.DELIVERED)
    if state == "cancelled":
        services.cancel(order_id=an_order.pk, by="customer", reason="", actor="user:1", now=NOW)
        finish_refunds(an_order)
    if state == "undelivered":
        advance(an_order, Status.IN_TRANSIT)
        services.undelivered(order_id=an_order.pk, reason="away", actor="rider:7", now=NOW)
    assert "It adds up" in page_of(boss, an_order)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE payments_payment SET captured_paise = captured_paise + 100", "in the books."),
        ("UPDATE orders_order SET items_paise = items_paise + 100, total_paise = total_paise + 100", "were kept."),
        ("DELETE FROM payments_entry e USING payments_account a WHERE a.id = e.account_id AND a.code = 'gst:cgst'",
         "does not balance."),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_said(boss, sql, sentence):
    done = advance(order(), Status.DELIVERED)
    by_hand(sql)
    page = page_of(boss, done)
    assert "It does not add up" in page and sentence in page
    assert any(sentence in check.sentence for check in money_of(Order.objects.get()).checks if not check.is_right)


def test_the_payments_page_has_the_same_postings(boss):
    done = rich()
    page = boss.get(
        reverse("admin:payments_payment_change", args=[Payment.objects.get(ref=done.pk).pk])
    ).content.decode()
    assert "It adds up" in page and "Not earned after all" in page and "Every posting" in page


def test_an_order_that_is_not_there_is_no_crash(boss):
    url = reverse("admin:orders_order_change", args=["0192e4a0-0000-7000-8000-000000000000"])
    assert boss.get(url).status_code == 302
    assert boss.get(reverse("admin:orders_order_change", args=["nonsense"])).status_code == 302


def test_the_money_is_not_for_everybody(client):
    done = advance(order(), Status.DELIVERED)
    client.force_login(User.objects.create_user("+917000000001", name="Staff", is_staff=True))
    assert client.get(reverse("admin:orders_order_change", args=[done.pk])).status_code == 403


def test_goods_that_wait_to_be_thrown_away_are_no_fault_of_an_order():
    ShelfPolicy.objects.create(waste_approve_paise=1)
    place = order().store
    batch = Batch.objects.filter(stock__store=place).first()
    by = customer().pk
    waits = stock.ask_waste(
        store_id=place.pk, batch_id=batch.pk, qty=1, reason="damaged", by=by, nonce="n", now=NOW
    )  # fmt: skip
    assert waits.state == "waiting"
    assert proof.audit() == []
