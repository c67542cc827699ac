"""What a rider earned, day by day and part by part."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from blinkit.kernel.permissions import web_role
from delivery import queries
from delivery.web.parts import rider_of
from payments.queries import cash_in_hand

RECEIPTS_PER_PAGE = 20


@never_cache
@require_GET
@web_role("rider")
def earnings(request: HttpRequest) -> HttpResponse:
    rider, now = rider_of(request), timezone.now()
    days = queries.earnings_by_day(rider=rider, now=now)
    page = Paginator(queries.earnings_of(rider=rider), RECEIPTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "days": list(reversed(days)),
        "most_paise": max(day["total_paise"] for day in days) or 1,
        "week_paise": sum(day["total_paise"] for day in days),
        "week_deliveries": sum(day["deliveries"] for day in days),
        "cash_paise": cash_in_hand(rider.pk),
        "receipts": [queries.receipt_json(earning) for earning in page],
        "page": page,
        "rider": queries.rider_json(rider),
        "home_url": "/rider/",
        "tab": "earnings",
    }
    return render(request, "delivery/earnings.html", context)
