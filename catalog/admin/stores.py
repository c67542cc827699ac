"""Cities, stores, their people and fees."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from catalog import queries, services
from catalog.admin.confirm import actor, ask_then
from catalog.admin.delivery_bands import BandsField, as_table
from catalog.models import City, FeePolicy, Store, StoreLoad, StoreMembership, StoreMode, Waitlist
from catalog.pricing import FeeRules
from catalog.services.stores import checked_ring


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ("name", "slug", "state_code", "timezone")
    search_fields = ("name", "slug")


class StoreForm(forms.ModelForm):
    class Meta:
        model = Store
        fields = (
            "code", "name", "city", "address", "lat", "lng", "area", "opens", "closes", "max_open_orders", "gstin",
            "fssai", "phone", "is_active",
        )  # fmt: skip

    def clean_area(self) -> list[list[float]]:
        try:
            return checked_ring(self.cleaned_data["area"])
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


class WhyAndHowLong(forms.Form):
    """Asked before a store is paused or marked busy."""

    reason = forms.CharField(
        max_length=160, widget=UnfoldAdminTextInputWidget, help_text="Customers and staff read it."
    )
    minutes = forms.IntegerField(
        min_value=5, max_value=24 * 60, initial=30, widget=UnfoldAdminIntegerFieldWidget, help_text="It ends by itself."
    )


class MembershipInline(TabularInline):
    model = StoreMembership
    extra = 0
    autocomplete_fields = ()
    raw_id_fields = ("user",)
    verbose_name = "person who works here"
    verbose_name_plural = "people who work here"


class LoadInline(TabularInline):
    """What floor and riders wrote down; only looked at."""

    model = StoreLoad
    extra = 0
    max_num = 0
    can_delete = False
    exclude = ("surge_level",)
    readonly_fields = (
        "open_orders", "pick_backlog_s", "pickers_on", "riders_idle", "riders_on", "rider_wait_s", "carries_bags",
        "carries_litres", "updated_at",
        "surge_paise", "surge_why", "surge_until",
    )  # fmt: skip


@admin.register(Store)
class StoreAdmin(ModelAdmin):
    form = StoreForm
    list_display = ("code", "name", "city", "mode_now", "open_orders", "hours", "is_active")
    list_select_related = ("city", "load")
    list_filter = ("city", "mode", "is_active")
    search_fields = ("code", "name", "address")
    inlines = (LoadInline, MembershipInline)
    readonly_fields = ("area_preview", "mode_now")
    actions = ("pause", "mark_rush", "reopen")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "code") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # orders, stock and prices point at it: switch it off instead

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = {name: value for name, value in form.cleaned_data.items() if name in form.fields}
        given["code"] = obj.code
        obj.pk = services.save_store(**given).pk
        obj.refresh_from_db()
        if obj.is_active and (waiting := services.waiting_in(obj)):
            words = f"{waiting} on the waiting list live in this area and have not heard."
            link = format_html('{} <a href="{}">Tell them</a>', words, reverse("ops-demand"))
            self.message_user(request, link, level=messages.WARNING)

    @admin.display(description="mode")
    def mode_now(self, store: Store) -> str:
        mode = queries.current_mode(store, now=timezone.now())
        if mode == StoreMode.OPEN or store.mode_until is None:
            return str(mode.label)
        return f"{mode.label} until {timezone.localtime(store.mode_until):%d %b %H:%M}: {store.mode_reason}"

    @admin.display(description="open orders")
    def open_orders(self, store: Store) -> str:
        load = getattr(store, "load", None)
        return f"{load.open_orders if load else 0} of {store.max_open_orders}"

    @admin.display(description="hours")
    def hours(self, store: Store) -> str:
        return "Round the clock" if store.opens == store.closes else f"{store.opens:%H:%M} – {store.closes:%H:%M}"

    @admin.display(description="area as it is now")
    def area_preview(self, store: Store) -> str:
        return area_svg(store) if store.pk and store.area else "Save once to see the area."

    def has_mode_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.change_store"))

    @admin.action(description="Pause…", permissions=["mode"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Store]) -> Any:
        return self._ask(request, queryset, "pause", StoreMode.PAUSED, "No new orders are taken. Open ones go on.")

    @admin.action(description="Mark as rush…", permissions=["mode"])
    def mark_rush(self, request: HttpRequest, queryset: QuerySet[Store]) -> Any:
        return self._ask(request, queryset, "mark_rush", StoreMode.RUSH, "Orders go on with a longer promise.")

    @admin.action(description="Open again…", permissions=["mode"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Store]) -> Any:
        return ask_then(
            self, request, queryset, action="reopen", form_class=forms.Form, title="Open again?",
            sentence="New orders are taken at once with the usual promise.", button="Open again",
            act=lambda store, _: self._set(request, store, StoreMode.OPEN, "", None),
        )  # fmt: skip

    def _ask(self, request: HttpRequest, rows: QuerySet[Store], action: str, mode: StoreMode, sentence: str) -> Any:
        return ask_then(
            self, request, rows, action=action, form_class=WhyAndHowLong, title=f"{mode.label}: why and how long?",
            sentence=sentence, button=str(mode.label),
            act=lambda store, said: self._set(request, store, mode, said["reason"], said["minutes"]),
        )  # fmt: skip

    def _set(self, request: HttpRequest, store: Store, mode: StoreMode, reason: str, minutes: int | None) -> None:
        now = timezone.now()
        until = now + timedelta(minutes=minutes) if minutes else None
        services.set_store_mode(store_id=store.pk, mode=mode, reason=reason, until=until, actor=actor(request), now=now)


def area_svg(store: Store, *, width: int = 320) -> str:
    """The area drawn to scale (north up) with the store in it: enough to see that it is where it should be."""
    squeeze = math.cos(math.radians(store.lat))  # a degree of longitude is shorter than one of latitude
    xs, ys = [corner[0] * squeeze for corner in store.area], [-corner[1] for corner in store.area]
    scale = (width - 20) / (max(max(xs) - min(xs), max(ys) - min(ys)) or 1)

    def place(lng: float, lat: float) -> str:
        return f"{10 + (lng * squeeze - min(xs)) * scale:.1f},{10 + (-lat - min(ys)) * scale:.1f}"

    points = format_html_join(" ", "{}", ((place(lng, lat),) for lng, lat in store.area))
    x, y = place(store.lng, store.lat).split(",")
    height = round((max(ys) - min(ys)) * scale + 20)
    return format_html(
        '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="Area of {name}">'
        '<polygon points="{points}" fill="#0c7a43" fill-opacity=".15" stroke="#0c7a43" stroke-width="2"/>'
        '<circle cx="{x}" cy="{y}" r="6" fill="#c62828"/></svg>',
        w=width, h=height, name=store.name, points=points, x=x, y=y,
    )  # fmt: skip


class FeePolicyForm(forms.ModelForm):
    delivery_bands = BandsField(
        required=False,
        label="Delivery by distance and basket",
        help_text="Kilometres by street at the left, baskets in rupees at the top, fees in the cells; both begin at 0. "
        "Left empty, the single fees above count.",
    )

    class Meta:
        model = FeePolicy
        fields = ("city", "store", *FeeRules.__slots__)


@admin.register(FeePolicy)
class FeePolicyAdmin(ModelAdmin):
    form = FeePolicyForm
    list_display = ("whose", "delivery", "free_from", "handling", "small_cart", "cod_limit")
    list_select_related = ("city", "store")
    readonly_fields = ("delivery_now",)

    @admin.display(description="delivery now")
    def delivery_now(self, policy: FeePolicy) -> str:
        return as_table(queries.fee_rules(policy).delivery_table) if policy.pk else ""

    @admin.display(description="of")
    def whose(self, policy: FeePolicy) -> str:
        return str(policy.store or policy.city)

    @admin.display(description="delivery")
    def delivery(self, policy: FeePolicy) -> str:
        return rupees(policy.delivery_paise)

    @admin.display(description="free from")
    def free_from(self, policy: FeePolicy) -> str:
        return rupees(policy.free_delivery_from_paise)

    @admin.display(description="handling")
    def handling(self, policy: FeePolicy) -> str:
        return rupees(policy.handling_paise)

    @admin.display(description="small cart")
    def small_cart(self, policy: FeePolicy) -> str:
        return f"{rupees(policy.small_cart_paise)} below {rupees(policy.small_cart_below_paise)}"

    @admin.display(description="cash up to")
    def cod_limit(self, policy: FeePolicy) -> str:
        return rupees(policy.cod_limit_paise)


@admin.register(Waitlist)
class WaitlistAdmin(ReadOnly):
    """May be deleted: somebody asked to be forgotten."""

    list_display = ("created_at", "phone", "lat", "lng", "note", "told_at")
    search_fields = ("phone", "note")
    ordering = ("-created_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("catalog.delete_waitlist"))
