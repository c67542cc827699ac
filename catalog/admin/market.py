"""Others' prices in Django Admin: platforms, terms and feeds are kept here, what feeds say is looked at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from catalog.admin.confirm import actor, ask_then
from catalog.market import (
    FeedRun,
    Listing,
    ListingPrice,
    MarketAlert,
    MarketAlertHit,
    MarketFeed,
    MarketOffer,
    Platform,
    PlatformTerms,
)
from catalog.services import market, market_feeds

LAST_PRICES = 60


class Sure(forms.Form):
    """Nothing to fill in: the page itself is the question."""


class WithAddress(ModelAdmin):
    """An address without a scheme is https."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Platform)
class PlatformAdmin(WithAddress):
    list_display = ("name", "slug", "is_ours", "is_active", "rank", "site")
    list_filter = ("is_active",)
    search_fields = ("name", "=slug")
    ordering = ("rank", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug",) if obj is not None else ()  # feeds and links name it

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # its history would go with it: switch it off

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        market.everything_moved()


@admin.register(PlatformTerms)
class PlatformTermsAdmin(ModelAdmin):
    list_display = ("platform", "city", "minimum", "delivery", "free_from", "eta", "seen_at")
    list_select_related = ("platform", "city")
    list_filter = ("platform", "city")
    exclude = ("seen_at",)
    ordering = ("platform__rank", "city__name")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.seen_at = timezone.now()  # somebody has just looked
        super().save_model(request, obj, form, change)
        market.everything_moved()

    @admin.display(description="minimum")
    def minimum(self, it: PlatformTerms) -> str:
        return rupees(it.minimum_paise)

    @admin.display(description="delivery")
    def delivery(self, it: PlatformTerms) -> str:
        return rupees(it.delivery_paise)

    @admin.display(description="free from")
    def free_from(self, it: PlatformTerms) -> str:
        return "" if it.free_from_paise is None else rupees(it.free_from_paise)

    @admin.display(description="minutes")
    def eta(self, it: PlatformTerms) -> str:
        return "" if it.eta_low_minutes is None else f"{it.eta_low_minutes} to {it.eta_high_minutes}"


@admin.register(Listing)
class ListingAdmin(ReadOnly, WithAddress):
    """Prices come from feeds, products from matching: nothing is edited here."""

    list_display = ("name", "pack", "platform", "city", "price", "mrp", "was", "available", "product", "seen_at")
    list_select_related = ("platform", "city", "product")
    list_filter = ("platform", "city", "available", ("product", admin.EmptyFieldListFilter))
    search_fields = ("name", "=key", "=product__sku")
    ordering = ("-pk",)
    show_full_result_count = False
    readonly_fields = ("past",)

    @admin.display(description="price", ordering="price_paise")
    def price(self, it: Listing) -> str:
        return rupees(it.price_paise)

    @admin.display(description="MRP")
    def mrp(self, it: Listing) -> str:
        return "" if it.mrp_paise is None else rupees(it.mrp_paise)

    @admin.display(description="before", ordering="changed_at")
    def was(self, it: Listing) -> str:
        return "" if it.was_paise is None else rupees(it.was_paise)

    @admin.display(description="history")
    def past(self, it: Listing) -> str:
        points = ListingPrice.objects.filter(listing=it).order_by("-at")[:LAST_PRICES]
        lines = (
            f"{timezone.localtime(point.at):%d.%m.%Y %H:%M} {rupees(point.price_paise)}"
            f"{'' if point.available else ' (sold out)'}"
            for point in points
        )
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


@admin.register(MarketFeed)
class MarketFeedAdmin(ModelAdmin):
    list_display = ("slug", "platform", "city", "is_active", "last_at")
    list_select_related = ("platform", "city")
    list_filter = ("is_active", "platform")
    search_fields = ("=slug",)
    fields = ("slug", "platform", "city", "is_active", "last_at")
    actions = ("renew",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("last_at",) if obj is None else ("slug", "platform", "city", "last_at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what it has said stays known: switch it off

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("catalog.change_marketfeed"))

    def save_model(self, request: HttpRequest, obj: MarketFeed, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._renew(request, obj)

    @admin.action(description="New secret…", permissions=["work"])
    def renew(self, request: HttpRequest, queryset: QuerySet[MarketFeed]) -> Any:
        return ask_then(
            self, request, queryset, action="renew", form_class=Sure, title="New secrets for these feeds?",
            sentence="What is signed with the secrets they have now is refused from this moment on.",
            button="Make new secrets", act=lambda feed, _: self._renew(request, feed),
        )  # fmt: skip

    def _renew(self, request: HttpRequest, feed: MarketFeed) -> None:
        secret = market_feeds.new_secret(feed_id=feed.pk, actor=actor(request))
        self.message_user(request, f"The secret of {feed}, shown this once: {secret} — keep it safe.", messages.WARNING)


@admin.register(FeedRun)
class FeedRunAdmin(ReadOnly):
    list_display = ("at", "source", "rows", "new", "changed", "refused")
    fields = ("at", "feed", "source", "digest_begins", "rows", "new", "changed", "refused", "problems")
    list_filter = ("feed",)
    search_fields = ("=source",)
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(description="digest")
    def digest_begins(self, run: FeedRun) -> str:
        return f"{run.digest[:16]}…" if run.digest else ""


@admin.register(MarketOffer)
class MarketOfferAdmin(ReadOnly):
    list_display = ("title", "platform", "kind", "code", "bank", "starts_at", "ends_at", "seen_at")
    list_select_related = ("platform",)
    list_filter = ("kind", "platform")
    search_fields = ("title", "=code")
    ordering = ("-pk",)


class HitInline(TabularInline):
    model = MarketAlertHit
    extra = 0
    max_num = 0
    can_delete = False
    fields = readonly_fields = ("at", "listing", "was_paise", "price_paise")
    ordering = ("-pk",)


@admin.register(MarketAlert)
class MarketAlertAdmin(ReadOnly):
    list_display = ("kind", "user", "city", "platform", "product", "category", "below", "is_active", "created_at")
    list_select_related = ("user", "city", "platform", "product", "category")
    list_filter = ("kind", "is_active", "platform")
    search_fields = ("=user__phone", "=product__sku")
    ordering = ("-created_at",)
    inlines = (HitInline,)

    @admin.display(description="below")
    def below(self, it: MarketAlert) -> str:
        return "" if it.below_paise is None else rupees(it.below_paise)
