"""Admin looks; what it moves goes through the services."""

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.events import timeline
from fulfillment import services
from fulfillment.models import PickerShift, ShelfSlot, TaskState
from fulfillment.tests.factories import LATER, floor, packed, product, task_for, worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def act(admin, model, action, rows, **more):
    return admin.post(
        f"/admin/fulfillment/{model}/", {"action": action, "_selected_action": [row.pk for row in rows], **more}
    )


def test_lists_and_pages_open(admin):
    milk = product()
    store = floor(milk)
    task = packed(task_for(store, [milk]), worker(store))
    for model in ("picktask", "pickershift", "shelfslot"):
        assert admin.get(f"/admin/fulfillment/{model}/").status_code == 200
    shown = admin.get(f"/admin/fulfillment/picktask/{task.pk}/change/").content.decode()
    assert task.bags.get().code in shown and milk.name in shown
    slot = ShelfSlot.objects.get(task=task)
    assert admin.get(f"/admin/fulfillment/shelfslot/{slot.pk}/change/").status_code == 200


def test_search_by_bag_counts_each_line_once(admin):
    milk, ice = product(), product(zone="frozen")
    store = floor(milk, ice)
    task = packed(task_for(store, [milk, ice]), worker(store))
    shown = admin.get("/admin/fulfillment/picktask/", {"q": task.bags.first().code})
    assert [row.lines_in_all for row in shown.context["cl"].result_list] == [2]


def test_pinning_and_passing_on_leave_an_audit_line(admin):
    milk = product()
    store = floor(milk)
    one, two = worker(store), worker(store)
    waiting, work = task_for(store, [milk]), task_for(store, [milk])
    services.start(task_id=work.pk, picker_id=one.pk, now=LATER)
    act(admin, "picktask", "pin", [waiting, work])
    waiting.refresh_from_db()
    assert waiting.pinned
    assert b"Back into the queue" in act(admin, "picktask", "pass_on", [work]).content
    shift = PickerShift.objects.get(user=two)
    act(admin, "picktask", "pass_on", [work], confirmed="yes", picker=shift.pk)
    work.refresh_from_db()
    assert work.picker_id == two.pk
    act(admin, "picktask", "pass_on", [work], confirmed="yes", picker="")
    work.refresh_from_db()
    assert work.state == TaskState.OPEN
    rows = [row for row in timeline(f"order:{work.order_id}") if row.code == "fulfillment.TaskPassedOn"]
    assert len(rows) == 2 and all(row.actor.startswith("user:") for row in rows)


def test_a_shift_with_an_order_in_hand_is_not_ended(admin):
    milk = product()
    store = floor(milk)
    busy, idle = worker(store), worker(store)
    services.start(task_id=task_for(store, [milk]).pk, picker_id=busy.pk, now=LATER)
    act(admin, "pickershift", "end_shifts", PickerShift.objects.all())
    assert list(PickerShift.objects.filter(ended_at=None).values_list("user_id", flat=True)) == [busy.pk]
    assert PickerShift.objects.get(user=idle).ended_at is not None
