"""From the confirmed order to the bags on the shelf."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import timeline
from catalog.models import Category, StoreLoad
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment import services
from fulfillment.errors import (
    EnoughOfIt,
    LinesOpen,
    NoFreeSlot,
    NoSuchTask,
    NotOnShift,
    NotYourTask,
    TaskBusy,
    UnknownBarcode,
    WrongItem,
)
from fulfillment.models import Bag, PickLine, PickTask, ScanNonce, ShelfSlot, TaskState
from fulfillment.services import managing
from fulfillment.tests.factories import (
    LATER,
    floor,
    order_for,
    packed,
    picked,
    product,
    task_for,
    undelivered,
    worker,
)
from inventory.models import Stock
from orders import services as orders
from orders.models import Evidence, Order, OrderLine
from orders.states import Status

pytestmark = pytest.mark.django_db


def scan(task, picker, code, nonce="n1"):
    return services.scan(task_id=task.pk, picker_id=picker.pk, barcode=code, nonce=nonce, now=LATER)


def test_a_confirmed_order_becomes_a_task_in_walking_order_due_before_its_promise():
    ice, rice, milk = product(zone="frozen"), product(zone="ambient"), product(zone="chilled")
    store = floor(ice, rice, milk)
    order = order_for(store, {ice: 1, rice: 2, milk: 1})
    task = services.open_task(order_id=order.pk, now=NOW)
    assert [line.product_id for line in task.lines.all()] == [rice.pk, milk.pk, ice.pk]
    assert all(line.bin_code.startswith("A-") for line in task.lines.all())
    assert NOW <= task.due_at < order.promised_by
    order.refresh_from_db()
    assert order.status == Status.ASSIGNED_TO_STORE
    assert StoreLoad.objects.get(store=store).open_orders == 1
    assert [row.code for row in timeline(f"order:{order.pk}")][-2:] == [
        "orders.OrderMoved",
        "fulfillment.PickTaskOpened",
    ]


def test_what_is_crushed_easily_is_picked_last_known_from_its_category_or_from_itself():
    eggs, tube, flour, grapes = product(), product(fragile=False), product(weight_g=5000), product(fragile=True)
    Category.objects.filter(pk__in=[eggs.category_id, tube.category_id]).update(fragile=True)
    store = floor(grapes, eggs, tube, flour)  # one aisle, in this order from the front
    task = task_for(store, [eggs, tube, flour, grapes])
    assert [line.product_id for line in task.lines.all()] == [flour.pk, tube.pk, eggs.pk, grapes.pk]


def test_opening_twice_opens_one_task_and_a_cancelled_order_opens_none():
    milk = product()
    store = floor(milk)
    order = order_for(store, [milk])
    first = services.open_task(order_id=order.pk, now=NOW)
    assert services.open_task(order_id=order.pk, now=NOW) == first
    gone = order_for(store, [milk])
    orders.cancel(order_id=gone.pk, by="customer", reason="", actor="user:1", now=NOW)
    assert services.open_task(order_id=gone.pk, now=NOW) is None
    assert PickTask.objects.count() == 1


def test_opening_a_task_costs_at_most_eight_statements():
    goods = [product() for _ in range(5)]
    store = floor(*goods)
    order = order_for(store, goods)
    with CaptureQueriesContext(connection) as seen:
        services.open_task(order_id=order.pk, now=NOW)
    assert len(seen) <= 8, [q["sql"][:90] for q in seen.captured_queries]


def test_next_gives_the_pinned_task_then_the_most_urgent_one():
    milk = product()
    store = floor(milk)
    calm, urgent, pinned = (task_for(store, [milk]) for _ in range(3))
    PickTask.objects.filter(pk=calm.pk).update(due_at=NOW + timedelta(minutes=9))
    PickTask.objects.filter(pk=urgent.pk).update(due_at=NOW + timedelta(minutes=1))
    services.pin(task_id=pinned.pk, pinned=True, actor="user:9", now=NOW)
    got = [services.next_task(store_id=store.pk, picker_id=worker(store).pk, now=LATER) for _ in range(4)]
    assert [task and task.pk for task in got] == [pinned.pk, urgent.pk, calm.pk, None]
    assert set(Order.objects.values_list("status", flat=True)) == {Status.PICKING}


def test_next_gives_the_task_in_hand_again_and_needs_a_shift():
    milk = product()
    store = floor(milk)
    task_for(store, [milk]), task_for(store, [milk])
    picker = worker(store)
    first = services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    assert services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER) == first
    with pytest.raises(NotOnShift):
        services.next_task(store_id=store.pk, picker_id=worker(store, on_shift=False).pk, now=LATER)


def test_next_passes_over_an_order_that_was_cancelled_a_moment_ago():
    milk = product()
    store = floor(milk)
    gone, good = task_for(store, [milk]), task_for(store, [milk])
    orders.cancel(order_id=gone.order_id, by="customer", reason="", actor="user:1", now=NOW)
    assert services.next_task(store_id=store.pk, picker_id=worker(store).pk, now=LATER) == good


def test_start_takes_one_particular_task_and_refuses_somebody_elses():
    milk = product()
    store = floor(milk)
    task, other = task_for(store, [milk]), task_for(store, [milk])
    picker = worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    assert services.start(task_id=task.pk, picker_id=picker.pk, now=LATER).pk == task.pk
    with pytest.raises(TaskBusy):
        services.start(task_id=other.pk, picker_id=picker.pk, now=LATER)
    with pytest.raises(TaskBusy):
        services.start(task_id=task.pk, picker_id=worker(store).pk, now=LATER)


def test_each_scan_counts_one_unit_and_a_resent_scan_counts_none():
    milk, bread = product(), product()
    store = floor(milk, bread)
    task, picker = task_for(store, {milk: 2, bread: 1}), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    first = scan(task, picker, milk.barcode, "a")
    assert (first.picked_qty, first.line_done) == (1, False)
    assert scan(task, picker, milk.barcode, "a") == first
    assert scan(task, picker, milk.barcode[-4:], "b").line_done
    done = scan(task, picker, bread.barcode, "c")
    assert done.task_done
    task.refresh_from_db()
    assert (task.state, task.picked_at) == (TaskState.PICKED, LATER)
    assert scan(task, picker, bread.barcode, "c") == done


def test_a_product_without_a_barcode_is_scanned_by_its_sku():
    herb = product(barcode=None)
    store = floor(herb)
    task, picker = task_for(store, [herb]), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    assert scan(task, picker, herb.sku).task_done


def test_wrong_unknown_and_surplus_scans_are_refused_and_write_nothing():
    milk, bread, soap = product(name="Milk"), product(name="Bread"), product(name="Soap")
    store = floor(milk, bread, soap)
    task, picker = task_for(store, {milk: 1, bread: 1}), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    with pytest.raises(WrongItem) as wrong:
        scan(task, picker, soap.barcode)
    assert wrong.value.extra == {"wanted": "Milk", "scanned": "Soap"}
    with pytest.raises(UnknownBarcode):
        scan(task, picker, "123")
    scan(task, picker, milk.barcode, "m")
    with pytest.raises(EnoughOfIt):
        scan(task, picker, milk.barcode, "m2")
    assert ScanNonce.objects.count() == 1
    assert sum(PickLine.objects.values_list("picked_qty", flat=True)) == 1


def test_nobody_scans_into_a_task_of_somebody_else():
    milk = product()
    store = floor(milk)
    task = task_for(store, [milk])
    services.start(task_id=task.pk, picker_id=worker(store).pk, now=LATER)
    with pytest.raises(NotYourTask):
        scan(task, worker(store), milk.barcode)


def test_undo_puts_a_unit_back_and_opens_the_line_again():
    milk = product()
    store = floor(milk)
    picker = worker(store)
    task = picked(task_for(store, {milk: 2}), picker)
    line = task.lines.get()
    undone = services.put_back(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, nonce="u", now=LATER)
    assert (undone.picked_qty, undone.line_done) == (1, False)
    task.refresh_from_db()
    assert (task.state, task.picked_at) == (TaskState.PICKING, None)
    services.put_back(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, nonce="u", now=LATER)
    line.refresh_from_db()
    assert line.picked_qty == 1
    services.put_back(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, nonce="u2", now=LATER)
    with pytest.raises(Invalid):
        services.put_back(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, nonce="u3", now=LATER)


def test_a_short_pick_lowers_the_bill_once_and_corrects_the_stock():
    milk, bread = product(mrp_paise=5000), product(mrp_paise=3000)
    store = floor(milk, bread)
    task, picker = task_for(store, {milk: 2, bread: 1}), worker(store)
    before = Order.objects.get(pk=task.order_id).total_paise
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    line = task.lines.get(product=milk)
    for _ in range(2):  # the second is the same tap, sent again
        services.short(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, qty=1, nonce="s", now=LATER)
    assert Order.objects.get(pk=task.order_id).total_paise == before - 5000
    assert OrderLine.objects.get(product=milk).short_qty == 1
    assert Stock.objects.get(product=milk).on_hand == 19
    with pytest.raises(Invalid):
        services.short(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, qty=2, nonce="s2", now=LATER)


def test_when_nothing_is_found_the_order_is_cancelled_and_the_task_ends():
    milk = product()
    store = floor(milk)
    task, picker = task_for(store, [milk]), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    line = task.lines.get()
    services.short(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, qty=1, nonce="s", now=LATER)
    task.refresh_from_db()
    assert task.state == TaskState.CANCELLED
    assert Order.objects.get(pk=task.order_id).status == Status.CANCELLED
    services.end_shift(picker_id=picker.pk, now=LATER)


def test_packing_makes_one_bag_per_zone_with_codes_a_slot_and_evidence():
    ice, rice = product(zone="frozen"), product(zone="ambient", weight_g=9000)
    store = floor(ice, rice)
    task = picked(task_for(store, {ice: 1, rice: 1}), picker := worker(store))
    assert services.suggested_bags(task.lines.select_related("product")) == {"ambient": 1, "frozen": 1}
    bags = services.pack(task_id=task.pk, picker_id=picker.pk, bags={"ambient": 1, "frozen": 1}, now=LATER)
    stem = bags[0].code.split("-")[0]
    assert [(bag.code, bag.zone) for bag in bags] == [(f"{stem}-1/2", "ambient"), (f"{stem}-2/2", "frozen")]
    order = Order.objects.get(pk=task.order_id)
    assert (order.status, order.shelf_slot, order.bag_codes) == (Status.PACKED, "01", [bag.code for bag in bags])
    assert ShelfSlot.objects.get(task=task).code == "01"
    assert Evidence.objects.get(order=order, kind="packed").detail["lines"][0]["picked"] == 1
    assert services.pack(task_id=task.pk, picker_id=picker.pk, bags=3, now=LATER) == bags
    assert StoreLoad.objects.get(store=store).open_orders == 0


@pytest.mark.parametrize("bags", [0, 13, {"moon": 1}, {"ambient": -1, "frozen": 2}, {}])
def test_packing_refuses_impossible_bags_and_writes_nothing(bags):
    milk = product()
    store = floor(milk)
    task = picked(task_for(store, [milk]), picker := worker(store))
    with pytest.raises(Invalid):
        services.pack(task_id=task.pk, picker_id=picker.pk, bags=bags, now=LATER)
    assert not Bag.objects.exists() and not ShelfSlot.objects.filter(task__isnull=False).exists()


def test_packing_refuses_open_lines_and_a_full_shelf():
    milk, bread = product(), product()
    store = floor(milk, bread, slots=1)
    packed(task_for(store, [milk]), worker(store))
    task, picker = task_for(store, [milk, bread]), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    with pytest.raises(LinesOpen) as still:
        services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)
    assert len(still.value.extra["open"]) == 2
    for number, goods in enumerate((milk, bread)):
        scan(task, picker, goods.barcode, f"n{number}")
    with pytest.raises(NoFreeSlot):
        services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)
    assert Order.objects.get(pk=task.order_id).status == Status.PICKING


def test_the_slot_is_free_when_the_rider_has_the_bags():
    milk = product()
    store = floor(milk)
    task = packed(task_for(store, [milk]), worker(store))
    services.close_handed_over(order_id=task.order_id, now=LATER)
    services.close_handed_over(order_id=task.order_id, now=LATER)
    task.refresh_from_db()
    assert task.state == TaskState.HANDED_OVER
    assert not ShelfSlot.objects.filter(task__isnull=False).exists()


def test_bags_of_a_cancelled_order_keep_their_slot_until_they_are_unpacked():
    milk = product()
    store = floor(milk)
    task = packed(task_for(store, [milk]), worker(store))
    orders.cancel(order_id=task.order_id, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    services.close_cancelled(order_id=task.order_id, now=LATER)
    assert ShelfSlot.objects.filter(task=task).exists()
    services.clear_slot(task_id=task.pk, actor="user:9", now=LATER)
    services.clear_slot(task_id=task.pk, actor="user:9", now=LATER)
    assert not ShelfSlot.objects.filter(task=task).exists()
    assert [row.code for row in timeline(f"order:{task.order_id}")].count("fulfillment.SlotCleared") == 1


def test_goods_of_an_undelivered_order_are_received_once_by_their_own_store():
    milk = product()
    store = floor(milk)
    order = undelivered(packed(task_for(store, [milk]), worker(store)))
    assert Stock.objects.get(product=milk).on_hand == 19
    with pytest.raises(NoSuchTask):
        services.goods_back(order_id=order.pk, store_id=make_store("BLR-Z").pk, actor="user:9", now=LATER)
    for _ in range(2):
        services.goods_back(order_id=order.pk, store_id=store.pk, actor="user:9", now=LATER)
    assert Stock.objects.get(product=milk).on_hand == 20


def test_a_shift_cannot_end_with_a_task_in_hand_nor_be_in_two_stores():
    milk = product()
    store = floor(milk)
    picker = worker(store)
    task = picked(task_for(store, [milk]), picker)
    with pytest.raises(TaskBusy):
        services.end_shift(picker_id=picker.pk, now=LATER)
    with pytest.raises(TaskBusy):
        services.start_shift(picker_id=picker.pk, store_id=make_store("BLR-Z").pk, now=LATER)
    services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)
    services.end_shift(picker_id=picker.pk, now=LATER)
    services.end_shift(picker_id=picker.pk, now=LATER)
    assert StoreLoad.objects.get(store=store).pickers_on == 0


def test_a_task_of_somebody_who_went_home_goes_back_with_what_is_in_the_tote():
    milk, bread = product(), product()
    store = floor(milk, bread)
    gone = worker(store)
    task = task_for(store, [milk, bread])
    services.start(task_id=task.pk, picker_id=gone.pk, now=LATER)
    scan(task, gone, milk.barcode)
    assert services.sweep(now=LATER) == 0
    assert services.sweep(now=NOW + timedelta(hours=15)) == 1
    other = worker(store)
    again = services.next_task(store_id=store.pk, picker_id=other.pk, now=LATER)
    assert again == task and again.picker_id == other.pk
    assert scan(task, other, bread.barcode, "n2").task_done


def test_one_task_that_cannot_be_put_back_does_not_hold_up_the_others(monkeypatch):
    milk = product()
    store = floor(milk)
    broken, other = (task_for(store, [milk]) for _ in range(2))
    for task in (broken, other):
        services.start(task_id=task.pk, picker_id=worker(store).pk, now=LATER)
    act = managing.lock_task

    def breaks(task_id):
        if task_id == broken.pk:
            raise RuntimeError("This one breaks.")
        return act(task_id)

    monkeypatch.setattr(managing, "lock_task", breaks)
    assert services.sweep(now=NOW + timedelta(hours=15)) == 1
    other.refresh_from_db()
    assert other.picker_id is None


def test_a_manager_passes_a_task_on_or_back_into_the_queue():
    milk = product()
    store = floor(milk)
    one, two, home = worker(store), worker(store), worker(store, on_shift=False)
    task = picked(task_for(store, [milk]), one)
    with pytest.raises(NotOnShift):
        services.reassign(task_id=task.pk, picker_id=home.pk, actor="user:9", now=LATER)
    services.reassign(task_id=task.pk, picker_id=two.pk, actor="user:9", now=LATER)
    services.end_shift(picker_id=one.pk, now=LATER)
    services.give_back(task_id=task.pk, actor="user:9", now=LATER)
    services.give_back(task_id=task.pk, actor="user:9", now=LATER)
    task.refresh_from_db()
    assert (task.state, task.picker_id) == (TaskState.OPEN, None)
    services.next_task(store_id=store.pk, picker_id=two.pk, now=LATER)
    services.pack(task_id=task.pk, picker_id=two.pk, now=LATER)
    assert [row.code for row in timeline(f"order:{task.order_id}")].count("fulfillment.TaskPassedOn") == 2
