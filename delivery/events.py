"""What delivery may announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class OfferMade(DomainEvent):
    """Once per order; `rank` is its place in the offer. `auto`: accepted without asking."""

    offer_id: UUID
    order_id: UUID
    rider_id: int
    rider_user_id: int
    rank: int = 1
    auto: bool = False


@dataclass(frozen=True)
class OfferAnswered(DomainEvent):
    """answer: accepted | declined | expired | withdrawn"""

    offer_id: UUID
    order_id: UUID
    rider_id: int
    answer: str
    reason: str = ""


@dataclass(frozen=True)
class DutyChanged(DomainEvent):
    rider_id: int
    on_duty: bool


@dataclass(frozen=True)
class RiderSuspended(DomainEvent):
    """`reason` is what the rider reads; `until` is open when None."""

    rider_id: int
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class SuspensionOver(DomainEvent):
    rider_id: int


@dataclass(frozen=True)
class RiderVerified(DomainEvent):
    rider_id: int


@dataclass(frozen=True)
class RiderUnverified(DomainEvent):
    """No duty until these papers are good again."""

    rider_id: int
    kinds: list[str]


@dataclass(frozen=True)
class RiderApplied(DomainEvent):
    rider_id: int
    store_code: str


@dataclass(frozen=True)
class PapersSeen(DomainEvent):
    """Somebody saw these papers on paper: they count until that day."""

    rider_id: int
    kinds: list[str]
    until: date


@dataclass(frozen=True)
class PaperSubmitted(DomainEvent):
    document_id: UUID
    rider_id: int
    kind: str


@dataclass(frozen=True)
class PaperVerified(DomainEvent):
    document_id: UUID
    rider_id: int
    kind: str


@dataclass(frozen=True)
class PaperRejected(DomainEvent):
    document_id: UUID
    rider_id: int
    kind: str
    reason: str


@dataclass(frozen=True)
class PaperOpened(DomainEvent):
    """A person of ours looked at the picture."""

    document_id: UUID
    rider_id: int
    kind: str


@dataclass(frozen=True)
class PaperExpiring(DomainEvent):
    document_id: UUID
    rider_id: int
    kind: str
    expires_on: date


@dataclass(frozen=True)
class GigCalledOff(DomainEvent):
    """Told to one rider who had booked it."""

    gig_id: UUID
    rider_id: int
    reason: str


@dataclass(frozen=True)
class BookingGivenBack(DomainEvent):
    gig_id: UUID
    rider_id: int
    is_late: bool


@dataclass(frozen=True)
class BookingMissed(DomainEvent):
    gig_id: UUID
    rider_id: int


@dataclass(frozen=True)
class AppealSentIn(DomainEvent):
    appeal_id: UUID
    rider_id: int


@dataclass(frozen=True)
class AppealAnswered(DomainEvent):
    appeal_id: UUID
    rider_id: int
    is_lifted: bool


@dataclass(frozen=True)
class TripInTrouble(DomainEvent):
    """Once per order; `rank` is its place among those still to do. what: silent | off_route; `on_board`: so many
    orders the rider has with them."""

    trip_id: UUID
    order_id: UUID
    rider_id: int
    what: str
    rank: int = 1
    on_board: int = 0


@dataclass(frozen=True)
class ArrivalDoubted(DomainEvent):
    """A rider says to stand there (where: store | door), whose good position is `metres` away."""

    order_id: UUID
    store_code: str
    rider_id: int
    rider: str
    where: str
    metres: int


@dataclass(frozen=True)
class BagsCalledBack(DomainEvent):
    """Operations ended a delivery on the road: its rider brings the bags back."""

    order_id: UUID
    rider_id: int
    reason: str


@dataclass(frozen=True)
class BagsNotComing(DomainEvent):
    """Bags that rode back to the store do not come: operations said so, their rider is free of them."""

    order_id: UUID
    rider_id: int
    reason: str


@dataclass(frozen=True)
class TargetReached(DomainEvent):
    rider_id: int
    name: str
    amount_paise: int


@dataclass(frozen=True)
class CashLimitNear(DomainEvent):
    """`level`: 80 deposit soon, 100 no more cash orders until some is handed in."""

    rider_id: int
    level: int
    in_hand_paise: int
    limit_paise: int


@dataclass(frozen=True)
class DeductionTold(DomainEvent):
    deduction_id: UUID
    rider_id: int
    amount_paise: int
    reason: str


@dataclass(frozen=True)
class DeductionDecided(DomainEvent):
    """counts: it was looked at again and stays; else it is dropped."""

    deduction_id: UUID
    rider_id: int
    amount_paise: int
    counts: bool


@dataclass(frozen=True)
class DeductionDisputed(DomainEvent):
    deduction_id: UUID
    rider_id: int


@dataclass(frozen=True)
class WeekIssued(DomainEvent):
    statement_id: UUID
    rider_id: int
    payout_paise: int


@dataclass(frozen=True)
class DoorWaitBegun(DomainEvent):
    """Nobody opens: the rider waits at the door until then."""

    order_id: UUID
    customer_id: int
    rider_id: int
    waits_until: datetime


@dataclass(frozen=True)
class DoorAnswered(DomainEvent):
    """answer: coming | leave_at_door | leave_with_guard | cancel"""

    order_id: UUID
    answer: str


@dataclass(frozen=True)
class DoorWaitSet(DomainEvent):
    """Operations changed how long the rider waits."""

    order_id: UUID
    waits_until: datetime
    why: str


@dataclass(frozen=True)
class BagsLeftUnseen(DomainEvent):
    """A rider put bags down in the store because nobody took them in time."""

    order_id: UUID
    store_code: str
    rider_id: int


@dataclass(frozen=True)
class BagsOutgrewRider(DomainEvent):
    """The packed order is more than its rider can carry, beside what they fetch already: somebody else is sought."""

    order_id: UUID
    store_code: str
    rider_id: int
    rider: str
    bags: int


@dataclass(frozen=True)
class ChatRead(DomainEvent):
    """Somebody of the house read what customer and rider wrote, and why."""

    order_id: UUID
    why: str


@dataclass(frozen=True)
class ChatFlagged(DomainEvent):
    order_id: UUID
    message_id: UUID
    by_side: str


@dataclass(frozen=True)
class IncidentTold(DomainEvent):
    """A rider told of something that went wrong; `kind` as in delivery.incidents."""

    incident_id: UUID
    kind: str
    rider_id: int


@dataclass(frozen=True)
class IncidentOpened(DomainEvent):
    """Operations opened it on a rider's behalf, who cannot tell it."""

    incident_id: UUID
    kind: str
    rider_id: int


@dataclass(frozen=True)
class IncidentSeen(DomainEvent):
    incident_id: UUID
    rider_id: int


@dataclass(frozen=True)
class IncidentResolved(DomainEvent):
    incident_id: UUID
    rider_id: int
    outcome: str


@dataclass(frozen=True)
class TripGrew(DomainEvent):
    """One more order of the same store was put on a trip that had not left the shelf; nobody was asked."""

    trip_id: UUID
    order_id: UUID
    rider_id: int
    rider_user_id: int
    pay_paise: int


@dataclass(frozen=True)
class RescueAsked(DomainEvent):
    """A second rider rides to a stranded one."""

    rider_id: int
    rider_user_id: int
    from_rider_id: int
