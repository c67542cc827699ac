"""Invoices and credit notes of one's own orders. Somebody else's order is not found; staff may look at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as S
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.permissions import roles_of
from orders.api.parts import customer_id_of
from orders.api.shapes import Money
from orders.invoices import DocumentKind
from orders.queries.invoices import STAFF, credit_note_of, document_json, invoice_of
from orders.web.invoices import pdf_response

NO_STORE = {"Cache-Control": "private, no-store"}
TITLES = ("tax-invoice", "bill-of-supply", "invoice-cum-bill", "credit-note")
PDF: dict[Any, Any] = {(200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY)}


class SupplierOut(S.Serializer[Any]):
    legal_name = S.CharField()
    trade_name = S.CharField()
    gstin = S.CharField()
    address = S.CharField()
    state_code = S.CharField(help_text="GST state code.")
    fssai = S.CharField(help_text="Food licence; empty when there is none.")


class RecipientOut(S.Serializer[Any]):
    name = S.CharField()
    address = S.CharField(help_text="“—” after the customer asked to be forgotten.")


class AgainstOut(S.Serializer[Any]):
    number = S.CharField()
    issued_at = S.DateTimeField()


class TaxLineOut(S.Serializer[Any]):
    code = S.CharField(help_text="goods, delivery, handling, small_cart or surge.")
    name = S.CharField()
    pack = S.CharField()
    hsn = S.CharField(help_text="HSN of goods, SAC of services.")
    uqc = S.CharField(help_text="Unit quantity code.")
    qty = S.IntegerField()
    unit_price_paise = Money()
    discount_paise = Money()
    gst_bp = S.IntegerField(help_text="Rate in basis points: 500 is 5 %.")
    taxable_paise = Money()
    cgst_paise = Money()
    sgst_paise = Money()
    igst_paise = Money()
    cess_paise = Money()
    total_paise = Money()


class HsnOut(S.Serializer[Any]):
    hsn = S.CharField()
    gst_bp = S.IntegerField()
    qty = S.IntegerField()
    taxable_paise = Money()
    cgst_paise = Money()
    sgst_paise = Money()
    igst_paise = Money()
    cess_paise = Money()
    total_paise = Money()


class PaidOut(S.Serializer[Any]):
    how = S.CharField(help_text="online, cod or wallet.")
    paise = Money()


class NoteOut(S.Serializer[Any]):
    id = S.UUIDField()
    number = S.CharField()
    issued_at = S.DateTimeField()
    total_paise = Money()


class InvoiceOut(S.Serializer[Any]):
    """Amounts of a credit note are what is taken back."""

    id = S.UUIDField()
    kind = S.ChoiceField(choices=DocumentKind.choices)
    title = S.ChoiceField(choices=[(title, title) for title in TITLES])
    number = S.CharField()
    issued_at = S.DateTimeField()
    supplied_at = S.DateTimeField(help_text="When the goods left the store.")
    order_id = S.UUIDField()
    order_number = S.CharField()
    against = AgainstOut(allow_null=True, help_text="Of a credit note: its invoice.")
    reason = S.CharField()
    supplier = SupplierOut()
    recipient = RecipientOut()
    place_of_supply = S.CharField(help_text="GST state code.")
    lines = TaxLineOut(many=True)
    hsn = HsnOut(many=True, help_text="Sums by HSN and rate.")
    taxable_paise = Money()
    cgst_paise = Money()
    sgst_paise = Money()
    igst_paise = Money()
    cess_paise = Money()
    round_off_paise = Money()
    supply_paise = Money(help_text="Taxable value, taxes and round-off.")
    tip_paise = Money(help_text="Outside of tax.")
    total_paise = Money(help_text="Supply and tip: what the order costs.")
    total_in_words = S.CharField()
    paid = PaidOut(many=True)
    credit_notes = NoteOut(many=True)
    currency = S.CharField()


def _owner(request: Request) -> int | None:
    return None if STAFF & roles_of(request.user) else customer_id_of(request)


class InvoiceView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="invoice", summary="Invoice of my order", tags=["orders"], responses=InvoiceOut)
    def get(self, request: Request, order_id: UUID) -> Response:
        """There from when the order leaves the store; before that 404 `no-such-document`. It never changes."""
        view = invoice_of(order_id, customer_id=_owner(request))
        return Response(document_json(view), headers=NO_STORE)


class InvoicePdfView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="invoice_pdf", summary="The invoice as PDF", tags=["orders"], responses=PDF)
    def get(self, request: Request, order_id: UUID) -> HttpResponse:
        """A4; with Hindi labels beside the English ones for a customer who reads Hindi."""
        view = invoice_of(order_id, customer_id=_owner(request))
        return pdf_response(view, user_id=customer_id_of(request))


class CreditNoteView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="credit_note", summary="A credit note", tags=["orders"], responses=InvoiceOut)
    def get(self, request: Request, order_id: UUID, note_id: UUID) -> Response:
        """What was taken back of the invoice, by line and tax; the invoice lists them under `credit_notes`."""
        view = credit_note_of(order_id, note_id, customer_id=_owner(request))
        return Response(document_json(view), headers=NO_STORE)


class CreditNotePdfView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="credit_note_pdf", summary="A credit note as PDF", tags=["orders"], responses=PDF)
    def get(self, request: Request, order_id: UUID, note_id: UUID) -> HttpResponse:
        view = credit_note_of(order_id, note_id, customer_id=_owner(request))
        return pdf_response(view, user_id=customer_id_of(request))


_NOTE = "orders/<uuid:order_id>/credit-notes/<uuid:note_id>"
invoice_urls: list[Any] = [
    path("orders/<uuid:order_id>/invoice/", InvoiceView.as_view(), name="api-invoice"),
    path("orders/<uuid:order_id>/invoice.pdf", InvoicePdfView.as_view(), name="api-invoice-pdf"),
    path(f"{_NOTE}/", CreditNoteView.as_view(), name="api-credit-note"),
    path(f"{_NOTE}.pdf", CreditNotePdfView.as_view(), name="api-credit-note-pdf"),
]
