"""What the store's floor does to an order: takes it, picks it, cannot find something, packs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from catalog.pricing.bill import short_of
from inventory import services as stock
from orders.errors import IllegalMove, NoSuchLine
from orders.events import LineRecalled, LineShorted, OrderPacked
from orders.models import Evidence, Order, OrderLine
from orders.services.ending import cancel_locked, give_back_promotions
from orders.services.mover import hint, joining, lock, step, subject
from orders.states import ON_SHELF, Status
from payments import services as money

NOTHING_FOUND = "Nothing of it could be found in the store"
ALL_RECALLED = "All of it was recalled by its maker"
BEFORE_PICKING = (Status.CONFIRMED, Status.ASSIGNED_TO_STORE)


@joining
def to_store(*, order_id: UUID, actor: str, now: datetime) -> Order:
    """CONFIRMED → ASSIGNED_TO_STORE: its pick task is open. Silent when it is there already."""
    order = lock(order_id)
    if order.status == Status.ASSIGNED_TO_STORE:
        return order
    return step(order, Status.ASSIGNED_TO_STORE, actor=actor, now=now)


@joining
def start_picking(*, order_id: UUID, actor: str, now: datetime) -> Order:
    """ASSIGNED_TO_STORE → PICKING: from here on the customer can't cancel by themself. Silent when repeated."""
    order = lock(order_id)
    if order.status == Status.PICKING:
        return order
    return step(order, Status.PICKING, actor=actor, now=now)


@transaction.atomic
def short_line(
    *, order_id: UUID, order_line_id: int, qty: int, actor: str, now: datetime, recalled: bool = False
) -> Order:
    """`qty` more units of a line can't be found; all as `short_lines` does it."""
    return short_lines(order_id=order_id, missing={order_line_id: qty}, actor=actor, now=now, recalled=recalled)


@transaction.atomic
def short_lines(
    *, order_id: UUID, missing: Mapping[int, int], actor: str, now: datetime, recalled: bool = False
) -> Order:
    """So many more units of these lines (by id) can't be found: bill down, stock corrected, money back if it was paid.
    With `recalled` they were recalled before they were picked, and stay in the store off sale; the picking need not
    have begun.

    Fees and the unit price stay as agreed, also below the quantity of a tier: the customer never pays more for our
    missing goods. When every unit of the order is short, the order is cancelled and everything is refunded. Each call
    is one act (the floor's nonce keeps repeats away). Raises IllegalMove unless it is
    being picked, NoSuchLine, Invalid when more than what is left of a line is asked for.
    """
    order = lock(order_id)
    if order.status != Status.PICKING and not (recalled and order.status in BEFORE_PICKING):
        raise IllegalMove("Only an order that is being picked can have missing items.", status_now=order.status)
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order, pk__in=list(missing))}
    if lines.keys() != missing.keys():
        raise NoSuchLine("This line is not part of the order.")
    by_paise = {line_id: _shorten(order, lines[line_id], qty) for line_id, qty in missing.items()}
    units = order.lines.aggregate(asked=Sum("qty"), short=Sum("short_qty"))
    nothing_left = units["asked"] == units["short"]
    if nothing_left:
        give_back_promotions(order, now=now)  # locked before payment and stock, as everywhere
    # When nothing is left there is one refund of everything, fees included, instead of a last small one and the rest.
    refunds = {}
    for line_id, qty in missing.items() if not nothing_left else ():
        line = lines[line_id]
        refunds[line_id] = money.lower_amount(
            ref=order.pk,
            by_paise=by_paise[line_id],
            reason=f"{line.name}: {qty} {'recalled' if recalled else 'not found'}"[:160],
            key=f"short:{line.pk}:{line.short_qty}",
            now=now,
        )
    if len(missing) > 1:
        stock.lock_held_by(ref=order.pk)
    for line_id, qty in missing.items():
        stock.release_part(
            ref=order.pk,
            product_id=lines[line_id].product_id,
            qty=qty,
            reason="Recalled" if recalled else "Not found while picking",
            actor=actor,
            now=now,
            missing=not recalled,
            recalled=recalled,
        )
    if nothing_left:
        return cancel_locked(order, reason=ALL_RECALLED if recalled else NOTHING_FOUND, actor=actor, now=now)
    for line_id, qty in missing.items():
        shorted = (LineRecalled if recalled else LineShorted)(
            order_id=order.pk,
            customer_id=order.customer_id,
            product_name=lines[line_id].name,
            qty=qty,
            refund_paise=refunds[line_id],
        )
        events.record(shorted, subject=subject(order), actor=actor)
    hint(order)
    return order


