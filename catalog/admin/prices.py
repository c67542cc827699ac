"""The price list: schedule a price after seeing what it changes, look at a product's history, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from catalog import services
from catalog.admin.confirm import actor, ask_then
from catalog.models import City, Price, PriceChange, PriceWatch, Product, ShelfItem, Store
from catalog.services import NewPrice
from catalog.services.prices import checked_prices

MOST_LINES = 500
SHOWN = 200
LAST_CHANGES = 100
MOMENTS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]


class Moment(UnfoldAdminTextInputWidget):
    """The browser's own picker for a day and a time."""

    input_type = "datetime-local"

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return (timezone.localtime(value) if timezone.is_aware(value) else value).strftime("%Y-%m-%dT%H:%M")
        return None if value is None else str(value)


def _scopes() -> list[tuple[str, str]]:
    cities = [
        (f"city:{slug}", f"City: {name}") for slug, name in City.objects.order_by("name").values_list("slug", "name")
    ]
    stores = [
        (f"store:{code}", f"Store: {name} ({code})")
        for code, name in Store.objects.filter(is_active=True).order_by("name").values_list("code", "name")
    ]
    return [("everywhere", "Everywhere"), *cities, *stores]


class ScheduleForm(forms.Form):
    """One price for one or many products."""

    products = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="One SKU a line. A line may say its own price: MILK-500 28.50",
    )
    price = forms.DecimalField(
        required=False, min_value=Decimal("0.01"), max_digits=9, decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget, label="Price in rupees",
        help_text="For the lines without a price of their own.",
    )  # fmt: skip
    scope = forms.ChoiceField(choices=_scopes, widget=UnfoldAdminSelectWidget, label="Where")
    starts_at = forms.DateTimeField(
        required=False, widget=Moment, input_formats=MOMENTS, label="From", help_text="Empty: from now on."
    )
    ends_at = forms.DateTimeField(
        required=False, widget=Moment, input_formats=MOMENTS, label="Until",
        help_text="Empty: until another price takes its place. A price that ends goes before one that does not.",
    )  # fmt: skip
    min_qty = forms.IntegerField(
        min_value=1, max_value=99, initial=1, widget=UnfoldAdminIntegerFieldWidget, label="From how many units",
        help_text="1: what one costs. More: a bulk price for lines of so many.",
    )  # fmt: skip
    members_only = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget, label="For members only")
    reason = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget, help_text="Kept with every change.")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.errors:
            return said
        lines = [line.split() for line in said["products"].splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise ValidationError(f"At most {MOST_LINES} products at once; import_prices takes more.")
        ids = dict(Product.objects.filter(sku__in=[line[0] for line in lines]).values_list("sku", "pk"))
        kind, _, name = said["scope"].partition(":")
        store_id = Store.objects.values_list("pk", flat=True).get(code=name) if kind == "store" else None
        city_id = City.objects.values_list("pk", flat=True).get(slug=name) if kind == "city" else None
        prices = []
        for line in lines:
            if line[0] not in ids:
                self.add_error("products", f"There is no product {line[0][:40]}.")
                continue
            prices.append(
                NewPrice(
                    product_id=ids[line[0]],
                    paise=self._paise(line),
                    store_id=store_id,
                    city_id=city_id,
                    starts_at=said["starts_at"],
                    ends_at=said["ends_at"],
                    min_qty=said["min_qty"],
                    members_only=said["members_only"],
                    reason=said["reason"],
                )
            )
        if not self.errors:
            try:
                checked_prices(prices, now=timezone.now())
            except Refusal as refusal:
                raise ValidationError(refusal.detail) from None
            said["prices"] = prices
        return said

    def _paise(self, line: Sequence[str]) -> int:
        text = line[1] if len(line) > 1 else self.cleaned_data.get("price")
        if text is None:
            raise ValidationError(f"{line[0]}: say a price, here or in its line.")
        try:
            paise = Decimal(text) * 100
            if paise != int(paise) or not 0 < paise < 10**11:
                raise InvalidOperation
        except (InvalidOperation, ValueError, OverflowError):
            raise ValidationError(f"{line[0]}: {str(text)[:20]} is no price in rupees.") from None
        return int(paise)


class Sure(forms.Form):
    """Nothing more to say."""


@admin.register(Price)
class PriceAdmin(ReadOnly):
    list_display = ("product", "where", "price", "tier", "starts_at", "ends_at", "state", "reason", "actor")
    list_select_related = ("product", "store", "city")
    list_filter = ("store", "city", "members_only", ("cancelled_at", admin.EmptyFieldListFilter))
    search_fields = ("=product__sku", "reason", "=actor")
    search_help_text = "SKU, reason, or who."
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("cancel",)
    change_list_template = "catalog/admin_price_list.html"

    def has_schedule_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.add_price"))

    @admin.display(description="where")
    def where(self, price: Price) -> str:
        return str(price.store or price.city or "Everywhere")

    @admin.display(description="price", ordering="paise")
    def price(self, price: Price) -> str:
        return rupees(price.paise)

    @admin.display(description="for")
    def tier(self, price: Price) -> str:
        words = [f"from {price.min_qty}"] if price.min_qty > 1 else []
        return ", ".join([*words, *(["members"] if price.members_only else [])]) or "everybody"

    @admin.display(description="state")
    def state(self, price: Price) -> str:
        return state_of(price, now=timezone.now())

    @admin.action(description="Cancel…", permissions=["schedule"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Price]) -> Any:
        return ask_then(
            self,
            request,
            queryset.select_related("product"),
            action="cancel",
            form_class=Sure,
            title="Cancel these prices?",
            sentence="They count no longer from now on; what has not begun never will. Your name is written down.",
            button="Cancel them",
            act=lambda price, _: _cancelled(price, request),
        )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        own = [
            path("schedule/", view(self.schedule), name="catalog_price_schedule"),
            path("product/<int:product_id>/", view(self.history), name="catalog_price_product"),
        ]
        return own + super().get_urls()

    def schedule(self, request: HttpRequest) -> HttpResponse:
        """Fill in, look at what changes where, confirm."""
        if not self.has_schedule_permission(request):
            raise PermissionDenied
        chosen = [pk for pk in request.GET.getlist("product")[:MOST_LINES] if pk.isdecimal() and len(pk) < 19]
        skus = Product.objects.filter(pk__in=chosen).order_by("sku").values_list("sku", flat=True)
        form = ScheduleForm(request.POST or None, initial={"products": "\n".join(skus)})
        changes = None
        if form.is_bound and form.is_valid():
            now = timezone.now()
            if "confirmed" in request.POST:
                written, shelves = services.schedule_prices(
                    prices=form.cleaned_data["prices"], actor=actor(request), now=now
                )
                self.message_user(
                    request,
                    f"{len(written)} prices are in the list; {shelves} shelf prices changed now."
                    if written
                    else "All of it is in the list already.",
                    messages.SUCCESS,
                )
                return redirect("admin:catalog_price_changelist")
            changes = services.preview_prices(prices=form.cleaned_data["prices"], now=now, limit=SHOWN)
        context = {
            **self.admin_site.each_context(request),
            "title": "Schedule a price",
            "opts": self.model._meta,
            "form": form,
            "changes": changes,
            "shown": SHOWN,
        }
        return render(request, "catalog/admin_price_schedule.html", context)

    def history(self, request: HttpRequest, product_id: int) -> HttpResponse:
        """What a product cost at a store, as a table and a line, and what is scheduled for it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        product = get_object_or_404(Product, pk=product_id)
        items = list(ShelfItem.objects.filter(product=product).select_related("store").order_by("store__code"))
        item = next((one for one in items if one.store.code == request.GET.get("store")), items[0] if items else None)
        now = timezone.now()
        changes: list[PriceChange] = []
        prices = Price.objects.filter(product=product).select_related("store", "city").order_by("-starts_at", "-pk")
        if item is not None:
            here = PriceChange.objects.filter(product=product, store=item.store)
            changes = list(here.order_by("-pk")[:LAST_CHANGES])
            prices = prices.filter(Q(store=item.store) | Q(city=item.store.city_id) | Q(store=None, city=None))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Prices of {product}",
            "opts": self.model._meta,
            "product": product,
            "items": items,
            "item": item,
            "changes": changes,
            "prices": [(price, state_of(price, now=now), self.where(price)) for price in prices[:LAST_CHANGES]],
            "chart": step_line(changes, now=now, mrp_paise=product.mrp_paise),
        }
        return render(request, "catalog/admin_price_history.html", context)


def _cancelled(price: Price, request: HttpRequest) -> None:
    services.cancel_prices(price_ids=[price.pk], actor=actor(request), now=timezone.now())


def state_of(price: Price, *, now: datetime) -> str:
    if price.cancelled_at is not None:
        return "cancelled"
    if price.starts_at > now:
        return "scheduled"
    return "over" if price.ends_at is not None and price.ends_at <= now else "in force"


WIDTH, HEIGHT = 640, 120


@dataclass(frozen=True, slots=True)
class StepLine:
    """A line of steps, oldest left, and the figures at its edges."""

    points: str
    low: str
    high: str
    since: datetime
    until: datetime


def step_line(changes: Sequence[PriceChange], *, now: datetime, mrp_paise: int) -> StepLine | None:
    """The shelf price over time, up to now; None when there is nothing to draw. Changes come newest first."""
    steps = [(change.at, change.new_paise) for change in reversed(changes)]
    if not steps:
        return None
    since, until = steps[0][0], max(now, steps[-1][0] + timedelta(minutes=1))
    low, high = min(paise for _, paise in steps), max(mrp_paise, *(paise for _, paise in steps))
    span_s, span_paise = (until - since).total_seconds(), max(1, high - low)

    def at(when: datetime, paise: int) -> str:
        x = (when - since).total_seconds() / span_s * WIDTH
        return f"{x:.1f},{HEIGHT - (paise - low) / span_paise * (HEIGHT - 8) - 4:.1f}"

    points, before = [], steps[0][1]
    for when, paise in steps:
        points += [at(when, before), at(when, paise)]
        before = paise
    points.append(at(until, before))
    return StepLine(" ".join(points), rupees(low), rupees(high), since, until)


def history_link(product: Product) -> str:
    """For the product's own form."""
    url = reverse("admin:catalog_price_product", args=[product.pk])
    return format_html('<a class="underline" href="{}">Table and chart</a>', url)


@admin.register(PriceWatch)
class PriceWatchAdmin(ReadOnly):
    list_display = ("customer", "product", "store", "seen", "is_asked", "is_favourite", "fell_at", "told_on")
    list_select_related = ("customer", "product", "store")
    list_filter = ("store", "is_asked", "is_favourite")
    search_fields = ("=product__sku", "=customer__phone")
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="price seen")
    def seen(self, watch: PriceWatch) -> str:
        return rupees(watch.seen_paise)
