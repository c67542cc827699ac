"""Opening a payment, and trying to pay it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from blinkit.kernel.errors import NotFound
from blinkit.kernel.idempotency import KeyReused
from blinkit.kernel.ids import uuid7
from payments import gateways
from payments.errors import PaymentClosed
from payments.models import Attempt, Method, Payment, PaymentState, Purpose

LABELS = {"upi": "UPI", "card": "Card"}


class Started(TypedDict):
    """How to go on paying. `pay_url` is a path of this site or an address of the gateway."""

    attempt_id: UUID
    gateway: str
    pay_url: str
    intent_id: str
    expires_at: datetime | None


def open_payment(
    *,
    ref: UUID,
    customer_id: int,
    amount_paise: int,
    method: str,
    due_by: datetime | None,
    now: datetime,
    wallet_paise: int = 0,
    purpose: str = Purpose.ORDER,
) -> Payment:
    """Write down what `ref` owes. One statement, part of the caller's transaction; no gateway is asked.

    `wallet_paise` is what `wallet.take` has taken for it in this transaction; `amount_paise` is the rest, to be paid by
    `method`. With nothing left to pay (Method.WALLET) it is paid.
    """
    is_paid = method == Method.WALLET
    if is_paid and amount_paise:
        raise ValueError("The wallet pays all of it or there is another way for the rest.")
    payment = Payment(
        ref=ref,
        customer_id=customer_id,
        amount_paise=amount_paise,
        method=Method(method).value,
        state=PaymentState.CAPTURED if is_paid else PaymentState.OPEN,
        wallet_paise=wallet_paise,
        purpose=purpose,
        due_by=due_by,
        created_at=now,
        captured_at=now if is_paid else None,
    )
    payment.save(force_insert=True)
    return payment


def start_attempt(
    *, payment_id: UUID, customer_id: int, instrument: str, now: datetime, key: str = "", return_url: str = ""
) -> Started:
    """Begin one try at paying online; several may follow each other until one is captured.

    The gateway is called between two transactions. The same `key` gives the same attempt again. `return_url` is where
    the browser goes after the hosted page (a path of this site). Raises NotFound for somebody else's payment,
    PaymentClosed when it is paid, cancelled, cash, or its window is over, GatewayDown, KeyReused when the key came
    with another instrument.
    """
    gateway = gateways.online()
    attempt_id = uuid5(NAMESPACE_URL, f"{payment_id}/{customer_id}/{key}") if key else uuid7()
    with transaction.atomic():
        payment = Payment.objects.select_for_update().filter(pk=payment_id, customer_id=customer_id).first()
        if payment is None:
            raise NotFound("There is no such payment.")
        attempt = Attempt.objects.filter(pk=attempt_id, payment=payment).first() if key else None
        if attempt is not None and attempt.instrument != LABELS[instrument]:
            raise KeyReused("This key came with another way to pay before. Use a new key.")
        if attempt is None:
            _must_be_payable(payment, now=now)
            attempt = Attempt.objects.create(
                id=attempt_id, payment=payment, gateway=gateway.name, instrument=LABELS[instrument], created_at=now
            )
    with gateways.guarded(gateway.name):
        intent = gateway.start(attempt_id=attempt.pk, amount_paise=payment.amount_paise, instrument=instrument, now=now)
    # A webhook may have been here already: only the reference is written.
    Attempt.objects.filter(pk=attempt.pk, gateway_ref=None).update(gateway_ref=intent.gateway_ref)
    pay_url = intent.pay_url
    if return_url:
        pay_url += "?" + urlencode({"return": return_url})
    return Started(
        attempt_id=attempt.pk,
        gateway=gateway.name,
        pay_url=pay_url,
        intent_id=intent.gateway_ref,
        expires_at=min(filter(None, [payment.due_by, intent.expires_at]), default=None),
    )


def _must_be_payable(payment: Payment, *, now: datetime) -> None:
    if payment.method == Method.COD:
        raise PaymentClosed("This order is paid in cash at the door.")
    if payment.state == PaymentState.CAPTURED:
        raise PaymentClosed("This is paid already.")
    if payment.state == PaymentState.CANCELLED:
        raise PaymentClosed("This payment is no longer wanted. Nothing was taken.")
    if payment.due_by is not None and payment.due_by <= now:
        raise PaymentClosed("The time to pay is over. Place the order again.")
