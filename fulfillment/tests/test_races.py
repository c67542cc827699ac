"""Races on the floor, with controls that show the race is real."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError

from catalog.tests.factories import store as make_store
from fulfillment import services
from fulfillment.errors import NoFreeSlot
from fulfillment.models import PickTask, ShelfSlot, TaskState
from fulfillment.services import life, picking
from fulfillment.tests.factories import LATER, floor, picked, product, task_for, worker
from inventory import services as stock
from orders import services as orders
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db(transaction=True)
PICKERS = 8


def test_one_order_goes_to_one_of_eight_pickers(race):
    milk = product()
    store = floor(milk)
    task = task_for(store, [milk])
    pickers = [worker(store) for _ in range(PICKERS)]
    got = race(PICKERS, lambda n: services.next_task(store_id=store.pk, picker_id=pickers[n].pk, now=LATER))
    assert [type(result) for result in got if result is not None] == [PickTask]
    task.refresh_from_db()
    assert task.state == TaskState.PICKING


def test_pickers_with_four_totes_never_share_an_order(race):
    milk = product()
    store = floor(milk)
    stock.move_bin(store_id=store.pk, product_id=milk.pk, bin_code="G-12-1", actor="test", now=LATER)
    for _ in range(2 * PICKERS):
        task_for(store, [milk])
    PickTask.objects.update(due_at=LATER + timedelta(minutes=20))
    pickers = [worker(store) for _ in range(PICKERS)]
    got = race(PICKERS, lambda n: services.next_task(store_id=store.pk, picker_id=pickers[n].pk, totes=4, now=LATER))
    assert not [result for result in got if isinstance(result, BaseException)]
    begun = PickTask.objects.exclude(picker=None)
    assert len({(task.picker_id, task.tote) for task in begun}) == len(begun) > PICKERS
    assert all(Order.objects.get(pk=task.order_id).status == Status.PICKING for task in begun)


def test_control_without_the_locks_several_pickers_believe_the_order_is_theirs(race):
    milk = product()
    store = floor(milk)
    task = task_for(store, [milk])
    pickers = [worker(store) for _ in range(PICKERS)]

    def unlocked(n):
        found = PickTask.objects.get(pk=task.pk)
        meet.wait(timeout=10)
        if found.state != TaskState.OPEN:
            return None
        found.state, found.picker_id, found.tote = TaskState.PICKING, pickers[n].pk, 1
        found.save(update_fields=["state", "picker", "tote"])
        return found

    meet = threading.Barrier(PICKERS)
    got = race(PICKERS, unlocked)
    assert sum(isinstance(result, PickTask) for result in got) > 1


def test_eight_pickers_get_eight_different_orders(race):
    milk = product()
    store = floor(milk)
    for _ in range(PICKERS):
        task_for(store, [milk])
    pickers = [worker(store) for _ in range(PICKERS)]
    got = race(PICKERS, lambda n: services.next_task(store_id=store.pk, picker_id=pickers[n].pk, now=LATER))
    again = [services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER) for picker in pickers]
    assert not [result for result in got if isinstance(result, BaseException)]
    assert len({task.pk for task in again if task}) == PICKERS


def test_one_picker_tapping_eight_times_has_one_order(race):
    milk = product()
    store = floor(milk)
    for _ in range(3):
        task_for(store, [milk])
    picker = worker(store)
    got = race(PICKERS, lambda: services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER))
    assert len({task.pk for task in got}) == 1


def test_the_same_scan_sent_eight_times_counts_one_unit(race):
    milk = product()
    store = floor(milk)
    task, picker = task_for(store, {milk: 5}), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    send = {"task_id": task.pk, "picker_id": picker.pk, "barcode": milk.barcode, "nonce": "same", "now": LATER}
    got = race(PICKERS, lambda: services.scan(**send))
    assert set(got) == {picking.ScanOutcome(task.lines.get().pk, milk.pk, 1, 5, False, False)}
    assert task.lines.get().picked_qty == 1


def test_the_last_place_on_the_shelf_goes_to_one_order(race):
    milk = product()
    store = floor(milk, slots=1)
    pairs = [(picked(task_for(store, [milk]), who), who) for who in (worker(store), worker(store))]
    got = race(2, lambda n: services.pack(task_id=pairs[n][0].pk, picker_id=pairs[n][1].pk, now=LATER))
    assert sorted(type(result) for result in got if isinstance(result, BaseException)) == [NoFreeSlot]
    assert ShelfSlot.objects.exclude(task=None).count() == 1
    assert PickTask.objects.filter(state=TaskState.PACKED).count() == 1


def test_a_picker_and_a_manager_at_once_end_in_one_of_the_two(race):
    milk = product()
    first = floor(milk)
    floor(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    picker = worker(first)
    for _ in range(5):
        task = task_for(first, [milk])

        def act(number, task=task):
            if number:
                return services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
            return services.decline(task_id=task.pk, store_id=first.pk, reason="No power", actor="user:1", now=LATER)

        declined, started = race(2, act)
        assert isinstance(started, PickTask) != isinstance(declined, Order), (declined, started)
        order = Order.objects.get(pk=task.order_id)
        assert (order.status == Status.PICKING) == isinstance(started, PickTask)
        assert (order.store_id == first.pk) == isinstance(started, PickTask)
        # The next round finds the floor as empty as this one: a long queue would send its order elsewhere at once.
        orders.cancel(order_id=order.pk, by="staff", reason="Test", actor="user:1", now=LATER)
        services.close_cancelled(order_id=order.pk, now=LATER)
        services.end_shift(picker_id=picker.pk, now=LATER)
        services.start_shift(picker_id=picker.pk, store_id=first.pk, now=LATER)


def _two_papers(race, monkeypatch):
    """Two sheets with their missing lines in opposite order, entered at once: each waits for the other's first line."""
    milk, bread = product(), product()
    store = floor(milk, bread)
    tasks = [task_for(store, [milk, bread]) for _ in range(2)]
    tasks[1].lines.filter(product=milk).update(walk=99)
    tasks[0].lines.filter(product=bread).update(walk=99)
    pickers = [worker(store), worker(store)]
    meet, seen, release = threading.Barrier(2), threading.local(), stock.release_part

    def release_and_wait(**args):
        release(**args)
        if not getattr(seen, "one", False):
            seen.one = True
            with suppress(threading.BrokenBarrierError):
                meet.wait(timeout=0.5)

    monkeypatch.setattr(stock, "release_part", release_and_wait)

    def enter(number):
        task = tasks[number]
        return services.enter_paper(
            task_id=task.pk, picker_id=pickers[number].pk, nonce="n", now=LATER,
            found={line.pk: 0 for line in task.lines.all()},
        )  # fmt: skip

    return race(2, enter)


