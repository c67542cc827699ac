"""How money reaches a rider's bank account: an adapter by name, and the sandbox that stands for a payout company.

Every call is keyword only, is made outside transactions and may be repeated: `key` is the bank's idempotency key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from blinkit.kernel.errors import Conflict, NotFound
from payments.models import SandboxPayout

REGISTRY = {"sandbox": "payments.gateways.bank.SandboxBank"}
ARRIVES_AFTER = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    bank_ref: str
    completed: bool


class Bank(Protocol):
    name: str

    def pay(self, *, key: str, account: str, amount_paise: int, now: datetime) -> PayoutAnswer:
        """Send it once per key. Raises Refusal when it is not taken; the same key may be tried again."""
        ...

    def look_up(self, *, key: str) -> PayoutAnswer | None:
        """What became of it; None when the bank knows nothing of this key."""
        ...


def bank() -> Bank:
    """The one this house pays by; pretend money only in demo mode and in tests."""
    name = "sandbox" if settings.DEMO_MODE or settings.TESTING else ""
    if name not in REGISTRY:
        raise NotFound("There is no bank to pay riders by.")
    made: Bank = import_string(REGISTRY[name])()
    return made


class SandboxBank:
    name = "sandbox"

    def pay(self, *, key: str, account: str, amount_paise: int, now: datetime) -> PayoutAnswer:
        made, _ = SandboxPayout.objects.get_or_create(
            key=key, defaults={"account": account, "amount_paise": amount_paise, "created_at": now}
        )
        if (made.account, made.amount_paise) != (account, amount_paise):
            raise Conflict("This key came with another payment before.")
        return PayoutAnswer(f"po_{made.pk}", completed=False)

    def look_up(self, *, key: str) -> PayoutAnswer | None:
        made = SandboxPayout.objects.filter(key=key).first()
        if made is None:
            return None
        return PayoutAnswer(f"po_{made.pk}", completed=made.created_at + ARRIVES_AFTER <= timezone.now())
