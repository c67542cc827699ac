"""Claims: opened by customers, decided by rules at once or by staff. The order is locked, then its payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from blinkit.kernel import events, metrics
from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import DomainEvent
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from orders import claiming
from orders.claiming import Kind, Outcome
from orders.claims import Claim, ClaimedLine, ClaimPhoto, ClaimState
from orders.errors import (
    AlreadyClaimed,
    ClaimDecided,
    NoSuchClaim,
    NoSuchLine,
    NoSuchOrder,
    NotClaimable,
    PhotoNeeded,
    ReasonNeeded,
    TooMuchBack,
)
from orders.events import ClaimApproved, ClaimReceived, ClaimRefused
from orders.models import LateCredit, Order, OrderLine, Promise
from orders.queries import claims as reads
from orders.services import books, cashback
from orders.services.mover import hint, lock, subject
from payments import services as money
from payments.models import Method, Payment, PaymentState

MOST_ITEMS = 30
MOST_OPEN = 10
"""Claims of one order that may wait for a person at once."""
MOST_PER_ORDER = 100
"""Claims of one order ever, with those a fact refused at once."""
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Reported:
    """One thing that was not right: with `qty` units of a line, or (`line_id` None) with the order."""

    kind: Kind
    line_id: int | None = None
    qty: int = 0
    photo_id: UUID | None = None


@transaction.atomic
def open_claims(
    *,
    order_id: UUID,
    customer_id: int,
    reported: Sequence[Reported],
    note: str = "",
    batch: UUID | None = None,
    now: datetime,
) -> list[Claim]:
    """Take a customer's report and answer each part at once: refunded, refused by a fact, or left to a person.

    All or nothing. The same `batch` again is silent: the first answers are returned. Never more goes back than was paid
    for the units and has not gone back yet. Raises NoSuchOrder, NoSuchLine, NotClaimable, AlreadyClaimed, PhotoNeeded,
    Invalid.
    """
    order = lock(order_id)
    if order.customer_id != customer_id:
        raise NoSuchOrder
    batch = batch or uuid4()
    again = list(Claim.objects.filter(order=order, batch=batch).select_related("line"))
    if again:
        return again
    _refuse_nonsense(order, reported)
    if Claim.objects.filter(order=order).count() + len(reported) > MOST_PER_ORDER:
        raise NotClaimable("There are too many claims of this order already. Talk to us, please.")
    policy = reads.policy()
    lines = {item.line.pk: item for item in reads.claimable(order, policy, now=now)}
    facts = _Facts(order, now)
    made = []
    for report in reported:
        line = _claimed_line(lines, report) if report.line_id is not None else None
        if line is None:
            _refuse_order_claim(order, report, policy, now=now)
        claim = _open(order, report, line, facts, policy, note=note, batch=batch, now=now)
        facts.count(claim)
        made.append(claim)
    hint(order)
    return made


@transaction.atomic
def decide_claim(*, claim_id: UUID, refund_paise: int, reason: str, actor: str, now: datetime) -> Claim:
    """Staff gives back so much of what is asked (all, a part, or 0: refused) and says why; the customer reads it.

    Silent when the same was decided before. Raises NoSuchClaim, ReasonNeeded, TooMuchBack(most_paise), ClaimDecided.
    """
    order_id = Claim.objects.filter(pk=claim_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NoSuchClaim
    order = lock(order_id)
    claim = Claim.objects.select_related("line").get(pk=claim_id)
    reason = " ".join(reason.split())[:300]
    if claim.state != ClaimState.WAITING:
        if claim.refund_paise == refund_paise:
            return claim
        raise ClaimDecided("Somebody has decided this claim meanwhile.", state=claim.state)
    if not reason:
        raise ReasonNeeded("Say why: the customer will read it.")
    most = most_back(claim)
    if not 0 <= refund_paise <= most:
        raise TooMuchBack(say("Between ₹0 and {most} can go back.", most=rupees(most)), most_paise=most)
    claim.reason, claim.decided_by, claim.decided_at = reason, actor, now
    if refund_paise:
        _settle(order, claim, refund_paise, actor=actor, now=now)
    else:
        _refuse(order, claim, actor=actor)
    cashback.pay_cashback(order_id=order.pk, now=now)  # which waited for this
    hint(order)
    return claim


def most_back(claim: Claim) -> int:
    """Paise that may go back for this claim now: what is asked, less what went back for its line or order meanwhile."""
    most = min(claim.asked_paise, _left_of_payment(claim.order_id))
    if claim.kind == Kind.LATE:
        most = min(most, _late_left_paise(claim.order))
    if claim.line_id is not None:
        kept = ClaimedLine.objects.filter(line_id=claim.line_id).first()
        most = min(most, kept.paid_paise - kept.refunded_paise if kept else 0)
    return max(0, most)


# -- opening ----------------------------------------------------------------------------------------------------------


class _Facts:
    """What is known about the order and its customer: read once for a report."""

    def __init__(self, order: Order, now: datetime) -> None:
        self.known = reads.known(order)
        self.history = reads.history(customer_id=order.customer_id, now=now)
        self.left_paise = _left_of_payment(order.pk)
        refunds = Claim.objects.filter(order=order, state=ClaimState.REFUNDED, decided_by=SYSTEM)
        self.refunded_order_paise = sum(refunds.values_list("refund_paise", flat=True))

    def count(self, claim: Claim) -> None:
        """The next part of the same report sees this one."""
        back = claim.refund_paise
        self.left_paise -= back
        self.refunded_order_paise += back
        self.history = replace(
            self.history,
            claims=self.history.claims + 1,
            refunded_paise=self.history.refunded_paise + back,
            refunded_30d_paise=self.history.refunded_30d_paise + back,
        )


def _open(
    order: Order,
    report: Reported,
    line: OrderLine | None,
    facts: _Facts,
    policy: claiming.Policy,
    *,
    note: str,
    batch: UUID,
    now: datetime,
) -> Claim:
    asked = _asked_paise(order, report, line, facts)
    known = claiming.Facts(
        kind=report.kind,
        amount_paise=asked,
        paid_in_cash=order.payment_method == Method.COD,
        qty=report.qty,
        billed_qty=0 if line is None else line.qty - line.short_qty,
        scanned_qty=None if line is None else facts.known.scanned.get(line.product_id),
        bags_complete=facts.known.bags_complete,
        handed_over=facts.known.handed_over,
        has_photo=report.photo_id is not None,
        late_s=_late_s(order) if report.kind == Kind.LATE else 0,
        credited_paise=_credited_paise(order) if report.kind == Kind.LATE else 0,
        refunded_order_paise=facts.refunded_order_paise,
        history=facts.history,
    )
    decision = claiming.decide(known, policy)
    claim = Claim(
        batch=batch,
        order=order,
        customer_id=order.customer_id,
        line=line,
        kind=report.kind.value,
        qty=report.qty,
        note=" ".join(note.split())[:300],
        photo_id=report.photo_id,
        asked_paise=asked,
        state=ClaimState.WAITING,
        decision=_kept(decision, known, policy),
        created_at=now,
    )
    if line is not None and decision.outcome != Outcome.NO:
        _take_units(line, report.qty)
    if decision.outcome == Outcome.ASK:
        if Claim.objects.filter(order=order, state=ClaimState.WAITING).count() >= MOST_OPEN:
            raise NotClaimable("So much is being looked at already. Wait for an answer, please.")
        if line is None and Claim.objects.filter(order=order, kind=claim.kind, line=None, state="waiting").exists():
            raise AlreadyClaimed("You have told us already. A person is looking at it.", left=0)
        claim.save(force_insert=True)
        _record(order, ClaimReceived(order.pk, claim.pk, order.customer_id, claim.kind), f"user:{order.customer_id}")
    else:
        claim.decided_by, claim.decided_at = SYSTEM, now
        if decision.outcome == Outcome.REFUND:
            claim.save(force_insert=True)
            _settle(order, claim, decision.refund_paise, actor=SYSTEM, now=now)
        else:
            claim.state = ClaimState.REFUSED
            claim.save(force_insert=True)
            _record(order, _refused(claim, str(decision.sentence)), SYSTEM)
    metrics.count("claims_total", outcome=decision.outcome.value, rule=decision.rule)
    return claim


def _kept(decision: claiming.Decision, facts: claiming.Facts, policy: claiming.Policy) -> dict[str, Any]:
    return {
        "rule": decision.rule,
        "outcome": decision.outcome.value,
        "sentence": str.__str__(decision.sentence),
        "template": decision.sentence.template,
        "figures": decision.sentence.figures,
        "facts": facts.as_dict(),
        "policy": policy.as_dict(),
        "score": claiming.score(facts.history).as_dict(),
    }


def _asked_paise(order: Order, report: Reported, line: OrderLine | None, facts: _Facts) -> int:
    """The most that may go back for it."""
    if line is not None:
        kept = ClaimedLine.objects.filter(line=line).first()
        units = line.qty - line.short_qty
        paid = line.unit_price_paise * units - line.discount_paise
        before, refunded = (kept.units, kept.refunded_paise) if kept else (0, 0)
        asked = claiming.still_paid(
            paid_paise=paid, units=units, before=before, qty=report.qty, refunded_paise=refunded
        )
    elif report.kind == Kind.LATE:
        asked = _late_left_paise(order)
    else:
        asked = order.total_paise
    return max(0, min(asked, facts.left_paise))


def _late_left_paise(order: Order) -> int:
    """The delivery fee, less what was credited for the delay by itself; nothing once a late claim was refunded."""
    if Claim.objects.filter(order=order, kind=Kind.LATE.value, state=ClaimState.REFUNDED).exists():
        return 0
    return max(0, order.delivery_paise - _credited_paise(order))


def _credited_paise(order: Order) -> int:
    return LateCredit.objects.filter(order=order).values_list("paise", flat=True).first() or 0


def _late_s(order: Order) -> int:
    """By the promise it is held to, as the credit for lateness: another store that took it takes nothing away."""
    if order.promised_by is None or order.delivered_at is None:
        return 0
    held_to = Promise.objects.filter(order=order).judged().values_list("promised_by", flat=True).first()
    promised_by = min(order.promised_by, held_to or order.promised_by)
    return max(0, round((order.delivered_at - promised_by).total_seconds()))


def _claimed_line(lines: Mapping[int, reads.ClaimableLine], report: Reported) -> OrderLine:
    found = lines.get(report.line_id or 0)
    if found is None:
        raise NoSuchLine("This line is not part of the order.")
    if not found.open:
        raise NotClaimable("The time for this is over. Call us, please.", until=found.until)
    if Claim.objects.filter(line=found.line, state=ClaimState.WAITING).exists():
        raise AlreadyClaimed("You have told us about this already. A person is looking at it.", left=found.left)
    if not 1 <= report.qty <= found.left:
        if found.left:
            raise AlreadyClaimed(say("Between 1 and {n} of these can be named.", n=found.left), left=found.left)
        raise AlreadyClaimed("You have told us about all of these already.", left=0)
    return found.line


def _take_units(line: OrderLine, qty: int) -> None:
    units = line.qty - line.short_qty
    paid = line.unit_price_paise * units - line.discount_paise
    ClaimedLine.objects.get_or_create(line=line, defaults={"sold_units": units, "paid_paise": paid})
    ClaimedLine.objects.filter(line=line).update(units=F("units") + qty)


def _refuse_nonsense(order: Order, reported: Sequence[Reported]) -> None:
    if not 1 <= len(reported) <= MOST_ITEMS:
        raise Invalid("Say what was not right.")
    named = [(report.line_id, report.kind if report.line_id is None else None) for report in reported]
    if len(set(named)) < len(named):
        raise Invalid("Name each item once.")
    photos = {report.photo_id for report in reported if report.photo_id is not None}
    if photos and ClaimPhoto.objects.filter(pk__in=photos, order=order).count() < len(photos):
        raise Invalid("This photo is not of this order: send it again.")
    for report in reported:
        if (report.line_id is None) != (report.kind in claiming.ORDER_KINDS):
            raise Invalid("This cannot be said about that.")
        if report.kind in claiming.PHOTO_NEEDED and report.photo_id is None:
            raise PhotoNeeded(line_id=report.line_id)


def _refuse_order_claim(order: Order, report: Reported, policy: claiming.Policy, *, now: datetime) -> None:
    goods = report.kind in (Kind.LATE, Kind.NEVER_CAME)
    until = reads.open_until(order, policy) if goods else reads.ask_until(order, policy)
    if until is None:
        raise NotClaimable("This order is still on its way. Look at its page, or call the store.")
    if now >= until:
        raise NotClaimable("The time for this is over. Call us, please.", until=until)


# -- deciding ---------------------------------------------------------------------------------------------------------


def _settle(order: Order, claim: Claim, refund_paise: int, *, actor: str, now: datetime) -> None:
    """Money back and the claim closed. The only place where a claim moves money."""
    claim.state, claim.refund_paise = ClaimState.REFUNDED, refund_paise
    claim.save()
    if claim.line_id is not None:
        ClaimedLine.objects.filter(line_id=claim.line_id).update(refunded_paise=F("refunded_paise") + refund_paise)
    about = claim.line.name if claim.line else claim.get_kind_display()
    money.lower_amount(
        ref=order.pk, by_paise=refund_paise, reason=f"Claim: {about}"[:160], key=f"claim:{claim.pk}", told=True, now=now
    )
    cashback.take_cashback_back(order, key=str(claim.pk), now=now)
    books.take_back(order, claim, now=now)
    _record(order, ClaimApproved(order.pk, claim.pk, order.customer_id, refund_paise, claim.rule), actor)


def _refuse(order: Order, claim: Claim, *, actor: str) -> None:
    claim.state = ClaimState.REFUSED
    claim.save()
    if claim.line_id is not None:
        ClaimedLine.objects.filter(line_id=claim.line_id).update(units=F("units") - claim.qty)
    _record(order, _refused(claim, claim.reason), actor)


def _refused(claim: Claim, reason: str) -> ClaimRefused:
    return ClaimRefused(claim.order_id, claim.pk, claim.customer_id, reason, claim.rule)


def _record(order: Order, event: DomainEvent, actor: str) -> None:
    events.record(event, subject=subject(order), actor=actor)


def _left_of_payment(order_id: UUID) -> int:
    """What was paid for the order, by whoever and from the wallet, and did not go back."""
    paid = Payment.objects.filter(ref=order_id, state=PaymentState.CAPTURED)
    sources = ("captured_paise", "refunded_paise", "wallet_paise", "wallet_returned_paise")
    captured, refunded, wallet, returned = paid.values_list(*sources).first() or (0, 0, 0, 0)
    return int(captured - refunded + wallet - returned)
