"""Which way purchase orders and transfers may go. Pure tables; the services are the only movers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db.models import TextChoices

from blinkit.kernel.said import say
from inventory.errors import DeliveryMoved
from inventory.inbound import PurchaseState, TransferState

State = TypeVar("State", bound=TextChoices)

PURCHASE_NEXT: Mapping[PurchaseState, frozenset[PurchaseState]] = {
    PurchaseState.DRAFT: frozenset({PurchaseState.SENT, PurchaseState.CANCELLED}),
    PurchaseState.SENT: frozenset({PurchaseState.PARTLY, PurchaseState.RECEIVED, PurchaseState.CANCELLED}),
    PurchaseState.PARTLY: frozenset({PurchaseState.PARTLY, PurchaseState.RECEIVED, PurchaseState.CANCELLED}),
    PurchaseState.RECEIVED: frozenset(),
    PurchaseState.CANCELLED: frozenset(),
}
TRANSFER_NEXT: Mapping[TransferState, frozenset[TransferState]] = {
    TransferState.REQUESTED: frozenset({TransferState.DISPATCHED, TransferState.CANCELLED}),
    TransferState.DISPATCHED: frozenset({TransferState.RECEIVED}),
    TransferState.RECEIVED: frozenset(),
    TransferState.CANCELLED: frozenset(),
}
COMING = (PurchaseState.SENT, PurchaseState.PARTLY)
"""A purchase order of which something may be received."""


def check(table: Mapping[State, frozenset[State]], old: State, new: State, *, number: str) -> None:
    """Raises DeliveryMoved for a way that is not in the table."""
    if new not in table[old]:
        raise DeliveryMoved(say("{number}: {state}. This cannot be done any more.", number=number, state=old.label),
                            state=old.value)  # fmt: skip
