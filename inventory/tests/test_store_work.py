import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from blinkit.kernel.errors import NotFound
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, ProductFactory, store
from inventory import queries, services
from inventory.errors import BadQuantity, UnitsHeld
from inventory.models import Bin, Movement, Stock
from inventory.tests.factories import hold, stocked

pytestmark = pytest.mark.django_db


def test_receiving_makes_rows_and_bins_and_adds_up():
    place = store()
    rice = ProductFactory(zone="ambient")
    milk = ProductFactory(zone="chilled")
    lines = [(rice.pk, 10, "A-01-1"), (milk.pk, 4, "C-01-1"), (rice.pk, 5, None)]
    assert services.receive(store_id=place.pk, lines=lines, reason="GRN 7", actor="user:9", now=NOW) == 19
    services.receive(store_id=place.pk, lines=[(milk.pk, 1, None)], reason="GRN 8", actor="user:9", now=NOW)
    assert queries.free(store_id=place.pk, product_ids=[rice.pk, milk.pk]) == {rice.pk: 15, milk.pk: 5}
    assert queries.bins(store_id=place.pk, product_ids=[rice.pk, milk.pk]) == {
        rice.pk: ("A-01-1", "ambient", 1),
        milk.pk: ("C-01-1", "chilled", 2),
    }
    assert queries.audit() == []


def test_receiving_a_thousand_lines_takes_few_statements(django_assert_max_num_queries):
    place = store()
    products = [ProductFactory().pk for _ in range(30)]
    with django_assert_max_num_queries(7):
        services.receive(
            store_id=place.pk, lines=[(pk, 3, f"A-{pk}") for pk in products], reason="GRN", actor="system", now=NOW
        )
    assert Bin.objects.count() == 30


def test_receiving_refuses_negative_goods_and_unknown_stores():
    place = store()
    product = ProductFactory()
    with pytest.raises(BadQuantity):
        services.receive(store_id=place.pk, lines=[(product.pk, -1, None)], reason="", actor="system", now=NOW)
    with pytest.raises(NotFound):
        services.receive(store_id=0, lines=[(product.pk, 1, None)], reason="", actor="system", now=NOW)
    assert not Stock.objects.exists()


def test_a_count_sets_what_is_on_hand_and_is_announced():
    stock = stocked(10)
    difference = services.count(
        store_id=stock.store_id, product_id=stock.product_id, counted=8, reason="cycle", actor="user:9", now=NOW
    )
    assert difference == -2
    stock.refresh_from_db()
    assert stock.on_hand == 8
    event = Event.objects.get(code="inventory.StockCounted")
    assert (event.payload["expected"], event.payload["counted"]) == (10, 8)
    assert queries.audit() == []


def test_a_count_that_agrees_is_written_down_too():
    stock = stocked(10)
    services.count(
        store_id=stock.store_id, product_id=stock.product_id, counted=10, reason="cycle", actor="user:9", now=NOW
    )
    assert Movement.objects.filter(kind="count", on_hand_delta=0).count() == 1


def test_a_count_below_what_is_held_is_refused():
    stock = stocked(10)
    hold(stock, 6)
    with pytest.raises(UnitsHeld) as refusal:
        services.count(
            store_id=stock.store_id, product_id=stock.product_id, counted=5, reason="cycle", actor="user:9", now=NOW
        )
    assert refusal.value.extra == {"held": 6, "on_hand": 10}
    stock.refresh_from_db()
    assert stock.on_hand == 10
    assert not Movement.objects.filter(kind="count").exists()


def test_only_free_units_can_be_wasted():
    stock = stocked(10)
    hold(stock, 6)
    services.waste(store_id=stock.store_id, product_id=stock.product_id, qty=4, reason="mould", actor="user:9", now=NOW)
    with pytest.raises(UnitsHeld):
        services.waste(
            store_id=stock.store_id, product_id=stock.product_id, qty=1, reason="mould", actor="user:9", now=NOW
        )
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (6, 6)


def test_a_product_can_move_to_another_bin():
    stock = stocked(10, bin_code="A-01-1")
    services.move_bin(store_id=stock.store_id, product_id=stock.product_id, bin_code="B-02-3", actor="user:9", now=NOW)
    stock.refresh_from_db()
    assert (stock.bin.code, stock.on_hand) == ("B-02-3", 10)


def run_audit(*arguments):
    out = StringIO()
    code = 0
    try:
        call_command("audit_stock", *arguments, stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, json.loads(out.getvalue().splitlines()[-1])


def test_the_audit_is_quiet_when_all_is_well():
    hold(stocked(10), 3)
    code, found = run_audit()
    assert code == 0
    assert found["differences"] == 0
    assert (found["on_hand"], found["held"]) == (10, 3)


def test_the_audit_catches_a_counter_changed_by_hand_and_rebuilds_it():
    stock = stocked(10)
    hold(stock, 3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_batch SET on_hand = 12, held = 4")
        cursor.execute("UPDATE inventory_stock SET on_hand = 13, held = 5, blocked = 1")
    code, found = run_audit()
    assert code == 1
    assert {(row["counter"], row["counted"], row["expected"], row["source"]) for row in found["rows"]} == {
        ("on_hand", 12, 10, "movements"),
        ("held", 4, 3, "movements"),
        ("held", 4, 3, "holds"),
        ("on_hand", 13, 12, "batches"),
        ("held", 5, 4, "batches"),
        ("blocked", 1, 0, "batches"),
    }
    with pytest.raises(CommandError, match="--yes"):
        run_audit("--rebuild")
    assert run_audit("--store", stock.store.code)[1]["differences"] == 6
    assert run_audit("--store", store("BLR-Y").code)[0] == 0
    code, found = run_audit("--rebuild", "--yes", "--json")
    assert (code, found["rebuilt"], found["differences"]) == (0, 1, 0)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (10, 3)
