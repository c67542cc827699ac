"""Goods come in: purchase orders are sent, deliveries are entered line by line at the door and closed once.

Nothing is stock before a receipt is closed. Closing posts every good unit with its lot, expiry and cost in one
transaction, writes down what differs from what was expected, and says where the goods go. Lock order: receipt, purchase
order or transfer, stock rows by key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.said import say
from catalog.models import Product, Zone
from inventory import inbound_queries, putaway, states
from inventory.errors import (
    BadQuantity,
    DeliveryMoved,
    ExpiryNeeded,
    NoSuchBin,
    NoSuchDelivery,
    ShortDated,
    TemperatureNeeded,
    WrongZone,
)
from inventory.events import GoodsReceived
from inventory.inbound import (
    Discrepancy,
    DiscrepancyKind,
    GoodsReceipt,
    PurchaseOrder,
    PurchaseState,
    Putaway,
    ReceiptLine,
    ReceiptState,
    Refused,
    TransferState,
)
from inventory.models import Batch, BatchState, Bin, Movement
from inventory.services import ledger, transfers
from inventory.services.receiving import Arrival, life_at_door, receive

MOST_UNITS = 99_999
COLDEST_C, WARMEST_C = Decimal(-40), Decimal(60)
FARTHEST = timedelta(days=3653)
"""A last day of use more than ten years away, before or after, is a slip of the finger."""

KEEP, REFUSE = "keep", "refuse"
"""What may be done with goods that come too short-dated: taken in and kept off sale, or not taken in."""


def warmest_c(zone: str) -> Decimal | None:
    """The warmest at which goods of this zone are taken in, °C; None where nothing is measured.

    Chilled 5 and frozen −18: FSSAI, Schedule 4 of the Licensing Regulations 2011. Frozen goods may be up to 3 degrees
    warmer for a short while in transport (Directive 89/108/EEC, article 5), which is the tolerance at the door.
    """
    if zone == Zone.CHILLED:
        return Decimal(settings.RECEIVING_CHILLED_MAX_C)
    if zone == Zone.FROZEN:
        return Decimal(settings.RECEIVING_FROZEN_MAX_C + settings.RECEIVING_FROZEN_TOLERANCE_C)
    return None


# -- purchase orders ---------------------------------------------------------------------------------------------------


@transaction.atomic
def send_purchase(*, purchase_id: UUID, now: datetime) -> PurchaseOrder:
    """The order is with the supplier: from now on the store expects it. Silent when it was sent already.

    Raises DeliveryMoved once it ended, Invalid when it asks for nothing, NoSuchDelivery.
    """
    purchase = _lock_purchase(purchase_id)
    if purchase.state in states.COMING:
        return purchase
    states.check(states.PURCHASE_NEXT, PurchaseState(purchase.state), PurchaseState.SENT, number=purchase.number)
    if not purchase.lines.exists():
        raise Invalid("This order asks for nothing yet: add its lines first.")
    purchase.state, purchase.sent_at = PurchaseState.SENT, now
    purchase.save(update_fields=["state", "sent_at"])
    return purchase


@transaction.atomic
def cancel_purchase(*, purchase_id: UUID, now: datetime) -> PurchaseOrder:
    """Nothing more of it is expected. Silent when repeated. Raises DeliveryMoved once it was received, or while
    somebody is receiving it."""
    purchase = _lock_purchase(purchase_id)
    if purchase.state == PurchaseState.CANCELLED:
        return purchase
    states.check(states.PURCHASE_NEXT, PurchaseState(purchase.state), PurchaseState.CANCELLED, number=purchase.number)
    if purchase.receipts.filter(state=ReceiptState.OPEN).exists():
        raise DeliveryMoved("It is being received right now. Close or give up that receipt first.", state="open")
    purchase.state, purchase.ended_at = PurchaseState.CANCELLED, now
    purchase.save(update_fields=["state", "ended_at"])
    return purchase


# -- at the door -------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_receipt(
    *,
    store_id: int,
    actor: str,
    now: datetime,
    purchase_id: UUID | None = None,
    transfer_id: UUID | None = None,
    receipt_id: UUID | None = None,
) -> GoodsReceipt:
    """Somebody begins to receive a purchase order, a transfer, or (with a `receipt_id` of the form's making) goods that
    belong to neither. Whoever comes second gets the receipt that is open already.

    Raises NoSuchDelivery for another store's, DeliveryMoved when there is nothing to receive any more.
    """
    there: GoodsReceipt | None
    purchase, transfer = None, None
    if purchase_id is not None:
        purchase = _lock_purchase(purchase_id, store_id=store_id)
        there = purchase.receipts.filter(state=ReceiptState.OPEN).first()
        if there is None and purchase.state not in states.COMING:
            raise DeliveryMoved(
                say("{number}: {state}. There is nothing to receive.", number=purchase.number,
                    state=PurchaseState(purchase.state).label),
                state=purchase.state,
            )  # fmt: skip
    elif transfer_id is not None:
        transfer = transfers.lock(transfer_id, to_store_id=store_id)
        there = transfer.receipts.exclude(state=ReceiptState.CANCELLED).first()
        if there is None and transfer.state != TransferState.DISPATCHED:
            raise DeliveryMoved(
                say("{number}: {state}. There is nothing to receive.", number=transfer.number,
                    state=TransferState(transfer.state).label),
                state=transfer.state,
            )  # fmt: skip
    else:
        there = GoodsReceipt.objects.filter(pk=receipt_id).first() if receipt_id else None
        if there is not None and there.store_id != store_id:
            raise NoSuchDelivery("There is no such receipt in this store.")
    if there is not None:
        return there
    made = {"store_id": store_id, "purchase": purchase, "transfer": transfer, "opened_by": actor, "opened_at": now}
    if receipt_id is None or purchase is not None or transfer is not None:
        return GoodsReceipt.objects.create(**made)
    return GoodsReceipt.objects.get_or_create(pk=receipt_id, defaults=made)[0]


@transaction.atomic
def enter_line(
    *,
    receipt_id: UUID,
    product_id: int,
    nonce: str,
    actor: str,
    now: datetime,
    qty: int = 0,
    damaged: int = 0,
    lot: str = "",
    expires_on: date | None = None,
    temperature_c: Decimal | None = None,
    if_short: str = "",
) -> ReceiptLine:
    """Units of one product and lot stand at the door: good ones, and damaged ones. Silent when sent again (same nonce).

    Chilled and frozen goods need a temperature. When they are too warm, or too short-dated and `if_short` is REFUSE,
    the line is written down as refused and nothing of it becomes stock. With KEEP the units come in but stay off sale.
    Fruit and vegetables without a date get the day and their usual life. Raises ShortDated when `if_short` is empty,
    ExpiryNeeded, TemperatureNeeded, BadQuantity, Invalid, DeliveryMoved, NoSuchDelivery.
    """
    receipt = _lock_receipt(receipt_id)
    if (there := receipt.lines.filter(nonce=nonce).first()) is not None:
        return there
    _need_open(receipt)
    if min(qty, damaged) < 0 or max(qty, damaged) > MOST_UNITS or qty + damaged == 0:
        raise BadQuantity("Say how many units came.")
    product = Product.objects.filter(pk=product_id).first()
    if product is None:
        raise NotFound("There is no such product.")
    if expires_on is not None and abs(expires_on - now.date()) > FARTHEST:
        raise Invalid("This last day of use is more than ten years away. Look at it again.")
    lot = lot.strip()[:40]
    today, last = life_at_door(store_id=receipt.store_id, product_id=product_id, expires_on=expires_on, now=now)
    # What was sent knows its own last day.
    is_known = receipt.transfer is not None and receipt.transfer.lots.filter(batch__stock__product=product).exists()
    if expires_on is None and product.shelf_life_days and not is_known:
        if product.zone != Zone.PRODUCE:
            raise ExpiryNeeded("Type the last day of use: it is printed on the pack.")
        expires_on = today + timedelta(days=product.shelf_life_days)
        last = None
    line = ReceiptLine(
        receipt=receipt, product=product, lot=lot, expires_on=expires_on, qty=qty, damaged=damaged, nonce=nonce,
        temperature_c=_measured(product.zone, temperature_c), actor=actor, at=now,
    )  # fmt: skip
    if line.temperature_c is not None and line.temperature_c > (warmest_c(product.zone) or WARMEST_C):
        _refuse(line, Refused.TEMPERATURE)
    elif qty and last is not None and last < now:
        if if_short == KEEP:
            line.stays_blocked = True
        elif if_short == REFUSE:
            _refuse(line, Refused.SHORT_DATED)
        else:
            raise ShortDated(
                say("Too short-dated: last day {day}. It cannot be sold any more.", day=f"{expires_on:%d %b %Y}"),
                expires_on=expires_on,
            )
    line.save(force_insert=True)
    return line


@transaction.atomic
def take_line_back(*, receipt_id: UUID, line_id: int, now: datetime) -> None:
    """A line was wrong. Silent when repeated. Raises DeliveryMoved once the receipt is closed."""
    receipt = _lock_receipt(receipt_id)
    line = receipt.lines.filter(pk=line_id).first()
    if line is None:
        raise NoSuchDelivery("There is no such line.")
    if line.removed_at is None:
        _need_open(receipt)
        line.removed_at = now
        line.save(update_fields=["removed_at"])


@transaction.atomic
def give_up(*, receipt_id: UUID, actor: str, now: datetime) -> None:
    """The receipt was opened by mistake: nothing of it becomes stock. Silent when repeated. Raises DeliveryMoved once
    it is closed."""
    receipt = _lock_receipt(receipt_id)
    if receipt.state != ReceiptState.CANCELLED:
        _need_open(receipt)
        receipt.state, receipt.closed_by, receipt.closed_at = ReceiptState.CANCELLED, actor, now
        receipt.save(update_fields=["state", "closed_by", "closed_at"])


@transaction.atomic
def close(*, receipt_id: UUID, actor: str, now: datetime, more_to_come: bool = False) -> GoodsReceipt:
    """All that came is entered: the good units become stock, a batch per lot, and the differences are written down.

    With `more_to_come` what is missing of a purchase order is still expected; else it is short and the order is done.
    What did not arrive of a transfer is lost. Closing again is silent. Raises DeliveryMoved, Invalid when nothing was
    entered (a transfer may come empty). A fixed number of statements, however many lines.
    """
    receipt = _lock_receipt(receipt_id)
    if receipt.state == ReceiptState.CLOSED:
        return receipt
    _need_open(receipt)
    lines = list(receipt.lines.filter(removed_at=None).order_by("pk"))
    if not lines and receipt.transfer_id is None:
        raise Invalid("Nothing is entered yet. Scan what came first.")
    found = _judged(lines)
    if receipt.transfer_id is not None:
        transfer = transfers.lock(receipt.transfer_id)
        found += transfers.arrive(transfer, receipt, lines, actor=actor, now=now)
        ordered_as = transfer.number
    else:
        purchase = _lock_purchase(receipt.purchase_id) if receipt.purchase_id else None
        ordered_as = purchase.number if purchase else ""
        costs = dict(purchase.lines.values_list("product_id", "unit_cost_paise")) if purchase else {}
        receive(
            store_id=receipt.store_id, lines=arrivals(lines, costs), actor=actor, now=now, ref=receipt.pk,
            reason=f"{receipt.number} {ordered_as}".strip(),
        )  # fmt: skip
        if purchase is not None:
            found += _settle_purchase(purchase, lines, more_to_come=more_to_come, now=now)
    Discrepancy.objects.bulk_create(
        Discrepancy(store_id=receipt.store_id, receipt=receipt, product_id=product_id, kind=kind, units=units, at=now)
        for (product_id, kind), units in sorted(found.items())
        if units
    )
    units = _to_put_away(receipt, now=now)
    receipt.state, receipt.closed_by, receipt.closed_at = ReceiptState.CLOSED, actor, now
    receipt.save(update_fields=["state", "closed_by", "closed_at"])
    code = receipt.store.code
    events.record(
        GoodsReceived(
            store_code=code, receipt_id=receipt.pk, ordered_as=ordered_as, units=units,
            differences=sum(1 for units in found.values() if units),
        ),
        subject=f"store:{code}",
        actor=actor,
    )  # fmt: skip
    live.touch(f"store.{code}", what="inbound", id=receipt.pk)
    return receipt


@transaction.atomic
def settle(*, discrepancy_id: int, store_id: int, settlement: str, actor: str, now: datetime) -> None:
    """A manager says how a difference was settled (credit note, written off). Silent when it was settled already."""
    row = Discrepancy.objects.select_for_update(no_key=True).filter(pk=discrepancy_id, store_id=store_id).first()
    if row is None:
        raise NoSuchDelivery("There is no such difference.")
    if not settlement.strip():
        raise Invalid("Say how it was settled.")
    if row.settled_at is None:
        row.settled_at, row.settled_by, row.settlement = now, actor, settlement.strip()[:160]
        row.save(update_fields=["settled_at", "settled_by", "settlement"])


# -- to its place ------------------------------------------------------------------------------------------------------


@transaction.atomic
def put_away(*, putaway_id: int, store_id: int, bin_code: str, actor: str, now: datetime) -> Putaway:
    """The units lie in this bin now. A product without a home gets it; else the lot is said to lie there.

    Silent when it was put away already. Raises NoSuchBin, WrongZone, NoSuchDelivery.
    """
    stock_id = (
        Putaway.objects.filter(pk=putaway_id, store_id=store_id).values_list("batch__stock_id", flat=True).first()
    )
    if stock_id is None:
        raise NoSuchDelivery("There is nothing like that to put away.")
    ledger.lock_stock([stock_id])
    todo = Putaway.objects.select_related("batch__stock__product", "bin").get(pk=putaway_id)
    if todo.done_at is not None:
        return todo
    place = Bin.objects.filter(store_id=store_id, code__iexact=bin_code.strip()).first()
    if place is None:
        raise NoSuchBin("There is no such bin in this store. Scan the label on the shelf.")
    stock, batch = todo.batch.stock, todo.batch
    if place.zone != stock.product.zone:
        raise WrongZone(
            say("{bin} is a bin for: {zone}. This goes to: {wanted}.", bin=place.code, zone=Zone(place.zone).label
                if place.zone in Zone.values else place.zone, wanted=Zone(stock.product.zone).label),
            wanted=stock.product.zone, zone=place.zone,
        )  # fmt: skip
    if stock.bin_id is None:
        stock.bin = place
        stock.save(update_fields=["bin"])
    batch.bin = None if stock.bin_id == place.pk else place
    batch.save(update_fields=["bin"])
    todo.bin, todo.done_at, todo.done_by = place, now, actor
    todo.save(update_fields=["bin", "done_at", "done_by"])
    return todo


# -- inside ------------------------------------------------------------------------------------------------------------


def arrivals(lines: Iterable[ReceiptLine], costs: dict[int, int]) -> list[Arrival]:
    return [
        Arrival(line.product_id, line.qty, None, line.lot, line.expires_on, costs.get(line.product_id))
        for line in lines
        if line.qty
    ]


def _lock_receipt(receipt_id: UUID) -> GoodsReceipt:
    rows = GoodsReceipt.objects.select_related("store").select_for_update(of=("self",), no_key=True)
    receipt = rows.filter(pk=receipt_id).first()
    if receipt is None:
        raise NoSuchDelivery("There is no such receipt.")
    return receipt


def _lock_purchase(purchase_id: UUID, *, store_id: int | None = None) -> PurchaseOrder:
    purchase = PurchaseOrder.objects.select_for_update(no_key=True).filter(pk=purchase_id).first()
    if purchase is None or store_id not in (None, purchase.store_id):
        raise NoSuchDelivery("There is no such purchase order for this store.")
    return purchase


def _need_open(receipt: GoodsReceipt) -> None:
    if receipt.state != ReceiptState.OPEN:
        raise DeliveryMoved("This receipt is closed. Open a new one for what came later.", state=receipt.state)


def _measured(zone: str, temperature_c: Decimal | None) -> Decimal | None:
    if warmest_c(zone) is None:
        return None
    if temperature_c is None:
        raise TemperatureNeeded("Measure it first: chilled and frozen goods need their temperature.")
    if not COLDEST_C <= temperature_c <= WARMEST_C:
        raise TemperatureNeeded("This is no temperature of food. Read the thermometer again.")
    return temperature_c.quantize(Decimal("0.1"))


def _refuse(line: ReceiptLine, why: Refused) -> None:
    line.refused, line.qty, line.refused_why = line.qty, 0, why
    if not line.refused:  # only damaged ones, and too warm: they are refused as what they are
        line.refused_why = Refused.NO


def _judged(lines: Iterable[ReceiptLine]) -> Counter[tuple[int, str]]:
    """Units that came and were not good, by product and kind."""
    found: Counter[tuple[int, str]] = Counter()
    for line in lines:
        found[line.product_id, DiscrepancyKind.DAMAGED.value] += line.damaged
        if line.refused:
            found[line.product_id, line.refused_why] += line.refused
        if line.stays_blocked:
            found[line.product_id, DiscrepancyKind.SHORT_DATED.value] += line.qty
    return found


def _settle_purchase(
    purchase: PurchaseOrder, lines: Sequence[ReceiptLine], *, more_to_come: bool, now: datetime
) -> Counter[tuple[int, str]]:
    """The order knows what came; returns the units over and short."""
    came, good = Counter[int](), Counter[int]()
    for line in lines:
        came[line.product_id] += line.qty + line.damaged + line.refused
        good[line.product_id] += line.qty
    due = {line.product_id: max(0, line.ordered - line.delivered) for line in purchase.lines.all()}
    found: Counter[tuple[int, str]] = Counter()
    for product_id, units in came.items():
        found[product_id, DiscrepancyKind.OVER.value] = max(0, units - due.get(product_id, 0))
    missing = {product_id: units - came[product_id] for product_id, units in due.items() if units > came[product_id]}
    to = PurchaseState.PARTLY if more_to_come and missing else PurchaseState.RECEIVED
    if to == PurchaseState.RECEIVED:
        for product_id, units in missing.items():
            found[product_id, DiscrepancyKind.SHORT.value] = units
    ledger.execute(
        "UPDATE inventory_purchaseline AS l SET delivered = l.delivered + w.came, accepted = l.accepted + w.good"
        " FROM unnest(%(products)s::bigint[], %(came)s::int[], %(good)s::int[]) AS w(product_id, came, good)"
        " WHERE l.purchase_id = %(purchase)s AND l.product_id = w.product_id RETURNING l.id",
        {"purchase": purchase.pk, "products": list(came), "came": list(came.values()), "good": [good[p] for p in came]},
    )
    states.check(states.PURCHASE_NEXT, PurchaseState(purchase.state), to, number=purchase.number)
    purchase.state, purchase.ended_at = to, now if to == PurchaseState.RECEIVED else None
    purchase.save(update_fields=["state", "ended_at"])
    return found


def _to_put_away(receipt: GoodsReceipt, *, now: datetime) -> int:
    """A row for each batch of this receipt that is for sale, with a suggested bin. Returns all units that came in."""
    refs = [ref for ref in (receipt.pk, receipt.transfer_id) if ref]
    came = dict(
        Movement.objects.filter(ref__in=refs, stock__store_id=receipt.store_id, on_hand_delta__gt=0)
        .values_list("batch_id")
        .annotate(Sum("on_hand_delta"))
    )
    batches = list(
        Batch.objects.filter(pk__in=came, state=BatchState.OPEN)
        .select_related("stock__product", "stock__bin", "bin")
        .order_by("stock__product_id", "pk")
    )
    places = inbound_queries.places(store_id=receipt.store_id)
    bins = {place.code: bin_id for bin_id, place in places}
    goods = [
        putaway.Goods(
            batch.stock.product_id, batch.stock.product.zone, batch.stock.product.category_id,
            batch.stock.product.popularity, batch.stock.bin.code if batch.stock.bin else None,
            batch.bin.code if batch.bin and batch.on_hand > came[batch.pk] else None,
        )
        for batch in batches
    ]  # fmt: skip
    Putaway.objects.bulk_create(
        Putaway(
            store_id=receipt.store_id, batch=batch, ref=receipt.pk, qty=came[batch.pk], made_at=now,
            suggested_id=bins[suggestion.bin_code] if suggestion.bin_code else None, why=suggestion.why,
        )
        for batch, suggestion in zip(batches, putaway.plan(goods, [place for _, place in places]), strict=True)
    )  # fmt: skip
    return sum(came.values())
