"""What happens at the same moment ends in one of the legal ways, and never in a deadlock."""

import importlib
import random
import threading

import pytest
from django.db import transaction

from blinkit.kernel.errors import Refusal
from blinkit.kernel.testing import until_somebody_waits
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries as stock_queries
from inventory.errors import OutOfStock
from inventory.models import Stock
from orders import services
from orders.errors import IllegalMove, TooLateToCancel
from orders.models import Order
from orders.services.cart import Asked
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, order, shop
from payments.models import Payment, PaymentState

pytestmark = pytest.mark.django_db(transaction=True)


def test_baskets_in_any_order_never_deadlock_and_never_oversell(race):
    goods = ProductFactory.create_batch(4)
    place = shop(*goods, units=6)
    chance = random.Random(7)
    buyers = []
    for _ in range(12):
        user = customer()
        where = address(user)
        view = full_cart(user, place, dict.fromkeys(chance.sample(goods, k=4), 1))
        buyers.append({"customer_id": user.pk, "address_id": where.pk, "bill_fingerprint": view.fingerprint})
    results = race(12, lambda number: services.checkout(method="cod", now=NOW, **buyers[number]))
    assert sum(isinstance(result, Order) for result in results) == 6, results
    assert sum(isinstance(result, OutOfStock) for result in results) == 6, results
    assert set(Stock.objects.values_list("on_hand", "held")) == {(6, 6)}
    assert stock_queries.audit() == []


def test_cancelling_and_picking_at_once_ends_in_one_of_the_two(race):
    for _ in range(5):
        an_order = advance(order(products=1), Status.ASSIGNED_TO_STORE)

        def act(number, pk=an_order.pk):
            if number % 2:
                return services.start_picking(order_id=pk, actor="user:2", now=NOW)
            return services.cancel(order_id=pk, by="customer", reason="", actor="user:1", now=NOW)

        results = race(4, act)
        an_order.refresh_from_db()
        if an_order.status == Status.CANCELLED:
            assert isinstance(results[1], IllegalMove)
            assert isinstance(results[3], IllegalMove)
        else:
            assert an_order.status == Status.PICKING
            assert isinstance(results[0], TooLateToCancel)
            assert isinstance(results[2], TooLateToCancel)
    assert stock_queries.audit() == []


def test_a_capture_and_the_end_of_the_window_at_once_leave_money_and_goods_together(race):
    from orders.tests.test_life import pay

    for _ in range(5):
        an_order = order(products=1, method="online")

        def act(number, waiting=an_order):
            if number == 0:
                return services.sweep_unpaid(now=waiting.pay_by)
            with transaction.atomic():  # as a webhook does: locked, and only while the money is wanted
                if Payment.objects.select_for_update().get(ref=waiting.pk).state == PaymentState.OPEN:
                    pay(waiting)
            return services.confirm(order_id=waiting.pk, now=NOW)

        results = race(2, act)
        assert not [
            result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)
        ], results
        an_order.refresh_from_db()
        payment = Payment.objects.get(ref=an_order.pk)
        if an_order.status == Status.CONFIRMED:
            assert (payment.state, payment.refunded_paise) == (PaymentState.CAPTURED, 0)
        else:
            assert an_order.status == Status.CANCELLED
            # Closed before the money came, or paid and given back: never kept.
            assert payment.state == PaymentState.CANCELLED or payment.refunded_paise == payment.captured_paise
    assert stock_queries.audit() == []


def _filling_and_ordering(race, *, rounds):
    """One customer's app sends the cart again, orders it and empties it, all at once. What came of it, unexpected."""
    goods = ProductFactory.create_batch(8)
    place = shop(*goods, units=500)
    user = customer()
    where = address(user)
    lines = [Asked(product.sku, 1) for product in goods]
    found = []
    for _ in range(rounds):
        view = full_cart(user, place, dict.fromkeys(goods, 1))

        def act(number, shown=view.fingerprint):
            if number % 3 == 0:
                return services.checkout(
                    customer_id=user.pk, address_id=where.pk, method="cod", bill_fingerprint=shown, now=NOW
                )
            if number % 3 == 1:
                return services.replace_lines(customer_id=user.pk, store_code=place.code, lines=lines, now=NOW)
            return services.empty_cart(customer_id=user.pk)

        results = race(6, act)
        found += [result for result in results if isinstance(result, Exception) and not isinstance(result, Refusal)]
        for an_order in Order.objects.exclude(status=Status.CANCELLED):
            services.cancel(order_id=an_order.pk, by="customer", reason="", actor="user:1", now=NOW)
    assert stock_queries.audit() == []
    return found


def test_filling_emptying_and_ordering_one_cart_at_once_never_deadlocks(race):
    assert _filling_and_ordering(race, rounds=12) == []


def test_control_with_lines_locked_before_their_cart_it_does_deadlock(race, monkeypatch):
    module = importlib.import_module("orders.services.checkout.planning")
    monkeypatch.setattr(module, "CART_THEN_LINES", ("self", "cart"))
    for _ in range(40):
        if found := _filling_and_ordering(race, rounds=1):
            break
    assert any("deadlock" in str(result) for result in found), found


def test_an_order_that_moves_to_another_store_while_it_is_being_locked_is_found(race):
    """PostgreSQL reads the moved row again after the wait, but joins it with the store it had before."""
    an_order = order(products=1)
    other = make_store("BLR-U")
    moved = threading.Event()

    def act(number: int) -> str:
        if number == 0:
            with transaction.atomic():
                Order.objects.filter(pk=an_order.pk).update(store=other)
                moved.set()
                until_somebody_waits()
            return "moved"
        moved.wait(10)
        with transaction.atomic():
            return services.lock(an_order.pk).store.code

    assert race(2, act) == ["moved", "BLR-U"]
