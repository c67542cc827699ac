"""Where wallet, tiers, promotions, short picks, substitutes, claims, cashback and cancellation meet: money in, out.

Random orders with fixed seeds; after each one the books, the shelves and every source of money must fit.
"""

import random
from datetime import timedelta
from uuid import uuid4

import pytest

from blinkit.kernel.errors import Refusal
from catalog import services as catalog
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory
from inventory import queries as stock
from orders import services
from orders.claiming import Kind
from orders.models import Order, OrderLine
from orders.queries import books as order_books
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, shop
from orders.tests.test_life import finish_refunds, pay
from orders.tests.test_promotions import promotion
from payments import queries as books
from payments import services as money
from payments.models import Payment, PaymentState

pytestmark = pytest.mark.django_db


def balance(user) -> int:
    return books.wallet_of(user.pk, now=NOW).balance_paise


def bought(chance: random.Random) -> tuple[Order, list]:
    """Three products with tiers at odd prices and a promotion, paid from any mixture of wallet and cash or gateway."""
    shelf = CategoryFactory()
    goods = ProductFactory.create_batch(3, category=shelf, mrp_paise=9_973)
    others = ProductFactory.create_batch(6, category=shelf, mrp_paise=chance.choice([7_001, 9_973]))
    place, user = shop(*goods, *others, units=99), customer()
    prices = [catalog.NewPrice(product.pk, 9_001, min_qty=3) for product in goods]
    catalog.schedule_prices(prices=prices, actor="user:1", reason="bulk", now=NOW)
    promotion(name="Back", kind="cashback", percent_bp=777)
    if chance.random() < 0.7:
        promotion(percent_bp=1_111)
    if wallet_paise := chance.choice([0, 1_234, 20_000, 200_000]):
        money.credit_wallet(
            customer_id=user.pk, amount_paise=wallet_paise, source="goodwill", key=str(uuid4()), reason="x", now=NOW
        )
    view = full_cart(user, place, {product: chance.randint(1, 4) for product in goods}, tip_paise=1_000)
    order = services.checkout(
        customer_id=user.pk, address_id=address(user).pk, method=chance.choice(["cod", "online"]),
        bill_fingerprint=view.fingerprint, use_wallet=wallet_paise > 0, now=NOW,
    )  # fmt: skip
    if order.status == Status.PENDING:
        pay(order)
        services.confirm(order_id=order.pk, now=NOW)
    OrderLine.objects.filter(order=order).update(consent="substitute")
    return Order.objects.get(pk=order.pk), others


def pick(order: Order, others: list, chance: random.Random) -> None:
    """Some units are missing, for some another thing comes."""
    for line in list(order.lines.all()):
        missing = chance.randint(0, line.qty)
        if missing and others and chance.random() < 0.5:
            services.substitute_line(
                order_id=order.pk, order_line_id=line.pk, product_id=others.pop().pk, qty=missing, actor="user:2",
                now=NOW,
            )  # fmt: skip
        elif missing and Order.objects.get(pk=order.pk).status == Status.PICKING:
            services.short_line(order_id=order.pk, order_line_id=line.pk, qty=missing, actor="user:2", now=NOW)


def hand_over(order: Order) -> Order:
    services.packed(order_id=order.pk, bag_codes=["B"], shelf_slot="S1", actor="user:2", now=NOW)
    services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
    services.picked_up(order_id=order.pk, bag_codes=["B"], actor="rider:7", now=NOW)
    order.refresh_from_db()
    services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.cash_due_paise, actor="rider:7", now=NOW
    )
    return Order.objects.get(pk=order.pk)


def claim_everything(order: Order) -> int:
    """Every unit that came was bad, says the customer, one after the other; a person gives back all that may go."""
    back = 0
    for line in order.lines.all():
        for _ in range(line.qty - line.short_qty):
            report = services.Reported(kind=Kind.MISSING, line_id=line.pk, qty=1)
            try:
                (claim,) = services.open_claims(
                    order_id=order.pk, customer_id=order.customer_id, reported=[report], now=NOW + timedelta(hours=1)
                )
            except Refusal:
                break
            if claim.state == "waiting":
                most = services.most_back(claim)
                claim = services.decide_claim(claim_id=claim.pk, refund_paise=most, reason="x", actor="u", now=NOW)
            back += claim.refund_paise
    return back


def assert_sources(order: Order) -> int:
    """No source got more than it gave. What is left of the payment, in paise."""
    payment = Payment.objects.get(ref=order.pk)
    assert 0 <= payment.refunded_paise <= payment.captured_paise
    assert 0 <= payment.wallet_returned_paise <= payment.wallet_paise
    assert books.audit() == [] and stock.audit() == [] and order_books.audit() == []
    return payment.captured_paise - payment.refunded_paise + payment.wallet_paise - payment.wallet_returned_paise


@pytest.mark.parametrize("seed", range(16))
def test_what_was_paid_is_what_was_kept_whatever_happens_on_the_way(seed):
    chance = random.Random(seed)
    order, others = bought(chance)
    had = balance(order.customer) + order.wallet_paise
    services.to_store(order_id=order.pk, actor="system", now=NOW)
    if seed % 5 == 0:
        services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    else:
        services.start_picking(order_id=order.pk, actor="user:2", now=NOW)
        pick(order, others, chance)
    order.refresh_from_db()
    if order.status == Status.CANCELLED:
        finish_refunds(order)
        assert assert_sources(order) == 0 and balance(order.customer) == had
        assert Payment.objects.get(ref=order.pk).state in (PaymentState.CANCELLED, PaymentState.CAPTURED)
        return
    order = hand_over(order)
    assert assert_sources(order) == order.total_paise
    goods = order.items_paise - order.discount_paise
    share = chance.random() < 0.5
    back = claim_everything(order) if share else 0
    finish_refunds(order)
    assert back == (goods if share else 0)
    assert assert_sources(order) == order.total_paise - back
    before = balance(order.customer)
    services.close(order_id=order.pk, now=NOW + timedelta(days=2))
    cashback = services.pay_cashback(order_id=order.pk, now=NOW)
    assert 0 <= cashback <= order.cashback_paise and balance(order.customer) == before + cashback
    assert assert_sources(order) == order.total_paise - back
