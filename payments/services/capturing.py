"""What a gateway has reserved and we have not taken: captured while the payment still wants it, else let go.

The row is due at once and stays due until the gateway has said what became of it (`next_try_at`); a worker is told
after the commit, and `payments.tasks.sweep_due` finds what it lost. The gateway is never called inside a transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from blinkit.kernel import metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.errors import Conflict, Refusal
from payments import gateways
from payments.models import Attempt, AttemptState, Payment, PaymentState

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 30
LONGEST_PAUSE_S = 3600
OVER = (AttemptState.CAPTURED, AttemptState.STRAY, AttemptState.VOIDED, AttemptState.AUTHORISED)


def authorised(attempt: Attempt, amount_paise: int, *, now: datetime) -> str:
    """Money is reserved for a locked attempt: to be taken, or let go, outside of this transaction."""
    if attempt.state in OVER:
        return "Known already"
    attempt.state = AttemptState.AUTHORISED
    attempt.authorised_paise = amount_paise
    attempt.decline_reason = ""
    attempt.settled_at = None
    attempt.next_try_at = now
    attempt.save()
    gather(_capture_soon, str(attempt.pk))
    return "Authorised"


def due_captures(*, now: datetime, limit: int) -> list[UUID]:
    """Reservations to take or to let go, the longest waiting first."""
    due = Attempt.objects.filter(state=AttemptState.AUTHORISED, next_try_at__lte=now).order_by("next_try_at")
    return list(due.values_list("pk", flat=True)[:limit])


def settle_authorised(*, attempt_id: UUID, now: datetime) -> str:
    """Take a reservation while its payment is open, or let it go. Returns the outcome in words; again is silent.

    Should the payment close between the look and the gateway's answer, what was taken goes back as a stray.
    """
    from payments.services import settling  # what an answer means is settled there

    attempt = _lease(attempt_id, now=now)
    if attempt is None:
        return "Known already"
    gateway, ref = gateways.named(attempt.gateway), attempt.gateway_ref or ""
    payment = attempt.payment
    wanted = payment.state == PaymentState.OPEN and attempt.authorised_paise >= payment.amount_paise
    try:
        with gateways.guarded(gateway.name):
            if wanted:
                notice = gateway.capture(
                    attempt_id=attempt_id, gateway_ref=ref, amount_paise=attempt.authorised_paise, now=now
                )
            else:
                gateway.void(attempt_id=attempt_id, gateway_ref=ref, now=now)
                return _let_go(attempt_id, now=now)
    except Conflict:
        # Taken by a call of ours whose answer was lost, perhaps: then it goes back as a stray.
        return _asked(attempt_id, now=now)
    except Refusal as refusal:
        log.warning("reservation not settled", attempt=str(attempt_id), gateway=gateway.name, why=refusal.detail)
        metrics.count("payments_capture_failed_total", gateway=gateway.name)
        return "Not settled yet"
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=attempt.payment_id)
        attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
        if notice.kind == gateways.CAPTURED:
            return settling.captured(payment, attempt, notice.amount_paise, now=now)
        return settling.declined(payment, attempt, notice.reason, now=now, ended=True)


def _lease(attempt_id: UUID, *, now: datetime) -> Attempt | None:
    """Whoever moves next_try_at forward is the one who asks the gateway; each try waits longer for the next."""
    attempt = Attempt.objects.filter(pk=attempt_id, state=AttemptState.AUTHORISED, next_try_at__lte=now).first()
    if attempt is None:
        return None
    pause_s = min(FIRST_PAUSE_S * 2 ** min(attempt.tries, 10), LONGEST_PAUSE_S)
    mine = Attempt.objects.filter(pk=attempt_id, state=AttemptState.AUTHORISED, next_try_at=attempt.next_try_at).update(
        next_try_at=now + timedelta(seconds=pause_s), tries=F("tries") + 1
    )
    return Attempt.objects.select_related("payment").get(pk=attempt_id) if mine else None


def _asked(attempt_id: UUID, *, now: datetime) -> str:
    from payments.services import settling

    try:
        return settling.ask(attempt_id=attempt_id, now=now)
    except Refusal as refusal:
        log.warning("reservation not settled", attempt=str(attempt_id), why=refusal.detail)
        return "Not settled yet"


def _let_go(attempt_id: UUID, *, now: datetime) -> str:
    Attempt.objects.filter(pk=attempt_id, state=AttemptState.AUTHORISED).update(
        state=AttemptState.VOIDED, next_try_at=None, settled_at=now
    )
    metrics.count("payments_voided_total")
    return "Let go"


def _capture_soon(ids: list[str]) -> None:
    from payments import tasks  # tasks are doors and import this module

    for attempt_id in ids:
        tasks.publish(tasks.settle_authorised, attempt_id=attempt_id)
