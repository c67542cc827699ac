from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, ProductFactory
from inventory import queries, services
from inventory.errors import BadQuantity, HoldGone, OutOfStock
from inventory.models import Hold, HoldState, Movement, Stock
from inventory.services import holding
from inventory.tests.factories import hold, stocked

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=15)


def test_holding_takes_units_from_the_free_ones_and_writes_the_ledger():
    stock = stocked(10)
    hold(stock, 3, until=SOON)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.free) == (10, 3, 7)
    assert list(Movement.objects.order_by("id").values_list("kind", "on_hand_delta", "held_delta")) == [
        ("receive", 10, 0),
        ("hold", 0, 3),
    ]
    assert queries.free(store_id=stock.store_id, product_ids=[stock.product_id]) == {stock.product_id: 7}


def test_holding_a_basket_takes_three_statements(django_assert_num_queries):
    first = stocked(10)
    basket = {stocked(9, at=first.store).product_id: 2 for _ in range(5)}
    with transaction.atomic(), django_assert_num_queries(3):
        services.hold(ref=uuid7(), store_id=first.store_id, basket=basket, until=None, actor="user:1", now=NOW)


def test_refuses_whole_basket_when_one_product_is_short():
    plenty = stocked(10)
    few = stocked(1, at=plenty.store)
    never_stocked = ProductFactory()
    basket = {plenty.product_id: 2, few.product_id: 2, never_stocked.pk: 1}
    with pytest.raises(OutOfStock) as refusal:
        services.hold(ref=uuid7(), store_id=plenty.store_id, basket=basket, until=None, actor="user:1", now=NOW)
    assert refusal.value.extra["short"] == {few.product_id: 1, never_stocked.pk: 0}
    assert not Hold.objects.exists()
    assert not Stock.objects.filter(held__gt=0).exists()
    assert not Movement.objects.filter(kind="hold").exists()


def test_a_refusal_leaves_the_callers_transaction_usable():
    stock = stocked(1)
    with transaction.atomic():
        with pytest.raises(OutOfStock):
            hold(stock, 2)
        hold(stock, 1)
    assert Hold.objects.count() == 1


def test_the_same_ref_twice_is_silent_even_when_nothing_is_left():
    stock = stocked(2)
    ref = hold(stock, 2, until=SOON)
    hold(stock, 2, ref=ref, until=SOON)
    stock.refresh_from_db()
    assert stock.held == 2
    assert Movement.objects.filter(kind="hold").count() == 1


@pytest.mark.parametrize("qty", [0, -1])
def test_a_quantity_must_be_positive(qty):
    stock = stocked(2)
    with pytest.raises(BadQuantity):
        hold(stock, qty)


def test_a_firm_hold_does_not_expire():
    stock = stocked(2)
    ref = hold(stock, 1, until=SOON)
    services.firm(ref=ref, now=NOW)
    services.firm(ref=ref, now=NOW)
    assert services.sweep_expired(now=SOON + timedelta(days=1)) == 0
    assert Hold.objects.get().state == HoldState.FIRM


def test_firming_what_was_given_back_is_refused():
    stock = stocked(2)
    ref = hold(stock, 1, until=SOON)
    services.release(ref=ref, reason="changed mind", actor="user:1", now=NOW)
    with pytest.raises(HoldGone):
        services.firm(ref=ref, now=NOW)


def test_releasing_gives_everything_back_once():
    stock = stocked(5)
    other = stocked(5, at=stock.store)
    ref = uuid7()
    basket = {stock.product_id: 2, other.product_id: 5}
    services.hold(ref=ref, store_id=stock.store_id, basket=basket, until=SOON, actor="user:1", now=NOW)
    services.release(ref=ref, reason="cancelled", actor="user:1", now=NOW)
    services.release(ref=ref, reason="cancelled", actor="user:1", now=NOW)
    assert list(Stock.objects.values_list("on_hand", "held")) == [(5, 0), (5, 0)]
    assert Movement.objects.filter(kind="release").count() == 2


