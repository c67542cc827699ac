"""Payouts to riders in Django Admin: looked at, and sent again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from payments import services
from payments.models import Payout, PayoutState


@admin.register(Payout)
class PayoutAdmin(ReadOnly):
    list_display = ("created_at", "key", "amount", "state", "tries", "next_try_at", "why_failed", "done_at", "bank_ref")
    list_filter = ("state", "created_at")
    search_fields = ("=key", "=bank_ref")
    search_help_text = "The whole key (rider:Monday) or the bank's reference."
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("send_again",)

    def has_work_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("payments.change_payout"))

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, payout: Payout) -> str:
        return rupees(payout.amount_paise)

    @admin.action(description="Send again now (the bank pays once per payout)", permissions=["work"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Payout]) -> None:
        open_ones: Any = queryset.exclude(state=PayoutState.DONE).order_by("pk")
        for payout_id in list(open_ones.values_list("pk", flat=True)):
            services.retry_payout(payout_id=payout_id, now=timezone.now())
        left = queryset.filter(state=PayoutState.FAILED).count()
        level = messages.WARNING if left else messages.SUCCESS
        self.message_user(request, f"Sent; {left} were not taken." if left else "Sent.", level)
