"""A confirmed order whose store can't do it: to another store, or back to the customer in full. Never half of it."""

import threading
from contextlib import suppress
from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.events import timeline
from blinkit.kernel.geo import Point, contains
from blinkit.kernel.ids import uuid7
from catalog import services as catalog_services
from catalog.models import Store, StoreLoad
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries as stock_queries
from inventory import services as stock
from inventory.models import Hold, HoldState, Stock
from orders import services
from orders.errors import IllegalMove, ReasonNeeded
from orders.models import Cause, Order, Promise, Sourcing
from orders.queries import proof
from orders.services import resourcing
from orders.states import Status
from orders.tests.factories import HOME, advance, customer, place_order, shop
from orders.tests.slots import slot
from orders.tests.test_life import pay
from orders.tests.test_wallet import credit
from payments.models import Payment, PaymentState

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)
DECLINED = {"cause": Cause.DECLINED, "why": "No power", "actor": "user:9", "now": LATER}


def two_stores(*products, units=5, price_paise=None, **fields):
    first = shop(*products, units=units)
    second = make_store("BLR-U", lat=12.96, lng=77.63, **fields)
    return first, shop(*products, at=second, units=units, price_paise=price_paise)


def declined(order, **more):
    return services.resource(order_id=order.pk, store_id=order.store_id, **{**DECLINED, **more})


def paused(store, *, minutes, now=NOW):
    until = now + timedelta(minutes=minutes)
    catalog_services.set_store_mode(
        store_id=store.pk, mode="paused", reason="Power cut", until=until, actor="user:1", now=now
    )


def held(store):
    return sum(Stock.objects.filter(store=store).values_list("held", flat=True))


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.ASSIGNED_TO_STORE])
def test_goods_promise_and_rider_follow_to_the_next_store_and_the_bill_stays(status):
    milk, bread = ProductFactory(mrp_paise=9_000), ProductFactory(mrp_paise=4_000)
    first, second = two_stores(milk, bread)
    order = place_order(customer(), first, {milk: 2, bread: 1})
    if status == Status.ASSIGNED_TO_STORE:
        advance(order, status)
    services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", actor="rider:7", now=NOW)
    services.doors_before(order_id=order.pk, rider_id=7, longer_s=600)
    total_paise, promised_by = order.total_paise, order.promised_by
    made = declined(order)
    made.refresh_from_db()
    assert (made.store_id, made.status, made.total_paise) == (second.pk, Status.CONFIRMED, total_paise)
    assert (held(first), held(second)) == (0, 3)
    assert set(Hold.objects.exclude(state=HoldState.RELEASED).values_list("stock__store_id", "state")) == {
        (second.pk, HoldState.FIRM)
    }
    assert made.promised_by > promised_by
    first_promise, new_promise = Promise.objects.filter(order=order).order_by("pk")
    assert (first_promise.promised_by, new_promise.promised_by) == (promised_by, made.promised_by)
    assert (made.rider_id_ref, made.rider_name, made.doors_before_s) == (None, "", 0)
    assert made.distance_metres != order.distance_metres
    codes = [row.code for row in timeline(f"order:{order.pk}")]
    assert codes.count("orders.OrderResourced") == 1
    assert stock_queries.audit() == []


def test_a_dearer_store_takes_it_at_the_agreed_price_and_the_rest_of_its_life_is_as_always():
    milk = ProductFactory(mrp_paise=9_000)
    first = shop(milk, price_paise=6_000)
    second = shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63), price_paise=9_000)
    order = place_order(customer(), first, {milk: 2})
    due_paise = order.cash_due_paise
    made = declined(order)
    assert made.cash_due_paise == due_paise == Payment.objects.get(ref=order.pk).amount_paise
    done = advance(Order.objects.get(pk=order.pk), Status.DELIVERED)
    assert done.store_id == second.pk
    assert Stock.objects.get(store=second, product=milk).on_hand == 18
    assert Stock.objects.get(store=first, product=milk).on_hand == 20
    assert set(Promise.objects.filter(order=order).values_list("actual_at", flat=True)) == {done.delivered_at}
    assert stock_queries.audit() == []


