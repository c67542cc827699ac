"""Invoices and credit notes as they are read: for the page, the PDF, the API and the administration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from orders.errors import NoSuchDocument
from orders.invoices import DocumentKind, Supplier, TaxDocument, TaxLine
from orders.invoicing import percent, rupees_in_words
from orders.models import Order
from payments.models import Method

STAFF = frozenset({"support", "ops", "admin"})
"""Roles that may look at anybody's invoice."""


@dataclass(frozen=True, slots=True)
class ByRate:
    """A row of the HSN summary."""

    hsn: str
    gst_bp: int
    qty: int
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    total_paise: int

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise

    @property
    def rate(self) -> str:
        return percent(self.gst_bp)


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with its lines (by position), its HSN summary and what belongs to it."""

    document: TaxDocument
    lines: tuple[TaxLine, ...]
    by_hsn: tuple[ByRate, ...]
    credit_notes: tuple[TaxDocument, ...]

    @property
    def words(self) -> str:
        return rupees_in_words(self.document.total_paise)

    @property
    def paid_paise(self) -> dict[str, int]:
        """What was paid how: {"wallet": …, "cod": …} in paise."""
        document = self.document
        rest = document.total_paise - document.wallet_paise
        method = Method(document.payment_method)
        ways = {"wallet": document.wallet_paise, method.value: rest if method != Method.WALLET else 0}
        return {way: paise for way, paise in ways.items() if paise}


def supplier_for(order: Order) -> Supplier | None:
    """The store's own supplier, else its city's."""
    found = Supplier.objects.filter(Q(store_id=order.store_id) | Q(city_id=order.store.city_id))
    return min(found, key=lambda supplier: supplier.store_id is None, default=None)


def invoice_of(order_id: UUID, *, customer_id: int | None) -> DocumentView:
    """The invoice of an order. With `customer_id` only that customer's. Raises NoSuchDocument."""
    found = _readable(order_id, customer_id).filter(kind=DocumentKind.INVOICE).first()
    if found is None:
        raise NoSuchDocument
    return _view(found)


def credit_note_of(order_id: UUID, note_id: UUID, *, customer_id: int | None) -> DocumentView:
    """A credit note of an order. Raises NoSuchDocument."""
    found = _readable(order_id, customer_id).filter(kind=DocumentKind.CREDIT_NOTE, pk=note_id).first()
    if found is None:
        raise NoSuchDocument
    return _view(found)


def has_invoice(order_id: UUID) -> bool:
    return TaxDocument.objects.filter(order_id=order_id, kind=DocumentKind.INVOICE).exists()


def _readable(order_id: UUID, customer_id: int | None) -> QuerySet[TaxDocument]:
    found = TaxDocument.objects.filter(order_id=order_id)
    if customer_id is not None:
        found = found.filter(order__customer_id=customer_id)
    notes = TaxDocument.objects.order_by("issued_at", "serial")
    return found.select_related("order__customer", "store", "against").prefetch_related(
        "lines__order_line", Prefetch("credit_notes", queryset=notes)
    )


def _view(document: TaxDocument) -> DocumentView:
    lines = tuple(document.lines.all())
    return DocumentView(document, lines, _by_hsn(lines), tuple(document.credit_notes.all()))


AMOUNTS = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise", "total_paise")


def _by_hsn(lines: tuple[TaxLine, ...]) -> tuple[ByRate, ...]:
    sums: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        row = sums.setdefault((line.hsn, line.gst_bp), [0] * (len(AMOUNTS) + 1))
        row[0] += line.qty if line.code == "goods" else 0
        for place, name in enumerate(AMOUNTS, start=1):
            row[place] += getattr(line, name)
    return tuple(ByRate(hsn, rate, *row) for (hsn, rate), row in sorted(sums.items()))


def document_json(view: DocumentView) -> dict[str, Any]:
    """JSON-able; what `GET /orders/{id}/invoice/` answers."""
    document = view.document
    names = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise", "round_off_paise",
             "supply_paise", "tip_paise", "total_paise")  # fmt: skip
    against = document.against
    return {
        "id": document.pk,
        "kind": document.kind,
        "title": document.title,
        "number": document.number,
        "issued_at": document.issued_at,
        "supplied_at": document.supplied_at,
        "order_id": document.order_id,
        "order_number": document.order.number,
        "against": None if against is None else {"number": against.number, "issued_at": against.issued_at},
        "reason": document.reason,
        "supplier": {
            "legal_name": document.supplier_name,
            "trade_name": document.supplier_trade_name,
            "gstin": document.supplier_gstin,
            "address": document.supplier_address,
            "state_code": document.supplier_gstin[:2],
            "fssai": document.supplier_fssai,
        },
        "recipient": {"name": document.recipient_name, "address": document.recipient_address},
        "place_of_supply": document.place_of_supply,
        "lines": [_line_json(line) for line in view.lines],
        "hsn": [{name: getattr(row, name) for name in ByRate.__slots__} for row in view.by_hsn],
        **{name: getattr(document, name) for name in names},
        "total_in_words": view.words,
        "paid": [{"how": how, "paise": paise} for how, paise in view.paid_paise.items()],
        "credit_notes": [
            {"id": note.pk, "number": note.number, "issued_at": note.issued_at, "total_paise": note.total_paise}
            for note in view.credit_notes
        ],
        "currency": "INR",
    }


def _line_json(line: TaxLine) -> Mapping[str, Any]:
    names = ("code", "name", "pack", "hsn", "uqc", "qty", "unit_price_paise", "discount_paise", "gst_bp", *AMOUNTS)
    return {name: getattr(line, name) for name in names}
