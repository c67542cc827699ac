"""What people find on the shelf: counts and wastage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from inventory import fefo
from inventory.errors import BadQuantity, NoSuchBatch, UnitsHeld
from inventory.events import StockCounted
from inventory.fefo import Take
from inventory.models import MovementKind
from inventory.services import ledger
from inventory.services.ledger import Lot
from inventory.services.receiving import receive


def count(
    *,
    store_id: int,
    product_id: int,
    counted: int,
    reason: str,
    actor: str,
    now: datetime,
    batch_id: int | None = None,
    kind: MovementKind = MovementKind.COUNT,
    ref: UUID | None = None,
) -> int:
    """Somebody counted: units for sale (held ones too, blocked ones not), or with `batch_id` the units of that batch,
    become what was counted. Returns the difference (0 is written down as well).

    Of several batches, units found missing are of those that expire last and units too many of the one that expires
    first: what is believed to be left is the oldest. Raises UnitsHeld when fewer were counted than are set aside for
    orders (short those picks first), NoSuchBatch.
    """
    if counted < 0:
        raise BadQuantity("A count cannot be negative.")
    if batch_id is None:
        receive(store_id=store_id, lines=[(product_id, 0, None)], reason=reason, actor=actor, now=now)
    with transaction.atomic(savepoint=False):
        rows = ledger.lock_shelf(store_id, [product_id])
        lots = (
            [lot for lot in ledger.lots(rows).get(rows[0].id, []) if lot.is_open] if rows and batch_id is None else []
        )
        if batch_id is not None:
            lots = _one(batch_id, rows[0].id if rows else 0)
        held = sum(lot.held for lot in lots)
        there = sum(lot.on_hand for lot in lots)
        possible = counted >= held
        if possible:
            row = rows[0]
            takes = _missing(lots, there - counted) if counted < there else [_extra(lots, row.id, counted - there, now)]
            sign = -1 if counted < there else 1
            ledger.post(takes, kind, on_hand=sign, reason=reason, actor=actor, now=now, rows=rows, ref=ref)
            events.record(
                StockCounted(store_code=row.store_code, product_id=product_id, expected=there, counted=counted),
                subject=f"store:{row.store_code}",
                actor=actor,
            )
    if not possible:
        raise UnitsHeld(
            f"{held} units are set aside for orders. Mark those picks as not found first, then count again.",
            held=held,
            on_hand=there,
        )
    return counted - there


def waste(
    *,
    store_id: int,
    product_id: int,
    qty: int,
    reason: str,
    actor: str,
    now: datetime,
    batch_id: int | None = None,
    ref: UUID | None = None,
) -> None:
    """Units nobody holds are thrown away: with `batch_id` of that batch, on sale or not, else of what is for sale,
    first expired first. Raises UnitsHeld when more than the free ones would go, BadQuantity unless positive.
    """
    take_off(
        store_id=store_id, product_id=product_id, qty=qty, batch_id=batch_id, kind=MovementKind.WASTE, reason=reason,
        actor=actor, now=now, ref=ref,
    )  # fmt: skip


def take_off(
    *,
    store_id: int,
    product_id: int,
    qty: int,
    kind: MovementKind,
    reason: str,
    actor: str,
    now: datetime,
    batch_id: int | None = None,
    ref: UUID | None = None,
) -> list[Take]:
    """Units nobody holds leave the shelf, not with an order. Returns from which batches. Refuses as `waste`."""
    if qty <= 0:
        raise BadQuantity("Say how many units go.")
    with transaction.atomic(savepoint=False):
        rows = ledger.lock_shelf(store_id, [product_id])
        lots = ledger.lots(rows).get(rows[0].id, []) if rows else []
        lots = [lot for lot in lots if lot.id == batch_id or (batch_id is None and lot.is_open)]
        free = sum(lot.free for lot in lots)
        takes = fefo.allocate([(lot.id, lot.free) for lot in lots], qty)
        if qty <= free:
            ledger.post(takes, kind, on_hand=-1, reason=reason, actor=actor, now=now, rows=rows, ref=ref)
    if qty > free:
        held, on_hand = sum(lot.held for lot in lots), sum(lot.on_hand for lot in lots)
        raise UnitsHeld(f"Only {free} units are free here.", held=held, on_hand=on_hand)
    return takes


def _one(batch_id: int, stock_id: int) -> list[Lot]:
    found = ledger.execute(
        "SELECT id, stock_id, on_hand, held, state = 'open' FROM inventory_batch WHERE id = %(id)s AND"
        " stock_id = %(stock)s",
        {"id": batch_id, "stock": stock_id},
    )
    if not found:
        raise NoSuchBatch("There is no such lot of this product here.")
    return [Lot(*found[0])]


def _missing(lots: Sequence[Lot], qty: int) -> list[Take]:
    return fefo.allocate([(lot.id, lot.free) for lot in reversed(lots)], qty)


def _extra(lots: Sequence[Lot], stock_id: int, qty: int, now: datetime) -> Take:
    """Units too many belong to the batch that expires first; with none there, to the one without lot and expiry."""
    if lots:
        return Take(lots[0].id, qty)
    ((batch_id,),) = ledger.execute(
        "INSERT INTO inventory_batch (stock_id, lot, state, state_reason, on_hand, held, received_at)"
        " SELECT id, '', CASE WHEN EXISTS (SELECT 1 FROM inventory_recall AS r WHERE r.product_id = s.product_id"
        " AND r.lot = '' AND r.ended_at IS NULL) THEN 'quarantined' ELSE 'open' END, '', 0, 0, %(now)s"
        " FROM inventory_stock AS s WHERE id = %(stock)s"
        " ON CONFLICT (stock_id, lot, expires_on) DO UPDATE SET lot = excluded.lot RETURNING id",
        {"stock": stock_id, "now": now},
    )
    return Take(batch_id, qty)
