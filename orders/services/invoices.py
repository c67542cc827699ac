"""Invoices and credit notes: made once, numbered without gaps, never changed.

An invoice is due when the goods leave the store: "before or at the time of removal of goods" (CGST Act, section
31(1)(a)). Nothing can be cancelled or left out after that, so every order that is brought has one and no order that
was cancelled before has. What goes back later is a credit note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Sum

from blinkit.kernel import metrics
from blinkit.kernel.money import tax_inside
from catalog import queries as goods
from orders import invoicing
from orders.claiming import Kind
from orders.claims import Claim, ClaimState
from orders.invoices import LETTER, DocumentKind, Supplier, TaxDocument, TaxLine
from orders.invoicing import Fee, Figures, Reduction, Sold, Standing
from orders.models import Order, OrderLine
from orders.queries.invoices import supplier_for
from orders.services.mover import joining, lock
from orders.states import Status

log = structlog.get_logger(__name__)

SWEEP_BACK = timedelta(days=15)
"""Slots are sold at most 14 days ahead: what was placed before this long was looked at often enough."""
NAMED_FROM_PAISE = 50_000_00
"""From this value on an invoice names its recipient by law, rule 46(e)."""
UNDELIVERED = "undelivered"
CAME_BACK = frozenset({Status.UNDELIVERED, Status.REFUNDED})
FEES = {"delivery": "Delivery", "handling": "Handling", "small_cart": "Small cart fee", "surge": "Busy hour fee"}
_DRAW = """
INSERT INTO orders_documentseries AS s (store_id, kind, gstin, year, last_serial, last_at)
VALUES (%s, %s, %s, %s, 1, %s)
ON CONFLICT (store_id, kind, gstin, year)
DO UPDATE SET last_serial = s.last_serial + 1, last_at = greatest(s.last_at, EXCLUDED.last_at)
RETURNING last_serial, last_at
"""
"""The row stays locked until the transaction ends: the next number is drawn only when this one is kept or given back.
A later number never has an earlier date."""


@joining
def keep_documents(*, order_id: UUID, now: datetime) -> list[TaxDocument]:
    """Make what is missing of an order's documents: its invoice, and a credit note for each reduction. Returns those.

    Repeating is silent. Silent too before the goods leave the store, after the last day for a credit note (section
    34(2)), and when nobody is named as the supplier: then `sweep_invoices` makes up for it. The order is locked, then
    the counter of numbers, which is the last lock of all.
    """
    order = lock(order_id)
    if order.picked_up_at is None:
        return []
    made: list[TaxDocument] = []
    invoice = TaxDocument.objects.filter(order=order, kind=DocumentKind.INVOICE).first()
    if invoice is None:
        supplier = supplier_for(order)
        if supplier is None:
            metrics.count("invoices_waiting_total", store=order.store.code)
            log.warning("invoice_without_supplier", store=order.store.code, order=order.number)
            return []
        invoice = _invoice(order, supplier, now=now)
        made.append(invoice)
    if now >= invoicing.credit_until(invoice.issued_at):
        return made
    if order.status in CAME_BACK:
        made += _credit_undelivered(order, invoice, now=now)
    elif order.delivered_at is not None:
        made += _credit_claims(order, invoice, now=now)
    return made


def sweep_invoices(*, now: datetime, limit: int = 500) -> int:
    """Make the documents that nobody made: of orders whose store had no supplier then. Returns of how many orders."""
    return make_for(due().filter(placed_at__gte=now - SWEEP_BACK)[:limit], now=now)


def due() -> QuerySet[Order]:
    """Orders that have left the store without an invoice, and whose store has a supplier; the oldest first."""
    made = TaxDocument.objects.filter(order=OuterRef("pk"), kind=DocumentKind.INVOICE)
    own = Supplier.objects.filter(store=OuterRef("store"))
    city = Supplier.objects.filter(city=OuterRef("store__city"))
    found = Order.objects.filter(Exists(own) | Exists(city), ~Exists(made), picked_up_at__isnull=False)
    return found.order_by("picked_up_at", "pk")


def make_for(orders: QuerySet[Order], *, now: datetime, told: Callable[[int], Any] = lambda made: None) -> int:
    """Each in a transaction of its own: one that does not add up is told and does not hold up the others. Returns of
    how many orders something was made."""
    made = 0
    for order_id in list(orders.values_list("pk", flat=True)):
        try:
            made += bool(keep_documents(order_id=order_id, now=now))
        except ValueError:
            log.exception("invoice_not_made", order_id=str(order_id))
            metrics.count("invoices_failed_total")
        told(made)
    return made


def forget_recipient(*, user_id: int) -> None:
    """Documents stay for 72 months (CGST Act, section 36); whose they were is blanked.

    Above ₹50,000 name and address are part of the invoice by law (rule 46(e)) and stay with it.
    """
    mine = TaxDocument.objects.filter(order__customer_id=user_id, supply_paise__lt=NAMED_FROM_PAISE)
    mine.exclude(recipient_name="", recipient_address="—").update(recipient_name="", recipient_address="—")


# -- invoices ---------------------------------------------------------------------------------------------------------


def figures_of(order: Order, lines: Iterable[OrderLine], *, supplier_state: str) -> Figures:
    """The invoice's figures out of the order's. Raises ValueError when they do not add up to its bill."""
    lines = list(lines)
    fees = [Fee(code, name, getattr(order, f"{code}_paise")) for code, name in FEES.items()]
    fees_paise = sum(fee.paise for fee in fees)
    fee_tax = order.tax_paise - sum(line.tax_paise for line in lines)
    rate = order.fee_gst_bp
    if rate is None:
        likely = [goods.fee_policy(order.store).fee_gst_bp]
        rate = invoicing.fee_rate(fees_paise=fees_paise, fee_tax_paise=fee_tax, likely=likely)
    figures = invoicing.make_figures(
        [_sold(line) for line in lines],
        fees,
        fee_tax_paise=fee_tax,
        fee_gst_bp=rate,
        tip_paise=order.tip_paise,
        supplier_state=supplier_state,
        place_of_supply=order.place_of_supply or supplier_state,
    )
    said = (figures.total_paise, figures.tax_paise, tax_inside(fees_paise, rate))
    billed = (order.total_paise, order.tax_paise, fee_tax)
    if said != billed:
        raise ValueError(f"Order {order.number}: invoice {said}, bill {billed} (total, tax, tax of the fees).")
    return figures


def _sold(line: OrderLine) -> Sold:
    return Sold(
        line_id=line.pk,
        name=line.name,
        pack=line.pack,
        hsn=line.hsn,
        qty=line.qty - line.short_qty,
        unit_price_paise=line.unit_price_paise,
        discount_paise=line.discount_paise,
        gst_bp=line.gst_bp,
        tax_paise=line.tax_paise,
    )


def _invoice(order: Order, supplier: Supplier, *, now: datetime) -> TaxDocument:
    figures = figures_of(order, order.lines.all(), supplier_state=supplier.state_code)
    tax = figures.tax
    assert order.picked_up_at is not None
    document = TaxDocument(
        kind=DocumentKind.INVOICE,
        order=order,
        title=figures.title,
        supplied_at=order.picked_up_at,
        supplier_name=supplier.legal_name,
        supplier_trade_name=supplier.trade_name,
        supplier_gstin=supplier.gstin,
        supplier_address=supplier.address,
        supplier_fssai=order.store.fssai or supplier.fssai,
        recipient_name=order.contact_name,
        recipient_address=order.address_text,
        place_of_supply=order.place_of_supply or supplier.state_code,
        taxable_paise=figures.taxable_paise,
        cgst_paise=tax.cgst_paise,
        sgst_paise=tax.sgst_paise,
        igst_paise=tax.igst_paise,
        cess_paise=0,
        round_off_paise=figures.round_off_paise,
        supply_paise=figures.supply_paise,
        tip_paise=figures.tip_paise,
        total_paise=figures.total_paise,
        payment_method=order.payment_method,
        wallet_paise=order.wallet_paise,
    )
    lines = [
        TaxLine(
            position=position,
            order_line_id=line.line_id,
            **{name: getattr(line, name) for name in line.__slots__ if name != "line_id"},
        )
        for position, line in enumerate(figures.lines, start=1)
    ]
    return _keep(document, lines, now=now)


def _keep(document: TaxDocument, lines: list[TaxLine], *, now: datetime) -> TaxDocument:
    """Number the document and write it. The number is drawn last, so that its row is locked for as short as can be."""
    kind = DocumentKind(document.kind)
    document.store = document.order.store
    document.year = invoicing.financial_year(now)
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, [document.store_id, kind.value, document.supplier_gstin, document.year, now])
        document.serial, document.issued_at = cursor.fetchone()
    document.number = invoicing.document_number(
        letter=LETTER[kind], store_id=document.store_id, year=document.year, serial=document.serial
    )
    document.save(force_insert=True)
    for line in lines:
        line.document = document
    TaxLine.objects.bulk_create(lines)
    metrics.count("tax_documents_total", kind=kind.value)
    return document


# -- credit notes -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Left:
    """An invoice as it stands: its rows, how much of each was taken back, and what is left of the tip."""

    rows: Mapping[int, TaxLine]
    lines: Sequence[Standing]
    tip_paise: int


def _credit_undelivered(order: Order, invoice: TaxDocument, *, now: datetime) -> list[TaxDocument]:
    """The goods came back: all that is left is taken back."""
    if TaxDocument.objects.filter(against=invoice, cause=UNDELIVERED).exists():
        return []
    left = _left(invoice)
    paise = sum(line.left_paise for line in left.lines) + left.tip_paise
    reason = f"Not delivered: {order.cancel_reason}" if order.cancel_reason else "Not delivered"
    parts, tip = invoicing.whole(left.lines, paise, tip_left_paise=left.tip_paise)
    return _credit_note(invoice, left, parts, tip_paise=tip, cause=UNDELIVERED, reason=reason, now=now)


def _credit_claims(order: Order, invoice: TaxDocument, *, now: datetime) -> list[TaxDocument]:
    known = set(TaxDocument.objects.filter(against=invoice).values_list("cause", flat=True))
    claims = Claim.objects.filter(order=order, state=ClaimState.REFUNDED).select_related("line")
    made: list[TaxDocument] = []
    for claim in claims.order_by("decided_at", "pk"):
        cause = f"claim:{claim.pk}"
        if cause in known or not invoicing.is_price_reduction(claim.kind):
            continue
        left = _left(invoice)
        parts, tip = _taken_back(claim, left)
        about = f"{claim.get_kind_display()}: {claim.line.name}" if claim.line else claim.get_kind_display()
        made += _credit_note(invoice, left, parts, tip_paise=tip, cause=cause, reason=about, qty=claim.qty, now=now)
    return made


def _taken_back(claim: Claim, left: _Left) -> tuple[list[Reduction], int]:
    """What of the invoice a refunded claim takes back. What a line has no more is goodwill."""
    if claim.line_id is None and claim.kind != Kind.LATE:
        return invoicing.whole(left.lines, claim.refund_paise, tip_left_paise=left.tip_paise)
    meant = [
        line
        for line in left.lines
        if (left.rows[line.key].order_line_id == claim.line_id if claim.line_id else line.code == "delivery")
    ]
    return [invoicing.reduce(line, min(claim.refund_paise, line.left_paise)) for line in meant if line.left_paise], 0


def _left(invoice: TaxDocument) -> _Left:
    rows = {row.pk: row for row in invoice.lines.annotate(credited=Sum("credits__total_paise", default=0))}
    amounts = ("total_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise")
    lines = [
        Standing(key=pk, code=row.code, credited_paise=row.credited, **{name: getattr(row, name) for name in amounts})
        for pk, row in rows.items()
    ]
    back = TaxDocument.objects.filter(against=invoice).aggregate(paise=Sum("tip_paise", default=0))["paise"]
    return _Left(rows, lines, invoice.tip_paise - back)


def _credit_note(
    invoice: TaxDocument,
    left: _Left,
    parts: Sequence[Reduction],
    *,
    tip_paise: int,
    cause: str,
    reason: str,
    qty: int = 0,
    now: datetime,
) -> list[TaxDocument]:
    """The document of these parts; none when there is nothing to take back.

    `qty` is what a claim about one line named; else the units of a line that is taken back at once as a whole.
    """
    if not parts:
        return []
    sums = {name: sum(getattr(part, name) for part in parts) for name in Reduction.__slots__ if name != "key"}
    supply = sums.pop("total_paise")
    copied = ("order", "supplied_at", "supplier_name", "supplier_trade_name", "supplier_gstin", "supplier_address",
              "supplier_fssai", "recipient_name", "recipient_address", "place_of_supply", "payment_method")  # fmt: skip
    document = TaxDocument(
        kind=DocumentKind.CREDIT_NOTE,
        title="credit-note",
        against=invoice,
        cause=cause,
        reason=reason[:160],
        supply_paise=supply,
        tip_paise=tip_paise,
        total_paise=supply + tip_paise,
        **sums,
        **{name: getattr(invoice, name) for name in copied},
    )
    lines = []
    for position, part in enumerate(parts, start=1):
        row = left.rows[part.key]
        units = qty or (row.qty if part.total_paise == row.total_paise else 0)
        same = ("order_line_id", "code", "name", "pack", "hsn", "uqc", "unit_price_paise", "gst_bp")
        amounts = {name: getattr(part, name) for name in Reduction.__slots__ if name != "key"}
        kept = {name: getattr(row, name) for name in same}
        lines.append(TaxLine(position=position, of=row, qty=units, **kept, **amounts))
    return [_keep(document, lines, now=now)]
