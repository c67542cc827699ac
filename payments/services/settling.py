"""What a gateway tells us, and what it means: webhooks, captures, declines, and asking when nothing was told.

What is reserved and not yet taken is seen to in `capturing`, disputes in `disputing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import Q
from psycopg.types.json import Jsonb

from blinkit.kernel import events, metrics
from blinkit.kernel.errors import NotFound
from payments import gateways, ledger
from payments.errors import GatewayDown
from payments.events import PaymentCaptured, PaymentDeclined
from payments.gateways import Message, Notice
from payments.gateways.redaction import without_card_data
from payments.models import Attempt, AttemptState, Payment, PaymentState, Purpose, Refund, WebhookReceipt
from payments.services import capturing, disputing, membership, refunding

log = structlog.get_logger(__name__)

UNSETTLED_AFTER = timedelta(minutes=2)
"""A started attempt of this age is asked about: perhaps its webhook never came."""
ASKED_UNTIL = timedelta(hours=24)
DECLINED_UNTIL = timedelta(hours=1)
"""The payer may try again on the same intent: what was declined is asked about for so long, after 2, 4 ... 60 min."""
MAX_TRIES = 8
KNOWN = "Known already"


def record_webhook(*, gateway: str, headers: Mapping[str, str], body: bytes, now: datetime) -> WebhookReceipt | None:
    """Write a gateway's message down, without card data, and see to its processing after the commit. None when we
    have it already.

    Raises BadSignature for a forged, damaged or old message (nothing is written), NotFound for an unknown gateway.
    """
    message = gateways.named(gateway).verify(headers=headers, body=body, now=now)
    receipt = _write_down(gateway, message, now=now)
    if receipt is None:
        metrics.count("webhooks_repeated_total", gateway=gateway)
        return None
    transaction.on_commit(lambda: _process_soon(receipt.pk))
    metrics.count("webhooks_total", gateway=gateway, kind=message.kind)
    return receipt


def _write_down(gateway: str, message: Message, *, now: datetime) -> WebhookReceipt | None:
    """One statement, and no error in the database's log for the repeats every gateway sends."""
    receipt = WebhookReceipt(
        gateway=gateway,
        event_id=message.event_id[:80],
        kind=message.kind[:60],
        body=without_card_data(message.body),
        received_at=now,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_webhookreceipt (gateway, event_id, kind, body, received_at, outcome, tries)
            VALUES (%s, %s, %s, %s, %s, '', 0) ON CONFLICT (gateway, event_id) DO NOTHING RETURNING id
            """,
            [receipt.gateway, receipt.event_id, receipt.kind, Jsonb(receipt.body), now],  # type: ignore[list-item]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    receipt.pk = row[0]
    return receipt


def process_webhook(*, receipt_id: int, now: datetime) -> str:
    """Act on a recorded message, once. Returns the outcome in words; processing again is silent."""
    with transaction.atomic():
        receipt = WebhookReceipt.objects.select_for_update().get(pk=receipt_id)
        if receipt.processed_at is not None:
            return receipt.outcome
        notice = gateways.named(receipt.gateway).read(receipt.body)
        receipt.outcome = "Not our business" if notice is None else act(receipt.gateway, notice, now=now)[:160]
        receipt.processed_at = now
        about = None if notice is None else _meant(receipt.gateway, notice)
        receipt.attempt_id = about and about[0]
        receipt.save(update_fields=["outcome", "processed_at", "attempt"])
        return receipt.outcome


def retry_webhook(*, receipt_id: int, now: datetime) -> str:
    """An administrator wants a stuck message processed now."""
    WebhookReceipt.objects.filter(pk=receipt_id, processed_at=None).update(tries=0)
    return process_webhook(receipt_id=receipt_id, now=now)


def waiting_webhooks(*, limit: int) -> list[int]:
    """Messages that were written down but not acted on, oldest first; those that failed too often wait for people."""
    waiting = WebhookReceipt.objects.filter(processed_at=None, tries__lt=MAX_TRIES).order_by("received_at")
    return list(waiting.values_list("pk", flat=True)[:limit])


def reconcile(*, now: datetime, limit: int = 50) -> int:
    """Ask gateways about attempts that were started a while ago and of which nothing was heard, and about those that
    were declined in the last hour and may have been paid since: at most `limit` of each. Returns how many settled.
    """
    quiet = (
        Attempt.objects.filter(
            state=AttemptState.STARTED,
            gateway_ref__isnull=False,
            created_at__lte=now - UNSETTLED_AFTER,
            created_at__gt=now - ASKED_UNTIL,
        )
        .order_by("created_at")
        .values_list("gateway", "gateway_ref")[:limit]
    )
    settled = 0
    for gateway, gateway_ref in [*quiet, *_tried_again(now=now, limit=limit)]:
        assert gateway_ref is not None
        try:
            settled += _ask(gateway, gateway_ref, now=now) not in ("", KNOWN)
        except GatewayDown as refusal:
            log.warning("gateway cannot be asked", gateway=gateway, why=refusal.detail)
        except Exception:  # one that can't be settled must not keep the others waiting
            log.exception("attempt not settled", gateway=gateway, gateway_ref=gateway_ref)
            metrics.count("payments_reconcile_failed_total", gateway=gateway)
    return settled


def _tried_again(*, now: datetime, limit: int) -> list[tuple[str, str | None]]:
    """(gateway, reference) of declined attempts to ask about now. Each is put off first, so that they take turns."""
    due = Attempt.objects.filter(state=AttemptState.DECLINED, next_try_at__lte=now).order_by("next_try_at", "pk")
    found = []
    for attempt in list(due[:limit]):
        assert attempt.settled_at is not None and attempt.next_try_at is not None
        until = attempt.settled_at + DECLINED_UNTIL
        again_at = min(now + (now - attempt.settled_at), until) if now < until else None
        mine = Attempt.objects.filter(
            pk=attempt.pk, state=AttemptState.DECLINED, next_try_at=attempt.next_try_at
        ).update(next_try_at=again_at)
        if mine:
            found.append((attempt.gateway, attempt.gateway_ref))
    return found


def _process_soon(receipt_id: int) -> None:
    from payments import tasks  # tasks are doors and import this module

    tasks.publish(tasks.process_webhook, receipt_id=receipt_id)


def act(gateway: str, notice: Notice, *, now: datetime) -> str:
    """What a gateway says becomes true here. Part of the caller's transaction; hearing it again is silent."""
    if notice.kind in (gateways.REFUNDED, gateways.REFUND_FAILED):
        return _refund_told(gateway, notice, now=now)
    known = _meant(gateway, notice)
    if known is None:
        return "Unknown attempt"
    payment = Payment.objects.select_for_update().get(pk=known[1])
    attempt = _under_its_reference(payment, known[0], gateway, notice, now=now)
    if notice.kind in (gateways.DISPUTED, gateways.DISPUTE_WON, gateways.DISPUTE_LOST):
        return disputing.told(payment, attempt, notice, now=now)
    attempt.gateway_ref = attempt.gateway_ref or notice.gateway_ref or None
    attempt.instrument = notice.instrument[:40] or attempt.instrument
    if notice.kind == gateways.CAPTURED:
        return captured(payment, attempt, notice.amount_paise, now=now)
    if notice.kind == gateways.AUTHORISED:
        return capturing.authorised(attempt, notice.amount_paise, now=now)
    return declined(payment, attempt, notice.reason, now=now)


def ask(*, attempt_id: UUID, now: datetime) -> str:
    """Ask the gateway what became of an attempt, and believe it. Raises GatewayDown, NotFound for no such attempt."""
    asked = Attempt.objects.filter(pk=attempt_id, gateway_ref__isnull=False)
    found = asked.values_list("gateway", "gateway_ref").first()
    if found is None or found[1] is None:
        raise NotFound("There is no such attempt to pay.")
    return _ask(found[0], found[1], now=now) or "Nothing yet"


def _ask(gateway: str, gateway_ref: str, *, now: datetime) -> str:
    with gateways.guarded(gateway):
        notice = gateways.named(gateway).look_up(gateway_ref=gateway_ref)
    if notice is None:
        return ""
    with transaction.atomic():
        return act(gateway, notice, now=now)


def _meant(gateway: str, notice: Notice) -> tuple[UUID, UUID] | None:
    """(attempt, payment) a notice is about: by the gateway's reference, else by ours that it echoes."""
    mine = Attempt.objects.filter(gateway=gateway)
    found = None
    if notice.gateway_ref:
        found = mine.filter(gateway_ref=notice.gateway_ref).values_list("pk", "payment_id").first()
    if found is None and notice.attempt_id is not None:
        found = mine.filter(pk=notice.attempt_id).values_list("pk", "payment_id").first()
    return found


def _under_its_reference(payment: Payment, attempt_id: UUID, gateway: str, notice: Notice, *, now: datetime) -> Attempt:
    """The locked attempt. Money that came under a second reference for one attempt (a start whose answer was lost and
    that was asked for again) is an attempt of its own: the second capture must not hide behind the first.
    """
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    own = attempt.gateway_ref is None or not notice.gateway_ref or attempt.gateway_ref == notice.gateway_ref
    if own:
        return attempt
    return Attempt.objects.create(
        payment=payment,
        gateway=gateway,
        gateway_ref=notice.gateway_ref,
        instrument=attempt.instrument,
        created_at=now,
    )


def captured(payment: Payment, attempt: Attempt, amount_paise: int, *, now: datetime) -> str:
    """Money arrived for a locked payment. The first capture of an open payment pays it; any other goes back by
    itself.
    """
    if attempt.state in (AttemptState.CAPTURED, AttemptState.STRAY):
        return KNOWN
    attempt.captured_paise = amount_paise
    attempt.settled_at = now
    attempt.next_try_at = None
    if payment.state != PaymentState.OPEN or amount_paise < payment.amount_paise:
        why = "it was paid already" if payment.state == PaymentState.CAPTURED else "it was no longer wanted"
        if payment.state == PaymentState.OPEN:
            why = "the amount is too small"
        return _stray(payment, attempt, why, now=now)
    attempt.state = AttemptState.CAPTURED
    attempt.save()
    pay(payment, attempt, debit=ledger.gateway_account(attempt.gateway), now=now)
    excess_paise = payment.captured_paise - payment.amount_paise
    if excess_paise:  # the order became cheaper while the customer was paying
        refunding.promise(
            payment, excess_paise, key=f"excess:{attempt.pk}", reason="Paid more than was due", attempt=attempt, now=now
        )
    return "Captured"


def pay(payment: Payment, attempt: Attempt, *, debit: str, now: datetime, actor: str = "") -> None:
    """The locked payment is paid by this attempt: state, ledger, event."""
    payment.state = PaymentState.CAPTURED
    payment.captured_paise = attempt.captured_paise
    payment.captured_at = now
    payment.save(update_fields=["state", "captured_paise", "captured_at"])
    ledger.post(
        kind="capture",
        key=f"capture:{attempt.pk}",
        entries={debit: attempt.captured_paise, ledger.PREPAID: -attempt.captured_paise},
        ref=payment.ref,
        memo=f"Paid by {attempt.instrument or attempt.gateway}",
        at=now,
    )
    events.record(
        PaymentCaptured(
            payment_id=payment.pk, ref=payment.ref, amount_paise=attempt.captured_paise, method=payment.method
        ),
        subject=f"payment:{payment.pk}",
        actor=actor,
    )
    if payment.purpose == Purpose.MEMBERSHIP:
        membership.begin(ref=payment.ref, now=now)
    metrics.count("payments_captured_total", method=payment.method)


def _stray(payment: Payment, attempt: Attempt, why: str, *, now: datetime) -> str:
    attempt.state = AttemptState.STRAY
    attempt.save()
    metrics.count("payments_stray_total")
    if attempt.captured_paise <= 0:
        return f"Not wanted: {why}"
    ledger.post(
        kind="stray",
        key=f"stray:{attempt.pk}",
        entries={
            ledger.gateway_account(attempt.gateway): attempt.captured_paise,
            ledger.STRAYS: -attempt.captured_paise,
        },
        ref=payment.ref,
        memo=f"Taken although {why}",
        at=now,
    )
    refunding.send_back_stray(payment, attempt, reason=f"Taken although {why}", now=now)
    return f"Sent back: {why}"


def declined(payment: Payment, attempt: Attempt, reason: str, *, now: datetime, ended: bool = False) -> str:
    """`ended`: the gateway says that what it had reserved is gone. Otherwise a decline that comes after a reservation
    is an older one.
    """
    if attempt.state != AttemptState.STARTED and not (ended and attempt.state == AttemptState.AUTHORISED):
        return KNOWN
    attempt.state = AttemptState.DECLINED
    attempt.next_try_at = None if ended or attempt.gateway_ref is None else now + UNSETTLED_AFTER
    attempt.decline_reason = (reason or "The payment was declined.")[:160]
    attempt.settled_at = now
    attempt.save()
    events.record(
        PaymentDeclined(payment_id=payment.pk, ref=payment.ref, reason=attempt.decline_reason),
        subject=f"payment:{payment.pk}",
    )
    return "Declined"


def _refund_told(gateway: str, notice: Notice, *, now: datetime) -> str:
    """A gateway knows only the refunds that went through it."""
    known = Q(pk=notice.refund_id) if notice.refund_id is not None else Q(gateway_ref=notice.refund_ref)
    refund_id = Refund.objects.filter(known, attempt__gateway=gateway).values_list("pk", flat=True).first()
    if refund_id is None:
        return "Unknown refund"
    if notice.kind == gateways.REFUNDED:
        return refunding.completed(refund_id=refund_id, gateway_ref=notice.refund_ref, now=now)
    return refunding.failed(refund_id=refund_id, now=now, refused=True)
