"""An order's units come from another lot of the same product."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from inventory.errors import BadQuantity, OutOfStock
from inventory.models import Batch
from inventory.services import ledger
from inventory.services.cycle_counts import ask_for_count
from inventory.services.holding import LIVE_STATES
from inventory.services.quarantine import keeps, move_holds


@transaction.atomic
def take_other_lot(
    *, ref: UUID, product_id: int, from_batch_id: int, to_batch_id: int, qty: int, actor: str, now: datetime
) -> None:
    """`qty` units that `ref` holds of one lot are not where they should be: as many of another are held instead.

    The lot that was not found stays in the book, and its product is asked to be counted. Raises BadQuantity for more
    units than are held of the lot, OutOfStock(short) when the other has not as many free and good until the door.
    """
    rows = ledger.lock_held(ref, LIVE_STATES, product_id=product_id)
    held = ledger.execute(
        "SELECT l.hold_id, l.qty, h.arrives_at FROM inventory_holdlot AS l JOIN inventory_hold AS h ON h.id = l.hold_id"
        " WHERE h.ref = %(ref)s AND l.batch_id = %(batch)s AND h.state = ANY(%(states)s)",
        {"ref": ref, "batch": from_batch_id, "states": list(LIVE_STATES)},
    )
    if not rows or not held or not 1 <= qty <= held[0][1] or from_batch_id == to_batch_id:
        raise BadQuantity(f"{held[0][1] if held else 0} units are set aside of this lot, not {qty}.")
    hold_id, _units, arrives_at = held[0]
    lots = {lot.id: lot for lot in ledger.lots(rows, arrives_at=now).get(rows[0].id, [])}
    other = lots.get(to_batch_id)
    if other is None or other.free < qty or not keeps(other.sell_until, arrives_at or now):
        free = other.free if other and keeps(other.sell_until, arrives_at or now) else 0
        raise OutOfStock("There are not enough of this lot.", short={product_id: free})
    batch = Batch.objects.get(pk=from_batch_id)
    move = (hold_id, ref, to_batch_id, qty)
    move_holds(rows[0], batch, [move], reason="Not found by a picker", actor=actor, now=now)
    ask_for_count(stock_id=rows[0].id, actor=actor, now=now)
