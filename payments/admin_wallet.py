"""Wallets and memberships in Django Admin: looked at, never edited; goodwill is given by a service, with a reason."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from unfold.admin import ModelAdmin

from accounts.errors import BadPhone
from accounts.models import User
from accounts.phones import normalise
from blinkit.kernel.admin import ReadOnly, ReadOnlyInline
from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from payments import services
from payments.models import Membership, MembershipPlan, MembershipPurchase, Wallet, WalletLot
from payments.services.wallet import GOODWILL_MOST_PAISE, GOODWILL_MOST_PER_MONTH_PAISE


class GoodwillForm(forms.Form):
    phone = forms.CharField(label="The customer's phone", max_length=20)
    amount = forms.DecimalField(
        label="Rupees", min_value=1, max_value=GOODWILL_MOST_PAISE // 100, max_digits=8, decimal_places=2
    )
    reason = forms.CharField(label="Why (the customer reads it)", max_length=160)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_phone(self) -> User:
        try:
            found = User.objects.filter(phone=normalise(self.cleaned_data["phone"])).first()
        except BadPhone as refusal:
            raise forms.ValidationError(refusal.detail) from None
        if found is None:
            raise forms.ValidationError("Nobody has this number.")
        return found


class LotInline(ReadOnlyInline):
    model = WalletLot
    ordering = ("-pk",)
    fields = readonly_fields = ("created_at", "source", "amount", "left", "expires_at", "reason", "actor")
    verbose_name_plural = "credit"

    @admin.display(description="credit")
    def amount(self, lot: WalletLot) -> str:
        return rupees(lot.amount_paise)

    @admin.display(description="left")
    def left(self, lot: WalletLot) -> str:
        return rupees(lot.left_paise)


@admin.register(Wallet)
class WalletAdmin(ReadOnly):
    """“Add wallet” gives goodwill: nothing else can be written here."""

    list_display = ("customer", "phone", "balance")
    list_select_related = ("customer",)
    search_fields = ("customer__phone", "customer__name")
    ordering = ("-balance_paise",)
    show_full_result_count = False
    fields = readonly_fields = ("customer", "phone", "balance")
    inlines = (LotInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.add_walletlot"))

    @admin.display(description="phone")
    def phone(self, wallet: Wallet) -> str:
        return wallet.customer.phone

    @admin.display(description="balance", ordering="balance_paise")
    def balance(self, wallet: Wallet) -> str:
        return rupees(wallet.balance_paise)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Asks twice: the second page names whom and how much."""
        if not self.has_add_permission(request):
            return redirect("admin:payments_wallet_changelist")
        form = GoodwillForm(request.POST or None, initial={"key": uuid4()})
        asked = form.is_bound and form.is_valid()
        if asked and "confirmed" in request.POST and self._give(request, form.cleaned_data):
            return redirect("admin:payments_wallet_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": "Give goodwill",
            "opts": self.model._meta,
            "form": form,
            "asked": asked,
            "once": rupees(GOODWILL_MOST_PAISE),
            "month": rupees(GOODWILL_MOST_PER_MONTH_PAISE),
        }
        return render(request, "payments/admin_goodwill.html", context)

    def _give(self, request: HttpRequest, answers: dict[str, Any]) -> bool:
        customer, paise = answers["phone"], int(answers["amount"] * 100)
        try:
            services.give_goodwill(
                customer_id=customer.pk,
                amount_paise=paise,
                reason=answers["reason"],
                actor=f"user:{request.user.pk}",
                key=str(answers["key"]),
                now=timezone.now(),
            )
        except Refusal as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
            return False
        self.message_user(request, f"{rupees(paise)} is in the wallet of {customer}.", messages.SUCCESS)
        return True


@admin.register(MembershipPlan)
class MembershipPlanAdmin(ModelAdmin):
    list_display = ("name", "price", "days", "is_active")
    list_filter = ("is_active",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # purchases point at it: take it off sale instead

    @admin.display(description="price", ordering="price_paise")
    def price(self, plan: MembershipPlan) -> str:
        return rupees(plan.price_paise)


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("customer", "since", "until", "reminded_of")
    list_select_related = ("customer",)
    search_fields = ("customer__phone", "customer__name")
    ordering = ("-until",)


@admin.register(MembershipPurchase)
class MembershipPurchaseAdmin(ReadOnly):
    list_display = ("created_at", "customer", "plan", "price", "begins_at", "ends_at")
    list_select_related = ("customer", "plan")
    search_fields = ("=id", "customer__phone")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MembershipPurchase]:
        return super().get_queryset(request).select_related("customer", "plan")

    @admin.display(description="price", ordering="price_paise")
    def price(self, purchase: MembershipPurchase) -> str:
        return rupees(purchase.price_paise)
