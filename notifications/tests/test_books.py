"""The night's audit found something: operations and administration are told, nobody else, once."""

import pytest

from accounts.models import RoleGrant
from catalog.tests.factories import NOW
from notifications import services
from notifications.models import Message
from orders.events import BooksDiffer
from orders.tests.factories import customer

pytestmark = pytest.mark.django_db

EVENT = BooksDiffer(night="2026-02-02", stock=1, money=0, orders=2, first="delivered and nothing recognised: T-48001")


def test_a_difference_is_told_to_operations_and_to_nobody_else():
    ops, boss, _asha = customer("Ops", email="ops@example.com", language="hi"), customer("Boss"), customer("Asha")
    for user, role in ((ops, "ops"), (ops, "admin"), (boss, "admin")):
        RoleGrant.objects.create(user=user, role=role)
    for _ in range(2):
        services.tell(event=EVENT, event_id=1, now=NOW)
    said = Message.objects.filter(template_code="books_differ")
    assert set(said.values_list("user_id", flat=True)) == {ops.pk, boss.pk}
    assert list(said.filter(channel="email").values_list("user_id", flat=True)) == [ops.pk]
    assert said.filter(channel="inapp").count() == 2
    assert "3" in said.get(channel="inapp", user=boss).subject
    assert "T-48001" in said.get(channel="inapp", user=boss).body
    assert "फ़र्क़" in said.get(channel="inapp", user=ops).subject


def test_with_nobody_in_operations_nothing_breaks():
    customer("Asha")
    assert services.tell(event=EVENT, event_id=1, now=NOW) == 0
