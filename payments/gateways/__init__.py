"""Payment gateways behind one interface, chosen by name. Every call is guarded by a breaker of the gateway's own.

A gateway answers with facts; what they mean for a payment is decided in `payments.services.settling`. Calls to a
gateway are made outside transactions and are safe to repeat: an attempt's or refund's id is the gateway's idempotency
key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from blinkit.kernel.breakers import breaker
from blinkit.kernel.errors import NotFound, Refusal
from payments.errors import GatewayDown

CAPTURED = "payment.captured"
DECLINED = "payment.declined"
REFUNDED = "refund.completed"
REFUND_FAILED = "refund.failed"


@dataclass(frozen=True, slots=True)
class Intent:
    """A gateway is ready to take money for one attempt."""

    gateway_ref: str
    pay_url: str
    expires_at: datetime | None


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


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    gateway_ref: str
    completed: bool


class Gateway(Protocol):
    name: str
    settles_into: str  # the ledger account from which refunds leave

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime) -> Intent: ...

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        """Raises BadSignature for a forged, damaged or old message."""
        ...

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        """None for kinds of messages we do not act on."""
        ...

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        """What became of an intent; None while nothing did."""
        ...

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer: ...

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None: ...


REGISTRY = {
    "sandbox": "payments.gateways.sandbox.SandboxGateway",
    "cod": "payments.gateways.cod.CashOnDelivery",
}


def named(name: str) -> Gateway:
    """The gateway of this name. Raises NotFound for one we do not have."""
    path = REGISTRY.get(name)
    if path is None:
        raise NotFound("There is no such payment gateway.")
    gateway: Gateway = import_string(path)()
    return gateway


def online() -> Gateway:
    """The gateway that takes UPI and cards here.

    Raises GatewayDown when the one in the settings is not built yet, or is the sandbox outside demo mode.
    """
    pretend = settings.PAYMENT_GATEWAY == "sandbox" and not (settings.DEMO_MODE or settings.TESTING)
    if pretend or settings.PAYMENT_GATEWAY not in REGISTRY:  # nobody may get real goods for pretend money
        raise GatewayDown("Paying online is not available yet. Choose cash on delivery.")
    return named(settings.PAYMENT_GATEWAY)


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Around one call of a gateway: counted by its breaker; any failure but a refusal comes out as GatewayDown."""
    try:
        with breaker(f"gateway:{name}"):
            yield
    except Refusal:
        raise
    except Exception as error:
        raise GatewayDown("The payment service does not answer. Try again, or pay another way.") from error
