"""Promotions and their coupons. The counters are only looked at; every save leaves who and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from catalog import services
from catalog.admin.confirm import actor
from catalog.models import BundlePart, Coupon, Promotion, PromotionUse, SegmentMember


class BundlePartInline(TabularInline):
    model = BundlePart
    extra = 0
    raw_id_fields = ("product",)


@admin.register(Promotion)
class PromotionAdmin(ModelAdmin):
    list_display = ("name", "kind", "where", "starts_at", "ends_at", "used", "spent", "is_active")
    list_select_related = ("city", "store")
    list_filter = ("kind", "is_active", "needs_code", "city")
    search_fields = ("name",)
    raw_id_fields = ("products",)
    filter_horizontal = ("categories", "brands")
    readonly_fields = ("used_count", "used_paise", "used_units")
    inlines = (BundlePartInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # orders point at it: switch it off instead

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        services.save_promotion(obj, actor=actor(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.promotions_changed()

    @admin.display(description="where")
    def where(self, promotion: Promotion) -> str:
        return str(promotion.store or promotion.city or "Everywhere")

    @admin.display(description="used")
    def used(self, promotion: Promotion) -> str:
        return f"{promotion.used_count} of {promotion.max_uses}" if promotion.max_uses else str(promotion.used_count)

    @admin.display(description="spent")
    def spent(self, promotion: Promotion) -> str:
        spent = rupees(promotion.used_paise)
        return f"{spent} of {rupees(promotion.budget_paise)}" if promotion.budget_paise is not None else spent


class CouponForm(forms.ModelForm):
    class Meta:
        model = Coupon
        fields = ("code", "promotion", "customer", "is_active", "starts_at", "ends_at", "max_uses")

    def clean_code(self) -> str:
        try:
            return services.normal_code(self.cleaned_data["code"])
        except Refusal as refusal:
            raise ValidationError(refusal.detail) from None


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    form = CouponForm
    list_display = ("code", "promotion", "customer", "used_count", "max_uses", "starts_at", "ends_at", "is_active")
    list_select_related = ("promotion", "customer")
    list_filter = ("is_active",)
    search_fields = ("code", "promotion__name")
    raw_id_fields = ("customer",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # orders point at it: switch it off instead

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        services.save_coupon(obj, actor=actor(request))


@admin.register(PromotionUse)
class PromotionUseAdmin(ReadOnly):
    list_display = ("at", "promotion", "coupon", "customer", "ref", "paise", "units", "given_back_at")
    list_select_related = ("promotion", "coupon", "customer")
    search_fields = ("ref", "coupon__code")
    ordering = ("-at",)


@admin.register(SegmentMember)
class SegmentMemberAdmin(ModelAdmin):
    list_display = ("user", "segment", "until")
    list_select_related = ("user",)
    list_filter = ("segment",)
    raw_id_fields = ("user",)
