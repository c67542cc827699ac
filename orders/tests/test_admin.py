"""Orders in Django Admin."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from accounts.models import User
from orders.models import Order
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
