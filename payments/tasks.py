"""Celery doors of payments (queue "payments"). Each takes ids, calls one service, and may be repeated."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from blinkit.kernel import metrics, redis_client
from payments import services
from payments.gateways import sandbox_wire
from payments.models import WebhookReceipt
from payments.services import capturing, refunding, settling

log = structlog.get_logger(__name__)

PAUSE_AFTER_BROKER_FAILURE_S = 1.0
_publish_again_at = 0.0


def publish(task: Any, **kwargs: Any) -> None:
    """Hand work to a worker at once. With the broker down it waits for `sweep_due`: every row knows that it is due."""
    global _publish_again_at
    if time.monotonic() < _publish_again_at:
        return
    try:
        redis_client.require()
        task.apply_async(kwargs=kwargs, retry=False)
    except Exception as error:
        _publish_again_at = time.monotonic() + PAUSE_AFTER_BROKER_FAILURE_S
        metrics.count("payments_publish_failed_total")
        log.warning("broker unreachable, payments wait for the sweep", error=repr(error))


@shared_task(acks_late=True)
def process_webhook(*, receipt_id: int, **_: Any) -> None:
    """Act on one recorded webhook; when that fails the sweep tries again."""
    _process(receipt_id)


@shared_task(acks_late=True)
def send_refund(*, refund_id: str, **_: Any) -> None:
    _send_refund(UUID(refund_id))


@shared_task(acks_late=True)
def settle_authorised(*, attempt_id: str, **_: Any) -> None:
    """Take or let go what a gateway has reserved; when that fails the sweep tries again."""
    _settle_authorised(UUID(attempt_id))


@shared_task(acks_late=True)
def send_sandbox_events(*, ids: list[str], **_: Any) -> None:
    """The pretend gateway posts its webhooks; what is not due or not taken is left for the sweep."""
    sandbox_wire.send_due(now=timezone.now(), ids=ids)


@shared_task(acks_late=True)
def sweep_due(**_: Any) -> None:
    """What was left over: unprocessed webhooks, reservations to take, refunds to send or to ask about, and attempts
    of which nothing was heard.
    """
    now = timezone.now()
    sandbox_wire.send_due(now=now)
    for receipt_id in settling.waiting_webhooks(limit=100):
        _process(receipt_id)
    for attempt_id in capturing.due_captures(now=now, limit=100):
        _settle_authorised(attempt_id)
    for refund_id in refunding.due_refunds(now=now, limit=100):
        _send_refund(refund_id)
    services.reconcile(now=timezone.now())


@shared_task(acks_late=True)
def sweep_payouts(**_: Any) -> int:
    """Payouts to riders that are due, failed before, or of which nothing was heard. One that breaks keeps its lease."""
    sent = 0
    for payout_id in services.due_payouts(now=timezone.now(), limit=200):
        try:
            services.send_payout(payout_id=payout_id, now=timezone.now())
            sent += 1
        except Exception:
            log.exception("payout not sent", payout=str(payout_id))
            metrics.count("payouts_broken_total")
    return sent


@shared_task(acks_late=True)
def sweep_wallets(**_: Any) -> None:
    """Credit that has expired, and members whose membership ends soon."""
    now = timezone.now()
    services.sweep_expired(now=now)
    services.remind_ending(now=now)


def _process(receipt_id: int) -> None:
    try:
        services.process_webhook(receipt_id=receipt_id, now=timezone.now())
    except Exception as error:
        log.exception("webhook not processed", receipt=receipt_id)
        metrics.count("webhooks_failed_total")
        failed = WebhookReceipt.objects.filter(pk=receipt_id, processed_at=None).first()
        if failed is not None:
            failed.tries += 1
            failed.outcome = f"{type(error).__name__}: {error}"[:160]
            failed.save(update_fields=["tries", "outcome"])


def _settle_authorised(attempt_id: UUID) -> None:
    """One that breaks keeps its lease and comes again; it must not keep the others waiting."""
    try:
        services.settle_authorised(attempt_id=attempt_id, now=timezone.now())
    except Exception:
        log.exception("reservation not settled", attempt=str(attempt_id))
        metrics.count("payments_capture_broken_total")


def _send_refund(refund_id: UUID) -> None:
    """One that breaks keeps its lease and comes again; it must not keep the others waiting."""
    try:
        services.send_refund(refund_id=refund_id, now=timezone.now())
    except Exception:
        log.exception("refund not sent", refund=str(refund_id))
        metrics.count("refunds_broken_total")
