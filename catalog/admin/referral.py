"""Referral: what it gives and may cost is set here; who came by whom is looked at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from catalog import services
from catalog.admin.confirm import actor
from catalog.models import Referral, ReferralCode, ReferralPolicy


class ReferralPolicyForm(forms.ModelForm):
    class Meta:
        model = ReferralPolicy
        fields = (
            "is_active", "referrer_paise", "newcomer_paise", "min_order_paise", "credit_days", "most_per_month",
            "budget_paise",
        )  # fmt: skip

    def _get_validation_exclusions(self) -> set[str]:
        """Not "one is active": saving an active one ends the one before. But the budget must hold what is spent."""
        return (super()._get_validation_exclusions() | {"is_active"}) - {"used_paise"}  # type: ignore[misc,no-any-return]


@admin.register(ReferralPolicy)
class ReferralPolicyAdmin(ModelAdmin):
    form = ReferralPolicyForm
    list_display = ("id", "gives", "min_order_paise", "most_per_month", "spent", "is_active")
    list_filter = ("is_active",)
    readonly_fields = ("used_paise",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # referrals point at it: switch it off instead

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        services.save_referral_policy(obj, actor=actor(request))

    @admin.display(description="gives")
    def gives(self, policy: ReferralPolicy) -> str:
        return f"{rupees(policy.referrer_paise)} and {rupees(policy.newcomer_paise)}"

    @admin.display(description="spent")
    def spent(self, policy: ReferralPolicy) -> str:
        return f"{rupees(policy.used_paise)} of {rupees(policy.budget_paise)}"


@admin.register(Referral)
class ReferralAdmin(ReadOnly):
    list_display = ("entered_at", "newcomer", "referrer", "state", "why", "given", "decided_at", "order_ref")
    list_select_related = ("newcomer", "referrer")
    list_filter = ("state", "why")
    search_fields = ("newcomer__phone", "referrer__phone", "=referrer__referral_code__code", "=order_ref")
    search_help_text = "A phone number, a whole code, or an order's whole id."
    ordering = ("-entered_at",)

    @admin.display(description="given")
    def given(self, referral: Referral) -> str:
        return rupees(referral.referrer_paise + referral.newcomer_paise)


@admin.register(ReferralCode)
class ReferralCodeAdmin(ReadOnly):
    list_display = ("code", "user", "created_at")
    list_select_related = ("user",)
    search_fields = ("=code", "user__phone")
    exclude = ("devices",)
