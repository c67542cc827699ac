"""What payments may announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class PaymentCaptured(DomainEvent):
    payment_id: UUID
    ref: UUID
    amount_paise: int
    method: str


@dataclass(frozen=True)
class PaymentDeclined(DomainEvent):
    payment_id: UUID
    ref: UUID
    reason: str


@dataclass(frozen=True)
class DisputeOpened(DomainEvent):
    """The customer's bank wants the money back; the gateway wants an answer until `due_by`."""

    dispute_id: UUID
    payment_id: UUID
    ref: UUID
    amount_paise: int
    reason: str
    due_by: datetime | None = None


@dataclass(frozen=True)
class DisputeClosed(DomainEvent):
    dispute_id: UUID
    payment_id: UUID
    ref: UUID
    amount_paise: int
    won: bool


@dataclass(frozen=True)
class RefundStarted(DomainEvent):
    refund_id: UUID
    ref: UUID
    amount_paise: int
    reason: str


@dataclass(frozen=True)
class RefundCompleted(DomainEvent):
    refund_id: UUID
    ref: UUID
    amount_paise: int
    to_wallet: bool = False
    told: bool = False
    """The customer reads of it in what caused it."""


@dataclass(frozen=True)
class WalletCredited(DomainEvent):
    """Credit that is no refund. Subject "user:<id>"; `source` is "cashback", "referral" or "goodwill"."""

    customer_id: int
    amount_paise: int
    source: str
    reason: str
    ref: UUID | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class MembershipBegun(DomainEvent):
    """Paid: begun or made longer. Subject "user:<id>"."""

    customer_id: int
    plan: str
    until: datetime


@dataclass(frozen=True)
class MembershipEnding(DomainEvent):
    """It ends in a few days and renews by nothing but a purchase. Subject "user:<id>"."""

    customer_id: int
    until: datetime


@dataclass(frozen=True)
class CashHandedIn(DomainEvent):
    """A rider's cash is ours now; `left_paise` is what the rider still carries."""

    rider_id: int
    amount_paise: int
    receipt: str
    left_paise: int
