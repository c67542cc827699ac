"""What delivery may announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class OfferMade(DomainEvent):
    offer_id: UUID
    order_id: UUID
    rider_id: int
    rider_user_id: int


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
