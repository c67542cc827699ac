"""Counts, wastage and orders to suppliers in Django Admin: policies are edited, everything else is looked at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from inventory import services
from inventory.counts import (
    CasePack,
    CountSheet,
    CountTask,
    ReorderPoint,
    ReplenishmentSuggestion,
    ShelfPolicy,
    SuggestionState,
    Wastage,
)


@admin.register(ShelfPolicy)
class ShelfPolicyAdmin(ModelAdmin):
    list_display = ("__str__", "counts_per_day", "approve_units", "waste_approve_paise", "lead_time_h", "cover_days")
    list_select_related = ("store",)


@admin.register(CasePack)
class CasePackAdmin(ModelAdmin):
    list_display = ("product", "units")
    list_select_related = ("product",)
    search_fields = ("product__name", "=product__sku")
    autocomplete_fields = ("product",)


class SheetInline(ReadOnlyInline):
    model = CountSheet
    fields = readonly_fields = ("round", "by", "at", "lots_counted")

    @admin.display(description="lot: counted / expected")
    def lots_counted(self, sheet: CountSheet) -> str:
        rows = sheet.lots.select_related("batch").order_by("pk")
        return ", ".join(f"{row.batch or 'not known'}: {row.counted} / {row.expected}" for row in rows)


@admin.register(CountTask)
class CountTaskAdmin(ReadOnly):
    list_display = ("product", "store", "state", "abc", "score", "found", "difference", "left_units", "made_at")
    list_select_related = ("stock__product", "stock__store")
    list_filter = ("state", "abc", "stock__store")
    search_fields = ("=stock__product__sku", "stock__product__name")
    ordering = ("-made_at",)
    show_full_result_count = False
    inlines = (SheetInline,)

    @admin.display(description="product")
    def product(self, row: CountTask) -> str:
        return str(row.stock.product)

    @admin.display(description="store")
    def store(self, row: CountTask) -> str:
        return row.stock.store.code


@admin.register(Wastage)
class WastageAdmin(ReadOnly):
    list_display = ("product", "store", "qty", "reason", "value", "state", "by", "decided_by", "at")
    list_select_related = ("stock__product", "stock__store", "by", "decided_by")
    list_filter = ("state", "reason", "stock__store")
    search_fields = ("=stock__product__sku", "stock__product__name", "=ref")
    ordering = ("-at",)
    show_full_result_count = False

    @admin.display(description="product")
    def product(self, row: Wastage) -> str:
        return str(row.stock.product)

    @admin.display(description="store")
    def store(self, row: Wastage) -> str:
        return row.stock.store.code

    @admin.display(description="value")
    def value(self, row: Wastage) -> str:
        return rupees(row.value_paise)


@admin.register(ReorderPoint)
class ReorderPointAdmin(ReadOnly):
    list_display = ("product", "store", "free", "point_units", "daily_units", "method", "low_since", "computed_at")
    list_select_related = ("stock__product", "stock__store")
    list_filter = (("low_since", admin.EmptyFieldListFilter), "method", "stock__store")
    search_fields = ("=stock__product__sku", "stock__product__name")
    ordering = ("stock",)
    show_full_result_count = False

    @admin.display(description="product")
    def product(self, row: ReorderPoint) -> str:
        return str(row.stock.product)

    @admin.display(description="store")
    def store(self, row: ReorderPoint) -> str:
        return row.stock.store.code

    @admin.display(description="free")
    def free(self, row: ReorderPoint) -> int:
        return int(row.stock.free)


@admin.register(ReplenishmentSuggestion)
class SuggestionAdmin(ReadOnly):
    list_display = ("product", "store", "qty", "case_units", "cover", "daily_units", "incoming", "state", "made_at")
    list_select_related = ("stock__product", "stock__store")
    list_filter = ("state", "stock__store")
    search_fields = ("=stock__product__sku", "stock__product__name")
    ordering = ("-made_at", "cover_days")
    show_full_result_count = False
    actions = ("order_chosen", "dismiss_chosen")

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_replenishmentsuggestion"))

    @admin.action(description="Order these", permissions=["work"])
    def order_chosen(self, request: HttpRequest, queryset: QuerySet[ReplenishmentSuggestion]) -> None:
        try:
            n = sum(len(services.accept(**asked)) for asked in self._by_store(request, queryset))
        except Refusal as refusal:
            self.message_user(request, str(refusal.detail), messages.ERROR)
        else:
            self.message_user(request, f"{n} put into draft purchase orders.", messages.SUCCESS)

    @admin.action(description="Not wanted", permissions=["work"])
    def dismiss_chosen(self, request: HttpRequest, queryset: QuerySet[ReplenishmentSuggestion]) -> None:
        n = sum(services.dismiss(**asked) for asked in self._by_store(request, queryset))
        self.message_user(request, f"{n} taken off the list.", messages.SUCCESS)

    def _by_store(self, request: HttpRequest, queryset: QuerySet[ReplenishmentSuggestion]) -> list[dict[str, Any]]:
        stores: dict[int, list[int]] = {}
        for pk, store_id in queryset.filter(state=SuggestionState.OPEN).values_list("pk", "stock__store_id"):
            stores.setdefault(store_id, []).append(pk)
        return [
            {"store_id": store_id, "suggestion_ids": ids, "by": request.user.pk, "now": timezone.now()}
            for store_id, ids in stores.items()
        ]

    @admin.display(description="product")
    def product(self, row: ReplenishmentSuggestion) -> str:
        return str(row.stock.product)

    @admin.display(description="store")
    def store(self, row: ReplenishmentSuggestion) -> str:
        return row.stock.store.code

    @admin.display(description="days of cover", ordering="cover_days")
    def cover(self, row: ReplenishmentSuggestion) -> str:
        return format_html(
            '<progress max="7" value="{}"></progress> {}', min(7, round(row.cover_days, 1)), f"{row.cover_days:.1f}"
        )
