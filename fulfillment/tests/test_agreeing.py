"""What a reaction to an event left undone on the floor is done from the rows."""

from datetime import timedelta

import pytest

from catalog.tests.factories import NOW, store
from fulfillment import services, tasks
from fulfillment.models import PickTask, TaskState
from fulfillment.services import agreeing
from fulfillment.tests.factories import floor, order_for, packed, picked, product, task_for, worker
from orders import services as orders
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db
SOON, LATER = NOW + timedelta(minutes=1, seconds=59), NOW + timedelta(minutes=4)


def test_an_order_nobody_picks_gets_its_task():
    milk = product()
    place = floor(milk)
    an_order = order_for(place, [milk])
    assert services.sweep_lagging(now=SOON) == 0, "the reaction may still come"
    assert services.sweep_lagging(now=LATER) == 1
    an_order.refresh_from_db()
    assert (PickTask.objects.get().order_id, an_order.status) == (an_order.pk, Status.ASSIGNED_TO_STORE)
    assert services.sweep_lagging(now=LATER) == 0


def test_a_picker_of_a_cancelled_order_is_free():
    milk = product()
    place = floor(milk)
    task = picked(task_for(place, [milk]), worker(place))
    orders.cancel(order_id=task.order_id, by="staff", reason="x", actor="user:1", now=NOW)
    assert services.sweep_lagging(now=SOON) == 0
    assert services.sweep_lagging(now=LATER) == 1
    assert PickTask.objects.get().state == TaskState.CANCELLED
    assert services.sweep_lagging(now=LATER) == 0


def test_a_task_follows_its_order_to_the_other_store():
    milk = product()
    task = task_for(floor(milk), [milk])
    there = floor(milk, at=store("BLR-W"))
    Order.objects.filter(pk=task.order_id).update(store=there, status=Status.CONFIRMED)
    assert services.sweep_lagging(now=LATER) == 1
    assert PickTask.objects.get().store_id == there.pk
    assert services.sweep_lagging(now=LATER) == 0


def test_the_shelf_is_free_of_bags_that_left():
    milk = product()
    place = floor(milk)
    task = packed(task_for(place, [milk]), worker(place))
    ride = {"order_id": task.order_id, "actor": "rider:7", "now": NOW + timedelta(minutes=1)}
    orders.rider_accepted(rider_id=7, rider_name="Ravi", **ride)
    orders.picked_up(bag_codes=Order.objects.get(pk=task.order_id).bag_codes, **ride)
    assert services.sweep_lagging(now=LATER) == 1
    task.refresh_from_db()
    assert task.state == TaskState.HANDED_OVER and not place.shelf_slots.exclude(task=None).exists()
    assert services.sweep_lagging(now=LATER) == 0


def test_one_that_breaks_holds_up_nobody_and_all_in_order_costs_four_statements(monkeypatch, django_assert_num_queries):
    milk = product()
    place = floor(milk)
    first, second = (order_for(place, [milk]) for _ in range(2))
    opens = agreeing.open_task

    def fails(*, order_id, now):
        if order_id == first.pk:
            raise RuntimeError("not today")
        return opens(order_id=order_id, now=now)

    monkeypatch.setattr(agreeing, "open_task", fails)
    assert services.sweep_lagging(now=LATER) == 1
    assert PickTask.objects.get().order_id == second.pk
    monkeypatch.undo()
    tasks.sweep_tasks()
    assert PickTask.objects.count() == 2
    with django_assert_num_queries(4):
        assert services.sweep_lagging(now=LATER) == 0
