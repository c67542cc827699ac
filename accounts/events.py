"""What accounts may announce."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class OtpRequested(DomainEvent):
    """Somebody asked for a sign-in code. Carries no code: `accounts.services.otp_code(challenge_id)` derives it."""

    challenge_id: UUID
    phone: str


@dataclass(frozen=True)
class SignedIn(DomainEvent):
    user_id: int
    first_time: bool
