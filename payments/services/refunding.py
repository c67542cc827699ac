"""Giving money back: promised inside a transaction, sent outside of one, completed when the gateway says so.

Which source gets it, in one place (`_give_back`): the wallet pays first and is paid back last. What was not paid yet
falls away first, then what the gateway or the rider took goes back up to what it captured, then the wallet's part;
never more to a source than it gave. Cash has no way back: what a rider took goes into the wallet, where the next order
takes it from, and never expires; the wallet's own part is again the credit it was taken from. Both are there at once,
as one refund.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from blinkit.kernel import events, metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.errors import NotFound, Refusal
from payments import gateways, ledger
from payments.errors import RefundTooLarge
from payments.events import RefundCompleted, RefundStarted
from payments.models import (
    Attempt,
    AttemptState,
    Method,
    Payment,
    PaymentState,
    Reduction,
    Refund,
    RefundState,
)
from payments.services import wallet

log = structlog.get_logger(__name__)

MAX_TRIES = 8
KEY_LENGTH = 112
FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 3600
ASK_AFTER = timedelta(minutes=2)
"""A refund sent this long ago without a word is asked about."""


@transaction.atomic
def lower_amount(
    *, ref: UUID, by_paise: int, reason: str, key: str, now: datetime, to_wallet: bool = False, told: bool = False
) -> int:
    """`ref` owes less by so many paise. Paid already: that part is refunded. Still open: the amount goes down.

    Returns the paise that go back to the customer (of an open payment the wallet's part; 0 for a cancelled one). The
    same key lowers once. `to_wallet`: what was captured goes into the wallet instead of the way it came, as cash always
    does. `told`: the caller tells the customer, who needs no word more of what is in the wallet at once. Raises
    RefundTooLarge when more would go than is there.
    """
    payment = _lock(ref)
    if by_paise <= 0 or payment.state == PaymentState.CANCELLED:
        return 0
    if Reduction.objects.filter(key=key).exists():  # also of one that was captured meanwhile
        return _known(key)
    if payment.state == PaymentState.CAPTURED:
        return _give_back(payment, by_paise, key=key, reason=reason, to_wallet=to_wallet, told=told, now=now)
    if payment.wallet_paise and (known := _known(key)):
        return known
    unpaid_paise = min(by_paise, payment.amount_paise)
    if by_paise > payment.amount_paise + _left_of_wallet(payment):
        raise RefundTooLarge("More would fall away than is owed.", owed_paise=payment.amount_paise)
    if unpaid_paise:
        Reduction.objects.create(payment=payment, key=key, amount_paise=unpaid_paise, reason=reason[:160], at=now)
        payment.amount_paise -= unpaid_paise
        if not payment.amount_paise and payment.wallet_paise:  # the wallet has paid all there is
            payment.state, payment.captured_at = PaymentState.CAPTURED, now
        payment.save(update_fields=["amount_paise", "state", "captured_at"])
    _into_wallet(payment, of_wallet=by_paise - unpaid_paise, key=_wallet_key(key), reason=reason, told=told, now=now)
    return by_paise - unpaid_paise


@transaction.atomic
def cancel(*, ref: UUID, reason: str, now: datetime) -> None:
    """Nothing is wanted for `ref` any more: an open payment closes, what was paid and not yet refunded goes back.

    Repeating is silent. Money that arrives after this goes back by itself.
    """
    payment = _lock(ref)
    key = f"cancel:{ref}"
    if payment.state == PaymentState.OPEN:
        payment.state = PaymentState.CANCELLED
        payment.save(update_fields=["state"])
        _into_wallet(payment, of_wallet=_left_of_wallet(payment), key=_wallet_key(key), reason=reason, now=now)
        return
    left_paise = payment.captured_paise - payment.refunded_paise + _left_of_wallet(payment)
    if payment.state == PaymentState.CAPTURED and left_paise:
        _give_back(payment, left_paise, key=key, reason=reason, now=now)


def _give_back(
    payment: Payment,
    amount_paise: int,
    *,
    key: str,
    reason: str,
    now: datetime,
    to_wallet: bool = False,
    told: bool = False,
) -> int:
    """So much of a locked, captured payment goes back, first to what captured it, then to the wallet. Once per key."""
    to_wallet = to_wallet or payment.method == Method.COD
    if not (payment.wallet_paise or to_wallet):
        return promise(payment, amount_paise, key=key, reason=reason, attempt=_paid_by(payment), now=now).amount_paise
    if known := _known(key):
        return known
    captured_paise = payment.captured_paise - payment.refunded_paise
    if amount_paise > captured_paise + _left_of_wallet(payment):
        raise RefundTooLarge("More would go back than was paid.", left_paise=captured_paise + _left_of_wallet(payment))
    captured_part = min(amount_paise, captured_paise)
    wallet_part = amount_paise - captured_part
    if to_wallet:
        _into_wallet(payment, captured=captured_part, of_wallet=wallet_part, key=key, reason=reason, told=told, now=now)
        return amount_paise
    if captured_part:
        promise(payment, captured_part, key=key, reason=reason, attempt=_paid_by(payment), now=now)
    _into_wallet(payment, of_wallet=wallet_part, key=_wallet_key(key), reason=reason, told=told, now=now)
    return amount_paise


def _into_wallet(
    payment: Payment,
    *,
    key: str,
    reason: str,
    now: datetime,
    captured: int = 0,
    of_wallet: int = 0,
    told: bool = False,
) -> None:
    """Paise of what was captured, and of the wallet's own part, go into the wallet: one refund, written down as done,
    for it is. The caller has the payment's lock and has looked for the key."""
    paise = captured + of_wallet
    if not paise:
        return
    payment.refunded_paise += captured
    payment.wallet_returned_paise += of_wallet
    payment.save(update_fields=["refunded_paise", "wallet_returned_paise"])
    refund = Refund.objects.create(
        payment=payment,
        key=key,
        amount_paise=paise,
        reason=reason[:160],
        to_wallet=True,
        state=RefundState.DONE,
        created_at=now,
        done_at=now,
    )
    for part, put in ((captured, wallet.put_back), (of_wallet, wallet.return_spent)):
        if part:
            put(
                customer_id=payment.customer_id,
                amount_paise=part,
                refund_id=refund.pk,
                reason=reason,
                ref=payment.ref,
                now=now,
            )
    done = RefundCompleted(refund_id=refund.pk, ref=payment.ref, amount_paise=paise, to_wallet=True, told=told)
    events.record(done, subject=f"payment:{payment.pk}")
    metrics.count("refunds_completed_total")


def _known(key: str) -> int:
    """What went back under this key already."""
    keys = [key, _wallet_key(key)]
    return sum(Refund.objects.filter(key__in=keys).values_list("amount_paise", flat=True))


def _wallet_key(key: str) -> str:
    return f"{key[:KEY_LENGTH]}:wallet"


def _left_of_wallet(payment: Payment) -> int:
    return payment.wallet_paise - payment.wallet_returned_paise


def promise(
    payment: Payment, amount_paise: int, *, key: str, reason: str, attempt: Attempt | None, now: datetime
) -> Refund:
    """Reserve a refund on a locked, captured payment and see to its sending after the commit. Once per key."""
    known = Refund.objects.filter(key=key).first()
    if known is not None:
        return known
    left_paise = payment.captured_paise - payment.refunded_paise
    if amount_paise > left_paise:
        raise RefundTooLarge("More would go back than was paid.", left_paise=left_paise)
    payment.refunded_paise += amount_paise
    payment.save(update_fields=["refunded_paise"])
    refund = _write(payment, amount_paise, key=key, reason=reason, attempt=attempt, now=now)
    ledger.post(
        kind="refund",
        key=f"refund:{refund.pk}",
        entries={ledger.PREPAID: amount_paise, ledger.REFUNDS: -amount_paise},
        ref=payment.ref,
        memo=reason,
        at=now,
    )
    return refund


def send_back_stray(payment: Payment, attempt: Attempt, *, reason: str, now: datetime) -> Refund:
    """The whole of a capture nobody wanted; it never counted as paid, so it does not count as refunded."""
    return _write(payment, attempt.captured_paise, key=f"stray:{attempt.pk}", reason=reason, attempt=attempt, now=now)


def _write(
    payment: Payment, amount_paise: int, *, key: str, reason: str, attempt: Attempt | None, now: datetime
) -> Refund:
    refund = Refund.objects.create(
        payment=payment,
        attempt=attempt,
        key=key,
        amount_paise=amount_paise,
        reason=reason[:160],
        next_try_at=now,
        created_at=now,
    )
    events.record(
        RefundStarted(refund_id=refund.pk, ref=payment.ref, amount_paise=amount_paise, reason=refund.reason),
        subject=f"payment:{payment.pk}",
    )
    gather(_send_soon, str(refund.pk))
    return refund


def _send_soon(ids: list[str]) -> None:
    from payments import tasks  # tasks are doors and import this module

    for refund_id in ids:
        tasks.publish(tasks.send_refund, refund_id=refund_id)


# -- sending ----------------------------------------------------------------------------------------------------------


def due_refunds(*, now: datetime, limit: int) -> list[UUID]:
    """Refunds to send (again), and sent ones of which nothing was heard, the longest waiting first."""
    due = Refund.objects.filter(
        state__in=[RefundState.DUE, RefundState.FAILED, RefundState.SENT], next_try_at__lte=now
    ).order_by("next_try_at")
    return list(due.values_list("pk", flat=True)[:limit])


def send_refund(*, refund_id: UUID, now: datetime) -> None:
    """Send one due refund to its gateway, or ask about one that was sent. The gateway is called outside transactions,
    with the refund's id as its key, so a crash between the call and our note repeats the question, not the payment.
    """
    # A lease: whoever moves next_try_at forward is the one who sends.
    mine = Refund.objects.filter(
        Q(state__in=[RefundState.DUE, RefundState.FAILED, RefundState.SENT]), pk=refund_id, next_try_at__lte=now
    ).update(next_try_at=now + ASK_AFTER, tries=F("tries") + 1)
    if not mine:
        return
    refund = Refund.objects.select_related("attempt").get(pk=refund_id)
    attempt = refund.attempt
    if attempt is None or attempt.gateway_ref is None:
        failed(refund_id=refund_id, now=now)
        return
    gateway = gateways.named(attempt.gateway)
    try:
        with gateways.guarded(gateway.name):
            answer = gateway.look_up_refund(refund_id=refund_id) if refund.state == RefundState.SENT else None
            if answer is None:
                answer = gateway.refund(
                    refund_id=refund_id, gateway_ref=attempt.gateway_ref, amount_paise=refund.amount_paise, now=now
                )
    except Refusal as refusal:
        log.warning("refund not taken", refund=str(refund_id), gateway=gateway.name, why=refusal.detail)
        failed(refund_id=refund_id, now=now)
        return
    if answer.completed:
        completed(refund_id=refund_id, gateway_ref=answer.gateway_ref, now=now)
        return
    Refund.objects.filter(pk=refund_id, state__in=[RefundState.DUE, RefundState.FAILED]).update(
        state=RefundState.SENT, gateway_ref=answer.gateway_ref, tries=0
    )


@transaction.atomic
def completed(*, refund_id: UUID, gateway_ref: str, now: datetime) -> str:
    """The money is back with the customer. Repeating is silent."""
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.state == RefundState.DONE:
        return "Known already"
    refund.state = RefundState.DONE
    refund.done_at = now
    refund.next_try_at = None
    refund.gateway_ref = gateway_ref or refund.gateway_ref
    refund.save(update_fields=["state", "done_at", "next_try_at", "gateway_ref"])
    attempt = refund.attempt
    stray = attempt is not None and attempt.state == AttemptState.STRAY
    source = gateways.named(attempt.gateway).settles_into if attempt else ledger.BANK
    owed = ledger.STRAYS if stray else ledger.REFUNDS
    ledger.post(
        kind="refunded",
        key=f"refunded:{refund.pk}",
        entries={owed: refund.amount_paise, source: -refund.amount_paise},
        ref=payment.ref,
        memo=refund.reason,
        at=now,
    )
    events.record(
        RefundCompleted(refund_id=refund.pk, ref=payment.ref, amount_paise=refund.amount_paise),
        subject=f"payment:{payment.pk}",
    )
    metrics.count("refunds_completed_total")
    return "Refund completed"


@transaction.atomic
def failed(*, refund_id: UUID, now: datetime, refused: bool = False) -> str:
    """It did not work: again after a growing pause; after MAX_TRIES an administrator decides.

    `refused`: the gateway took it and then said no. Otherwise what was sent stays sent and is asked about again.
    """
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.state == RefundState.DONE:
        return "Known already"
    metrics.count("refunds_failed_total")
    if refused or refund.state != RefundState.SENT:
        refund.state = RefundState.FAILED
    pause_s = FIRST_PAUSE_S * 2 ** max(refund.tries - 1, 0)
    refund.next_try_at = None if refund.tries >= MAX_TRIES else now + timedelta(seconds=min(pause_s, LONGEST_PAUSE_S))
    refund.save(update_fields=["state", "next_try_at"])
    return "Refund failed"


def retry_refund(*, refund_id: UUID, now: datetime) -> None:
    """An administrator wants it sent now. Silent for one that is done."""
    Refund.objects.filter(pk=refund_id).exclude(state=RefundState.DONE).update(next_try_at=now, tries=0)
    send_refund(refund_id=refund_id, now=now)


def _lock(ref: UUID) -> Payment:
    payment = Payment.objects.select_for_update().filter(ref=ref).first()
    if payment is None:
        raise NotFound("Nothing is owed under this reference.")
    return payment


def _paid_by(payment: Payment) -> Attempt | None:
    return Attempt.objects.filter(payment=payment, state=AttemptState.CAPTURED).first()
