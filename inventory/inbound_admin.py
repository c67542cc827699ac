"""Goods on their way in, in Django Admin: purchase orders are written here as drafts; receipts, transfers and
differences are looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from inventory.inbound import (
    Discrepancy,
    GoodsReceipt,
    PurchaseLine,
    PurchaseOrder,
    PurchaseState,
    ReceiptLine,
    Supplier,
    Transfer,
    TransferLine,
    TransferLot,
)
from inventory.services import inbound, purchase_csv

LARGEST_FILE = 1_000_000
SHOWN_PROBLEMS = 30


@admin.register(Supplier)
class SupplierAdmin(ModelAdmin):
    list_display = ("code", "name", "phone", "gstin", "fssai", "is_active")
    list_filter = ("is_active",)
    search_fields = ("=code", "name", "=gstin")
    ordering = ("name",)


class PurchaseForm(forms.ModelForm):
    lines_file = forms.FileField(
        required=False,
        label="Lines from a CSV file",
        help_text="Columns: sku (or barcode), units, cost (rupees for one)",
    )

    class Meta:
        model = PurchaseOrder
        fields = ("number", "supplier", "store", "expected_on", "note")

    def clean_lines_file(self) -> list[tuple[int, int, int]]:
        """All of the file or nothing: every mistake is named with its line."""
        file: UploadedFile | None = self.cleaned_data.get("lines_file")
        if not file:
            return []
        if (file.size or 0) > LARGEST_FILE:
            raise forms.ValidationError("This file is too large: 1 MB at most.")
        try:
            found = purchase_csv.read(file.read().decode("utf-8"))
        except UnicodeDecodeError:
            raise forms.ValidationError("This is no CSV file in UTF-8.") from None
        if found.problems:
            more = len(found.problems) - SHOWN_PROBLEMS
            shown = found.problems[:SHOWN_PROBLEMS] + ([f"… and {more} more."] if more > 0 else [])
            raise forms.ValidationError([forms.ValidationError(problem) for problem in shown])
        return found.rows


class PurchaseLineInline(TabularInline):
    model = PurchaseLine
    extra = 0
    fields = ("product", "ordered", "unit_cost_paise", "delivered", "accepted")
    readonly_fields = ("delivered", "accepted")
    autocomplete_fields = ("product",)
    ordering = ("pk",)
    per_page = 50

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == PurchaseState.DRAFT)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and (obj is None or obj.state == PurchaseState.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.state == PurchaseState.DRAFT)


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(ModelAdmin):
    form = PurchaseForm
    list_display = ("number", "supplier", "store", "state", "expected_on", "created_at")
    list_select_related = ("supplier", "store")
    list_filter = ("state", "store", "supplier", "expected_on")
    search_fields = ("=number", "supplier__name", "=lines__product__sku")
    search_help_text = "The whole number, the supplier's name, or a SKU."
    autocomplete_fields = ("supplier",)
    readonly_fields = ("state", "created_at", "sent_at", "ended_at")
    ordering = ("-created_at",)
    inlines = (PurchaseLineInline,)
    actions = ("send_to_supplier", "cancel_orders")
    show_full_result_count = False

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_purchaseorder"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == PurchaseState.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # an order is cancelled, not forgotten

    def save_model(self, request: HttpRequest, obj: PurchaseOrder, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if rows := form.cleaned_data.get("lines_file"):
            written = purchase_csv.write(purchase_id=form.instance.pk, rows=rows)
            self.message_user(request, f"{written} lines read from the file.", messages.SUCCESS)

    @admin.action(description="Send to the supplier…", permissions=["work"])
    def send_to_supplier(self, request: HttpRequest, queryset: QuerySet[PurchaseOrder]) -> Any:
        sentence = "These orders are sent: the stores expect the goods, and their lines cannot be changed any more."
        return self._ask_and_do(request, queryset, "send_to_supplier", sentence, inbound.send_purchase)

    @admin.action(description="Cancel…", permissions=["work"])
    def cancel_orders(self, request: HttpRequest, queryset: QuerySet[PurchaseOrder]) -> Any:
        sentence = "Nothing more of these orders is expected. What was received stays."
        return self._ask_and_do(request, queryset, "cancel_orders", sentence, inbound.cancel_purchase)

    def _ask_and_do(
        self, request: HttpRequest, queryset: QuerySet[PurchaseOrder], act: str, sentence: str, do: Callable[..., Any]
    ) -> Any:
        chosen = list(queryset.select_related("supplier", "store").order_by("pk"))
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "Are you sure?",
                "opts": self.model._meta,
                "chosen": chosen,
                "act": act,
                "sentence": sentence,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return render(request, "inventory/admin_sure.html", context)
        for order in chosen:
            try:
                do(purchase_id=order.pk, now=timezone.now())
            except Refusal as refusal:
                self.message_user(request, f"{order}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{order}: done.", messages.SUCCESS)
                self.log_change(request, order, act)
        return None


class LookedAt(ReadOnlyInline):
    ordering = ("pk",)
    per_page = 50


class ReceiptLineInline(LookedAt):
    model = ReceiptLine
    fields = readonly_fields = (
        "product", "lot", "expires_on", "qty", "damaged", "refused", "refused_why", "temperature_c", "actor", "at",
        "removed_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReceiptLine]:
        return super().get_queryset(request).select_related("product")


@admin.register(GoodsReceipt)
class GoodsReceiptAdmin(ReadOnly):
    list_display = ("number", "store", "state", "purchase", "transfer", "opened_by", "opened_at", "closed_at")
    list_select_related = ("store", "purchase", "transfer")
    list_filter = ("state", "store", "opened_at")
    search_fields = ("=id", "=purchase__number", "=lines__product__sku", "=lines__lot")
    search_help_text = "The whole id, a purchase order's number, a SKU or a lot."
    ordering = ("-opened_at",)
    inlines = (ReceiptLineInline,)
    show_full_result_count = False


class TransferLineInline(LookedAt):
    model = TransferLine
    fields = readonly_fields = ("product", "asked")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TransferLine]:
        return super().get_queryset(request).select_related("product")


class TransferLotInline(LookedAt):
    model = TransferLot
    fields = readonly_fields = ("product", "batch", "sent", "arrived", "lost", "in_transit")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TransferLot]:
        return super().get_queryset(request).select_related("batch__stock__product")

    @admin.display(description="product")
    def product(self, lot: TransferLot) -> str:
        return str(lot.batch.stock.product)


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    list_display = ("number", "from_store", "to_store", "state", "requested_by", "requested_at", "ended_at")
    list_select_related = ("from_store", "to_store")
    list_filter = ("state", "from_store", "to_store", "requested_at")
    search_fields = ("=id", "=lines__product__sku", "=lots__batch__lot")
    search_help_text = "The whole id, a SKU or a lot."
    ordering = ("-requested_at",)
    inlines = (TransferLineInline, TransferLotInline)
    show_full_result_count = False


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnly):
    list_display = ("at", "store", "product", "kind", "units", "receipt", "settled_at", "settlement")
    list_select_related = ("store", "product", "receipt")
    list_filter = ("kind", ("settled_at", admin.EmptyFieldListFilter), "store", "at")
    search_fields = ("=product__sku", "product__name", "=receipt__purchase__number")
    search_help_text = "A SKU, a product's name, or a purchase order's number."
    ordering = ("-id",)
    show_full_result_count = False
