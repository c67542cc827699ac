"""The world changes between the cart and the order: what is said, what is offered instead, and that nothing moved."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import services as catalog_services
from catalog.models import FeePolicy, StoreLoad
from catalog.pricing import make_bill
from catalog.pricing.bill import BillInput, FeeRules, LineInput
from catalog.pricing.changes import Shown, differences, sentences
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory
from catalog.tests.factories import store as make_store
from inventory.errors import OutOfStock
from inventory.tests.factories import leave
from orders import queries, services
from orders.errors import BillChanged, CartEmpty, NotOnShelf, SlotGone
from orders.models import CartLine, Order
from orders.queries import quotes
from orders.tests.factories import HOME, address, customer, full_cart, shop
from orders.tests.slots import slot
from orders.tests.test_checkout import ask, nothing_was_written
from orders.tests.test_promotions import coupon, promotion

pytestmark = pytest.mark.django_db


def changed_by(act, *, basket=2, price_paise=8_000, **more):
    """What a checkout answers when `act` happens after the cart was shown, and that nothing was written."""
    milk = ProductFactory(name="Milk", mrp_paise=10_000)
    place, user = shop(milk, price_paise=price_paise), customer()
    where = address(user)
    before = more.pop("before", None)
    if before is not None:
        before(place, user)
    full_cart(user, place, {milk: basket})
    if "code" in more:
        services.set_coupon(code=more.pop("code"), customer_id=user.pk, now=NOW)
    view = queries.cart_view(customer_id=user.pk, to=where.point, method="cod", now=NOW)
    act(place, milk)
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where, **more)
    assert nothing_was_written()
    new = refused.value.extra["bill"]
    assert ask(user, view, where, bill_fingerprint=new["fingerprint"], **more).total_paise == new["total_paise"]
    return refused.value


def test_a_changed_price_is_named_with_what_it_was():
    def dearer(place, milk):
        catalog_services.set_price(
            store_id=place.pk, product_id=milk.pk, price_paise=9_000, actor="user:1", reason="test", now=NOW
        )

    refusal = changed_by(dearer)
    (line,) = refusal.extra["changed"]["lines"]
    assert (line["name"], line["old_paise"], line["new_paise"]) == ("Milk", 8_000, 9_000)
    assert refusal.extra["changed"]["parts"]["items_paise"] == {"old_paise": 16_000, "new_paise": 18_000}
    assert "delivery_paise" not in refusal.extra["changed"]["parts"]
    assert "Milk is now ₹90 each (it was ₹80)." in refusal.detail


def test_a_changed_fee_is_named_with_what_it_was():
    refusal = changed_by(lambda place, _: FeePolicy.objects.create(store=place, handling_paise=900))
    assert refusal.extra["changed"]["parts"]["handling_paise"] == {"old_paise": 500, "new_paise": 900}
    assert refusal.extra["changed"]["lines"] == []
    assert "The handling fee is now ₹9 (it was ₹5)." in refusal.detail


def test_a_busy_hour_that_began_is_named():
    def busy(place, _milk):
        FeePolicy.objects.create(store=place, surge_cap_paise=3_000)
        StoreLoad.objects.update_or_create(
            store=place, defaults={"surge_paise": 2_000, "surge_why": "Rain", "surge_until": NOW + timedelta(hours=1)}
        )

    refusal = changed_by(busy)
    assert refusal.extra["changed"]["parts"]["surge_paise"] == {"old_paise": 0, "new_paise": 2_000}
    assert "The busy-hour fee is now ₹20 (it was ₹0)." in refusal.detail


def test_a_coupon_that_ended_is_named_with_why():
    refusal = changed_by(
        lambda *_: promotion_ends(), before=lambda *_: coupon("SAVE10", on=promotion(name="Ten off")), code="SAVE10"
    )
    (gone,) = refusal.extra["changed"]["promotions"]
    assert (gone["name"], gone["old_paise"], gone["new_paise"]) == ("Ten off", 1_600, 0)
    assert gone["why"]
    assert "“Ten off” no longer applies." in refusal.detail


def promotion_ends():
    from catalog.models import Promotion

    row = Promotion.objects.get()
    row.ends_at = NOW - timedelta(minutes=1)
    catalog_services.save_promotion(row, actor="user:1")


def test_a_promotion_that_came_is_named_too():
    refusal = changed_by(lambda *_: promotion(name="Fresh ten"))
    (came,) = refusal.extra["changed"]["promotions"]
    assert came == {"name": "Fresh ten", "old_paise": 0, "new_paise": 1_600, "why": None}
    assert "“Fresh ten” applies now and saves ₹16." in refusal.detail


def test_a_slot_that_is_full_leaves_the_cart_and_names_the_others():
    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk), customer()
    full, other = slot(place, capacity=1), slot(place, hour=20)
    where = address(user)
    full_cart(user, place, {milk: 1})
    view = queries.cart_view(customer_id=user.pk, to=where.point, method="cod", later=True, now=NOW)
    type(full).objects.filter(pk=full.pk).update(booked=1)
    with pytest.raises(SlotGone) as refused:
        ask(user, view, where, slot_id=full.pk)
    assert [left["id"] for left in refused.value.extra["slots"]] == [other.pk]
    assert nothing_was_written()


def test_an_unknown_fingerprint_has_the_new_bill_and_does_not_pretend_to_know_more():
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where, view = address(user), full_cart(user, place, [milk])
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where, bill_fingerprint="f" * 16)
    assert refused.value.extra["changed"] is None
    assert refused.value.extra["bill"]["fingerprint"] == view.fingerprint


def test_nobody_is_told_of_lines_that_are_not_in_their_cart():
    milk, secret = ProductFactory(), ProductFactory(name="Secret")
    place, user, other = shop(milk, secret), customer(), customer()
    theirs = full_cart(other, place, [secret])
    where, view = address(user), full_cart(user, place, [milk])
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where, bill_fingerprint=theirs.fingerprint)
    assert "Secret" not in repr(refused.value.extra) + refused.value.detail
    assert [line["name"] for line in refused.value.extra["changed"]["lines"]] == [milk.name]


def test_a_house_without_redis_still_has_the_new_bill(monkeypatch):
    class Down:
        def __getattr__(self, name):
            raise ConnectionError("down")

    monkeypatch.setattr(quotes, "client", Down)
    milk = ProductFactory()
    place, user = shop(milk), customer()
    where, view = address(user), full_cart(user, place, [milk])
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where, bill_fingerprint="f" * 16)
    assert refused.value.extra["bill"]["fingerprint"] == view.fingerprint
    assert ask(user, view, where).total_paise == view.bill.total_paise


def bill(unit_paise=5_000, qty=1, **rules):
    line = LineInput(product_id=1, qty=qty, unit_price_paise=unit_paise, mrp_paise=10_000)
    return make_bill(BillInput(lines=[line], policy=FeeRules(**rules)))


def test_equal_bills_differ_in_nothing_and_a_bill_survives_being_kept():
    one = bill()
    told = differences(Shown.from_json(Shown.of(one).as_json()), one)
    assert (told.parts, told.lines, told.promotions) == ((), (), ())
    assert sentences(told, {1: "Milk"}) == []


def test_what_differs_adds_up_to_the_difference_of_the_totals():
    old, new = bill(), bill(unit_paise=6_000, qty=2, handling_paise=900)
    told = {part: after - before for part, before, after in differences(Shown.of(old), new).parts}
    total = told.pop("total_paise")
    assert total == sum(-paise if part == "discount_paise" else paise for part, paise in told.items())


# -- what is there instead --------------------------------------------------------------------------------------------


def dairy(**fields):
    return ProductFactory(category=CategoryFactory(slug="milk", name="Milk"), **fields)


def near_shop():
    """(store, sold-out milk, three that are like it, one that is like it and sold out)."""
    milk = dairy(name="Full cream milk", mrp_paise=6_000)
    near = [dairy(name=f"Full cream milk {n}", mrp_paise=6_100 + n) for n in range(4)]
    empty = dairy(name="Full cream milk extra", mrp_paise=6_000)
    place = shop(milk, *near, units=5)
    shop(empty, at=place, units=0)
    shop(ProductFactory(name="Soap"), at=place)
    return place, milk, near, empty


def test_a_short_line_comes_with_at_most_three_near_things_that_are_there():
    place, milk, near, empty = near_shop()
    user = customer()
    where, view = address(user), full_cart(user, place, {milk: 3, near[0]: 1})
    leave(place, 0, milk)
    with CaptureQueriesContext(connection) as asked, pytest.raises(OutOfStock) as refused:
        ask(user, view, where)
    (short,) = refused.value.extra["items"]
    assert len(short["instead"]) == 3
    offered = {card["sku"] for card in short["instead"]}
    assert offered == {product.sku for product in near[1:]}  # neither what is in the cart already nor what is sold out
    assert empty.sku not in offered
    assert all(card["price_paise"] and card["available"] and card["max_qty"] for card in short["instead"])
    assert CartLine.objects.count() == 2 and not Order.objects.exists()
    assert len(asked) <= 13, "\n".join(query["sql"][:120] for query in asked)


def test_a_refusal_for_twenty_short_lines_asks_no_more_than_for_one():
    goods = [ProductFactory(mrp_paise=5_000) for _ in range(20)]
    place, user = shop(*goods), customer()
    where, view = address(user), full_cart(user, place, dict.fromkeys(goods, 1))
    leave(place, 0)
    with CaptureQueriesContext(connection) as asked, pytest.raises(OutOfStock):
        ask(user, view, where)
    assert len(asked) <= 13, "\n".join(query["sql"][:120] for query in asked)


def test_what_left_the_shelf_is_named_and_has_near_things_too():
    place, milk, _near, _empty = near_shop()
    user = customer()
    where, view = address(user), full_cart(user, place, [milk])
    milk.shelf_items.update(is_listed=False)
    with pytest.raises(NotOnShelf) as refused:
        ask(user, view, where)
    (gone,) = refused.value.extra["items"]
    assert (gone["sku"], gone["available"], len(gone["instead"])) == (milk.sku, 0, 3)
    assert nothing_was_written()


# -- one tap ----------------------------------------------------------------------------------------------------------


def lines_of(user) -> dict[str, int]:
    return dict(CartLine.objects.filter(cart__customer=user).values_list("product__sku", "qty"))


def test_a_swap_keeps_what_is_there_and_takes_the_rest_of_the_other():
    place, milk, near, _empty = near_shop()
    user = customer()
    full_cart(user, place, {milk: 4})
    leave(place, 1, milk)
    services.swap_line(sku=milk.sku, instead=near[0].sku, customer_id=user.pk, now=NOW)
    assert lines_of(user) == {milk.sku: 1, near[0].sku: 3}
    # A second tap finds nothing missing any more.
    services.swap_line(sku=milk.sku, instead=near[0].sku, customer_id=user.pk, now=NOW)
    assert lines_of(user) == {milk.sku: 1, near[0].sku: 3}


def test_a_swap_takes_no_more_than_there_is_and_goes_on_from_what_is_in_the_cart():
    place, milk, near, _empty = near_shop()
    user = customer()
    full_cart(user, place, {milk: 5, near[0]: 2})
    leave(place, 0, milk)
    services.swap_line(sku=milk.sku, instead=near[0].sku, customer_id=user.pk, now=NOW)
    assert lines_of(user) == {near[0].sku: 5}
    with pytest.raises(CartEmpty):
        services.swap_line(sku=milk.sku, instead=near[0].sku, customer_id=user.pk, now=NOW)


def test_a_swap_for_what_is_sold_out_or_not_here_changes_nothing():
    place, milk, _near, empty = near_shop()
    foreign = ProductFactory()
    user = customer()
    full_cart(user, place, {milk: 2})
    leave(place, 0, milk)
    with pytest.raises(OutOfStock):
        services.swap_line(sku=milk.sku, instead=empty.sku, customer_id=user.pk, now=NOW)
    with pytest.raises(NotOnShelf):
        services.swap_line(sku=milk.sku, instead=foreign.sku, customer_id=user.pk, now=NOW)
    with pytest.raises(CartEmpty):  # somebody else has no such cart
        services.swap_line(sku=milk.sku, instead=empty.sku, customer_id=customer().pk, now=NOW)
    assert lines_of(user) == {milk.sku: 2}


def shopper(user) -> Client:
    client = Client()
    client.force_login(user)
    client.post("/place/", {"lat": HOME[0], "lng": HOME[1]})
    return client


def test_the_cart_page_offers_what_is_near_and_one_tap_takes_it():
    place, milk, near, _empty = near_shop()
    user = customer()
    address(user)
    full_cart(user, place, {milk: 2})
    leave(place, 0, milk)
    client = shopper(user)
    page = client.get("/cart/").content.decode()
    assert "Take this instead" in page and page.count('name="instead"') == 3
    assert near[0].sku in page
    htmx = {"HTTP_HX_REQUEST": "true"}
    answer = client.post("/cart/take-instead/", {"sku": milk.sku, "instead": near[0].sku}, **htmx)
    assert answer.status_code == 200 and "Take this instead" not in answer.content.decode()
    assert lines_of(user) == {near[0].sku: 2}
    assert client.post("/cart/take-instead/", {"sku": milk.sku, "instead": near[0].sku}).status_code == 302
    assert lines_of(user) == {near[0].sku: 2}


def test_the_cart_page_names_what_is_no_longer_sold_and_lets_it_go():
    place, milk, near, _empty = near_shop()
    user = customer()
    address(user)
    full_cart(user, place, [milk, near[0]])
    milk.shelf_items.update(is_listed=False)
    client = shopper(user)
    page = client.get("/cart/").content.decode()
    assert "No longer sold here." in page and "Full cream milk" in page
    client.post("/cart/take-what-is-there/")
    assert lines_of(user) == {near[0].sku: 1}


def test_the_pay_page_says_what_changed(client):
    milk = ProductFactory(name="Milk", mrp_paise=10_000)
    place, user = shop(milk, price_paise=8_000), customer()
    where, view = address(user), full_cart(user, place, [milk])
    catalog_services.set_price(
        store_id=place.pk, product_id=milk.pk, price_paise=9_000, actor="user:1", reason="test", now=NOW
    )
    client = shopper(user)
    answer = client.post("/checkout/", {"address": where.pk, "method": "cod", "fingerprint": view.fingerprint})
    assert answer.status_code == 409
    assert "Milk is now ₹90 each (it was ₹80)." in answer.content.decode()


# -- another store ----------------------------------------------------------------------------------------------------


def test_another_store_at_another_price_is_said_with_its_promise():
    milk = ProductFactory(name="Milk", mrp_paise=10_000)
    first = shop(milk, price_paise=8_000)
    second = shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63), price_paise=8_500)
    user = customer()
    where, view = address(user), full_cart(user, first, [milk])
    catalog_services.set_store_mode(
        store_id=first.pk, mode="paused", reason="Power cut", until=NOW + timedelta(hours=1), actor="user:1", now=NOW
    )
    with pytest.raises(BillChanged) as refused:
        ask(user, view, where)
    moved = refused.value.extra["moved"]
    assert (moved["from"], moved["reason"], moved["to"]) == (first.code, "paused", second.code)
    assert moved["eta_from_m"] < moved["eta_to_m"]
    assert f"It comes from {second.name} now. Arrives in {moved['eta_from_m']}–" in refused.value.detail
    assert "Milk is now ₹85 each (it was ₹80)." in refused.value.detail
    assert nothing_was_written()
    order = ask(user, view, where, bill_fingerprint=refused.value.extra["bill"]["fingerprint"])
    assert order.store_id == second.pk