def test_a_paid_order_moves_with_its_money_where_it_is():
    milk = ProductFactory(mrp_paise=9_000)
    first, second = two_stores(milk)
    order = place_order(customer(), first, [milk], method="online")
    pay(order)
    services.confirm(order_id=order.pk, now=NOW)
    assert declined(order).store_id == second.pk
    payment = Payment.objects.get(ref=order.pk)
    assert (payment.state, payment.refunded_paise) == (PaymentState.CAPTURED, 0)


def test_an_order_nobody_else_has_in_full_is_cancelled_and_refunded_in_full():
    milk, bread = ProductFactory(mrp_paise=9_000), ProductFactory()
    first, second = two_stores(milk)
    shop(bread, at=first)
    order = place_order(customer(), first, [milk, bread], method="online")
    pay(order)
    services.confirm(order_id=order.pk, now=NOW)
    made = declined(order)
    assert (made.status, made.cancel_reason) == (Status.CANCELLED, resourcing.NOBODY_HAS_IT)
    payment = Payment.objects.get(ref=order.pk)
    assert sum(refund.amount_paise for refund in payment.refunds.all()) == order.total_paise
    assert (held(first), held(second)) == (0, 0)
    choice = Sourcing.objects.filter(order=order).latest("pk")
    assert choice.store is None
    assert choice.candidates[0] == {
        **choice.candidates[0], "store": second.code, "reason": "missing-items", "missing": [bread.pk],
    }  # fmt: skip
    assert "orders.OrderCancelled" in [row.code for row in timeline(f"order:{order.pk}")]
    assert stock_queries.audit() == []
    assert declined(order).status == Status.CANCELLED  # silent


def test_without_any_other_store_it_is_cancelled_too():
    milk = ProductFactory()
    order = place_order(customer(), shop(milk), [milk])
    assert declined(order).status == Status.CANCELLED


@pytest.mark.parametrize("mode", ["paused", "full", "closed"])
def test_a_store_that_can_not_take_orders_does_not_get_one(mode):
    milk = ProductFactory()
    first, second = two_stores(milk)
    order = place_order(customer(), first, [milk])
    if mode == "paused":
        paused(second, minutes=30)
    elif mode == "full":
        StoreLoad.objects.update_or_create(store=second, defaults={"open_orders": second.max_open_orders})
    else:
        Store.objects.filter(pk=second.pk).update(opens=time(1), closes=time(2))
    assert declined(order).status == Status.CANCELLED
    assert Sourcing.objects.filter(order=order).latest("pk").candidates[0]["reason"] == mode


@pytest.mark.parametrize("status", [Status.PICKING, Status.PACKED, Status.PICKED_UP, Status.DELIVERED])
def test_never_once_picking_has_begun(status):
    milk = ProductFactory(mrp_paise=9_000)
    first, second = two_stores(milk)
    order = advance(place_order(customer(), first, [milk]), status)
    with pytest.raises(IllegalMove):
        declined(order)
    order.refresh_from_db()
    assert (order.store_id, order.status, held(second)) == (first.pk, status, 0)


def test_neither_before_it_is_paid_nor_without_a_reason():
    milk = ProductFactory(mrp_paise=9_000)
    first, _second = two_stores(milk)
    unpaid = place_order(customer(), first, [milk], method="online")
    with pytest.raises(IllegalMove):
        declined(unpaid)
    with pytest.raises(ReasonNeeded):
        declined(place_order(customer(), first, [milk]), why="  ")
    assert not Sourcing.objects.exclude(cause=Cause.CHECKOUT).exists()


def test_repeated_it_moves_once_and_never_back_to_where_it_was():
    milk = ProductFactory()
    first, second = two_stores(milk)
    order = place_order(customer(), first, [milk])
    assert declined(order).store_id == second.pk
    assert services.resource(order_id=order.pk, store_id=first.pk, **DECLINED).store_id == second.pk
    made = services.resource(order_id=order.pk, store_id=second.pk, **DECLINED)
    assert made.status == Status.CANCELLED  # the first store said no already
    assert (held(first), held(second)) == (0, 0)


