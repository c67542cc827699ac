"""Settlement lines in Django Admin: looked at, with what differs first."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.money import rupees
from payments.settlements import Problem, SettlementLine

COLOURS = {Problem.NONE.label: "success", Problem.FEE.label: "warning"} | {
    problem.label: "danger" for problem in Problem if problem not in (Problem.NONE, Problem.FEE)
}


class DifferenceFilter(admin.SimpleListFilter):
    title = "differences"
    parameter_name = "differs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "Everything that differs"), *((one.value, str(one.label)) for one in Problem if one)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SettlementLine]) -> QuerySet[SettlementLine]:
        if self.value() == "any":
            return queryset.exclude(problem=Problem.NONE)
        return queryset.filter(problem=self.value()) if self.value() in Problem.values else queryset


@admin.register(SettlementLine)
class SettlementLineAdmin(ReadOnly):
    list_display = ("state", "why", "line_id", "kind", "amount", "charges", "net", "settled_at")
    list_filter = (DifferenceFilter, "gateway", "kind", "settled_at")
    search_fields = ("=line_id", "=settlement_id", "=attempt__gateway_ref", "=attempt__payment__ref")
    search_help_text = "A whole line id, settlement id, the gateway's reference, or an order's id."
    ordering = ("-settled_at", "-id")
    show_full_result_count = False
    fields = readonly_fields = (
        "gateway", "line_id", "settlement_id", "settled_at", "kind", "word", "attempt", "refund", "amount", "fee",
        "tax", "net", "state", "detail", "imported_at",
    )  # fmt: skip

    @admin.display(description="amount", ordering="amount_paise")
    def amount(self, line: SettlementLine) -> str:
        return rupees(line.amount_paise)

    @admin.display(description="what differs", ordering="detail")
    def why(self, line: SettlementLine) -> SafeString:
        return format_html('<span class="block" style="min-width: 14rem">{}</span>', line.detail or "Nothing")

    @admin.display(description="fee and GST", ordering="fee_paise")
    def charges(self, line: SettlementLine) -> str:
        return f"{rupees(line.fee_paise)} + {rupees(line.tax_paise)}" if line.fee_paise or line.tax_paise else ""

    @admin.display(description="fee", ordering="fee_paise")
    def fee(self, line: SettlementLine) -> str:
        return rupees(line.fee_paise)

    @admin.display(description="GST on it", ordering="tax_paise")
    def tax(self, line: SettlementLine) -> str:
        return rupees(line.tax_paise)

    @admin.display(description="into the bank", ordering="net_paise")
    def net(self, line: SettlementLine) -> str:
        return rupees(line.net_paise)

    @display(description="is it right", ordering="problem", label=COLOURS)
    def state(self, line: SettlementLine) -> str:
        return str(Problem(line.problem).label)
