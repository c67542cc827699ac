"""Where a lot is and who has it: for recalls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from inventory.models import HoldLot, HoldState
from inventory.recalls import Recall

MUST_NOT_LEAVE = ("quarantined", "expired")
LOTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class LotFound:
    """One batch. `shipped` units went out with orders and did not come back; `recall_id` of a live recall of it."""

    batch_id: int
    product_id: int
    sku: str
    product: str
    lot: str
    expires_on: date | None
    store_code: str
    store: str
    state: str
    state_reason: str
    on_hand: int
    held: int
    shipped: int
    recall_id: int | None


class NotToLeave(NamedTuple):
    """Units that an order still holds of a batch that must not leave the store."""

    ref: UUID
    product_id: int
    product: str
    lot: str
    units: int


class Received(NamedTuple):
    ref: UUID
    state: str
    units: int
    store_code: str
    lot: str


_LOTS = """
    SELECT b.id, p.id, p.sku, p.name, b.lot, b.expires_on, t.code, t.name, b.state, b.state_reason, b.on_hand, b.held,
        coalesce((SELECT sum(l.qty) FROM inventory_holdlot AS l JOIN inventory_hold AS h ON h.id = l.hold_id
            WHERE l.batch_id = b.id AND h.state = 'shipped'), 0)::int,
        (SELECT r.id FROM inventory_recall AS r WHERE r.product_id = p.id AND r.ended_at IS NULL
            AND r.lot IN ('', b.lot) ORDER BY r.id LIMIT 1)
    FROM inventory_batch AS b JOIN inventory_stock AS s ON s.id = b.stock_id
    JOIN catalog_product AS p ON p.id = s.product_id JOIN catalog_store AS t ON t.id = s.store_id
    WHERE {where} ORDER BY p.name, b.lot, t.code, b.expires_on LIMIT %(limit)s
"""


def find_lots(words: str) -> list[LotFound]:
    """Batches of this lot number (in any case), or of the product with this SKU or barcode, in all stores. At most
    LOTS_SHOWN. One statement."""
    words = words.strip()
    if not words:
        return []
    where = "(b.lot <> '' AND b.lot = ANY(%(lots)s)) OR p.sku = %(words)s OR p.barcode = %(words)s"
    return _lots(where, {"lots": [words, words.upper(), words.lower()], "words": words, "limit": LOTS_SHOWN})


def lots_of(recall: Recall) -> list[LotFound]:
    """The batches a recall is about. One statement."""
    where = "p.id = %(product)s AND %(lot)s IN ('', b.lot)"
    return _lots(where, {"product": recall.product_id, "lot": recall.lot, "limit": 1000})


def _lots(where: str, values: dict[str, Any]) -> list[LotFound]:
    with connection.cursor() as cursor:
        cursor.execute(_LOTS.format(where=where), values)
        return [LotFound(*row) for row in cursor.fetchall()]


def received(*, product_id: int, lot: str) -> list[Received]:
    """Whose orders (refs) have, or have had, units of this lot (lot "": of the product), newest first."""
    rows = HoldLot.objects.filter(Q() if not lot else Q(batch__lot=lot), hold__stock__product_id=product_id, qty__gt=0)
    rows = rows.exclude(hold__state=HoldState.RELEASED).order_by("-hold_id", "batch_id")
    return [
        Received(*row)
        for row in rows.values_list("hold__ref", "hold__state", "qty", "hold__stock__store__code", "batch__lot")
    ]


def not_to_leave(*, refs: Sequence[UUID] | None = None, now: datetime | None = None) -> list[NotToLeave]:
    """Firm units of recalled or expired batches that orders still hold; of these refs only, when given. With `now` also
    of those that are over and that no sweep has called so yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.ref, s.product_id, p.name, b.lot, sum(l.qty)::int FROM inventory_batch AS b"
            " JOIN inventory_holdlot AS l ON l.batch_id = b.id AND l.qty > 0"
            " JOIN inventory_hold AS h ON h.id = l.hold_id AND h.state = 'firm'"
            " JOIN inventory_stock AS s ON s.id = h.stock_id JOIN catalog_product AS p ON p.id = s.product_id"
            " JOIN catalog_store AS t ON t.id = s.store_id JOIN catalog_city AS city ON city.id = t.city_id"
            " WHERE b.held > 0 AND (b.state IN ('expired', 'quarantined')"
            " OR (b.expires_on + 1)::timestamp AT TIME ZONE city.timezone <= %(now)s)"
            " AND (%(all)s OR h.ref = ANY(%(refs)s::uuid[]))"
            " GROUP BY h.ref, s.product_id, p.name, b.lot ORDER BY h.ref, s.product_id, b.lot",
            {"all": refs is None, "refs": list(refs or ()), "now": now},
        )
        return [NotToLeave(*row) for row in cursor.fetchall()]
