"""What the screens may announce."""

from __future__ import annotations

from dataclasses import dataclass

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class RecallListExported(DomainEvent):
    """Somebody took the list of orders with a recalled lot away as a file. Subject "recall:<id>"."""

    recall_id: int
    orders: int
    with_phones: bool