def test_what_was_sold_since_it_was_looked_at_sends_it_to_the_one_after(monkeypatch):
    milk = ProductFactory()
    first, second = two_stores(milk)
    third = shop(milk, at=make_store("BLR-V", lat=12.94, lng=77.61))
    order = place_order(customer(), first, [milk])
    looked = resourcing.sellable

    def then_sold(*args, **more):
        free = looked(*args, **more)
        stock.hold(ref=uuid7(), store_id=second.pk, basket={milk.pk: 5}, until=None, actor="system", now=LATER)
        return free

    monkeypatch.setattr(resourcing, "sellable", then_sold)
    made = declined(order)
    assert made.store_id == third.pk
    choice = Sourcing.objects.filter(order=order).latest("pk")
    assert [(one["store"], one.get("reason")) for one in choice.candidates] == [
        (third.code, None), (second.code, "missing-items"), (first.code, "declined"),
    ]  # fmt: skip
    assert (held(first), held(second), held(third)) == (0, 5, 1)


def test_an_order_for_a_slot_keeps_its_window_and_is_left_alone_before_it_is_time():
    milk = ProductFactory(mrp_paise=30_000)
    first, second = two_stores(milk)
    when = slot(first)
    order = place_order(
        customer(), first, [milk], slot_id=when.pk,
    )  # fmt: skip
    with pytest.raises(IllegalMove):
        declined(order)
    paused(first, minutes=60)
    assert services.sweep_offline(now=LATER) == 0
    services.release(order_id=order.pk, now=when.starts_at - timedelta(minutes=20))
    made = declined(order, now=when.starts_at)
    assert (made.store_id, made.promised_by) == (second.pk, when.ends_at)


def booked(one):
    one.refresh_from_db()
    return one.booked


def test_the_place_in_the_old_stores_slot_comes_back_once_when_its_order_moves():
    milk = ProductFactory(mrp_paise=30_000)
    first, second = two_stores(milk)
    when, theirs = slot(first, capacity=2), slot(second)
    order = place_order(customer(), first, [milk], slot_id=when.pk)
    other = place_order(customer(), first, [milk], slot_id=when.pk)
    assert booked(when) == 2
    services.release(order_id=order.pk, now=when.starts_at - timedelta(minutes=40))
    moved = declined(order, now=when.starts_at - timedelta(minutes=35))
    assert (moved.store_id, booked(when), booked(theirs)) == (second.pk, 1, 0)
    third = place_order(customer(), first, [milk], slot_id=when.pk)
    assert booked(when) == 2, "somebody else has it now"
    services.cancel(order_id=order.pk, by="staff", reason="Changed mind", actor="user:9", now=when.starts_at)
    assert (booked(when), booked(theirs)) == (2, 0), "it is not given back a second time"
    for one in (other, third):
        services.cancel(order_id=one.pk, by="staff", reason="Changed mind", actor="user:9", now=LATER)
    assert booked(when) == 0


def test_a_slot_order_that_no_other_store_can_do_gives_its_place_back_once():
    milk = ProductFactory(mrp_paise=30_000)
    first = shop(milk)
    when = slot(first)
    order = place_order(customer(), first, [milk], slot_id=when.pk)
    services.release(order_id=order.pk, now=when.starts_at - timedelta(minutes=20))
    assert declined(order, now=when.starts_at).status == Status.CANCELLED
    assert booked(when) == 0


# -- by rule ----------------------------------------------------------------------------------------------------------


def test_a_short_break_is_waited_for_and_a_long_one_is_not():
    milk = ProductFactory()
    first, second = two_stores(milk)
    order = place_order(customer(), first, [milk])
    paused(first, minutes=6)
    assert services.sweep_offline(now=LATER) == 0
    paused(first, minutes=60, now=LATER)
    assert services.sweep_offline(now=LATER) == 1
    order.refresh_from_db()
    assert order.store_id == second.pk
    choice = Sourcing.objects.filter(order=order).latest("pk")
    assert (choice.cause, choice.candidates[-1]["reason"]) == (Cause.OFFLINE, "offline")
    assert services.sweep_offline(now=LATER) == 0


