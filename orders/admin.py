"""Orders in Django Admin: the whole story on one page. Nothing here edits a status; actions go through the services."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from orders import queries, services
from orders.admin_money import WithMoney
from orders.models import Cart, CartLine, Evidence, LegStat, Order, OrderLine, Promise, Slot, SlotTemplate
from orders.queries.money import money_of
from orders.sourced_admin import why_this_store
from orders.states import FINISHED, LIVE, Status
from orders.words import charges_of

COLOURS = {
    Status.PENDING.label: "warning",
    Status.DELIVERED.label: "success",
    Status.CLOSED.label: "success",
    Status.CANCELLED.label: "danger",
    Status.UNDELIVERED.label: "danger",
    Status.REFUNDED.label: "danger",
}


class WhyCancel(forms.Form):
    """Asked before a cancellation."""

    reason = forms.CharField(max_length=160)


class LifeFilter(admin.SimpleListFilter):
    title = "life"
    parameter_name = "life"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("late", "Live and late"), ("over", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        if self.value() == "live":
            return queryset.filter(status__in=LIVE)
        if self.value() == "late":
            return queryset.filter(status__in=LIVE, promised_by__lt=timezone.now())
        if self.value() == "over":
            return queryset.filter(status__in=FINISHED)
        return queryset


class RowsInline(ReadOnlyInline):
    hide_title = True


class LineInline(RowsInline):
    model = OrderLine
    fields = readonly_fields = ("sku", "name", "pack", "qty", "short_qty", "price", "gross", "gst_bp", "hsn", "consent")

    @admin.display(description="price")
    def price(self, line: OrderLine) -> str:
        return rupees(line.unit_price_paise)

    @admin.display(description="to pay")
    def gross(self, line: OrderLine) -> str:
        return rupees(line.unit_price_paise * (line.qty - line.short_qty))


class PromiseInline(RowsInline):
    model = Promise
    fields = readonly_fields = ("version", "made_at", "p50_at", "promised_by", "actual_at", "made_from")

    @admin.display(description="made from")
    def made_from(self, promise: Promise) -> SafeString:
        return format_html('<code class="text-xs">{}</code>', json.dumps(promise.inputs))


class EvidenceInline(RowsInline):
    model = Evidence
    fields = readonly_fields = ("at", "kind", "detail", "actor")
    ordering = ("id",)


@admin.register(Order)
class OrderAdmin(WithMoney, ReadOnly):
    list_display = ("number", "state", "store", "contact_phone", "total", "payment_method", "age", "against_promise")
    list_select_related = ("store",)
    list_filter = (LifeFilter, "status", "store", "payment_method", "placed_at")
    search_fields = ("=number", "=id", "contact_phone", "contact_name")
    search_help_text = "Number (T-48001), phone or name."
    ordering = ("-placed_at",)
    show_full_result_count = False
    list_per_page = 50
    actions = ("cancel_orders", "goods_are_back")
    inlines = (LineInline, PromiseInline, EvidenceInline)
    fieldsets = (
        (None, {"fields": ("number", "state", "store", "customer", "age", "against_promise", "cancel_reason")}),
        (
            "Where to",
            {"fields": ("address_text", "contact_name", "contact_phone", "door_instructions", "instructions")},
        ),
        ("Money", {"fields": ("bill", "payment_method", "statement")}),
        ("Why this store", {"fields": ("why_this_store",)}),
        ("Floor and street", {"fields": ("bag_codes", "shelf_slot", "rider_name", "rider_accepted_at")}),
        ("What happened", {"fields": ("timeline",)}),
    )

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("orders.change_order"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    @display(description="status", ordering="status", label=COLOURS)
    def state(self, order: Order) -> str:
        return str(Status(order.status).label)

    @admin.display(description="total", ordering="total_paise")
    def total(self, order: Order) -> str:
        return rupees(order.total_paise)

    @admin.display(description="age", ordering="placed_at")
    def age(self, order: Order) -> str:
        until = order.finished_at or timezone.now()
        return _minutes((until - order.placed_at).total_seconds())

    @admin.display(description="promise", ordering="promised_by")
    def against_promise(self, order: Order) -> str:
        if order.promised_by is None:
            return "none yet"
        at = order.delivered_at or (None if Status(order.status) in FINISHED else timezone.now())
        if at is None:
            return _clock(order.promised_by)
        left_s = (order.promised_by - at).total_seconds()
        return f"{_clock(order.promised_by)} ({_minutes(abs(left_s))} {'left' if left_s >= 0 else 'late'})"

    @admin.display(description="stores judged")
    def why_this_store(self, order: Order) -> SafeString:
        return why_this_store(order.pk)

    @admin.display(description="bill")
    def bill(self, order: Order) -> SafeString:
        parts = [
            ("Items", order.items_paise),
            *charges_of(order),
            ("Total", order.total_paise),
            ("of which GST", order.tax_paise),
            ("From the wallet", order.wallet_paise),
            ("To pay otherwise", order.to_pay_paise if order.wallet_paise else 0),
        ]
        shown = ((name, rupees(paise)) for name, paise in parts if paise)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <b>{}</b></li>", shown))

    @admin.display(description="statement")
    def statement(self, order: Order) -> SafeString:
        lines = (
            (_clock(line.at), line.text, rupees(line.amount_paise) if line.amount_paise else "")
            for line in money_of(order)
        )
        rows = format_html_join("", '<li class="mb-1">{} · {} <b>{}</b></li>', lines)
        return format_html("<ol>{}</ol>", rows or "No money has moved yet.")

    @admin.display(description="timeline")
    def timeline(self, order: Order) -> SafeString:
        shown = ((_clock(row.at), _words(row.code, row.payload), row.actor) for row in queries.timeline(order.pk))
        return format_html("<ol>{}</ol>", format_html_join("", '<li class="mb-1">{} · {} · {}</li>', shown))

    @admin.action(description="Cancel…", permissions=["cancel"])
    def cancel_orders(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Asks for a reason and says what it does, then cancels each order by itself."""
        chosen = list(queryset.select_related("store").order_by("pk"))
        form = WhyCancel(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            for order in chosen:
                self._try(
                    request,
                    order,
                    lambda order=order: services.cancel(
                        order_id=order.pk,
                        by="staff",
                        reason=form.cleaned_data["reason"],
                        actor=f"user:{request.user.pk}",
                        now=timezone.now(),
                    ),
                    "is cancelled",
                )
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Cancel orders",
            "opts": self.model._meta,
            "form": form,
            "chosen": chosen,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "orders/admin_cancel.html", context)

    @admin.action(description="The goods of an undelivered order are back in the store", permissions=["cancel"])
    def goods_are_back(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        for order in queryset.order_by("pk"):
            self._try(
                request,
                order,
                lambda order=order: services.goods_back(
                    order_id=order.pk, actor=f"user:{request.user.pk}", now=timezone.now()
                ),
                "is back on the shelf",
            )

    def _try(self, request: HttpRequest, order: Order, act: Any, done: str) -> None:
        try:
            act()
        except Refusal as refusal:
            self.message_user(request, f"{order.number}: {refusal.detail}", messages.ERROR)
        else:
            self.message_user(request, f"{order.number} {done}.", messages.SUCCESS)


class CartLineInline(RowsInline):
    model = CartLine
    fields = readonly_fields = ("product", "qty", "consent", "added_at")


@admin.register(Cart)
class CartAdmin(ReadOnly):
    list_display = ("id", "customer", "store", "updated_at")
    list_select_related = ("customer", "store")
    list_filter = ("store", ("customer", admin.EmptyFieldListFilter))
    search_fields = ("=customer__phone", "=guest_token")
    ordering = ("-updated_at",)
    show_full_result_count = False
    inlines = (CartLineInline,)


@admin.register(LegStat)
class LegStatAdmin(ReadOnly):
    list_display = ("store", "leg", "hour", "p50_s", "p90_s", "samples", "updated_at")
    list_select_related = ("store",)
    list_filter = ("store", "leg")
    ordering = ("store", "leg", "hour")


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%d %b %H:%M:%S")


def _minutes(seconds: float) -> str:
    whole_s = int(seconds)
    return (
        f"{whole_s // 3600} h {whole_s % 3600 // 60} min" if whole_s >= 7200 else f"{whole_s // 60}:{whole_s % 60:02}"
    )


def _words(code: str, payload: dict[str, Any]) -> str:
    """A line of the timeline: the move, or the event's name with what it carries beside the order."""
    if code == "orders.OrderMoved":
        why = f" ({payload['why']})" if payload.get("why") else ""
        return f"{payload['old']} → {payload['new']}{why}"
    rest = {name: value for name, value in payload.items() if name not in ("order_id", "customer_id", "store_code")}
    return code + (" " + ", ".join(f"{name}: {value}" for name, value in rest.items()) if rest else "")


@admin.register(SlotTemplate)
class SlotTemplateAdmin(ModelAdmin):
    """A store's week of delivery windows. What is saved holds at once for the slots to come."""

    list_display = ("store", "weekday", "window", "capacity", "cut_off_m", "days_ahead", "is_active")
    list_select_related = ("store",)
    list_filter = ("store", "weekday", "is_active")
    list_editable = ("capacity", "is_active")
    actions = ("copy_to_every_day",)

    @admin.display(description="window", ordering="from_time")
    def window(self, template: SlotTemplate) -> str:
        return f"{template.from_time:%H:%M}–{template.to_time:%H:%M}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        services.make_slots(now=timezone.now())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        services.make_slots(now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        services.make_slots(now=timezone.now())

    @admin.action(description="Copy to every day of the week", permissions=["add"])
    def copy_to_every_day(self, request: HttpRequest, queryset: QuerySet[SlotTemplate]) -> None:
        made = services.copy_to_every_day(template_ids=list(queryset.values_list("pk", flat=True)), now=timezone.now())
        self.message_user(request, f"{made} windows added; days that have one at that time keep theirs.")


@admin.register(Slot)
class SlotAdmin(ReadOnly):
    """What was made from the plans, and how much of it is booked."""

    list_display = ("store", "starts_at", "ends_at", "cut_off_at", "booked", "capacity")
    list_select_related = ("store",)
    list_filter = ("store",)
    date_hierarchy = "starts_at"
    ordering = ("starts_at",)


from orders import claim_admin as claim_admin  # noqa: E402 — claims register themselves here
from orders import eta_admin as eta_admin  # noqa: E402
from orders import invoice_admin as invoice_admin  # noqa: E402 — and invoices
from orders import late_admin as late_admin  # noqa: E402
from orders import ledger_admin as ledger_admin  # noqa: E402
from orders import trust_admin as trust_admin  # noqa: E402
