"""Units go from store to store. Dispatched = arrived + lost + in transit, and the ledger says the same (`audit`).

On their way they are in neither store's stock. Lock order: receipt, transfer, stock rows by key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from catalog.models import Product, Store
from inventory import fefo, states
from inventory.errors import BadQuantity, DeliveryMoved, NoSuchDelivery, UnitsHeld
from inventory.events import TransferDispatched
from inventory.inbound import (
    DiscrepancyKind,
    GoodsReceipt,
    ReceiptLine,
    Transfer,
    TransferLine,
    TransferLot,
    TransferState,
)
from inventory.models import Batch, BatchState, MovementKind
from inventory.services import ledger
from inventory.services.quarantine import block
from inventory.services.receiving import Arrival, receive

MOST_UNITS = 99_999


@transaction.atomic
def request_transfer(
    *, transfer_id: UUID, from_store_id: int, to_store_id: int, actor: str, now: datetime, note: str = ""
) -> Transfer:
    """One store asks another for units. Asked again with the same id it is silent. Raises Invalid for one store."""
    if from_store_id == to_store_id:
        raise Invalid("A transfer is between two stores. Choose another one.")
    known = set(Store.objects.filter(pk__in=[from_store_id, to_store_id]).values_list("pk", flat=True))
    if len(known) < 2:
        raise NoSuchDelivery("There is no such store.")
    made = {
        "from_store_id": from_store_id, "to_store_id": to_store_id, "note": note.strip()[:160], "requested_by": actor,
        "requested_at": now,
    }  # fmt: skip
    return Transfer.objects.get_or_create(pk=transfer_id, defaults=made)[0]


@transaction.atomic
def ask_for(*, transfer_id: UUID, product_id: int, units: int) -> None:
    """So many units of a product are wanted (0: none any more). Silent when repeated. Raises DeliveryMoved once it was
    dispatched, BadQuantity."""
    transfer = lock(transfer_id)
    _need_requested(transfer)
    if not 0 <= units <= MOST_UNITS:
        raise BadQuantity("Say how many units are wanted.")
    if units == 0:
        transfer.lines.filter(product_id=product_id).delete()
        return
    if not Product.objects.filter(pk=product_id).exists():
        raise NoSuchDelivery("There is no such product.")
    TransferLine.objects.update_or_create(transfer=transfer, product_id=product_id, defaults={"asked": units})


@transaction.atomic
def dispatch(*, transfer_id: UUID, actor: str, now: datetime, units: Mapping[int, int] | None = None) -> Transfer:
    """The units leave the shelf, all or nothing: what was asked for, or `units` per product instead (at most that).

    Only units that are for sale and nobody holds go, first expired first; each keeps its lot, expiry and cost. Silent
    when it was dispatched already. Raises UnitsHeld when too few are free (with what is), DeliveryMoved, BadQuantity.
    """
    transfer = lock(transfer_id)
    if transfer.state in (TransferState.DISPATCHED, TransferState.RECEIVED):
        return transfer
    states.check(states.TRANSFER_NEXT, TransferState(transfer.state), TransferState.DISPATCHED, number=transfer.number)
    asked = dict(transfer.lines.values_list("product_id", "asked"))
    going = {product_id: qty for product_id, qty in (asked if units is None else units).items() if qty}
    if not going or any(not 0 < qty <= asked.get(product_id, 0) for product_id, qty in going.items()):
        raise BadQuantity("Say how many units go: at least one, and no more than was asked for.")
    rows = ledger.lock_shelf(transfer.from_store_id, going)
    lots = ledger.lots(rows)
    takes = []
    short: dict[int, int] = dict.fromkeys(going, 0)
    for row in rows:
        open_lots = [(lot.id, lot.free) for lot in lots.get(row.id, []) if lot.is_open]
        here = fefo.allocate(open_lots, going[row.product_id])
        if fefo.units(here) == going[row.product_id]:
            del short[row.product_id]
        else:
            short[row.product_id] = sum(free for _, free in open_lots)
        takes += here
    if short:
        names = dict(Product.objects.filter(pk__in=short).values_list("pk", "name"))
        worst = min(short)
        raise UnitsHeld(
            say("{name}: only {n} units are free here. Send fewer.", name=names[worst], n=short[worst]), short=short
        )
    ledger.post(
        takes, MovementKind.DISPATCH, on_hand=-1, reason=transfer.number, actor=actor, now=now, rows=rows,
        ref=transfer.pk,
    )  # fmt: skip
    TransferLot.objects.bulk_create(
        TransferLot(transfer=transfer, batch_id=take.batch_id, sent=take.qty) for take in takes
    )
    transfer.state, transfer.dispatched_by, transfer.dispatched_at = TransferState.DISPATCHED, actor, now
    transfer.save(update_fields=["state", "dispatched_by", "dispatched_at"])
    events.record(
        TransferDispatched(
            transfer_id=transfer.pk, from_store=transfer.from_store.code, to_store=transfer.to_store.code,
            units=fefo.units(takes),
        ),
        subject=f"store:{transfer.to_store.code}",
        actor=actor,
    )  # fmt: skip
    live.touch(f"store.{transfer.to_store.code}", what="inbound", id=transfer.pk)
    return transfer


@transaction.atomic
def cancel_transfer(*, transfer_id: UUID, actor: str, now: datetime) -> Transfer:
    """Nothing goes. Silent when repeated. Raises DeliveryMoved once it is on its way."""
    transfer = lock(transfer_id)
    if transfer.state == TransferState.CANCELLED:
        return transfer
    states.check(states.TRANSFER_NEXT, TransferState(transfer.state), TransferState.CANCELLED, number=transfer.number)
    transfer.state, transfer.ended_by, transfer.ended_at = TransferState.CANCELLED, actor, now
    transfer.save(update_fields=["state", "ended_by", "ended_at"])
    return transfer


def arrive(
    transfer: Transfer, receipt: GoodsReceipt, lines: Sequence[ReceiptLine], *, actor: str, now: datetime
) -> Counter[tuple[int, str]]:
    """The receipt's units of a locked transfer become the store's stock, with the lot, expiry and cost they left with.

    Units that were sent and did not come in good order are lost. Units that were not sent are received too, without a
    cost. Lots recalled meanwhile arrive blocked. Returns units over and short, by product.
    """
    states.check(states.TRANSFER_NEXT, TransferState(transfer.state), TransferState.RECEIVED, number=transfer.number)
    lots = list(
        transfer.lots.select_related("batch__stock").order_by(F("batch__expires_on").asc(nulls_last=True), "batch_id")
    )
    left = {lot.pk: lot.sent for lot in lots}
    arrived: Counter[int] = Counter()
    found: Counter[tuple[int, str]] = Counter()
    over: list[Arrival] = []
    # Good ones first: a damaged unit must not use up the lot of one that is whole.
    for line in sorted(lines, key=lambda line: (not line.qty, not (line.lot or line.expires_on), line.pk)):
        extra = _take(lots, left, line, line.qty, arrived)
        if extra:
            over.append(_unsent(line, extra, lots))
        extra += _take(lots, left, line, line.damaged + line.refused, Counter())
        found[line.product_id, DiscrepancyKind.OVER.value] += extra
    for lot in lots:
        found[lot.batch.stock.product_id, DiscrepancyKind.SHORT.value] += left[lot.pk]
    came = [
        Arrival(lot.batch.stock.product_id, arrived[lot.pk], None, lot.batch.lot, lot.batch.expires_on,
                lot.batch.unit_cost_paise)
        for lot in lots if arrived[lot.pk]
    ]  # fmt: skip
    at = receipt.store_id
    reason = f"{receipt.number} {transfer.number}"
    if came and over:  # both sets of rows are locked at once, in key order
        receive(store_id=at, lines=[(x.product_id, 0, None) for x in came + over], reason=reason, actor=actor, now=now)
    receive(store_id=at, lines=came, reason=reason, actor=actor, now=now, kind=MovementKind.ARRIVE, ref=transfer.pk)
    receive(store_id=at, lines=over, reason=f"{reason}: not sent", actor=actor, now=now, ref=receipt.pk)
    for lot in lots:
        lot.arrived = arrived[lot.pk]
        lot.lost = lot.sent - lot.arrived
    TransferLot.objects.bulk_update(lots, ["arrived", "lost"])
    _block_recalled(transfer, lots, actor=actor, now=now)
    transfer.state, transfer.ended_by, transfer.ended_at = TransferState.RECEIVED, actor, now
    transfer.save(update_fields=["state", "ended_by", "ended_at"])
    return found


def lock(transfer_id: UUID, *, to_store_id: int | None = None) -> Transfer:
    rows = Transfer.objects.select_related("from_store", "to_store").select_for_update(of=("self",), no_key=True)
    transfer = rows.filter(pk=transfer_id).first()
    if transfer is None or to_store_id not in (None, transfer.to_store_id):
        raise NoSuchDelivery("There is no such transfer to this store.")
    return transfer


def _need_requested(transfer: Transfer) -> None:
    if transfer.state != TransferState.REQUESTED:
        raise DeliveryMoved(
            say("{number}: {state}. This cannot be done any more.", number=transfer.number,
                state=TransferState(transfer.state).label),
            state=transfer.state,
        )  # fmt: skip


def _take(lots: Sequence[TransferLot], left: dict[int, int], line: ReceiptLine, units: int, taken: Counter[int]) -> int:
    """Units of a line are of the sent lots it fits (a lot or day that was not read fits any). Returns those of none."""
    for lot in lots:
        batch = lot.batch
        fits = (
            batch.stock.product_id == line.product_id
            and line.lot in ("", batch.lot)
            and line.expires_on in (None, batch.expires_on)
        )
        if fits and units:
            here = min(units, left[lot.pk])
            left[lot.pk] -= here
            taken[lot.pk] += here
            units -= here
    return units


def _unsent(line: ReceiptLine, units: int, lots: Sequence[TransferLot]) -> Arrival:
    """Units more than were sent. Nothing read off the pack: they are of the sent lot that ends first."""
    same = [lot.batch for lot in lots if lot.batch.stock.product_id == line.product_id]
    if same and not line.lot and line.expires_on is None:
        return Arrival(line.product_id, units, None, same[0].lot, same[0].expires_on)
    return Arrival(line.product_id, units, None, line.lot, line.expires_on)


def _block_recalled(transfer: Transfer, lots: Sequence[TransferLot], *, actor: str, now: datetime) -> None:
    for lot in lots:
        source = lot.batch
        if lot.arrived and source.state == BatchState.QUARANTINED:
            for batch_id in Batch.objects.filter(
                stock__store_id=transfer.to_store_id, stock__product_id=source.stock.product_id, lot=source.lot,
                expires_on=source.expires_on,
            ).values_list("pk", flat=True):  # fmt: skip
                block(batch_id=batch_id, state=BatchState.QUARANTINED, reason=source.state_reason, actor=actor, now=now)