def test_a_hold_that_breaks_does_not_hold_up_the_others(monkeypatch):
    stock = stocked(5)
    broken = hold(stock, 2, until=NOW + timedelta(minutes=1))
    hold(stock, 1, until=NOW + timedelta(minutes=2))
    act = holding._settle

    def settle(ref, *args, **more):
        if ref == broken:
            raise RuntimeError("This one breaks.")
        return act(ref, *args, **more)

    monkeypatch.setattr(holding, "_settle", settle)
    assert services.sweep_expired(now=SOON) == 1
    stock.refresh_from_db()
    assert stock.held == 2


def test_expired_holds_are_swept_and_announced_once():
    stock = stocked(5)
    late = hold(stock, 2, until=NOW + timedelta(minutes=1))
    hold(stock, 1, until=SOON)
    assert services.sweep_expired(now=NOW) == 0
    assert services.sweep_expired(now=NOW + timedelta(minutes=1)) == 1
    assert services.sweep_expired(now=NOW + timedelta(minutes=1)) == 0
    stock.refresh_from_db()
    assert stock.held == 1
    event = Event.objects.get(code="inventory.HoldExpired")
    assert event.payload == {"ref": str(late)}


def test_shipping_takes_the_units_off_the_books_once():
    stock = stocked(5)
    ref = hold(stock, 2)
    services.ship(ref=ref, actor="rider:1", now=NOW)
    services.ship(ref=ref, actor="rider:1", now=NOW)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (3, 0)


def test_only_firm_units_may_leave():
    stock = stocked(5)
    ref = hold(stock, 2, until=SOON)
    with pytest.raises(HoldGone):
        services.ship(ref=ref, actor="rider:1", now=NOW)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (5, 2)


def test_undelivered_goods_come_back_once():
    stock = stocked(5)
    ref = hold(stock, 2)
    services.ship(ref=ref, actor="rider:1", now=NOW)
    services.take_back(ref=ref, actor="rider:1", now=NOW)
    services.take_back(ref=ref, actor="rider:1", now=NOW)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (5, 0)
    assert queries.audit() == []


def test_a_short_pick_lowers_the_hold_and_what_is_on_hand():
    stock = stocked(5)
    ref = hold(stock, 3)
    services.release_part(ref=ref, product_id=stock.product_id, qty=1, reason="not found", actor="user:2", now=NOW)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (4, 2)
    services.release_part(
        ref=ref, product_id=stock.product_id, qty=2, reason="changed", actor="user:2", now=NOW, missing=False
    )
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (4, 0)
    assert Hold.objects.get().state == HoldState.RELEASED
    assert queries.audit() == []


def test_no_more_can_be_shorted_than_is_held():
    stock = stocked(5)
    ref = hold(stock, 3)
    with pytest.raises(BadQuantity):
        services.release_part(ref=ref, product_id=stock.product_id, qty=4, reason="not found", actor="user:2", now=NOW)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (5, 3)


def test_screens_hear_only_when_a_product_sells_out_or_comes_back(captured_hints):
    stock = stocked(3)
    captured_hints.clear()
    floor, shelf = f"store.{stock.store.code}", f"shelf.{stock.store.code}"
    hold(stock, 1)
    assert [hint.group for hint in captured_hints] == [shelf]  # which counts the last few units out loud
    captured_hints.clear()
    ref = hold(stock, 2)
    assert [(hint.group, hint.what) for hint in captured_hints] == [(floor, "stock"), (shelf, "stock")]
    captured_hints.clear()
    services.release(ref=ref, reason="cancelled", actor="user:1", now=NOW)
    assert [hint.group for hint in captured_hints] == [floor, shelf]


def test_the_ledger_refuses_to_be_changed_or_deleted():
    stocked(3)
    for sql in ("UPDATE inventory_movement SET on_hand_delta = 99", "DELETE FROM inventory_movement"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert Movement.objects.get().on_hand_delta == 3


def test_more_held_than_on_hand_is_refused_by_the_database():
    stocked(3)
    with pytest.raises(DatabaseError, match="stock_held_and_blocked_within_on_hand"), transaction.atomic():
        Stock.objects.update(held=4)
