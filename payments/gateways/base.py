"""What a payment gateway is to us: the facts it tells, and the calls it answers.

Every call is keyword only, is made outside transactions and may be repeated: an attempt's or refund's id is the
gateway's idempotency key. Amounts are paise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

CAPTURED = "payment.captured"
DECLINED = "payment.declined"
AUTHORISED = "payment.authorised"  # reserved, to be captured by us
REFUNDED = "refund.completed"
REFUND_FAILED = "refund.failed"
DISPUTED = "dispute.opened"
DISPUTE_WON = "dispute.won"
DISPUTE_LOST = "dispute.lost"

METHODS = [("upi", "UPI"), ("card", "Card"), ("netbanking", "Netbanking")]


@dataclass(frozen=True, slots=True)
class Intent:
    """A gateway is ready to take money for one attempt."""

    gateway_ref: str
    pay_url: str
    expires_at: datetime | None
    client: Mapping[str, Any] = field(default_factory=dict)
    """What an app's SDK needs; public values only (order id and key id, client secret and publishable key)."""


@dataclass(frozen=True, slots=True)
class Message:
    """A verified webhook, not yet understood."""

    event_id: str
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a gateway says happened. `attempt_id` / `refund_id` are ours, echoed back; amounts in paise."""

    kind: str
    gateway_ref: str
    amount_paise: int
    attempt_id: UUID | None = None
    refund_id: UUID | None = None
    refund_ref: str = ""
    instrument: str = ""
    reason: str = ""
    dispute_ref: str = ""
    due_by: datetime | None = None
    """Until when a dispute must be answered."""


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    gateway_ref: str
    completed: bool


class Gateway(Protocol):
    name: str
    settles_into: str  # the ledger account from which refunds leave
    methods: frozenset[str]  # of {"upi", "card", "netbanking"}

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime, vpa: str = "") -> Intent:
        """`vpa`: the UPI address to which a collect request goes."""
        ...

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        """Raises BadSignature for a forged, damaged or old message."""
        ...

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        """None for kinds of messages we do not act on."""
        ...

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        """What became of an intent; None while nothing did."""
        ...

    def capture(self, *, attempt_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> Notice:
        """Take what was authorised: CAPTURED, or DECLINED when it can't be taken any more."""
        ...

    def void(self, *, attempt_id: UUID, gateway_ref: str, now: datetime) -> None:
        """Let an authorisation go without taking anything."""
        ...

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer: ...

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None: ...