def _shorten(order: Order, line: OrderLine, qty: int) -> int:
    """The line and the bill without these units. Returns by how many paise the total goes down. Raises Invalid."""
    left = line.qty - line.short_qty
    if not 1 <= qty <= left:
        raise Invalid(f"Between 1 and {left} units of this line can still be missing.", left=left)
    short = short_of(
        unit_price_paise=line.unit_price_paise,
        gst_bp=line.gst_bp,
        discount_paise=line.discount_paise,
        units=left,
        missing=qty,
    )
    tax_before = line.tax_paise
    line.short_qty += qty
    line.discount_paise, line.tax_paise = short.discount_left_paise, short.tax_left_paise
    line.save(update_fields=["short_qty", "discount_paise", "tax_paise"])
    return lower_bill(order, short.items_paise, short.discount_paise, tax_before - line.tax_paise)


@joining
def packed(
    *, order_id: UUID, bag_codes: Sequence[str], shelf_slot: str, actor: str, now: datetime, volume_ml: int = 0
) -> Order:
    """PICKING → PACKED with these bags on this shelf slot; on to ASSIGNED_TO_PARTNER when a rider has accepted already.
    `volume_ml`: what is in the bags takes so much room in the rider's; 0 when nobody reckoned it.

    Silent when repeated with the same bags. Raises Invalid without bags.
    """
    order = lock(order_id)
    codes = list(dict.fromkeys(bag_codes))
    if order.status in ON_SHELF and order.bag_codes == codes:
        return order
    if not codes:
        raise Invalid("An order needs at least one bag.")
    order.bag_codes = codes
    order.shelf_slot = shelf_slot
    order.packed_at = now
    ready = OrderPacked(
        order_id=order.pk, store_code=order.store.code, bags=len(codes), shelf_slot=shelf_slot, volume_ml=volume_ml
    )
    step(order, Status.PACKED, actor=actor, now=now, fields=("bag_codes", "shelf_slot", "packed_at"), also=[ready])
    if order.rider_id_ref:
        step(order, Status.ASSIGNED_TO_PARTNER, actor=actor, now=now, why="The rider is already on the way")
    return order


def evidence(*, order_id: UUID, kind: str, detail: dict[str, Any], actor: str, now: datetime) -> Evidence:
    """Keep a fact about an order: a scan, a weight, a photo. Append only; no lock."""
    return Evidence.objects.create(order_id=order_id, kind=kind, detail=detail, actor=actor, at=now)


def lower_bill(order: Order, items_paise: int, discount_paise: int, tax_paise: int) -> int:
    """Take the items off the bill with their share of the discount. Returns by how much the total goes down."""
    before = order.total_paise
    order.items_paise -= items_paise
    order.tax_paise = max(0, order.tax_paise - tax_paise)
    order.discount_paise = min(order.discount_paise - discount_paise, order.items_paise)
    order.total_paise = (
        order.items_paise
        + order.delivery_paise
        + order.handling_paise
        + order.small_cart_paise
        + order.surge_paise
        + order.tip_paise
        - order.discount_paise
    )
    order.wallet_paise = min(order.wallet_paise, order.total_paise)  # the wallet is paid back last, as payments do it
    order.save(update_fields=["items_paise", "tax_paise", "discount_paise", "total_paise", "wallet_paise"])
    return before - order.total_paise
