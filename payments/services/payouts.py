"""Paying riders: owed inside a transaction, sent outside of one, done when the bank says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from blinkit.kernel import metrics
from blinkit.kernel.breakers import breaker
from payments import ledger
from payments.gateways.bank import bank
from payments.models import Payout, PayoutState

log = structlog.get_logger(__name__)

MAX_TRIES = 10
ASK_AFTER = timedelta(minutes=2)
FIRST_PAUSE_S = 60
LONGEST_PAUSE_S = 6 * 3600
OPEN = (PayoutState.DUE, PayoutState.SENT, PayoutState.FAILED)


def owe_week(
    *, key: str, rider_ref: int, pay_paise: int, tips_paise: int, deducted_paise: int, memo: str, now: datetime
) -> Payout | None:
    """Book a rider's week and make its payout due, in the caller's transaction. Once per key; None when nothing is
    left to pay.

    Raises ValueError when more is deducted than was earned.
    """
    payout_paise = pay_paise + tips_paise - deducted_paise
    if payout_paise < 0:
        raise ValueError("More is deducted than was earned.")
    posted = ledger.post(
        kind="week",
        key=f"week:{key}",
        entries={
            ledger.RIDER_PAY: pay_paise,
            ledger.TIPS: tips_paise,
            ledger.RIDER_DEDUCTIONS: -deducted_paise,
            ledger.pay_account(rider_ref): -payout_paise,
        },
        ref=None,
        memo=memo,
        at=now,
    )
    if not posted or not payout_paise:
        return Payout.objects.filter(key=key).first()
    return Payout.objects.create(
        key=key, rider_ref=rider_ref, amount_paise=payout_paise, next_try_at=now, created_at=now
    )


def due_payouts(*, now: datetime, limit: int) -> list[UUID]:
    due = Payout.objects.filter(state__in=OPEN, next_try_at__lte=now).order_by("next_try_at")
    return list(due.values_list("pk", flat=True)[:limit])


def send_payout(*, payout_id: UUID, now: datetime) -> None:
    """Send one due payout, or ask about one that was sent. The bank is called outside transactions with the payout's
    id as its key, so a crash between the call and our note repeats the question, not the payment. A failure comes
    again after a growing pause; after MAX_TRIES a person decides.
    """
    # A lease: whoever moves next_try_at forward is the one who sends.
    mine = Payout.objects.filter(pk=payout_id, state__in=OPEN, next_try_at__lte=now).update(
        next_try_at=now + ASK_AFTER, tries=F("tries") + 1
    )
    if not mine:
        return
    payout = Payout.objects.get(pk=payout_id)
    key, account = str(payout.pk), f"rider:{payout.rider_ref}"
    try:
        with breaker("bank"):
            there = bank()
            answer = there.look_up(key=key) if payout.state == PayoutState.SENT else None
            if answer is None:
                answer = there.pay(key=key, account=account, amount_paise=payout.amount_paise, now=now)
    except Exception as error:
        log.warning("payout not taken", payout=key, error=repr(error))
        metrics.count("payouts_failed_total")
        _failed(payout, str(error), now=now)
        return
    if answer.completed:
        _done(payout_id, bank_ref=answer.bank_ref, now=now)
        return
    Payout.objects.filter(pk=payout_id, state__in=[PayoutState.DUE, PayoutState.FAILED]).update(
        state=PayoutState.SENT, bank_ref=answer.bank_ref, why_failed="", tries=0
    )


def retry_payout(*, payout_id: UUID, now: datetime) -> None:
    """A person wants it sent now. Silent for one that is done."""
    Payout.objects.filter(pk=payout_id, state__in=OPEN).update(next_try_at=now, tries=0)
    send_payout(payout_id=payout_id, now=now)


def _failed(payout: Payout, why: str, *, now: datetime) -> None:
    """What was sent stays sent and is asked about again."""
    pause_s = min(FIRST_PAUSE_S * 2 ** max(payout.tries - 1, 0), LONGEST_PAUSE_S)
    state = PayoutState.SENT if payout.state == PayoutState.SENT else PayoutState.FAILED
    Payout.objects.filter(pk=payout.pk, state__in=OPEN).update(
        state=state,
        why_failed=why[:160],
        next_try_at=None if payout.tries >= MAX_TRIES else now + timedelta(seconds=pause_s),
    )


@transaction.atomic
def _done(payout_id: UUID, *, bank_ref: str, now: datetime) -> None:
    payout = Payout.objects.select_for_update().get(pk=payout_id)
    if payout.state == PayoutState.DONE:
        return
    payout.state, payout.bank_ref, payout.done_at, payout.next_try_at = PayoutState.DONE, bank_ref, now, None
    payout.save(update_fields=["state", "bank_ref", "done_at", "next_try_at"])
    ledger.post(
        kind="payout",
        key=f"payout:{payout.pk}",
        entries={ledger.pay_account(payout.rider_ref): payout.amount_paise, ledger.BANK: -payout.amount_paise},
        ref=None,
        memo=f"Paid out, {bank_ref}",
        at=now,
    )
    metrics.count("payouts_done_total")
