"""A claim as the person needs it who decides: the order's story, the evidence, the customer's past, the score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blinkit.kernel.said import Said
from dashboard.claim_words import fact_rows
from dashboard.queries.desk import Happened, Proof, story
from orders import claiming
from orders import services as orders
from orders.claims import Claim, ClaimState
from orders.queries import claims as reads
from orders.queries.money import money_of
from payments.models import Payment
from payments.queries import StatementLine, payment_of

SHOWN = 100


@dataclass(frozen=True, slots=True)
class ClaimDesk:
    """`most_paise` may go back now. `score` is for staff only."""

    claim: Claim
    most_paise: int
    timeline: list[Happened]
    evidence: list[Proof]
    before: list[Claim]
    history: claiming.History
    score: claiming.Score
    payment: Payment | None
    statement: list[StatementLine]

    @property
    def waits(self) -> bool:
        return self.claim.state == ClaimState.WAITING

    @property
    def facts(self) -> list[tuple[Said, str]]:
        """What the rules saw, without the history, which has a place of its own."""
        return fact_rows(self.claim.decision.get("facts", {}))


def claim_list(*, state: str = "waiting") -> list[Claim]:
    """The queue by age, or everything newest first; one statement."""
    if state == "all":
        rows = Claim.objects.select_related("order", "order__store", "line", "customer").order_by("-created_at", "-id")
        return list(rows[:SHOWN])
    return list(reads.waiting()[:SHOWN])


def claim_desk(*, claim_id: UUID, now: datetime) -> ClaimDesk:
    """Raises NoSuchClaim."""
    claim = reads.claim_of(claim_id)
    happened, proofs = story(claim.order_id)
    history = reads.history(customer_id=claim.customer_id, now=now)
    before = Claim.objects.filter(customer_id=claim.customer_id).exclude(pk=claim.pk).select_related("order", "line")
    return ClaimDesk(
        claim=claim,
        most_paise=orders.most_back(claim),
        timeline=happened,
        evidence=proofs,
        before=list(before.order_by("-created_at")[:20]),
        history=history,
        score=claiming.score(history),
        payment=payment_of(claim.order_id),
        statement=money_of(claim.order),
    )
