"""Orders in Django Admin."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils import timezone

from accounts.models import User
from catalog.tests.factories import store as make_store
from orders.models import Order, Slot, SlotTemplate
from orders.states import Status
from orders.tests.factories import advance, order

pytestmark = pytest.mark.django_db

LIST = "/admin/orders/order/"


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+919999999999", "secret"))
    return client


def test_the_list_and_the_order_tell_the_whole_story(boss):
    an_order = advance(order(), Status.PACKED)
    assert an_order.number in boss.get(LIST, {"q": an_order.contact_phone}).content.decode()
    page = boss.get(f"{LIST}{an_order.pk}/change/").content.decode()
    assert "PICKING → PACKED" in page
    assert "BAG-1" in page


def test_cancelling_asks_for_a_reason_first_and_goes_through_the_service(boss):
    an_order = order()
    asked = {"action": "cancel_orders", ACTION_CHECKBOX_NAME: str(an_order.pk)}
    page = boss.post(LIST, asked)
    assert "undone" in page.content.decode()
    assert Order.objects.get().status == Status.CONFIRMED
    boss.post(LIST, {**asked, "confirmed": "yes", "reason": ""})
    assert Order.objects.get().status == Status.CONFIRMED
    boss.post(LIST, {**asked, "confirmed": "yes", "reason": "Power cut in the store"})
    assert Order.objects.get().status == Status.CANCELLED
    assert Order.objects.get().cancel_reason == "Power cut in the store"


def test_a_refusal_is_a_message_and_not_a_crash(boss):
    an_order = advance(order(), Status.PICKED_UP)
    asked = {"action": "cancel_orders", ACTION_CHECKBOX_NAME: str(an_order.pk), "confirmed": "yes", "reason": "Late"}
    page = boss.post(LIST, asked, follow=True).content.decode()
    assert "have left the store" in page
    assert Order.objects.get().status == Status.PICKED_UP


def test_nothing_edits_an_order(boss):
    an_order = order()
    assert boss.post(f"{LIST}{an_order.pk}/change/", {"status": "DELIVERED"}).status_code == 403
    assert boss.get(f"{LIST}{an_order.pk}/delete/").status_code == 403
    assert boss.get(f"{LIST}add/").status_code == 403


def test_a_weekly_window_saved_in_the_administration_makes_its_slots_at_once(client):
    place = make_store()
    client.force_login(User.objects.create_superuser("+919000000000", password="x"))
    weekday = timezone.localtime().weekday()
    given = {
        "store": place.pk, "weekday": (weekday + 1) % 7, "from_time": "18:00", "to_time": "19:00", "capacity": 4,
        "cut_off_m": 30, "days_ahead": 2, "is_active": "on",
    }  # fmt: skip
    assert client.post("/admin/orders/slottemplate/add/", given | {"to_time": "17:00"}).status_code == 200  # refused
    assert client.post("/admin/orders/slottemplate/add/", given).status_code == 302
    assert Slot.objects.get().capacity == 4
    template = SlotTemplate.objects.get()
    action = {"action": "copy_to_every_day", "_selected_action": [template.pk]}
    client.post("/admin/orders/slottemplate/", action)
    assert SlotTemplate.objects.count() == 7
    client.post(f"/admin/orders/slottemplate/{template.pk}/delete/", {"post": "yes"})
    assert Slot.objects.get(pk=Slot.objects.earliest("pk").pk).capacity == 0
    assert client.get("/admin/orders/slot/").status_code == 200
