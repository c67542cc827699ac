"""Claims in Django Admin: looked at here, decided on the claims page of operations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.admin import ModelAdmin
from unfold.decorators import display

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from orders.claims import Claim, ClaimPolicy, ClaimState, Rating

COLOURS = {
    ClaimState.WAITING.label: "warning",
    ClaimState.REFUNDED.label: "success",
    ClaimState.REFUSED.label: "danger",
}


@admin.register(Claim)
class ClaimAdmin(ReadOnly):
    list_display = ("waits_since", "state_label", "kind", "order", "customer", "asked", "back", "rule", "score", "desk")
    list_select_related = ("order", "customer", "line")
    list_filter = ("state", "kind", "created_at")
    search_fields = ("=order__number", "=customer__phone", "=id")
    search_help_text = "Order number (T-48001) or phone."
    ordering = ("created_at",)
    show_full_result_count = False
    fields = readonly_fields = (
        "desk", "state_label", "kind", "order", "customer", "line", "qty", "note", "asked", "back", "rule", "score",
        "facts", "reason", "decided_by", "decided_at", "created_at",
    )  # fmt: skip

    @admin.display(description="since", ordering="created_at")
    def waits_since(self, claim: Claim) -> str:
        return timesince(claim.created_at, timezone.now())

    @display(description="state", ordering="state", label=COLOURS)
    def state_label(self, claim: Claim) -> str:
        return str(ClaimState(claim.state).label)

    @admin.display(description="asked", ordering="asked_paise")
    def asked(self, claim: Claim) -> str:
        return rupees(claim.asked_paise)

    @admin.display(description="went back", ordering="refund_paise")
    def back(self, claim: Claim) -> str:
        return rupees(claim.refund_paise) if claim.refund_paise else ""

    @admin.display(description="score")
    def score(self, claim: Claim) -> int:
        return int(claim.decision.get("score", {}).get("points", 0))

    @admin.display(description="facts")
    def facts(self, claim: Claim) -> SafeString:
        kept = claim.decision.get("facts", {})
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <b>{}</b></li>", kept.items()))

    @admin.display(description="")
    def desk(self, claim: Claim) -> SafeString:
        return format_html('<a href="/ops/claims/{}/">Open</a>', claim.pk)


@admin.register(ClaimPolicy)
class ClaimPolicyAdmin(ModelAdmin):
    list_display = ("__str__", "order_paise", "days30_paise", "share_bp", "small_paise", "window_h", "changed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not ClaimPolicy.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Rating)
class RatingAdmin(ReadOnly):
    list_display = ("order", "stars", "rider_stars", "chips", "note", "changed_at")
    list_select_related = ("order",)
    list_filter = ("stars", "rider_stars", "changed_at")
    search_fields = ("=order__number",)
    ordering = ("-changed_at",)
    show_full_result_count = False
