"""Checkout: all or nothing, at the bill that was shown."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Address
from blinkit.kernel.events import timeline
from blinkit.kernel.models import Event
from catalog import services as catalog_services
from catalog.models import FeePolicy, StoreLoad
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries as stock_queries
from inventory.errors import OutOfStock
from inventory.models import Hold, HoldState, Stock
from orders import services
from orders.errors import (
    BelowMinimum,
    BillChanged,
    CartEmpty,
    CashLimit,
    NoSuchAddress,
    NotOnShelf,
    NotServed,
    StoreClosed,
    TooManyOpenOrders,
    TooMuchToCarry,
)
from orders.models import CartLine, Order, OrderLine, Promise
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, place_order, shop
from payments.models import Payment

pytestmark = pytest.mark.django_db


def nothing_was_written(lines: int = 1) -> bool:
    return (
        not Order.objects.exists()
        and not Payment.objects.exists()
        and not Hold.objects.exists()
        and not Event.objects.filter(code__startswith="orders.").exists()
        and not Stock.objects.filter(held__gt=0).exists()
        and CartLine.objects.count() == lines
    )


def ask(user, view, where, **more):
    given = {"method": "cod", "bill_fingerprint": view.fingerprint, "now": NOW} | more
    return services.checkout(customer_id=user.pk, address_id=where.pk, **given)


def test_cash_order_is_confirmed_with_its_stock_firm_and_its_promise_written():
    milk, bread = ProductFactory(mrp_paise=6400), ProductFactory(mrp_paise=4500)
    place, user = shop(milk, bread), customer()
    order = place_order(user, place, {milk: 2, bread: 1}, tip_paise=1000)

    assert order.status == Status.CONFIRMED
    assert order.number.startswith("T-")
    assert order.items_paise == 2 * 6400 + 4500
    assert order.total_paise == order.items_paise + order.delivery_paise + order.handling_paise + 1000
    assert len(order.door_otp) == 4
    assert order.contact_phone == user.phone
    assert [(line.sku, line.qty) for line in order.lines.all()] == [(milk.sku, 2), (bread.sku, 1)]
    assert set(Hold.objects.filter(ref=order.pk).values_list("state", "qty")) == {
        (HoldState.FIRM, 2),
        (HoldState.FIRM, 1),
    }
    payment = Payment.objects.get(ref=order.pk)
    assert (payment.amount_paise, payment.method, payment.due_by) == (order.total_paise, "cod", None)
    promise = Promise.objects.get(order=order)
    assert NOW < promise.p50_at <= promise.promised_by == order.promised_by
    assert order.sourcings.get().candidates[0]["store"] == place.code
    assert not CartLine.objects.exists()
    assert [row.code for row in timeline(f"order:{order.pk}")] == [
        "orders.OrderPlaced",
        "orders.OrderMoved",
        "orders.OrderConfirmed",
    ]
    assert {row.actor for row in timeline(f"order:{order.pk}")} == {f"user:{user.pk}"}


def test_online_order_waits_with_its_stock_held_beyond_the_payment_window():
    milk = ProductFactory()
    order = place_order(customer(), shop(milk), [milk], method="online")
    assert order.status == Status.PENDING
    assert order.pay_by == NOW + timedelta(minutes=15)
    hold = Hold.objects.get(ref=order.pk)
    assert hold.state == HoldState.ACTIVE
    assert hold.expires_at > order.pay_by
    assert Payment.objects.get(ref=order.pk).due_by == order.pay_by
    assert not Promise.objects.exists()


def test_numbers_for_people_are_all_different():
    milk = ProductFactory()
    place = shop(milk)
    numbers = {place_order(customer(), place, [milk]).number for _ in range(5)}
    assert len(numbers) == 5


def test_refuses_an_empty_cart():
    user = customer()
    with pytest.raises(CartEmpty):
        services.checkout(customer_id=user.pk, address_id=address(user).pk, method="cod", bill_fingerprint="", now=NOW)


def test_refuses_the_whole_basket_when_one_product_is_short():
    milk, bread = ProductFactory(), ProductFactory(name="Brown bread")
    place, user = shop(milk), customer()
    shop(bread, at=place, units=1)
    view = full_cart(user, place, {milk: 1, bread: 2})
    assert [problem.code for problem in view.problems] == ["out-of-stock"]
    with pytest.raises(OutOfStock) as refused:
        ask(user, view, address(user))
    assert refused.value.extra["short"] == {bread.pk: 1}
    assert refused.value.extra["items"] == [
        {"sku": bread.sku, "name": "Brown bread", "wanted": 2, "available": 1, "instead": []}
    ]
    assert nothing_was_written(lines=2)


def test_refuses_with_the_new_bill_when_a_price_changed_since_the_quote():
    milk = ProductFactory(mrp_paise=10_000)
    place, user = shop(milk, price_paise=8_000), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    catalog_services.set_price(
        store_id=place.pk, product_id=milk.pk, price_paise=9_000, actor="user:1", reason="test", now=NOW
    )
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where)
    new = refused.value.extra["bill"]
    assert new["items_paise"] == 9_000
    assert nothing_was_written()
    order = ask(user, view, where, bill_fingerprint=new["fingerprint"])
    assert order.items_paise == 9_000


def test_refuses_an_address_nobody_serves():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    far = address(user, lat=13.2, lng=77.6)
    view = full_cart(user, place, [milk])
    with pytest.raises(NotServed):
        ask(user, view, far)
    assert nothing_was_written()


def test_refuses_while_the_store_is_paused_and_says_why():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    catalog_services.set_store_mode(
        store_id=place.pk,
        mode="paused",
        reason="Power cut",
        until=NOW + timedelta(minutes=20),
        actor="user:1",
        now=NOW,
    )
    with pytest.raises(StoreClosed) as refused:
        ask(user, view, where)
    assert refused.value.extra["reason"] == "paused"
    assert "Power cut" in refused.value.detail
    assert nothing_was_written()
    assert ask(user, view, where, now=NOW + timedelta(minutes=21)).status == Status.CONFIRMED


def test_refuses_when_the_store_carries_all_it_can():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    view = full_cart(user, place, [milk])
    StoreLoad.objects.update_or_create(store=place, defaults={"open_orders": place.max_open_orders})
    with pytest.raises(StoreClosed) as refused:
        ask(user, view, address(user))
    assert refused.value.extra["reason"] == "full"


def test_refuses_cash_above_the_limit_and_takes_it_online():
    milk = ProductFactory(mrp_paise=200_000)
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, {milk: 2})
    with pytest.raises(CashLimit) as refused:
        ask(user, view, where)
    assert refused.value.extra["limit_paise"] == 200_000  # a new customer's, below the city's
    assert nothing_was_written()
    assert ask(user, view, where, method="online").status == Status.PENDING


def test_refuses_below_the_minimum_order():
    milk = ProductFactory(mrp_paise=4_000)
    place, user = shop(milk), customer()
    FeePolicy.objects.create(store=place, minimum_order_paise=10_000)
    view = full_cart(user, place, [milk])
    assert [problem.code for problem in view.problems] == ["below-minimum"]
    with pytest.raises(BelowMinimum) as refused:
        ask(user, view, address(user))
    assert refused.value.extra["missing_paise"] == 6_000
    assert nothing_was_written()


def test_refuses_what_no_rider_of_the_store_could_carry():
    """As the floor will reckon it: cold goods and detergent have bags of their own."""
    water = ProductFactory(pack_size=Decimal(2), pack_unit="l", weight_g=2_050, max_per_order=20)
    ice = ProductFactory(zone="frozen")
    place, user = shop(water, ice), customer()
    where = address(user)
    StoreLoad.objects.update_or_create(store=place, defaults={"carries_bags": 4, "carries_litres": 40})
    view = full_cart(user, place, {water: 13})
    words = "This fills about 5 bags, and a rider carries 4. Take something out, or order it in two parts."
    assert [(one.code, one.sentence) for one in view.problems] == [("too-much-to-carry", words)]
    with pytest.raises(TooMuchToCarry) as refused:
        ask(user, view, where)
    assert refused.value.extra == {"bags": 5, "most_bags": 4, "litres": 30, "most_litres": 40}
    assert nothing_was_written()
    view = full_cart(user, place, {water: 10, ice: 1})
    assert [one.code for one in view.problems] == ["too-much-to-carry"]
    StoreLoad.objects.filter(store=place).update(carries_litres=20)
    view = full_cart(user, place, {water: 9})
    assert "about 21 litres, and a rider carries 20" in view.problems[0].sentence
    view = full_cart(user, place, {water: 8})
    assert not view.problems
    assert ask(user, view, where).status == Status.CONFIRMED


def test_refuses_what_left_the_shelf_meanwhile():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    view = full_cart(user, place, [milk])
    milk.shelf_items.update(is_listed=False)
    with pytest.raises(NotOnShelf):
        ask(user, view, address(user))
    assert nothing_was_written()


def test_refuses_somebody_elses_address():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    view = full_cart(user, place, [milk])
    with pytest.raises(NoSuchAddress):
        ask(user, view, address(customer()))
    assert nothing_was_written()


def test_another_store_with_everything_takes_over_when_the_carts_store_is_paused():
    milk = ProductFactory(mrp_paise=6_000)
    first, second = shop(milk), shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    user = customer()
    where = address(user)
    view = full_cart(user, first, [milk])
    catalog_services.set_store_mode(
        store_id=first.pk, mode="paused", reason="Stocktaking", until=NOW + timedelta(hours=1), actor="user:1", now=NOW
    )
    order = ask(user, view, where)
    assert order.store_id == second.pk
    assert stock_queries.free(store_id=first.pk, product_ids=[milk.pk]) == {milk.pk: 20}


def test_another_store_that_lacks_a_line_does_not_take_over():
    milk, bread = ProductFactory(), ProductFactory()
    first = shop(milk, bread)
    shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    user = customer()
    view = full_cart(user, first, [milk, bread])
    catalog_services.set_store_mode(
        store_id=first.pk, mode="paused", reason="Stocktaking", until=NOW + timedelta(hours=1), actor="user:1", now=NOW
    )
    with pytest.raises((NotServed, StoreClosed)):
        ask(user, view, address(user))
    assert nothing_was_written(lines=2)


def test_a_second_checkout_of_the_same_cart_finds_it_empty():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    ask(user, view, where)
    with pytest.raises(CartEmpty):
        ask(user, view, where)
    assert Order.objects.count() == 1


def test_checkout_of_five_lines_takes_at_most_sixteen_statements():
    goods = ProductFactory.create_batch(5)
    place, user = shop(*goods), customer()
    where = address(user)
    view = full_cart(user, place, goods)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        ask(user, view, where)
    assert len(asked) <= 16, "\n".join(query["sql"][:120] for query in asked)
    assert OrderLine.objects.count() == 5


def test_cart_of_five_lines_takes_at_most_seven_statements():
    goods = ProductFactory.create_batch(5)
    place, user = shop(*goods), customer()
    address(user)
    full_cart(user, place, goods[:2])
    with CaptureQueriesContext(connection) as asked:
        view = full_cart(user, place, goods)
    assert len(asked) <= 7, "\n".join(query["sql"][:120] for query in asked)
    assert len(view.lines) == 5


@pytest.mark.django_db(transaction=True)
def test_last_unit_is_sold_once_to_sixteen_buyers(race):
    milk = ProductFactory()
    place = shop(milk, units=1)
    buyers = []
    for _ in range(16):
        user = customer()
        buyers.append((user, full_cart(user, place, [milk]), address(user)))
    results = race(16, lambda number: ask(*buyers[number]))
    sold = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if isinstance(result, OutOfStock)]
    assert (len(sold), len(refused)) == (1, 15), results
    assert Payment.objects.count() == Order.objects.count() == 1
    assert stock_queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_the_race_is_real_without_the_lock(race):
    """The control: check-then-write on the same rows without a lock sells the unit more than once."""
    milk = ProductFactory()
    place = shop(milk, units=1)
    import threading

    together = threading.Barrier(16)

    def unlocked(number):
        row = Stock.objects.get(store=place, product=milk)
        together.wait(timeout=10)
        if row.on_hand - row.held >= 1:
            Stock.objects.filter(pk=row.pk).update(held=row.held + 1)
            return "sold"
        return "refused"

    assert race(16, unlocked).count("sold") > 1


@pytest.mark.django_db(transaction=True)
def test_a_double_tap_orders_once(race):
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    results = race(4, lambda: ask(user, view, where))
    assert sum(isinstance(result, Order) for result in results) == 1, results
    assert sum(isinstance(result, CartEmpty) for result in results) == 3, results


def test_deleted_addresses_are_not_delivered_to():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where = address(user)
    view = full_cart(user, place, [milk])
    Address.objects.filter(pk=where.pk).update(deleted_at=NOW)
    with pytest.raises(NoSuchAddress):
        ask(user, view, where)


@pytest.mark.parametrize(("method", "most"), [("online", 2), ("cod", 3)])
def test_nobody_holds_a_store_with_open_orders(method, most):
    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk), customer()
    orders = [place_order(user, place, {milk: 1}, method=method) for _ in range(most)]
    where, view = Address.objects.get(user=user), full_cart(user, place, {milk: 1})
    with pytest.raises(TooManyOpenOrders) as refused:
        ask(user, view, where, method=method)
    assert (refused.value.status, refused.value.extra["open"], refused.value.extra["max"]) == (409, most, most)
    assert Order.objects.count() == most
    # The other way to pay is still open, somebody else is not concerned, and one order less makes room.
    place_order(customer(), place, {milk: 1}, method=method)
    services.cancel(order_id=orders[0].pk, by="customer", reason="changed my mind", actor=f"user:{user.pk}", now=NOW)
    assert ask(user, view, where, method=method).pk


def test_open_orders_are_not_limited_where_the_settings_say_so(settings):
    settings.ORDER_MOST_OPEN_UNPAID = 0
    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk), customer()
    for _ in range(4):
        place_order(user, place, {milk: 1}, method="online")
