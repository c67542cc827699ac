"""Recalls: a lot, or a whole product, off sale in every store at once, and whatever of it comes later too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid, NotFound
from inventory.events import RecallBegun, RecallEnded
from inventory.models import BatchState
from inventory.recalls import Recall
from inventory.services import ledger
from inventory.services.quarantine import block, unblock


def recall(*, product_id: int, lot: str, reason: str, actor: str, now: datetime) -> Recall:
    """Every batch of the lot (lot "": of the product) goes into quarantine, in every store; what comes later arrives in
    it. The same recall again blocks what is on sale by mistake and changes nothing else.

    The recall is committed first, so that goods being received at this moment are seen by one or by the other; then
    each batch is blocked in a transaction of its own. Raises Invalid without a reason.
    """
    lot, reason = lot.strip(), reason.strip()[:120]
    if not reason:
        raise Invalid("Say why it is recalled: stores and orders show it.")
    made = Recall(product_id=product_id, lot=lot, reason=reason, actor=actor, started_at=now)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            fact = RecallBegun(recall_id=made.pk, product_id=product_id, lot=lot, reason=reason)
            events.record(fact, subject=f"recall:{made.pk}", actor=actor)
    except IntegrityError:
        made = Recall.objects.get(product_id=product_id, lot=lot, ended_at=None)
    with transaction.atomic():  # waits for those who are making the product's first batch in some store
        ledger.execute("SELECT id FROM catalog_product WHERE id = %(id)s FOR UPDATE", {"id": product_id})
    _block(made.pk, actor=actor, now=now)
    return made


def end_recall(*, recall_id: int, reason: str, actor: str, now: datetime) -> Recall:
    """It was found to be good, or it is all gone: what is still there may be sold again, unless another recall or its
    dates speak against it. Silent when repeated. Raises NotFound, Invalid without a reason."""
    if not reason.strip():
        raise Invalid("Say why it may be sold again.")
    with transaction.atomic():
        found = Recall.objects.select_for_update().filter(pk=recall_id).first()
        if found is None:
            raise NotFound("There is no such recall.")
        if found.ended_at is None:
            found.ended_at, found.end_reason, found.ended_by = now, reason.strip()[:120], actor
            found.save(update_fields=["ended_at", "end_reason", "ended_by"])
            events.record(
                RecallEnded(recall_id=recall_id, reason=found.end_reason), subject=f"recall:{recall_id}", actor=actor
            )
    for batch_id in _matching(recall_id, "b.state = 'quarantined' AND NOT EXISTS (" + _LIVE_FOR_BATCH + ")"):
        unblock(batch_id=batch_id, reason=reason.strip(), actor=actor, now=now)
    return found


def sweep_recalls(*, now: datetime) -> int:
    """Block what is recalled and on sale all the same (it was received while the recall was written). How many."""
    live = Recall.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True)
    return sum(_block(recall_id, actor="system", now=now) for recall_id in live)


def note_told(*, recall_id: int, refs: Iterable[UUID], now: datetime) -> list[UUID]:
    """Those of the refs that have not been told of this recall before; they have been now."""
    found = ledger.execute(
        "INSERT INTO inventory_recallnotice (recall_id, ref, at)"
        " SELECT %(recall)s, ref, %(now)s FROM unnest(%(refs)s::uuid[]) AS w(ref) ORDER BY ref"
        " ON CONFLICT (recall_id, ref) DO NOTHING RETURNING ref",
        {"recall": recall_id, "refs": sorted(set(refs)), "now": now},
    )
    return [row[0] for row in found]


_LIVE_FOR_BATCH = (
    "SELECT 1 FROM inventory_recall AS other WHERE other.product_id = s.product_id AND other.ended_at IS NULL"
    " AND other.lot IN ('', b.lot)"
)


def _matching(recall_id: int, condition: str) -> list[int]:
    found = ledger.execute(
        "SELECT b.id FROM inventory_recall AS r JOIN inventory_stock AS s ON s.product_id = r.product_id"
        " JOIN inventory_batch AS b ON b.stock_id = s.id"
        f" WHERE r.id = %(id)s AND r.lot IN ('', b.lot) AND {condition} ORDER BY s.id, b.id",
        {"id": recall_id},
    )
    return [row[0] for row in found]


def _block(recall_id: int, *, actor: str, now: datetime) -> int:
    batches = _matching(recall_id, "b.state <> 'quarantined'")
    reason = Recall.objects.values_list("reason", flat=True).get(pk=recall_id)
    for batch_id in batches:
        block(batch_id=batch_id, state=BatchState.QUARANTINED, reason=reason, actor=actor, now=now)
    return len(batches)
