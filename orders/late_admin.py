"""Late deliveries in Django Admin: the table of a city, and what was given, day by day."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from orders.lateness import LateCredit, LateStep

DAYS_SHOWN = 14


@admin.register(LateStep)
class LateStepAdmin(ModelAdmin):
    """Without a row the table in orders/late.py holds; a city's own rows replace those of everywhere."""

    list_display = ("whose", "from_m", "of", "amount", "most")
    list_select_related = ("city",)
    list_filter = ("city",)

    @admin.display(description="where", ordering="city")
    def whose(self, step: LateStep) -> str:
        return str(step.city) if step.city else "Everywhere"

    @admin.display(description="at most", ordering="cap_paise")
    def most(self, step: LateStep) -> str:
        return rupees(step.cap_paise)


@admin.register(LateCredit)
class LateCreditAdmin(ReadOnly):
    list_display = ("made_at", "order", "city", "late_m", "given", "rule")
    list_select_related = ("order", "city")
    list_filter = ("city", "made_at")
    search_fields = ("=order__number",)
    search_help_text = "Order number (T-48001)."
    ordering = ("-made_at",)
    date_hierarchy = "made_at"
    show_full_result_count = False
    list_before_template = "orders/admin_late_days.html"

    @admin.display(description="given", ordering="paise")
    def given(self, credit: LateCredit) -> str:
        return rupees(credit.paise)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        days = (
            LateCredit.objects.annotate(day=TruncDate("made_at"))
            .values("day")
            .annotate(orders=Count("pk"), paise=Sum("paise"), minutes=Sum("late_m"))
            .order_by("-day")[:DAYS_SHOWN]
        )
        shown = [{**day, "given": rupees(day["paise"]), "usual_m": day["minutes"] // day["orders"]} for day in days]
        return super().changelist_view(request, {**(extra_context or {}), "late_days": shown})
