"""What a rider earned, day by day and part by part."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from blinkit.kernel.permissions import web_role
from delivery import money_queries, queries
from delivery.statement_files import line_text, week_words
from delivery.web.money import door_tags
from delivery.web.parts import rider_of
from orders.stars import MINIMUM_RATINGS

RECEIPTS_PER_PAGE = 20
STATEMENTS_SHOWN = 8


@never_cache
@require_GET
@web_role("rider")
def earnings(request: HttpRequest) -> HttpResponse:
    rider, now = rider_of(request), timezone.now()
    days = queries.earnings_by_day(rider=rider, now=now)
    page = Paginator(queries.earnings_of(rider=rider), RECEIPTS_PER_PAGE).get_page(request.GET.get("page"))
    doors = money_queries.rateable_doors([earning.stop for earning in page], now=now)
    receipts = [queries.receipt_json(earning) for earning in page]
    for receipt in receipts:
        receipt["may_rate_door"] = receipt["stop_id"] in doors
        receipt["door"] = doors.get(receipt["stop_id"])
    context = {
        "days": list(reversed(days)),
        "most_paise": max(day["total_paise"] for day in days) or 1,
        "week_paise": sum(day["total_paise"] for day in days),
        "week_deliveries": sum(day["deliveries"] for day in days),
        "cash": money_queries.cash_json(rider),
        "receipts": receipts,
        "targets": money_queries.targets_of(rider, now=now),
        "statements": [
            {"row": one, "week": week_words(one)} for one in money_queries.statements_of(rider)[:STATEMENTS_SHOWN]
        ],
        "deductions": [money_queries.deduction_json(one, now=now) for one in money_queries.open_deductions(rider)],
        "added": [
            {"text": line_text(one.line), "paise": one.amount_paise, "at": one.at}
            for one in money_queries.added_of(rider, now=now)
        ],
        "door_tags": door_tags(),
        "score": money_queries.score_json(rider),
        "least_ratings": MINIMUM_RATINGS,
        "page": page,
        "rider": queries.rider_json(rider),
        "home_url": "/rider/",
        "tab": "earnings",
    }
    return render(request, "delivery/earnings.html", context)
