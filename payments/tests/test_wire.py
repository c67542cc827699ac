"""The one test in which the pretend gateway's message really travels: sockets, headers, signature, middleware."""

import pytest
from django.utils import timezone

from payments import services
from payments.gateways import sandbox, sandbox_wire
from payments.models import WebhookReceipt
from payments.tests.factories import online, start

pytestmark = pytest.mark.django_db(transaction=True)
over_http = sandbox_wire.post_over_http  # before the fixture unplugs it


def test_a_signed_webhook_arrives_over_http_and_pays(live_server, settings, monkeypatch):
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: None)
    settings.PAYMENT_SANDBOX_WEBHOOK_URL = live_server.url + sandbox_wire.PATH
    now = timezone.now()
    payment = online()
    payment.due_by = None
    payment.save()
    sandbox.decide(intent_id=start(payment), outcome="twice", now=now)
    assert sandbox_wire.send_due(now=now, post=over_http) == 2
    for receipt in WebhookReceipt.objects.order_by("pk"):
        services.process_webhook(receipt_id=receipt.pk, now=now)
    payment.refresh_from_db()
    assert payment.state == "captured"
    settings.PAYMENT_SANDBOX_SECRET = "another"
    body, headers = b"{}", {sandbox.SIGNATURE_HEADER: sandbox.sign(b"{}", now=now)}
    settings.PAYMENT_SANDBOX_SECRET = "again another"
    assert over_http(body, headers) == 400
