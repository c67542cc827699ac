"""What falls between the parts of the floor: helpers, breaks, paper and the network, at the same order."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from fulfillment import capacity, services, walk, watch
from fulfillment.errors import TaskBusy
from fulfillment.models import PickerStat, PickTask, PlannedShift, TaskState
from fulfillment.tests.factories import LATER, floor, picked, product, task_for, worker
from fulfillment.tests.test_walk import send, split_order, two_in_hand
from inventory import services as stock
from orders.models import Consent, OrderLine

pytestmark = pytest.mark.django_db


def lines_of(picker, store):
    return walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)["lines"]


def test_a_customers_phone_is_on_the_walk_only_to_be_called_about_a_line():
    store, picker, first, second, _milk = two_in_hand()
    OrderLine.objects.filter(order_id=second.order_id).update(consent=Consent.CALL)
    seen = walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)
    phones = {tote["task"]: tote["phone"] for tote in seen["totes"]}
    assert phones == {first.pk: "", second.pk: second.order.contact_phone}


def test_what_a_helper_had_found_and_the_picker_puts_back_is_the_pickers_to_find():
    store, picker, helper, task, milk, peas = split_order()
    send(helper, store, do="scan", task=task.pk, code=peas.barcode)
    services.end_shift(picker_id=helper.pk, now=LATER)
    assert send(picker, store, do="undo", task=task.pk, line=task.lines.get(product=peas).pk)["ok"]
    assert {line["sku"] for line in lines_of(picker, store)} == {milk.sku, peas.sku}
    assert send(picker, store, do="scan", task=task.pk, code=peas.barcode)["ok"]


def test_nobody_goes_on_a_break_with_a_colleagues_lines_in_hand():
    store, _picker, helper, *_ = split_order()
    with pytest.raises(TaskBusy):
        services.start_break(picker_id=helper.pk, store_id=store.pk, now=LATER)


def test_an_order_passed_on_to_its_helper_is_all_theirs():
    store, _picker, helper, task, milk, peas = split_order()
    services.reassign(task_id=task.pk, picker_id=helper.pk, actor="user:1", now=LATER)
    assert {(line["sku"], line["tote"]) for line in lines_of(helper, store)} == {(milk.sku, "A"), (peas.sku, "A")}
    assert not task.lines.exclude(helper=None).exists()


def test_lines_count_for_whom_found_them():
    store, picker, helper, task, milk, peas = split_order()
    send(helper, store, do="scan", task=task.pk, code=peas.barcode)
    send(picker, store, do="scan", task=task.pk, code=milk.barcode)
    services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)
    services.note_packed(task_id=task.pk)
    found = {it.picker_id: (it.tasks, it.lines, it.units) for it in PickerStat.objects.all()}
    assert found == {picker.pk: (1, 1, 1), helper.pk: (0, 1, 1)}


@pytest.mark.parametrize(("begins", "ends"), [("10+01", "12:00"), ("08Z", "12Z"), ("10:00", "12Z")])
def test_a_time_with_a_zone_is_no_time_of_a_plan(client, begins, ends):
    store = floor(product())
    boss, picker = worker(store, role="store_manager"), worker(store)
    client.force_login(boss)
    form = {"person": picker.pk, "from": begins, "to": ends, "day": f"{timezone.now() + timedelta(days=2):%Y-%m-%d}"}
    assert client.post(f"/store/{store.code}/staff/plan/", form).status_code == 302
    assert not PlannedShift.objects.exists()


def test_an_order_that_is_only_to_be_packed_leads_a_walk_of_others():
    milk = product()
    store = floor(milk)
    stock.move_bin(store_id=store.pk, product_id=milk.pk, bin_code="G-12-1", actor="test", now=LATER)
    first, second = task_for(store, [milk]), task_for(store, [milk])
    services.give_back(task_id=picked(first, worker(store)).pk, actor="user:1", now=LATER)
    PickTask.objects.update(due_at=LATER + timedelta(minutes=8))
    PickTask.objects.filter(pk=first.pk).update(due_at=LATER + timedelta(minutes=7))
    services.next_task(store_id=store.pk, picker_id=worker(store).pk, totes=4, now=LATER)
    states = dict(PickTask.objects.values_list("pk", "state"))
    assert states == {first.pk: TaskState.PICKED, second.pk: TaskState.PICKING}


def test_lines_of_a_helper_who_took_the_order_over_are_all_theirs():
    store, _picker, helper, task, milk, peas = split_order()
    send(helper, store, do="scan", task=task.pk, code=peas.barcode)
    services.reassign(task_id=task.pk, picker_id=helper.pk, actor="user:1", now=LATER)
    send(helper, store, do="scan", task=task.pk, code=milk.barcode)
    services.pack(task_id=task.pk, picker_id=helper.pk, now=LATER)
    services.note_packed(task_id=task.pk)
    assert PickerStat.objects.values_list("tasks", "lines", "units").get() == (1, 2, 2)


def test_orders_that_wait_while_the_floor_is_upgraded_have_their_usual_work():
    milk, bread = product(), product()
    task = task_for(floor(milk, bread), {milk: 3, bread: 1})
    PickTask.objects.update(work_s=0)
    with connection.cursor() as cursor:
        cursor.execute(import_module("fulfillment.migrations.0002_floor").USUAL_WORK)
    task.refresh_from_db()
    assert task.work_s == capacity.HOUSE.seconds(2, 4) == 74


def test_who_helps_a_colleague_is_not_free_on_the_live_floor():
    store, picker, helper, task, *_ = split_order()
    doing = {tile.user_id: tile.doing for tile in watch.floor_now(store=store, now=LATER).tiles}
    assert doing == {picker.pk: "picking", helper.pk: "picking"}
    services.join_again(task_id=task.pk, actor="user:1", now=LATER)
    assert [tile.user_id for tile in watch.floor_now(store=store, now=LATER).free_pickers] == [helper.pk]