@pytest.mark.parametrize("what", ["switched off", "dark"])
def test_a_store_that_is_switched_off_or_dark_for_a_while_loses_what_waits(what):
    milk = ProductFactory()
    first, second = two_stores(milk)
    order = place_order(customer(), first, [milk])
    if what == "dark":  # 14:32 in Bengaluru
        Store.objects.filter(pk=first.pk).update(opens=time(6), closes=time(14, 30))
        assert services.sweep_offline(now=LATER) == 0  # people finish what they have
        Store.objects.filter(pk=first.pk).update(closes=time(14))
    else:
        Store.objects.filter(pk=first.pk).update(is_active=False)
    assert services.sweep_offline(now=LATER) == 1
    order.refresh_from_db()
    assert order.store_id == second.pk


@pytest.mark.parametrize("broken", [IllegalMove("A picker was quicker."), RuntimeError("A bug.")])
def test_one_that_is_refused_or_breaks_does_not_hold_up_the_others(monkeypatch, broken):
    milk = ProductFactory()
    first, _second = two_stores(milk)
    one, other = place_order(customer(), first, [milk]), place_order(customer(), first, [milk])
    paused(first, minutes=90)
    honest = resourcing.resource

    def picked_meanwhile(*, order_id, **more):
        if order_id == one.pk:
            raise broken
        return honest(order_id=order_id, **more)

    monkeypatch.setattr(resourcing, "resource", picked_meanwhile)
    assert services.sweep_offline(now=LATER) == 1
    other.refresh_from_db()
    assert other.store_id != first.pk


# -- why this store ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["cod", "online", "wallet", "slot"])
def test_how_stores_were_judged_is_kept_however_it_is_paid(way):
    milk = ProductFactory(mrp_paise=30_000)
    first, second = two_stores(milk)
    user = customer()
    more = {"method": "online" if way == "wallet" else "cod" if way == "slot" else way}
    if way == "wallet":
        credit(user, 100_000)
        more["use_wallet"] = True
    if way == "slot":
        more["slot_id"] = slot(first).pk
    choice = place_order(user, first, [milk], **more).sourcings.get()
    assert (choice.store_id, choice.made_at) == (first.pk, NOW)
    assert choice.cause == (Cause.SLOT if way == "slot" else Cause.CHECKOUT)
    if way != "slot":
        chosen, other = choice.candidates
        assert (chosen["store"], other["store"]) == (first.code, second.code)
        assert chosen["parts"]["cart_is_here"] < 0 and chosen["score"] < other["score"]


def test_why_another_store_took_over_at_checkout_is_kept_with_what_the_own_one_had_against_it():
    milk, bread = ProductFactory(), ProductFactory()
    first, second = two_stores(milk, bread)
    third = shop(milk, at=make_store("BLR-V", lat=12.956, lng=77.628))
    paused(first, minutes=30)
    user = customer()
    order = place_order(user, first, [milk, bread])
    kept = {one["store"]: one for one in order.sourcings.get().candidates}
    assert order.store_id == second.pk
    assert "reason" not in kept[second.code]
    assert kept[first.code]["reason"] == "paused"
    assert (kept[third.code]["reason"], kept[third.code]["missing"]) == ("missing-items", [bread.pk])


def test_choices_are_forgotten_after_thirty_days():
    milk = ProductFactory()
    order = place_order(customer(), shop(milk), [milk])
    assert services.purge_sourcings(now=NOW + timedelta(days=30)) == 0
    assert services.purge_sourcings(now=NOW + timedelta(days=30, seconds=1)) == 1
    assert not order.sourcings.exists()


def test_moving_an_order_takes_a_bounded_number_of_statements():
    goods = ProductFactory.create_batch(12)
    first, _second = two_stores(*goods)
    order = place_order(customer(), first, goods)
    with CaptureQueriesContext(connection) as asked:
        declined(order)
    assert len(asked) <= 26, "\n".join(query["sql"][:120] for query in asked)


