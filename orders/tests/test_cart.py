"""Filling a cart."""

from uuid import uuid4

import pytest

from blinkit.kernel.errors import SignInNeeded
from blinkit.kernel.geo import Point
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from orders import queries, services
from orders.errors import NotOnShelf, TooManyUnits
from orders.models import Cart, CartLine
from orders.tests.factories import address, customer, full_cart, shop

pytestmark = pytest.mark.django_db


def test_the_bill_shown_is_the_sum_of_its_parts_each_with_its_reason():
    milk = ProductFactory(mrp_paise=5_000)
    user = customer()
    bill = full_cart(user, shop(milk, price_paise=4_500), {milk: 1}, tip_paise=2_000).bill
    parts = (bill.items_paise, bill.delivery_paise, bill.handling_paise, bill.small_cart_paise, bill.tip_paise)
    assert parts == (4_500, 2_500, 500, 2_000, 2_000)
    assert bill.total_paise == sum(parts)
    assert bill.saved_paise == 500
    assert {"delivery", "small_cart", "handling"} <= set(bill.fees_why)


def test_the_fees_follow_the_address():
    milk = ProductFactory(mrp_paise=5_000)
    place, user = shop(milk), customer()
    near = full_cart(user, place, [milk])
    address(user, lat=12.932, lng=77.602)
    far = queries.cart_view(customer_id=user.pk)
    assert far.bill.delivery_paise == near.bill.delivery_paise + 1_000
    assert queries.cart_view(customer_id=user.pk, to=Point(12.956, 77.626)).bill == near.bill


def test_replacing_the_cart_leaves_nothing_of_the_old_one():
    milk, bread = ProductFactory(), ProductFactory()
    place, user = shop(milk, bread), customer()
    full_cart(user, place, {milk: 2})
    view = full_cart(user, place, {bread: 1})
    assert [(line.product_id, line.qty) for line in view.lines] == [(bread.pk, 1)]
    assert CartLine.objects.get().product == bread
    assert full_cart(user, place, {}).lines == ()
    assert not CartLine.objects.exists()


def test_the_same_product_twice_becomes_one_line():
    milk = ProductFactory(max_per_order=3)
    place, user = shop(milk), customer()
    lines = [services.Asked(milk.sku, 1), services.Asked(milk.sku, 2)]
    view = services.replace_lines(customer_id=user.pk, store_code=place.code, lines=lines, now=NOW)
    assert [line.qty for line in view.lines] == [3]
    with pytest.raises(TooManyUnits):
        services.replace_lines(customer_id=user.pk, store_code=place.code, lines=[*lines, lines[0]], now=NOW)


def test_refuses_what_the_store_does_not_sell_and_keeps_the_cart():
    milk, stranger = ProductFactory(), ProductFactory()
    place, user = shop(milk), customer()
    full_cart(user, place, [milk])
    with pytest.raises(NotOnShelf):
        full_cart(user, place, [stranger])
    assert CartLine.objects.get().product == milk


def test_one_line_is_set_changed_and_taken_out():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    ask = {"customer_id": user.pk, "store_code": place.code, "sku": milk.sku, "now": NOW}
    assert services.set_line(qty=2, consent="call", **ask).units == 2
    view = services.set_line(qty=3, **ask)
    assert [(line.qty, line.consent) for line in view.lines] == [(3, "call")]
    assert services.set_line(qty=0, **ask).lines == ()
    assert services.set_line(qty=0, **ask).lines == ()


def test_a_line_of_an_unlisted_product_can_still_be_taken_out():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    full_cart(user, place, [milk])
    milk.shelf_items.update(is_listed=False)
    view = queries.cart_view(customer_id=user.pk)
    assert [problem.code for problem in view.problems] == ["not-on-shelf"]
    assert view.bill.total_paise == 0
    assert services.set_line(customer_id=user.pk, product_id=milk.pk, qty=0, now=NOW).lines == ()


def test_sold_out_goods_stay_in_the_cart_as_a_problem():
    milk = ProductFactory(name="Toned milk")
    user = customer()
    view = full_cart(user, shop(milk, units=1), {milk: 2})
    assert view.problems[0].sentence == "Toned milk: Only 1 left."
    assert not view.can_check_out


def test_switching_the_store_keeps_the_lines_and_prices_them_anew():
    milk = ProductFactory(mrp_paise=10_000)
    first, second = shop(milk), shop(milk, at=make_store("BLR-U"), price_paise=8_000)
    user = customer()
    full_cart(user, first, [milk])
    services.open_cart(customer_id=user.pk, store_id=second.pk, now=NOW)
    view = queries.cart_view(customer_id=user.pk)
    assert (view.store.code, view.bill.items_paise) == ("BLR-U", 8_000)


def test_a_guests_cart_joins_the_customers_at_the_same_store():
    milk, bread = ProductFactory(), ProductFactory()
    place, user, token = shop(milk, bread), customer(), uuid4()
    full_cart(user, place, {milk: 1, bread: 1})
    services.set_line(guest_token=token, store_code=place.code, sku=milk.sku, qty=3, now=NOW)
    for _ in range(2):
        services.adopt_guest_cart(guest_token=token, customer_id=user.pk, now=NOW)
    assert dict(CartLine.objects.values_list("product_id", "qty")) == {milk.pk: 3, bread.pk: 1}
    assert Cart.objects.count() == 1


def test_a_guests_cart_at_another_store_replaces_the_customers():
    milk, bread = ProductFactory(), ProductFactory()
    first, second = shop(milk), shop(bread, at=make_store("BLR-U"))
    user, token = customer(), uuid4()
    full_cart(user, first, [milk])
    services.set_line(guest_token=token, store_code=second.code, sku=bread.sku, qty=1, now=NOW)
    adopted = services.adopt_guest_cart(guest_token=token, customer_id=user.pk, now=NOW)
    assert adopted.store_id == second.pk
    assert [line.product for line in adopted.lines.all()] == [bread]


def test_a_cart_belongs_to_somebody():
    with pytest.raises(SignInNeeded):
        services.set_line(store_id=make_store().pk, sku="x", qty=1, now=NOW)
