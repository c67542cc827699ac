"""Deliveries: entered at the door, closed once, every unit with its lot, expiry, cost and reference."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.errors import Invalid
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, CategoryFactory, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import inbound_queries, putaway, queries
from inventory.errors import (
    BadQuantity,
    DeliveryMoved,
    ExpiryNeeded,
    NoSuchBin,
    NoSuchDelivery,
    ShortDated,
    TemperatureNeeded,
    WrongZone,
)
from inventory.inbound import Discrepancy, GoodsReceipt, PurchaseOrder, Putaway, ReceiptLine
from inventory.models import Batch, Bin, Movement, Stock
from inventory.services import inbound
from inventory.tests.factories import stocked
from inventory.tests.inbound_factories import IN_A_MONTH, TODAY, enter, purchase, receipt

pytestmark = pytest.mark.django_db
WHO = {"actor": "user:1", "now": NOW}


@pytest.fixture
def store():
    return make_store()


@pytest.fixture
def milk():
    return ProductFactory(name="Milk", zone="chilled", shelf_life_days=60, barcode="8901234567890")


@pytest.fixture
def rice():
    return ProductFactory(name="Rice", zone="ambient", shelf_life_days=None)


def close(one: GoodsReceipt, **more) -> GoodsReceipt:
    return inbound.close(receipt_id=one.pk, **WHO | more)


def differences() -> set[tuple[str, str, int]]:
    return {(d.product.name, d.kind, d.units) for d in Discrepancy.objects.select_related("product")}


# -- purchase orders ---------------------------------------------------------------------------------------------------


def test_a_purchase_order_is_sent_once_and_not_when_it_asks_for_nothing(store, rice):
    order = purchase(store, (rice, 10, 5_000))
    assert order.state == "sent" and inbound.send_purchase(purchase_id=order.pk, now=NOW).sent_at == order.sent_at
    empty = purchase(store, sent=False)
    with pytest.raises(Invalid):
        inbound.send_purchase(purchase_id=empty.pk, now=NOW)
    empty.refresh_from_db()
    assert empty.state == "draft"


def test_a_purchase_order_is_cancelled_but_not_while_it_is_received_nor_after(store, rice):
    order = purchase(store, (rice, 10, 5_000))
    one = receipt(store, order)
    with pytest.raises(DeliveryMoved):
        inbound.cancel_purchase(purchase_id=order.pk, now=NOW)
    inbound.give_up(receipt_id=one.pk, **WHO)
    assert inbound.cancel_purchase(purchase_id=order.pk, now=NOW).state == "cancelled"
    assert inbound.cancel_purchase(purchase_id=order.pk, now=NOW).state == "cancelled"
    with pytest.raises(DeliveryMoved):
        receipt(store, order)
    with pytest.raises(DeliveryMoved):
        inbound.send_purchase(purchase_id=order.pk, now=NOW)


# -- receiving ---------------------------------------------------------------------------------------------------------


def test_a_delivery_becomes_stock_with_its_lots_costs_and_reference(store, milk, rice):
    order = purchase(store, (milk, 10, 4_200), (rice, 5, 9_000))
    one = receipt(store, order)
    enter(one, milk, 6, lot="A", temperature_c=Decimal("3.5"))
    enter(one, milk, 4, lot="B", temperature_c=Decimal("5"))
    enter(one, rice, 5, lot="", expires_on=None)
    assert not Movement.objects.exists()
    close(one)
    assert {(b.stock.product.name, b.lot, b.on_hand, b.unit_cost_paise) for b in Batch.objects.all()} == {
        ("Milk", "A", 6, 4_200), ("Milk", "B", 4, 4_200), ("Rice", "", 5, 9_000),
    }  # fmt: skip
    assert {m.ref for m in Movement.objects.all()} == {one.pk}
    assert PurchaseOrder.objects.get().state == "received"
    assert differences() == set()
    assert Event.objects.get(code="inventory.GoodsReceived").payload["units"] == 15
    assert queries.audit() == []


def test_over_short_and_damaged_are_figures_of_their_own(store, milk, rice):
    tea = ProductFactory(name="Tea", shelf_life_days=None)
    order = purchase(store, (milk, 10, 4_200), (rice, 5, 9_000))
    one = receipt(store, order)
    enter(one, milk, 7, damaged=1, temperature_c=Decimal(4))
    enter(one, rice, 8)
    enter(one, tea, 2)
    close(one)
    assert differences() == {
        ("Milk", "damaged", 1), ("Milk", "short", 2), ("Rice", "over", 3), ("Tea", "over", 2),
    }  # fmt: skip
    assert Stock.objects.get(product=milk).on_hand == 7
    line = order.lines.get(product=milk)
    assert (line.delivered, line.accepted) == (8, 7)


def test_what_is_still_to_come_is_not_short_and_comes_later(store, rice):
    order = purchase(store, (rice, 10, 9_000))
    first = receipt(store, order)
    enter(first, rice, 6)
    close(first, more_to_come=True)
    order.refresh_from_db()
    assert order.state == "partly" and differences() == set()
    second = receipt(store, order)
    assert second.pk != first.pk and inbound_queries.progress(second)[0].expected == 4
    enter(second, rice, 3)
    close(second)
    order.refresh_from_db()
    assert order.state == "received" and differences() == {("Rice", "short", 1)}
    assert Stock.objects.get().on_hand == 9
    with pytest.raises(DeliveryMoved):
        receipt(store, order)


def test_goods_without_an_order_are_received_too(store, rice):
    one = receipt(store)
    enter(one, rice, 3)
    close(one)
    assert Stock.objects.get().on_hand == 3 and differences() == set()


def test_two_people_at_one_delivery_work_on_one_receipt(store, rice):
    order = purchase(store, (rice, 10, 9_000))
    assert receipt(store, order).pk == receipt(store, order).pk


def test_a_line_sent_again_is_harmless_and_so_is_closing_again(store, rice):
    one = receipt(store)
    first = enter(one, rice, 3, nonce="same")
    assert enter(one, rice, 3, nonce="same").pk == first.pk
    close(one)
    assert enter(one, rice, 3, nonce="same").pk == first.pk
    close(one)
    assert Stock.objects.get().on_hand == 3
    assert Movement.objects.count() == 1
    with pytest.raises(DeliveryMoved):
        enter(one, rice, 1)


def test_a_wrong_line_is_taken_back_before_closing_only(store, rice):
    one = receipt(store)
    wrong, right = enter(one, rice, 30), enter(one, rice, 3)
    for _ in range(2):
        inbound.take_line_back(receipt_id=one.pk, line_id=wrong.pk, now=NOW)
    close(one)
    assert Stock.objects.get().on_hand == 3
    with pytest.raises(DeliveryMoved):
        inbound.take_line_back(receipt_id=one.pk, line_id=right.pk, now=NOW)


def test_a_receipt_that_was_given_up_is_no_stock(store, rice):
    one = receipt(store)
    enter(one, rice, 3)
    for _ in range(2):
        inbound.give_up(receipt_id=one.pk, **WHO)
    with pytest.raises(DeliveryMoved):
        close(one)
    assert not Movement.objects.exists()


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"qty": 0}, BadQuantity),
        ({"qty": -1}, BadQuantity),
        ({"qty": 100_000}, BadQuantity),
        ({"qty": 1, "damaged": -1}, BadQuantity),
        ({"qty": 1, "expires_on": None}, ExpiryNeeded),
        ({"qty": 1, "expires_on": TODAY + timedelta(days=4_000)}, Invalid),
        ({"qty": 1, "temperature_c": None}, TemperatureNeeded),
        ({"qty": 1, "temperature_c": Decimal(90)}, TemperatureNeeded),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(store, milk, more, refusal):
    one = receipt(store)
    with pytest.raises(refusal):
        enter(one, milk, **{"temperature_c": Decimal(4)} | more)
    assert not ReceiptLine.objects.exists()
    with pytest.raises(Invalid):
        close(one)
    one.refresh_from_db()
    assert one.state == "open"


@pytest.mark.parametrize(
    ("zone", "temperature", "taken"),
    [("chilled", "5.0", True), ("chilled", "5.1", False), ("chilled", "-1", True), ("frozen", "-18", True),
     ("frozen", "-15", True), ("frozen", "-14.9", False)],
)  # fmt: skip
def test_what_is_too_warm_never_goes_on_sale(store, zone, temperature, taken):
    product = ProductFactory(name="Cold", zone=zone, shelf_life_days=60)
    one = receipt(store, purchase(store, (product, 4, 100)))
    line = enter(one, product, 4, temperature_c=Decimal(temperature))
    assert (line.qty, line.refused, line.refused_why) == ((4, 0, "") if taken else (0, 4, "temperature"))
    close(one)
    assert list(Stock.objects.values_list("on_hand", flat=True)) == ([4] if taken else [])
    assert differences() == (set() if taken else {("Cold", "temperature", 4)})


def test_what_is_too_short_dated_is_refused_or_kept_off_sale_as_the_manager_chooses(store, milk):
    one = receipt(store, purchase(store, (milk, 8, 100)))
    short = {"temperature_c": Decimal(4), "expires_on": TODAY + timedelta(days=5)}
    with pytest.raises(ShortDated):
        enter(one, milk, 3, **short)
    assert not ReceiptLine.objects.exists()
    assert enter(one, milk, 3, **short, if_short="refuse").refused == 3
    assert enter(one, milk, 5, **short, if_short="keep").stays_blocked
    close(one)
    stock = Stock.objects.get()
    assert (stock.on_hand, stock.blocked, stock.free) == (5, 5, 0)
    assert differences() == {("Milk", "short_dated", 8)}
    assert not Putaway.objects.exists()
    assert queries.audit() == []


def test_fruit_without_a_date_gets_the_day_and_its_usual_life(store):
    mango = ProductFactory(zone="produce", shelf_life_days=6)
    assert enter(receipt(store), mango, 4, expires_on=None, lot="").expires_on == TODAY + timedelta(days=6)


def test_a_receipt_of_three_hundred_lines_closes_in_a_fixed_number_of_statements(store):
    category = CategoryFactory()
    products = [ProductFactory(category=category, shelf_life_days=None) for _ in range(300)]
    Bin.objects.bulk_create(Bin(store=store, code=f"A-{n}", zone="ambient", sequence=n) for n in range(40))

    def statements(goods) -> int:
        one = receipt(store, purchase(store, *((product, 5, 100) for product in goods)))
        for product in goods:
            ReceiptLine.objects.create(receipt=one, product=product, lot="X", expires_on=IN_A_MONTH, qty=4,
                                       nonce=str(product.pk), actor="user:1", at=NOW)  # fmt: skip
        with CaptureQueriesContext(
            connection,
        ) as seen:
            close(one)
        return len(seen)

    few, many = statements(products[:3]), statements(products)
    assert few == many <= 32, (few, many)
    assert Putaway.objects.count() == 303 and Discrepancy.objects.count() == 303


def test_another_stores_delivery_is_not_there(store, rice):
    order, elsewhere = purchase(store, (rice, 1, 1)), make_store("BLR-Z")
    with pytest.raises(NoSuchDelivery):
        receipt(elsewhere, order)
    one = receipt(store)
    with pytest.raises(NoSuchDelivery):
        inbound.open_receipt(store_id=elsewhere.pk, receipt_id=one.pk, **WHO)
    with pytest.raises(NoSuchDelivery):
        inbound_queries.receipt_of(receipt_id=one.pk, store_id=elsewhere.pk)


@pytest.mark.parametrize("code", ["8901234567890", "010890123456789017261230" + "10L9", "7890", "milk-1"])
def test_a_code_is_understood_however_it_is_read(store, code):
    milk = ProductFactory(sku="MILK-1" if code == "milk-1" else "M", barcode="8901234567890")
    one = receipt(store, purchase(store, (milk, 4, 100)))
    seen = inbound_queries.understand(code.upper() if code == "milk-1" else code, receipt=one, today=TODAY)
    assert seen.products == [milk]
    assert seen.label.lot == ("L9" if code.startswith("01") else "")


def test_a_difference_is_settled_once_by_its_own_store(store, rice):
    one = receipt(store, purchase(store, (rice, 5, 100)))
    enter(one, rice, 4)
    close(one)
    row = Discrepancy.objects.get()
    with pytest.raises(NoSuchDelivery):
        inbound.settle(discrepancy_id=row.pk, store_id=make_store("BLR-Z").pk, settlement="x", **WHO)
    with pytest.raises(Invalid):
        inbound.settle(discrepancy_id=row.pk, store_id=store.pk, settlement=" ", **WHO)
    for words in ("Credit note 7", "again"):
        inbound.settle(discrepancy_id=row.pk, store_id=store.pk, settlement=words, **WHO)
    row.refresh_from_db()
    assert row.settlement == "Credit note 7"
    assert not inbound_queries.differences(store_id=store.pk).exists()


# -- to its place ------------------------------------------------------------------------------------------------------


def test_goods_are_put_away_cold_first_and_the_bin_is_scanned(store, milk, rice):
    Bin.objects.bulk_create(
        Bin(store=store, code=code, zone=zone, sequence=n)
        for n, (code, zone) in enumerate([("A-01-1", "ambient"), ("A-02-1", "ambient"), ("C-01-1", "chilled")])
    )
    at_home = stocked(1, at=store, product=rice, bin_code="A-02-1")
    one = receipt(store)
    enter(one, rice, 4, lot="R", expires_on=None)
    enter(one, milk, 5, temperature_c=Decimal(4))
    close(one)
    first, second = inbound_queries.to_put_away(store_id=store.pk)
    assert (first.batch.stock.product, first.suggested.code, first.why) == (milk, "C-01-1", putaway.ROOM)
    assert (second.batch.stock.product, second.suggested.code, second.why) == (rice, "A-02-1", putaway.HOME)
    act = {"store_id": store.pk, **WHO}
    with pytest.raises(WrongZone):
        inbound.put_away(putaway_id=first.pk, bin_code="A-01-1", **act)
    with pytest.raises(NoSuchBin):
        inbound.put_away(putaway_id=first.pk, bin_code="Z-99", **act)
    with pytest.raises(NoSuchDelivery):
        inbound.put_away(putaway_id=first.pk, bin_code="C-01-1", **act | {"store_id": make_store("BLR-Z").pk})
    assert not Putaway.objects.exclude(done_at=None).exists()
    inbound.put_away(putaway_id=first.pk, bin_code=" c-01-1", **act)
    assert Stock.objects.get(product=milk).bin.code == "C-01-1"  # it had no home
    assert Batch.objects.get(stock__product=milk).bin is None
    for code in ("A-01-1", "A-02-1"):
        inbound.put_away(putaway_id=second.pk, bin_code=code, **act)
    at_home.refresh_from_db()
    assert at_home.bin.code == "A-02-1"  # its home stays; this lot lies elsewhere
    assert Batch.objects.get(lot="R").bin.code == "A-01-1"
    assert inbound_queries.to_put_away(store_id=store.pk) == []


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 1, 1)])
def test_a_last_day_of_use_far_in_the_past_is_a_slip_of_the_finger(store, milk, day):
    one = receipt(store)
    with pytest.raises(Invalid):
        enter(one, milk, 1, temperature_c=Decimal(4), expires_on=day, if_short="keep")
