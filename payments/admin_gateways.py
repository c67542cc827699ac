"""Disputes are looked at; routes are what an operator turns money with, and every change is in the history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from payments import gateways
from payments.models import Dispute, Route


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    list_display = ("id", "payment", "gateway", "amount", "reason", "state", "due_by", "opened_at", "closed_at")
    list_filter = ("state", "gateway")
    list_select_related = ("payment",)
    search_fields = ("=id", "=gateway_ref", "=payment__id", "=payment__ref")
    search_help_text = "A dispute's, payment's or order's whole id, or the gateway's reference."
    ordering = ("state", "due_by")
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, dispute: Dispute) -> str:
        return rupees(dispute.amount_paise)


class RouteForm(forms.ModelForm[Route]):
    class Meta:
        model = Route
        fields = ("method", "gateways")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        names = Route(gateways=cleaned.get("gateways") or "").names()
        if not names:
            self.add_error("gateways", "Name at least one gateway.")
        if len(names) != len(set(names)):
            self.add_error("gateways", "Name each gateway once.")
        for name in names:
            if wrong := why_not(name, method=cleaned.get("method") or ""):
                self.add_error("gateways", wrong)
        cleaned["gateways"] = ", ".join(names)
        return cleaned


def why_not(name: str, *, method: str) -> str:
    """Why this gateway can't take this way of paying here; "" when it can."""
    if name not in gateways.REGISTRY or name == "cod":
        return f"There is no gateway “{name}”."
    if missing := gateways.missing_secrets(name):
        return f"{name} needs {', '.join(missing)} in the environment first."
    if not gateways.usable(name):
        return f"{name} takes no money here."
    if method and method not in gateways.named(name).methods:
        return f"{name} does not take {method}."
    return ""


@admin.register(Route)
class RouteAdmin(ModelAdmin):
    form = RouteForm
    list_display = ("method", "gateways")
    ordering = ("method",)
