"""Cash on delivery: the rider is the gateway. What goes back goes into the wallet: cash has no way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from payments.errors import BadSignature, GatewayRefused
from payments.gateways.base import CAPTURED, Intent, Message, Notice, RefundAnswer
from payments.ledger import BANK


class CashOnDelivery:
    name = "cod"
    settles_into = BANK
    methods: frozenset[str] = frozenset()

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime, vpa: str = "") -> Intent:
        return Intent(gateway_ref=str(attempt_id), pay_url="", expires_at=None)

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        raise BadSignature("Cash sends no messages.")

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        return None

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        return None

    def capture(self, *, attempt_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> Notice:
        return Notice(CAPTURED, gateway_ref, amount_paise, attempt_id=attempt_id)  # nothing is reserved first

    def void(self, *, attempt_id: UUID, gateway_ref: str, now: datetime) -> None:
        """Cash that was not collected stays where it is."""

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer:
        raise GatewayRefused("Cash does not go back from here: give it into the customer's wallet.")

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None:
        return None
