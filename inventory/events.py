"""What inventory may announce."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class BatchBlocked(DomainEvent):
    """A batch went off sale. `stuck` are the refs (orders) that hold units of it and could get no other ones."""

    store_code: str
    product_id: int
    batch_id: int
    lot: str
    state: str
    reason: str
    units: int
    stuck: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ApiClientChanged(DomainEvent):
    """Subject "client:<id>". `what` is "made", "changed", "got a new key" or "revoked"."""

    client_id: int
    name: str
    what: str


@dataclass(frozen=True)
class RecallBegun(DomainEvent):
    """Subject "recall:<id>". `lot` empty: every lot of the product."""

    recall_id: int
    product_id: int
    lot: str
    reason: str


@dataclass(frozen=True)
class RecallEnded(DomainEvent):
    """Subject "recall:<id>"."""

    recall_id: int
    reason: str


@dataclass(frozen=True)
class GoodsReceived(DomainEvent):
    """A receipt was closed. `ordered_as` is the purchase order's or transfer's number, if there is one."""

    store_code: str
    receipt_id: UUID
    ordered_as: str
    units: int
    differences: int


@dataclass(frozen=True)
class TransferDispatched(DomainEvent):
    transfer_id: UUID
    from_store: str
    to_store: str
    units: int


@dataclass(frozen=True)
class CountLeftHeld(DomainEvent):
    """A count found fewer units than orders hold: `refs` may find nothing on the shelf. `units` stay in the book until
    the floor marks them as not found."""

    store_code: str
    product_id: int
    task_id: UUID
    units: int
    refs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StockLow(DomainEvent):
    """These products of a store went below their reorder point; once per crossing."""

    store_code: str
    product_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LowStockNotice(DomainEvent):
    """One person of the store (or of operations) is to hear of StockLow: so many products, one of them by name."""

    user_id: int
    store_code: str
    n: int
    product_id: int


@dataclass(frozen=True)
class HeldMissingNotice(DomainEvent):
    """One person of the store (or of operations) is to hear of CountLeftHeld: so many units of a product."""

    user_id: int
    store_code: str
    n: int
    product_id: int
