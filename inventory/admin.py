"""Stock in Django Admin: looked at here, changed only through the services, ledger and holds read-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from inventory import services
from inventory.models import Bin, Hold, Movement, Stock


class HowMany(forms.Form):
    """Asked before a count, a receipt or a write-off."""

    units = forms.IntegerField(min_value=0, max_value=100_000)
    reason = forms.CharField(max_length=120)


class AvailabilityFilter(admin.SimpleListFilter):
    title = "availability"
    parameter_name = "availability"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("out", "Sold out"), ("few", "1 to 5 free"), ("held", "Some held"), ("blocked", "Some off sale")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stock]) -> QuerySet[Stock]:
        if self.value() == "out":
            return queryset.filter(free=0)
        if self.value() == "few":
            return queryset.filter(free__range=(1, 5))
        if self.value() == "held":
            return queryset.filter(held__gt=0)
        if self.value() == "blocked":
            return queryset.filter(blocked__gt=0)
        return queryset


class MovementInline(ReadOnlyInline):
    """The latest lines of this row's ledger."""

    model = Movement
    fields = readonly_fields = ("at", "kind", "on_hand_delta", "held_delta", "reason", "actor", "ref")
    ordering = ("-id",)
    per_page = 25


@admin.register(Stock)
class StockAdmin(ReadOnly):
    list_display = ("product", "store", "free", "held", "blocked", "on_hand", "bin")
    list_select_related = ("product", "store", "bin")
    list_filter = (AvailabilityFilter, "store", "product__zone")
    search_fields = ("product__name", "=product__sku", "=product__barcode", "=bin__code")
    search_help_text = "Product name, SKU, barcode or bin code."
    ordering = ("store", "product")
    show_full_result_count = False
    inlines = (MovementInline,)
    actions = ("count_units", "receive_units", "waste_units")

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_stock"))

    @admin.action(description="Count…", permissions=["work"])
    def count_units(self, request: HttpRequest, queryset: QuerySet[Stock]) -> Any:
        return self._ask_and_do(request, queryset, "count_units", "Units on the shelf become exactly this many.")

    @admin.action(description="Receive…", permissions=["work"])
    def receive_units(self, request: HttpRequest, queryset: QuerySet[Stock]) -> Any:
        return self._ask_and_do(request, queryset, "receive_units", "This many units are added.")

    @admin.action(description="Write off…", permissions=["work"])
    def waste_units(self, request: HttpRequest, queryset: QuerySet[Stock]) -> Any:
        return self._ask_and_do(request, queryset, "waste_units", "This many free units are thrown away.")

    def _ask_and_do(self, request: HttpRequest, queryset: QuerySet[Stock], act: str, sentence: str) -> Any:
        chosen = list(queryset.select_related("product", "store", "bin").order_by("pk"))
        form = HowMany(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            for stock in chosen:
                self._do(request, stock, act, form.cleaned_data["units"], form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "How many?",
            "opts": self.model._meta,
            "form": form,
            "chosen": chosen,
            "act": act,
            "sentence": sentence,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "inventory/admin_how_many.html", context)

    def _do(self, request: HttpRequest, stock: Stock, act: str, units: int, reason: str) -> None:
        now = timezone.now()
        who = f"user:{request.user.pk}"
        store_id, product_id = stock.store_id, stock.product_id
        try:
            if act == "count_units":
                services.count(
                    store_id=store_id, product_id=product_id, counted=units, reason=reason, actor=who, now=now
                )
            elif act == "receive_units":
                lines = [(product_id, units, None)]
                services.receive(store_id=store_id, lines=lines, reason=reason, actor=who, now=now)
            else:
                services.waste(store_id=store_id, product_id=product_id, qty=units, reason=reason, actor=who, now=now)
        except Refusal as refusal:
            self.message_user(request, f"{stock.product}: {refusal.detail}", messages.ERROR)
        else:
            self.message_user(request, f"{stock.product}: done.", messages.SUCCESS)


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    list_display = ("ref", "stock_name", "store", "qty", "state", "expires_at", "created_at")
    list_select_related = ("stock__product", "stock__store")
    list_filter = ("state", "stock__store")
    search_fields = ("=ref", "=stock__product__sku")
    search_help_text = "The whole reference (an order's id), or a SKU."
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="product")
    def stock_name(self, hold: Hold) -> str:
        return str(hold.stock.product)

    @admin.display(description="store")
    def store(self, hold: Hold) -> str:
        return hold.stock.store.code


@admin.register(Movement)
class MovementAdmin(ReadOnly):
    list_display = ("id", "at", "kind", "product", "store", "on_hand_delta", "held_delta", "reason", "actor", "ref")
    list_select_related = ("stock__product", "stock__store")
    list_filter = ("kind", "stock__store")
    search_fields = ("=ref", "=stock__product__sku", "=actor")
    search_help_text = "The whole reference (an order's id), a SKU, or an actor (user:12)."
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description="product")
    def product(self, movement: Movement) -> str:
        return str(movement.stock.product)

    @admin.display(description="store")
    def store(self, movement: Movement) -> str:
        return movement.stock.store.code


@admin.register(Bin)
class BinAdmin(ModelAdmin):
    list_display = ("code", "store", "zone", "sequence")
    list_select_related = ("store",)
    list_filter = ("store", "zone")
    search_fields = ("code",)
    ordering = ("store", "sequence", "code")


# Counts, wastage and replenishment have a file of their own; Django finds the admin of an app here.
from inventory import admin_counts as admin_counts  # noqa: E402
from inventory import inbound_admin as inbound_admin  # noqa: E402  (its pages register themselves)
from inventory import partner_admin as partner_admin  # noqa: E402  # registers its pages
