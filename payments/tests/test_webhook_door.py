"""The door through which gateways speak: it writes down and answers; a flood of bad and repeated ones is no news."""

import random
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import queries, services
from payments.models import Attempt, Payment, Refund, Transfer, WebhookReceipt
from payments.standins.rigs import RIGS

DELIVERIES = 1000
DOOR_CPU_MS = 20


@pytest.fixture(params=RIGS)
def rig(request, db, time_machine):
    time_machine.move_to(NOW, tick=False)
    with RIGS[request.param](NOW) as rig:
        yield rig


@pytest.fixture(scope="module")
def door():
    """One client for all: making one loads the middleware."""
    return Client()


def post(door, rig, message):
    headers, body = message
    sent = {name: value for name, value in headers.items() if name != "Content-Type"}
    address = f"/api/v1/payments/webhooks/{rig.name}/"
    return door.post(address, body, content_type="application/json", headers=sent).status_code


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", RIGS)
def test_a_delivery_is_one_statement_and_its_work_comes_later(name, door, time_machine, monkeypatch):
    time_machine.move_to(NOW, tick=False)
    with RIGS[name](NOW) as rig:
        handed_out = []
        monkeypatch.setattr("payments.tasks.publish", lambda task, **ids: handed_out.append((task.name, ids)))
        payment = rig.payment()
        rig.pay(rig.start(payment))
        (message, *_) = rig.take_messages()
        handed_out.clear()
        for _ in range(2):
            with CaptureQueriesContext(connection) as seen:
                assert post(door, rig, message) == 200
            assert len(seen) == 1, [query["sql"] for query in seen]
        receipt = WebhookReceipt.objects.get()
        assert receipt.processed_at is None
        assert handed_out == [("payments.tasks.process_webhook", {"receipt_id": receipt.pk})]
        payment.refresh_from_db()
        assert payment.state == "open"


def true_events(rig):
    """Two payments that are paid, one that was declined, one that is paid after it was cancelled, and a dispute."""
    payments = [rig.payment(10_000 + number) for number in range(4)]
    attempts = [rig.start(payment) for payment in payments]
    for attempt in attempts:
        rig.pay(attempt, decline=attempt is attempts[2])
    services.cancel(ref=payments[3].ref, reason="window over", now=rig.now)
    return payments, rig.take_messages()


def books():
    return {
        "payments": sorted(Payment.objects.values_list("amount_paise", "state", "captured_paise", "refunded_paise")),
        "attempts": sorted(Attempt.objects.values_list("captured_paise", "state")),
        "refunds": sorted(Refund.objects.values_list("amount_paise", "reason")),
        "postings": sorted(Transfer.objects.values_list("kind", "memo")),
        "events": sorted(Event.objects.values_list("code", flat=True)),
    }


@pytest.mark.django_db
def test_a_thousand_repeated_forged_old_and_shuffled_deliveries_change_nothing_beyond_the_true_ones(rig, door):
    dice = random.Random(11)
    _, messages = true_events(rig)

    def spoilt(message):
        headers, body = message
        cut = dice.randrange(len(body))
        return dice.choice(
            [
                (headers, body[:cut] + bytes([body[cut] ^ 1]) + body[cut + 1 :]),
                (headers, body.replace(b"1000", b"9000")),
                ({name: value[::-1] for name, value in headers.items()}, body),
                ({}, body),
                rig.sign_again(message, at=NOW - timedelta(days=dice.randint(4, 2000))),
            ]
        )

    deliveries = [(message, True) for message in messages]
    while len(deliveries) < DELIVERIES:
        message = dice.choice(messages)
        good = dice.random() < 0.5
        deliveries.append((message if good else spoilt(message), good))
    dice.shuffle(deliveries)
    began = time.process_time()
    answers = [(post(door, rig, message), good) for message, good in deliveries]
    cpu_ms = (time.process_time() - began) * 1000 / DELIVERIES
    assert {status for status, good in answers if good} == {200}
    assert {status for status, good in answers if not good} == {400}
    assert WebhookReceipt.objects.count() == len(messages)
    assert cpu_ms < DOOR_CPU_MS, f"{cpu_ms:.1f} ms of processor per delivery, the test's own client included"
    rig.work()
    after = books()
    assert [row[1:3] for row in after["payments"]] == [
        ("captured", 10_000), ("captured", 10_001), ("open", 0), ("cancelled", 0)
    ]  # fmt: skip
    assert [row[0] for row in after["refunds"]] == [10_003]
    assert len(after["postings"]) == 3
    assert queries.audit() == []
    for message, good in deliveries[:200]:
        post(door, rig, message)
    rig.work()
    assert books() == after
