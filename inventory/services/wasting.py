"""Wastage: what is thrown away and why. From a value on a manager approves; until then the units are nobody's.

Lock order: wastage row → stock row.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import live, metrics
from blinkit.kernel.said import say
from inventory.counts import Wastage, WasteReason, WasteState
from inventory.errors import AnotherPerson, BadQuantity, NoSuchBatch, NoSuchWastage, UnitsHeld
from inventory.fefo import Take
from inventory.models import Batch
from inventory.services import counting, holding, ledger
from inventory.services.policy import policy_of


@transaction.atomic
def ask_waste(
    *,
    store_id: int,
    batch_id: int,
    qty: int,
    reason: str,
    by: int,
    nonce: str,
    now: datetime,
    note: str = "",
    photo: str = "",
    ref: UUID | None = None,
) -> Wastage:
    """Units of one lot go. Below the policy's value they are written off at once; from it on they wait for a manager,
    and meanwhile nobody can buy them. Sent again (`nonce`), it is silent.

    Raises NoSuchBatch, BadQuantity, UnitsHeld when fewer are free.
    """
    batch = Batch.objects.select_related("stock__store", "stock__product").filter(pk=batch_id).first()
    if batch is None or batch.stock.store_id != store_id:
        raise NoSuchBatch("There is no such lot in this store.")
    if qty <= 0 or reason not in WasteReason.values:
        raise BadQuantity("Say how many units go, and why.")
    row = ledger.lock_stock([batch.stock_id])[batch.stock_id]  # also two of the same nonce wait for each other here
    if done := Wastage.objects.filter(nonce=nonce).first():
        return done
    batch.refresh_from_db(fields=["on_hand", "held", "state"])
    free = batch.on_hand - batch.held
    if qty > free:
        words = say("Only {free} units are free here.", free=free)
        raise UnitsHeld(words, held=batch.held, on_hand=batch.on_hand)
    unit_paise = batch.unit_cost_paise if batch.unit_cost_paise is not None else batch.stock.product.mrp_paise
    waste = Wastage(
        stock=batch.stock, batch=batch, qty=qty, reason=reason, note=note.strip()[:120], photo=photo,
        unit_paise=unit_paise, is_cost=batch.unit_cost_paise is not None, nonce=nonce[:80], ref=ref, by_id=by, at=now,
    )  # fmt: skip
    waits = waste.value_paise >= policy_of(store_id).waste_approve_paise
    waste.state = WasteState.WAITING if waits else WasteState.POSTED
    waste.save(force_insert=True)
    if waits:
        takes = {row.id: [Take(batch_id, qty)]}
        holding.hold_lots([row], takes, ref=waste.pk, reason="Wastage to approve", actor=f"user:{by}", now=now)
        live.touch(f"store.{row.store_code}", what="wastage", id=row.product_id)
    else:
        _write_off(waste, actor=f"user:{by}", now=now)
    return waste


@transaction.atomic
def approve_waste(*, waste_id: UUID, by: int, now: datetime) -> Wastage:
    """A manager who did not ask for it says yes. Silent when it was. Raises NoSuchWastage, AnotherPerson, UnitsHeld."""
    waste, is_new = _decide(waste_id, by, WasteState.POSTED, now=now)
    if is_new:
        holding.release(ref=waste.pk, reason="Wastage approved", actor=f"user:{by}", now=now)
        _write_off(waste, actor=f"user:{by}", now=now)
    return waste


@transaction.atomic
def refuse_waste(*, waste_id: UUID, by: int, now: datetime) -> Wastage:
    """The units are good: on sale again. Silent when they were. Raises NoSuchWastage, AnotherPerson."""
    waste, is_new = _decide(waste_id, by, WasteState.REFUSED, now=now)
    if is_new:
        holding.release(ref=waste.pk, reason="Wastage refused", actor=f"user:{by}", now=now)
    return waste


def _decide(waste_id: UUID, by: int, to: WasteState, *, now: datetime) -> tuple[Wastage, bool]:
    """The locked row with the decision on it, and whether it was made just now."""
    rows = Wastage.objects.select_related("stock__store").select_for_update(of=("self",), no_key=True)
    waste = rows.filter(pk=waste_id).first()
    if waste is None or waste.state not in (WasteState.WAITING, to):
        raise NoSuchWastage("This does not wait for a decision any more.")
    if waste.state == to:
        return waste, False
    if waste.by_id == by:
        raise AnotherPerson("You asked for this yourself: another manager decides it.")
    waste.state, waste.decided_by_id, waste.decided_at = to, by, now
    waste.save(update_fields=["state", "decided_by", "decided_at"])
    live.touch(f"store.{waste.stock.store.code}", what="wastage", id=waste.stock.product_id)
    return waste, True


def _write_off(waste: Wastage, *, actor: str, now: datetime) -> None:
    words = WasteReason(waste.reason).label
    counting.waste(
        store_id=waste.stock.store_id, product_id=waste.stock.product_id, qty=waste.qty, batch_id=waste.batch_id,
        reason=f"{words}: {waste.note}" if waste.note else words, actor=actor, now=now, ref=waste.ref or waste.pk,
    )  # fmt: skip
    metrics.count("wasted_units_total", waste.qty, reason=waste.reason)
