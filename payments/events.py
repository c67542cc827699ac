"""What payments may announce."""

from __future__ import annotations

from dataclasses import dataclass
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
