"""Counts, wastage and orders in Django Admin: looked at, and ordered from by those who may."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW
from inventory import services
from inventory.counts import CasePack, ReplenishmentSuggestion
from inventory.inbound import Supplier
from inventory.tests.factories import stocked
from inventory.tests.test_cycle_counts import count, only_lot, task_of
from inventory.tests.test_replenishing import sold

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+917000000000", "x"))
    return client


@pytest.mark.parametrize(
    "model", ["counttask", "wastage", "reorderpoint", "replenishmentsuggestion", "shelfpolicy", "casepack"]
)
def test_every_list_opens_with_few_statements(boss, model, django_assert_max_num_queries):
    place = sold(*[6] * 20, left=2).store
    services.plan_store(store_id=place.pk, now=NOW)
    for _ in range(4):
        stock = stocked(9, at=place)
        CasePack.objects.create(product=stock.product, units=6)
        count(task_of(stock), {only_lot(stock): 8})
        services.ask_waste(
            store_id=place.pk, batch_id=only_lot(stock), qty=1, reason="sample", by=UserFactory().pk,
            nonce=str(stock.pk), now=NOW,
        )  # fmt: skip
    with django_assert_max_num_queries(12):
        assert boss.get(reverse(f"admin:inventory_{model}_changelist")).status_code == 200


def test_a_count_shows_what_each_person_found_and_cannot_be_edited(boss):
    stock = stocked(10)
    task = count(task_of(stock), {only_lot(stock): 8})
    url = reverse("admin:inventory_counttask_change", args=[task.pk])
    assert "8 / 10" in boss.get(url).content.decode()
    assert boss.post(url, {"difference": 0}).status_code == 403


def test_suggestions_are_ordered_from_the_list_by_those_who_may(boss, client):
    stock = sold(*[6] * 20, left=2)
    services.plan_store(store_id=stock.store_id, now=NOW)
    row = ReplenishmentSuggestion.objects.get()
    url = reverse("admin:inventory_replenishmentsuggestion_changelist")
    asked = {"action": "order_chosen", "_selected_action": [row.pk]}
    assert "nobody to order from" in boss.post(url, asked, follow=True).content.decode()
    row.refresh_from_db()
    assert row.state == "open"
    Supplier.objects.create(code="dairy", name="Dairy")
    boss.post(url, asked)
    row.refresh_from_db()
    assert row.state == "accepted"
    client.force_login(UserFactory(is_staff=True))
    assert client.post(url, asked).status_code == 403
