"""Taking money off: never silently. A reason, evidence, a rider who was told, and time to say no."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from delivery.errors import DeductionFinal, NoSuchDeduction, ReasonMissing, ReviewClosed, SamePerson
from delivery.events import DeductionDecided, DeductionDisputed, DeductionTold
from delivery.models import Adjustment, Deduction, DeductionState, PayReview
from delivery.services.duty import lock_rider

DISPUTE_FOR = timedelta(days=7)
"""So long a rider may say no before it can count."""
MOST_PAISE = 500_000
"""₹5,000: what is more is no matter for a pay slip."""


@transaction.atomic
def ask_deduction(
    *, rider_id: int, amount_paise: int, reason: str, evidence: str, actor: str, now: datetime
) -> Deduction:
    """Tell a rider what is to be taken off, why, and what shows it. It counts after seven days without a dispute.

    Raises ReasonMissing without a reason or evidence, Invalid for a sum out of bounds, NoSuchRider.
    """
    reason, evidence = " ".join(reason.split())[:160], " ".join(evidence.split())[:300]
    if not reason or not evidence:
        raise ReasonMissing("A deduction needs a reason the rider reads, and what shows it.")
    if not 0 < amount_paise <= MOST_PAISE:
        raise Invalid("A deduction is from one paisa to ₹5,000.")
    lock_rider(rider_id)
    made = Deduction.objects.create(
        rider_id=rider_id,
        amount_paise=amount_paise,
        reason=reason,
        evidence=evidence,
        made_by=actor,
        told_at=now,
        dispute_until=now + DISPUTE_FOR,
    )
    told = DeductionTold(deduction_id=made.pk, rider_id=rider_id, amount_paise=amount_paise, reason=reason)
    _say(made, told, actor=actor)
    return made


@transaction.atomic
def dispute_deduction(*, deduction_id: UUID, rider_id: int, words: str, now: datetime) -> Deduction:
    """The rider says no: it does not count until somebody else has looked. Silent when repeated.

    Raises NoSuchDeduction for another rider's, DeductionFinal when it is too late, ReasonMissing.
    """
    words = " ".join(words.split())[:300]
    found = Deduction.objects.select_for_update(no_key=True).filter(pk=deduction_id, rider_id=rider_id).first()
    if found is None:
        raise NoSuchDeduction("There is no such deduction of yours.")
    if found.state == DeductionState.DISPUTED:
        return found
    if found.state != DeductionState.TOLD or found.statement_id is not None or now >= found.dispute_until:
        raise DeductionFinal("It can't be disputed any more. Write to us if it is wrong.")
    if not words:
        raise ReasonMissing("Say what is wrong with it.")
    found.state, found.disputed_at, found.dispute = DeductionState.DISPUTED, now, words
    found.save(update_fields=["state", "disputed_at", "dispute"])
    _say(found, DeductionDisputed(deduction_id=found.pk, rider_id=rider_id), actor=f"rider:{rider_id}")
    return found


@transaction.atomic
def decide_deduction(*, deduction_id: UUID, counts: bool, words: str, actor: str, now: datetime) -> Deduction:
    """Somebody looked again: it stays, or it is dropped (which may be done at any time before it counted). Silent when
    it is decided so.

    Raises DeductionFinal when it has counted or was decided otherwise, SamePerson when who asked for it would uphold
    it, ReasonMissing.
    """
    words = " ".join(words.split())[:160]
    found = Deduction.objects.select_for_update(no_key=True).filter(pk=deduction_id).first()
    if found is None:
        raise NoSuchDeduction("There is no such deduction.")
    wanted = DeductionState.UPHELD if counts else DeductionState.DROPPED
    if found.state == wanted:
        return found
    if found.statement_id is not None or found.state == DeductionState.DROPPED:
        raise DeductionFinal("It has been counted or dropped already.")
    if counts and found.state != DeductionState.DISPUTED:
        raise DeductionFinal("It is not disputed: it counts by itself when the time to say no is over.")
    if counts and found.made_by == actor:
        raise SamePerson("Somebody else has to look at it.")
    if not words:
        raise ReasonMissing("Say why, the rider reads it.")
    found.state, found.decided_by, found.decided_at, found.decision = wanted, actor, now, words
    found.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    decided = DeductionDecided(
        deduction_id=found.pk, rider_id=found.rider_id, amount_paise=found.amount_paise, counts=counts
    )
    _say(found, decided, actor=actor)
    return found


def may_count(*, rider_id: int, now: datetime) -> QuerySet[Deduction]:
    """What the next statement may take off, the oldest first."""
    quiet = Q(state=DeductionState.TOLD, dispute_until__lte=now)
    return Deduction.objects.filter(quiet | Q(state=DeductionState.UPHELD), rider_id=rider_id, statement=None).order_by(
        "told_at", "pk"
    )


@transaction.atomic
def adjust(*, rider_id: int, amount_paise: int, reason: str, key: str, actor: str, now: datetime) -> Adjustment:
    """Add money in the running week, with a reason the rider reads. Once per key.

    Raises ReasonMissing, Invalid for a sum out of bounds, NoSuchRider.
    """
    reason = " ".join(reason.split())[:160]
    if not reason:
        raise ReasonMissing("Say why, the rider reads it.")
    if not 0 < amount_paise <= MOST_PAISE:
        raise Invalid("From one paisa to ₹5,000.")
    lock_rider(rider_id)
    made, is_new = Adjustment.objects.get_or_create(
        key=key[:80],
        defaults={"rider_id": rider_id, "amount_paise": amount_paise, "reason": reason, "actor": actor, "at": now},
    )
    if is_new:
        live.touch(f"rider.{rider_id}", what="pay")
    return made


@transaction.atomic
def close_review(*, review_id: int, give_paise: int, outcome: str, actor: str, now: datetime) -> PayReview:
    """A person has looked: so much is given (perhaps nothing), with a reason. Nothing is ever taken here. Silent when
    it is closed with the same sum.

    Raises ReviewClosed when it was closed otherwise, ReasonMissing, Invalid.
    """
    found = PayReview.objects.select_for_update(no_key=True).get(pk=review_id)
    if found.closed_at is not None:
        if found.given_paise != give_paise:
            raise ReviewClosed("This has been decided already.")
        return found
    outcome = " ".join(outcome.split())[:160]
    if not outcome:
        raise ReasonMissing("Say what you found.")
    if give_paise:
        adjust(
            rider_id=found.rider_id,
            amount_paise=give_paise,
            reason=outcome,
            key=f"review:{found.pk}",
            actor=actor,
            now=now,
        )
    found.closed_at, found.closed_by, found.outcome, found.given_paise = now, actor, outcome, give_paise
    found.save(update_fields=["closed_at", "closed_by", "outcome", "given_paise"])
    return found


def _say(found: Deduction, event: DeductionTold | DeductionDecided | DeductionDisputed, *, actor: str) -> None:
    events.record(event, subject=f"rider:{found.rider_id}", actor=actor)
    live.touch(f"rider.{found.rider_id}", what="pay")
