"""Opening a payment, and trying to pay it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from blinkit.kernel import metrics
from blinkit.kernel.errors import NotFound, Refusal
from blinkit.kernel.idempotency import KeyReused
from blinkit.kernel.ids import uuid7
from payments import gateways
from payments.errors import GatewayDown, PaymentClosed
from payments.gateways.base import METHODS
from payments.models import Attempt, AttemptState, Method, Payment, PaymentState, Purpose
from payments.services import routing

LABELS = dict(METHODS)
NOT_BEGUN = "The payment service did not answer."


class Started(TypedDict):
    """How to go on paying. `pay_url` is a path of this site or an address of the gateway."""

    attempt_id: UUID
    gateway: str
    pay_url: str
    intent_id: str
    expires_at: datetime | None
    client: dict[str, Any]


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
    *,
    payment_id: UUID,
    customer_id: int,
    instrument: str,
    now: datetime,
    key: str = "",
    return_url: str = "",
    vpa: str = "",
) -> Started:
    """Begin one try at paying online; several may follow each other until one is captured.

    The gateways of the route are asked one after the other until one is ready, each between two transactions and under
    an attempt of its own: should one that did not answer take money after all, that comes back as a stray. The same
    `key` gives the same attempt again. `return_url` is where the browser goes after the hosted page (a path of this
    site); `vpa` is the UPI address of a collect request and is not kept. Raises NotFound for somebody else's payment,
    PaymentClosed when it is paid, cancelled, cash, or its window is over, GatewayDown, KeyReused when the key came
    with another instrument.
    """
    known = _begun_with(key, payment_id=payment_id, customer_id=customer_id)
    if known is not None:
        _must_be_same(known, instrument)
    refusal: Refusal | None = None
    for name in [known.gateway] if known else routing.route(instrument):
        payment, attempt = _attempt(
            name,
            attempt_id=_attempt_id(key, name, payment_id=payment_id, customer_id=customer_id),
            payment_id=payment_id,
            customer_id=customer_id,
            instrument=instrument,
            now=now,
        )
        try:
            with gateways.guarded(name):
                intent = gateways.named(name).start(
                    attempt_id=attempt.pk,
                    amount_paise=payment.amount_paise,
                    instrument=instrument,
                    now=now,
                    vpa=vpa,
                )
        except Refusal as error:
            refusal = error
            _not_begun(attempt, now=now)
            continue
        # A webhook may have been here already: only the reference is written.
        Attempt.objects.filter(pk=attempt.pk, gateway_ref=None).update(gateway_ref=intent.gateway_ref)
        if attempt.decline_reason == NOT_BEGUN:  # the same key again, and now the gateway is ready
            Attempt.objects.filter(pk=attempt.pk, state=AttemptState.DECLINED).update(
                state=AttemptState.STARTED, decline_reason="", settled_at=None
            )
        return Started(
            attempt_id=attempt.pk,
            gateway=name,
            pay_url=_with_return(intent.pay_url, return_url),
            intent_id=intent.gateway_ref,
            expires_at=min(filter(None, [payment.due_by, intent.expires_at]), default=None),
            client=dict(intent.client),
        )
    raise refusal or GatewayDown("The payment service does not answer. Try again, or pay another way.")


def page_of(attempt: Attempt, *, return_url: str) -> str:
    """Where the payer goes on with an attempt; "" when nothing can be paid there."""
    if attempt.gateway_ref is None or attempt.gateway not in _PAGES:
        return ""
    return _with_return(_PAGES[attempt.gateway].format(id=attempt.pk, ref=attempt.gateway_ref), return_url)


_PAGES = {"sandbox": "/sandbox-gateway/pay/{ref}/", "razorpay": "/pay/{id}/", "stripe": "/stripe/pay/{id}/"}


def _attempt_id(key: str, gateway: str, *, payment_id: UUID, customer_id: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{payment_id}/{customer_id}/{gateway}/{key}") if key else uuid7()


def _begun_with(key: str, *, payment_id: UUID, customer_id: int) -> Attempt | None:
    """The attempt this key has begun already; of several gateways the one that was ready."""
    if not key:
        return None
    ids = [_attempt_id(key, name, payment_id=payment_id, customer_id=customer_id) for name in gateways.REGISTRY]
    return Attempt.objects.filter(pk__in=ids, gateway_ref__isnull=False).first()


@transaction.atomic
def _attempt(
    gateway: str, *, attempt_id: UUID, payment_id: UUID, customer_id: int, instrument: str, now: datetime
) -> tuple[Payment, Attempt]:
    payment = Payment.objects.select_for_update().filter(pk=payment_id, customer_id=customer_id).first()
    if payment is None:
        raise NotFound("There is no such payment.")
    attempt = Attempt.objects.filter(pk=attempt_id, payment=payment).first()
    if attempt is not None:
        _must_be_same(attempt, instrument)
    if attempt is None or attempt.gateway_ref is None:
        _must_be_payable(payment, now=now)
    if attempt is None:
        attempt = Attempt.objects.create(
            id=attempt_id, payment=payment, gateway=gateway, instrument=LABELS[instrument], created_at=now
        )
    return payment, attempt


def _must_be_same(attempt: Attempt, instrument: str) -> None:
    """Only while the gateway has not said how it was really paid."""
    if attempt.instrument in LABELS.values() and attempt.instrument != LABELS[instrument]:
        raise KeyReused("This key came with another way to pay before. Use a new key.")


def _not_begun(attempt: Attempt, *, now: datetime) -> None:
    """Nothing can be paid at a gateway that gave no reference; if it took money without our knowing, its message says
    so and the attempt is captured after all.
    """
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.STARTED, gateway_ref=None).update(
        state=AttemptState.DECLINED, decline_reason=NOT_BEGUN, settled_at=now
    )
    metrics.count("payments_start_failed_total", gateway=attempt.gateway)


def _with_return(pay_url: str, return_url: str) -> str:
    """Pages of this site carry the way back; a gateway's own address knows it already."""
    if not return_url or not pay_url.startswith("/"):
        return pay_url
    return f"{pay_url}{'&' if '?' in pay_url else '?'}{urlencode({'return': return_url})}"


def _must_be_payable(payment: Payment, *, now: datetime) -> None:
    if payment.method == Method.COD:
        raise PaymentClosed("This order is paid in cash at the door.")
    if payment.state == PaymentState.CAPTURED:
        raise PaymentClosed("This is paid already.")
    if payment.state == PaymentState.CANCELLED:
        raise PaymentClosed("This payment is no longer wanted. Nothing was taken.")
    if payment.due_by is not None and payment.due_by <= now:
        raise PaymentClosed("The time to pay is over. Place the order again.")
