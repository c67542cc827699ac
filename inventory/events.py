"""What inventory may announce."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class HoldExpired(DomainEvent):
    ref: UUID


@dataclass(frozen=True)
class StockCounted(DomainEvent):
    store_code: str
    product_id: int
    expected: int
    counted: int
