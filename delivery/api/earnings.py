"""What a rider earned."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import CursorPagination
from blinkit.kernel.errors import Invalid
from blinkit.kernel.schema import pages, whole
from delivery import queries, shapes
from delivery.api.parts import TAGS, RiderView, fresh
from payments.queries import cash_in_hand

MOST_DAYS = 31


class ReceiptPages(CursorPagination):
    ordering = ("-at", "-pk")  # type: ignore[assignment]
    page_size = 30


class EarningsView(RiderView):
    @extend_schema(
        operation_id="rider_earnings",
        summary="Pay by day, and a receipt for each delivery",
        tags=TAGS,
        parameters=[
            whole("days", least=1, most=MOST_DAYS, default=7),
            *pages(default=ReceiptPages.page_size),
        ],
        responses=shapes.EarningsOut,
    )
    def get(self, request: Request) -> Response:
        rider, now = self.rider(), timezone.now()
        asked = request.query_params.get("days", "7")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and 1 <= int(asked) <= MOST_DAYS):
            raise Invalid(f"days: a whole number from 1 to {MOST_DAYS}.", errors={"days": [f"From 1 to {MOST_DAYS}."]})
        pages = ReceiptPages()
        page = pages.paginate_queryset(queries.earnings_of(rider=rider), request, view=self) or []
        listed = pages.get_paginated_response([queries.receipt_json(earning) for earning in page])
        return fresh(
            {
                "days": queries.earnings_by_day(rider=rider, now=now, days=int(asked)),
                "cash_paise": cash_in_hand(rider.pk),
                "currency": "INR",
                **listed.data,
            }
        )
