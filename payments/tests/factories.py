"""Payments for tests. Upper apps may use it too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import services
from payments.gateways import sandbox, sandbox_wire
from payments.models import Payment, Refund, RefundState, SandboxEvent, WebhookReceipt

DUE_BY = NOW + timedelta(minutes=15)


def online(amount_paise: int = 48_200, *, ref: UUID | None = None, customer: Any = None) -> Payment:
    return services.open_payment(
        ref=ref or uuid7(),
        customer_id=(customer or UserFactory()).pk,
        amount_paise=amount_paise,
        method="online",
        due_by=DUE_BY,
        now=NOW,
    )


def cash(amount_paise: int = 48_200, *, ref: UUID | None = None) -> Payment:
    return services.open_payment(
        ref=ref or uuid7(), customer_id=UserFactory().pk, amount_paise=amount_paise, method="cod", due_by=None, now=NOW
    )


def start(payment: Payment, *, instrument: str = "upi", now: datetime = NOW, key: str = "") -> str:
    """An attempt at the sandbox gateway; returns the intent's id."""
    started = services.start_attempt(
        payment_id=payment.pk, customer_id=payment.customer_id, instrument=instrument, now=now, key=key
    )
    return started["intent_id"]


def tell(now: datetime) -> int:
    """The sandbox posts what it owes straight to the service, and every waiting message is processed."""

    def post(body: bytes, headers: Mapping[str, str]) -> int:
        services.record_webhook(gateway="sandbox", headers=headers, body=body, now=now)
        return 200

    taken = sandbox_wire.send_due(now=now, post=post)
    for receipt_id in WebhookReceipt.objects.filter(processed_at=None).order_by("pk").values_list("pk", flat=True):
        services.process_webhook(receipt_id=receipt_id, now=now)
    return taken


def paid(amount_paise: int = 48_200, **more: Any) -> Payment:
    """An online payment that was captured at NOW."""
    payment = online(amount_paise, **more)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW)
    payment.refresh_from_db()
    assert payment.state == "captured"
    return payment


def settle_refunds(now: datetime = NOW + timedelta(minutes=1)) -> None:
    """Every refund due is sent, and the gateway's answers arrive."""
    for refund in Refund.objects.exclude(state=RefundState.DONE).order_by("pk"):
        services.send_refund(refund_id=refund.pk, now=now)
    tell(now + timedelta(minutes=1))


def signed(message: Mapping[str, Any], *, now: datetime = NOW) -> tuple[bytes, dict[str, str]]:
    """A webhook body with the headers of a real one."""
    body = orjson.dumps(message)
    return body, {sandbox.SIGNATURE_HEADER: sandbox.sign(body, now=now)}


def owed_messages() -> list[dict[str, Any]]:
    """The webhooks the sandbox has not sent yet."""
    return list(SandboxEvent.objects.filter(sent_at=None).order_by("pk").values_list("body", flat=True))
