"""Why a store was chosen for an order, for people to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import Product
from orders.models import Sourcing
from orders.sourcing import Reason

PART_WORDS = {
    "ride": "ride",
    "backlog": "picking queue",
    "rider": "waiting for a rider",
    "cart_is_here": "the cart is here",
}
REASON_WORDS = {
    Reason.CLOSED.value: "closed",
    Reason.PAUSED.value: "paused",
    Reason.FULL.value: "as many orders as it can carry",
    Reason.MISSING_ITEMS.value: "has not everything",
    "offline": "went offline with it",
    "declined": "declined it",
}


@dataclass(frozen=True, slots=True)
class JudgedStore:
    """`score_s` are seconds until the door, less is better. `missing` are product names."""

    code: str
    score_s: float
    parts: tuple[tuple[str, float], ...]
    reason: str
    missing: tuple[str, ...]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Choice:
    at: datetime
    cause: str
    why: str
    store: str
    """Code of the store that was chosen; "" when nobody could."""
    stores: tuple[JudgedStore, ...]


def choices_of(order_id: UUID) -> list[Choice]:
    """Every choice made for this order, first to last. Two statements, one where nothing was missing anywhere."""
    rows = list(Sourcing.objects.filter(order_id=order_id).select_related("store").order_by("pk"))
    ids = {pk for row in rows for one in row.candidates for pk in one.get("missing", [])}
    names = dict(Product.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    return [
        Choice(
            at=row.made_at,
            cause=row.get_cause_display(),
            why=row.why,
            store=row.store.code if row.store else "",
            stores=tuple(
                JudgedStore(
                    code=one["store"],
                    score_s=one["score"],
                    parts=tuple((PART_WORDS.get(name, name), seconds) for name, seconds in one["parts"].items()),
                    reason=REASON_WORDS.get(one.get("reason", ""), one.get("reason", "")),
                    missing=tuple(names.get(pk, f"product {pk}") for pk in one.get("missing", [])),
                    is_chosen=row.store is not None and one["store"] == row.store.code,
                )
                for one in row.candidates
            ),
        )
        for row in rows
    ]
