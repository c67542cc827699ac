"""What accounts may announce. Subject is "user:<id>", for a sign-in code "otp:<challenge id>"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class OtpRequested(DomainEvent):
    """Somebody asked for a sign-in code. Carries no code: `accounts.services.otp_code(challenge_id)` derives it."""

    challenge_id: UUID
    phone: str


@dataclass(frozen=True)
class SignedIn(DomainEvent):
    """how: otp | firebase | password"""

    user_id: int
    first_time: bool
    how: str = "otp"


@dataclass(frozen=True)
class RefreshTokenReused(DomainEvent):
    """A used refresh token came again: somebody has a copy. That sign-in was ended."""

    user_id: int


@dataclass(frozen=True)
class SignedOutEverywhere(DomainEvent):
    user_id: int


@dataclass(frozen=True)
class EmailGiven(DomainEvent):
    """A person gave an e-mail address; whether it is theirs is not known yet."""

    user_id: int
    email: str


@dataclass(frozen=True)
class DeletionAsked(DomainEvent):
    user_id: int
    due_at: datetime


@dataclass(frozen=True)
class PersonForgotten(DomainEvent):
    """Names, addresses and whatever else points at a person are gone; orders and ledgers stay, about nobody."""

    user_id: int


@dataclass(frozen=True)
class RoleGranted(DomainEvent):
    user_id: int
    role: str


@dataclass(frozen=True)
class RoleRevoked(DomainEvent):
    user_id: int
    role: str
