"""A customer's bank wants money back. What the gateway says is written down once; lost is an expense of ours."""

from __future__ import annotations

from datetime import datetime

from blinkit.kernel import events, metrics
from payments import gateways, ledger
from payments.events import DisputeClosed, DisputeOpened
from payments.gateways import Notice
from payments.models import Attempt, Dispute, DisputeState, Payment

ENDS = {gateways.DISPUTE_WON: DisputeState.WON, gateways.DISPUTE_LOST: DisputeState.LOST}


def told(payment: Payment, attempt: Attempt, notice: Notice, *, now: datetime) -> str:
    """Of a locked payment. Hearing it again is silent, in any order; won after lost (an appeal) gives the money back,
    and nothing takes it away again.
    """
    dispute, is_new = Dispute.objects.select_for_update().get_or_create(
        gateway=attempt.gateway,
        gateway_ref=notice.dispute_ref,
        defaults={
            "payment": payment,
            "attempt": attempt,
            "amount_paise": notice.amount_paise,
            "reason": notice.reason[:160],
            "due_by": notice.due_by,
            "opened_at": now,
        },
    )
    if is_new:
        events.record(
            DisputeOpened(
                dispute_id=dispute.pk,
                payment_id=payment.pk,
                ref=payment.ref,
                amount_paise=dispute.amount_paise,
                reason=dispute.reason,
                due_by=dispute.due_by,
            ),
            subject=f"payment:{payment.pk}",
        )
        metrics.count("disputes_opened_total", gateway=attempt.gateway)
    end = ENDS.get(notice.kind)
    if end is None:
        return "Dispute opened" if is_new else "Known already"
    if dispute.state in (end, DisputeState.WON):
        return "Known already"
    _close(payment, dispute, end, now=now)
    return f"Dispute {end.value}"


def _close(payment: Payment, dispute: Dispute, end: DisputeState, *, now: datetime) -> None:
    was, dispute.state = dispute.state, end
    dispute.closed_at = now
    dispute.save(update_fields=["state", "closed_at"])
    gateway, paise = ledger.gateway_account(dispute.gateway), dispute.amount_paise
    if end == DisputeState.LOST:
        entries, key = {ledger.DISPUTES: paise, gateway: -paise}, f"dispute:{dispute.pk}"
    elif was == DisputeState.LOST:
        entries, key = {gateway: paise, ledger.DISPUTES: -paise}, f"dispute-won:{dispute.pk}"
    else:
        entries, key = {}, ""
    if entries:
        memo = f"Dispute {end.value}: {dispute.reason}"
        ledger.post(kind="dispute", key=key, entries=entries, ref=payment.ref, memo=memo, at=now)
    won = end == DisputeState.WON
    events.record(
        DisputeClosed(
            dispute_id=dispute.pk, payment_id=payment.pk, ref=payment.ref, amount_paise=dispute.amount_paise, won=won
        ),
        subject=f"payment:{payment.pk}",
    )
    metrics.count("disputes_closed_total", gateway=dispute.gateway, end=end.value)