# -- at once ----------------------------------------------------------------------------------------------------------


def _picking_and_moving(race, *, rounds):
    """(picked, moved) of an order whose picker begins while its store declines it."""
    seen = []
    milk = ProductFactory()
    first, _second = two_stores(milk, units=50)
    for _ in range(rounds):
        order = advance(place_order(customer(), first, [milk]), Status.ASSIGNED_TO_STORE)

        def act(number, pk=order.pk):
            if number:
                return services.start_picking(order_id=pk, actor="user:2", now=NOW)
            return services.resource(order_id=pk, store_id=first.pk, **DECLINED)

        seen.append(tuple(isinstance(result, Order) for result in reversed(race(2, act))))
    return seen


@pytest.mark.django_db(transaction=True)
def test_a_picker_who_begins_and_a_store_that_declines_never_both_win(race):
    seen = _picking_and_moving(race, rounds=8)
    assert set(seen) <= {(True, False), (False, True)}, seen
    assert stock_queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_without_the_orders_lock_both_win(race, monkeypatch):
    together, met = threading.Barrier(2), threading.local()
    met.before = True  # whoever makes the orders ready is alone

    def unlocked(order_id):
        order = Order.objects.select_related("store").get(pk=order_id)
        if not hasattr(met, "before"):
            met.before = True
            with suppress(threading.BrokenBarrierError):
                together.wait(timeout=10)
        return order

    monkeypatch.setattr(resourcing, "lock", unlocked)
    monkeypatch.setattr("orders.services.floor.lock", unlocked)
    assert (True, True) in _picking_and_moving(race, rounds=3)


@pytest.mark.django_db(transaction=True)
def test_two_orders_that_move_at_once_share_the_last_unit_between_none_of_them(race):
    milk = ProductFactory()
    first, second = two_stores(milk)
    orders = [place_order(customer(), first, [milk]) for _ in range(4)]
    stock.waste(store_id=second.pk, product_id=milk.pk, qty=4, reason="Broken", actor="user:1", now=NOW)
    results = race(4, lambda number: declined(orders[number]))
    assert all(isinstance(result, Order) for result in results), results
    assert sorted(result.status for result in results) == [Status.CANCELLED] * 3 + [Status.CONFIRMED]
    assert (held(first), held(second)) == (0, 1)
    assert stock_queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_orders_that_cross_between_two_stores_never_deadlock(race):
    goods = ProductFactory.create_batch(3)
    first, second = two_stores(*goods, units=40)
    there = [place_order(customer(), first, goods) for _ in range(4)]
    here = [place_order(customer(), second, list(reversed(goods))) for _ in range(4)]
    mixed = [order for pair in zip(there, here, strict=True) for order in pair]
    results = race(8, lambda number: declined(mixed[number]))
    assert all(isinstance(result, Order) and result.status == Status.CONFIRMED for result in results), results
    assert (held(first), held(second)) == (12, 12)
    assert stock_queries.audit() == []


def test_the_point_of_the_tests_lies_in_both_stores():
    first, second = two_stores(ProductFactory())
    assert contains(first.area, Point(*HOME)) and contains(second.area, Point(*HOME))


def test_units_recalled_before_are_not_set_aside_in_the_next_store():
    milk, bread, rice = ProductFactory(), ProductFactory(), ProductFactory()
    first, second = two_stores(milk, bread, rice)
    order = place_order(customer(), first, {milk: 3, bread: 2, rice: 1})
    for product, qty in ((milk, 2), (rice, 1)):
        line = order.lines.get(product=product)
        services.short_line(
            order_id=order.pk, order_line_id=line.pk, qty=qty, actor="system", now=LATER, recalled=True
        )  # fmt: skip
    made = declined(order)
    assert made.store_id == second.pk
    assert dict(Hold.objects.filter(stock__store=second).values_list("stock__product_id", "qty")) == {
        milk.pk: 1, bread.pk: 2,
    }  # fmt: skip
    assert proof.audit() == []
    assert stock_queries.audit() == []
