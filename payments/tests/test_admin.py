import pytest
from django.urls import reverse

from accounts.models import User
from catalog.tests.factories import NOW
from payments import services
from payments.models import Attempt, Payment, Refund, Transfer, WebhookReceipt
from payments.tests.factories import paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+917000000000", "x"))
    return client


@pytest.fixture
def payment():
    payment = paid(48_200)
    services.lower_amount(ref=payment.ref, by_paise=5_800, reason="not found", key="k", now=NOW)
    return payment


@pytest.mark.parametrize("model", ["payment", "attempt", "refund", "webhookreceipt", "account", "transfer"])
def test_every_list_opens_with_few_statements(boss, payment, model, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        assert boss.get(reverse(f"admin:payments_{model}_changelist")).status_code == 200


@pytest.mark.parametrize("model", [Payment, Attempt, Refund, WebhookReceipt, Transfer])
def test_every_detail_can_be_read_and_not_edited(boss, payment, model):
    row = model.objects.first()
    url = reverse(f"admin:payments_{model._meta.model_name}_change", args=[row.pk])
    page = boss.get(url)
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert boss.post(url, {}).status_code == 403


def test_the_payment_page_tells_the_story(boss, payment):
    page = boss.get(reverse("admin:payments_payment_change", args=[payment.pk])).content.decode()
    assert "Paid by UPI" in page
    assert "payment.captured" in page


def test_a_refund_can_be_sent_by_hand(boss, payment):
    refund = Refund.objects.get()
    boss.post(reverse("admin:payments_refund_changelist"), {"action": "retry", "_selected_action": [str(refund.pk)]})
    refund.refresh_from_db()
    assert refund.state == "sent"