def test_two_sheets_with_the_same_goods_missing_never_deadlock(race, monkeypatch):
    assert all(isinstance(result, PickTask) for result in _two_papers(race, monkeypatch))


def test_control_without_the_stock_locked_first_they_do(race, monkeypatch):
    monkeypatch.setattr(stock, "lock_held_by", lambda **args: None)
    assert sum(isinstance(result, OperationalError) for result in _two_papers(race, monkeypatch)) == 1


def _crossing(race, monkeypatch):
    """Two orders change their stores with each other; each waits after the first load it has written."""
    milk = product()
    here, there = floor(milk), floor(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    moved = [task_for(here, [milk]).order, task_for(there, [milk]).order]
    for order, store in zip(moved, (there, here), strict=True):
        Order.objects.filter(pk=order.pk).update(store=store, status=Status.CONFIRMED)
    meet, seen, write = threading.Barrier(2), threading.local(), life.write_load

    def write_and_wait(**args):
        write(**args)
        if not getattr(seen, "one", False):
            seen.one = True
            with suppress(threading.BrokenBarrierError):
                meet.wait(timeout=0.5)

    monkeypatch.setattr(life, "write_load", write_and_wait)
    return race(2, lambda n: services.follow_order(order_id=moved[n].pk, now=LATER))


def test_orders_that_change_their_stores_with_each_other_never_deadlock(race, monkeypatch):
    got = _crossing(race, monkeypatch)
    assert all(isinstance(result, PickTask) for result in got), got
