"""Suppliers, invoices and series in Django Admin, and the month's GSTR-1 as a file."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from orders.invoices import DocumentSeries, Supplier, TaxDocument, TaxLine
from orders.invoicing.numbers import IST
from orders.queries.gstr1 import suppliers
from orders.services.gstr1 import write_gstr1
from orders.services.invoices import sweep_invoices


@admin.register(Supplier)
class SupplierAdmin(ModelAdmin):
    list_display = ("legal_name", "gstin", "city", "store", "fssai", "changed_at")
    list_select_related = ("city", "store")
    search_fields = ("legal_name", "=gstin")
    actions = ("make_missing",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.change_supplier"))

    @admin.action(description="Make invoices that are missing now (of the last 15 days)", permissions=["work"])
    def make_missing(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        made = sweep_invoices(now=timezone.now())
        self.message_user(request, f"Invoices of {made} orders were made.", messages.SUCCESS)


class TaxLineInline(TabularInline):
    hide_title = True
    model = TaxLine
    fk_name = "document"
    extra = 0
    can_delete = False
    fields = readonly_fields = ("position", "name", "hsn", "qty", "gst_bp", "taxable", "tax", "total")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="taxable")
    def taxable(self, line: TaxLine) -> str:
        return rupees(line.taxable_paise)

    @admin.display(description="tax")
    def tax(self, line: TaxLine) -> str:
        return rupees(line.tax_paise)

    @admin.display(description="total")
    def total(self, line: TaxLine) -> str:
        return rupees(line.total_paise)


class Gstr1Form(forms.Form):
    month = forms.RegexField(r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z", help_text="2026-11")
    gstin = forms.ChoiceField(label="GSTIN")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["gstin"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(gstin, f"{gstin} {name}".strip()) for gstin, name in suppliers()]


@admin.register(TaxDocument)
class TaxDocumentAdmin(ReadOnly):
    """Frozen by the database too."""

    list_display = ("number", "kind", "issued_at", "order", "place_of_supply", "total", "tax", "page")
    list_select_related = ("order",)
    list_filter = ("kind", "issued_at", "store")
    search_fields = ("=number", "=order__number", "=supplier_gstin")
    search_help_text = "Number of the document or of the order, or a GSTIN."
    ordering = ("-issued_at", "-serial")
    show_full_result_count = False
    inlines = (TaxLineInline,)
    list_before_template = "orders/admin_gstr1_link.html"

    @admin.display(description="total", ordering="total_paise")
    def total(self, document: TaxDocument) -> str:
        return rupees(document.total_paise)

    @admin.display(description="tax")
    def tax(self, document: TaxDocument) -> str:
        return rupees(document.tax_paise)

    @admin.display(description="")
    def page(self, document: TaxDocument) -> SafeString:
        part = f"credit-notes/{document.pk}" if document.is_credit_note else "invoice"
        return format_html('<a href="/orders/{}/{}.pdf">PDF</a>', document.order_id, part)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.view_taxdocument"))

    def get_urls(self) -> list[Any]:
        own = [path("gstr1/", self.admin_site.admin_view(self.gstr1), name="orders_taxdocument_gstr1")]
        return own + super().get_urls()

    def gstr1(self, request: HttpRequest) -> HttpResponseBase:
        """Choose a month and a GSTIN; the answer is a ZIP of what `manage.py gstr1` writes."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        this_month = timezone.now().astimezone(IST).strftime("%Y-%m")
        form = Gstr1Form(request.POST or None, initial={"month": this_month})
        if form.is_bound and form.is_valid():
            return _zipped(month=form.cleaned_data["month"], gstin=form.cleaned_data["gstin"])
        context = {**self.admin_site.each_context(request), "title": "GSTR-1", "opts": self.model._meta, "form": form}
        return render(request, "orders/admin_gstr1.html", context)


def _zipped(*, month: str, gstin: str) -> FileResponse:
    """On disk and not in memory, whatever its size."""
    out = tempfile.TemporaryFile()  # noqa: SIM115 — the response closes it
    with tempfile.TemporaryDirectory() as folder:
        files = write_gstr1(month=month, gstin=gstin, into=Path(folder))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=f"gstr1-{gstin}-{month}.zip", content_type="application/zip")


@admin.register(DocumentSeries)
class DocumentSeriesAdmin(ReadOnly):
    list_display = ("store", "kind", "gstin", "year", "last_serial", "last_at")
    list_select_related = ("store",)
    list_filter = ("kind", "year", "store")
    ordering = ("-year", "store", "kind")
