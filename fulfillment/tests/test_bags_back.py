"""Bags of an undelivered order are taken from the rider in the store, by whoever works there; cold ones first."""

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.models import Zone
from fulfillment import queries
from fulfillment.tests.factories import floor, packed, product, task_for, undelivered, worker
from orders.models import Evidence, Order

pytestmark = pytest.mark.django_db


def test_a_picker_scans_them_in_cold_ones_first_and_the_rider_is_free_with_the_last(client):
    bread, milk = product(name="Bread"), product(name="Milk", zone=Zone.CHILLED)
    store = floor(bread, milk)
    picker = worker(store)
    dry = undelivered(packed(task_for(store, {bread: 1}), picker))
    cold = undelivered(packed(task_for(store, {milk: 1}), picker))
    Order.objects.update(status_at=timezone.now())
    waiting = queries.coming_back(store_id=store.pk, now=timezone.now())
    assert [(it.number, it.is_cold, it.bags_in) for it in waiting] == [(cold.number, True, 0), (dry.number, False, 0)]
    url = f"/store/{store.code}/back/{cold.pick_task.pk}/bags/"
    client.force_login(UserFactory(roles=["picker"]))
    assert client.post(url, {"all": "1"}).status_code in (403, 404), "another store's picker"
    client.force_login(UserFactory(roles=["rider"]))
    assert client.post(url, {"all": "1"}).status_code == 403, "nor the rider"
    client.force_login(picker)
    for wrong in ("NO-BAG", ""):
        client.post(url, {"code": wrong})
    assert not Evidence.objects.filter(kind="bag_back").exists()
    for code in cold.bag_codes:
        client.post(url, {"code": code.lower()})
    client.post(url, {"all": "1"})
    assert Evidence.objects.filter(kind="bag_back", order=cold).count() == len(cold.bag_codes)
    assert Event.objects.filter(code="orders.BagsBack", subject=f"order:{cold.pk}").count() == 1
    assert [it.bags_in for it in queries.coming_back(store_id=store.pk, now=timezone.now())] == [len(cold.bag_codes), 0]
