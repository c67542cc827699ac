"""What orders may announce. Subject is always "order:<uuid>"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class OrderPlaced(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int
    total_paise: int


@dataclass(frozen=True)
class OrderMoved(DomainEvent):
    """One step of the state machine. Timeline only; the steps others react to have an event of their own as well."""

    order_id: UUID
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True)
class OrderConfirmed(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int


@dataclass(frozen=True)
class OrderReleased(DomainEvent):
    """An order for a slot: it is time, the store begins with it."""

    order_id: UUID
    store_code: str
    customer_id: int


@dataclass(frozen=True)
class OrderResourced(DomainEvent):
    """Another store does it (`store_code`): the task, the job and the promise follow. The bill stays as it was."""

    order_id: UUID
    customer_id: int
    old_store: str
    store_code: str
    why: str = ""


@dataclass(frozen=True)
class OrderPacked(DomainEvent):
    order_id: UUID
    store_code: str
    bags: int
    shelf_slot: str
    volume_ml: int = 0


@dataclass(frozen=True)
class OrderPickedUp(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int


@dataclass(frozen=True)
class RiderAtDoor(DomainEvent):
    """The rider stands at the customer's door with the bags."""

    order_id: UUID
    store_code: str
    customer_id: int


@dataclass(frozen=True)
class OrderDelivered(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int
    late_s: int


@dataclass(frozen=True)
class OrderCancelled(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int
    reason: str


@dataclass(frozen=True)
class OrderClosed(DomainEvent):
    """The time for claims is over: what was kept, was kept."""

    order_id: UUID
    store_code: str
    customer_id: int


@dataclass(frozen=True)
class OrderUndelivered(DomainEvent):
    order_id: UUID
    store_code: str
    customer_id: int
    reason: str


@dataclass(frozen=True)
class LineShorted(DomainEvent):
    """Units could not be found; the bill went down and `refund_paise` went back (0 when nothing was paid yet)."""

    order_id: UUID
    customer_id: int
    product_name: str
    qty: int
    refund_paise: int


@dataclass(frozen=True)
class LineRecalled(DomainEvent):
    """Units were recalled before they were picked; the bill went down as for units that could not be found."""

    order_id: UUID
    customer_id: int
    product_name: str
    qty: int
    refund_paise: int


@dataclass(frozen=True)
class RecalledUnitsHeld(DomainEvent):
    """The order holds units of a batch that must not leave, and there are no others for it."""

    order_id: UUID
    store_code: str


@dataclass(frozen=True)
class OrderHeldBack(DomainEvent):
    """Recalled units are in its tote or bags: they must not leave the store."""

    order_id: UUID
    store_code: str
    product_name: str
    lot: str
    units: int


@dataclass(frozen=True)
class HeldBackTold(DomainEvent):
    """One person of operations is told of an order held back."""

    order_id: UUID
    user_id: int
    product_name: str
    lot: str


@dataclass(frozen=True)
class RecallNotice(DomainEvent):
    """The customer of an order that received recalled goods is told, once per recall."""

    order_id: UUID
    customer_id: int
    product_name: str
    lot: str
    reason: str


@dataclass(frozen=True)
class LineSubstituted(DomainEvent):
    """Something similar comes instead, at no more than was agreed: the bill went down by `less_paise`, of which
    `refund_paise` went back (0 when nothing was paid yet)."""

    order_id: UUID
    customer_id: int
    product_name: str
    substitute_name: str
    qty: int
    less_paise: int
    refund_paise: int


@dataclass(frozen=True)
class PromiseAtRisk(DomainEvent):
    """It will probably come late, and it is not late yet: once per order and stage. `slow` is the stage that lost the
    time, `probability` of a breach in percent; `why` and `help` are English sentences."""

    order_id: UUID
    store_code: str
    stage: str
    expected_late_s: int
    slow: str = ""
    probability: int = 0
    why: str = ""
    help: str = ""


@dataclass(frozen=True)
class PromiseKeptAgain(DomainEvent):
    """It was at risk and will probably come in time after all: once per order and stage."""

    order_id: UUID
    store_code: str
    stage: str


@dataclass(frozen=True)
class RunningLate(DomainEvent):
    """The customer is told, once, when it will really be there."""

    order_id: UUID
    customer_id: int
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class StoreAtRisk(DomainEvent):
    """So many orders of a store are at risk, most of them in `stage`, the worst by `late_s`. Subject "store:<code>"."""

    store_code: str
    orders: int
    late_s: int
    stage: str


@dataclass(frozen=True)
class BackInStock(DomainEvent):
    """Somebody waits for it and it can be bought again. Subject "user:<id>"."""

    customer_id: int
    store_code: str
    sku: str
    product_name: str


@dataclass(frozen=True)
class PriceDropped(DomainEvent):
    """A product somebody watches costs less than the price they saw. Subject "user:<id>"."""

    customer_id: int
    store_code: str
    sku: str
    product_name: str
    seen_paise: int
    price_paise: int


@dataclass(frozen=True)
class ClaimReceived(DomainEvent):
    """A person will decide it."""

    order_id: UUID
    claim_id: UUID
    customer_id: int
    kind: str


@dataclass(frozen=True)
class ClaimApproved(DomainEvent):
    """`refund_paise` goes back; by a rule or by a person."""

    order_id: UUID
    claim_id: UUID
    customer_id: int
    refund_paise: int
    rule: str = ""


@dataclass(frozen=True)
class ClaimRefused(DomainEvent):
    order_id: UUID
    claim_id: UUID
    customer_id: int
    reason: str
    rule: str = ""


@dataclass(frozen=True)
class BooksDiffer(DomainEvent):
    """A night's audit found differences: how many in stock, ledger and orders, and one of them in words."""

    night: str
    stock: int
    money: int
    orders: int
    first: str


@dataclass(frozen=True)
class TrustSet(DomainEvent):
    """A person said how far a customer is trusted with cash ("" level: the rules decide again). Subject "user:<id>"."""

    customer_id: int
    level: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class OrderRated(DomainEvent):
    order_id: UUID
    stars: int
    rider_stars: int | None = None


@dataclass(frozen=True)
class BagsBack(DomainEvent):
    """The store has the bags of an undelivered order again; what is in them is looked at later."""

    order_id: UUID
    store_code: str


@dataclass(frozen=True)
class PinMoved(DomainEvent):
    """The door was corrected, so many metres as the crow flies; `actor` is who did it."""

    order_id: UUID
    store_code: str
    by_metres: int
    actor: str


@dataclass(frozen=True)
class RiderChanged(DomainEvent):
    """Bags on the road went from one rider to another (names)."""

    order_id: UUID
    old: str
    new: str
