"""The administrators' landing page: today's figures and what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from blinkit.kernel.models import Receipt
from catalog.market import Match, MatchState
from catalog.models import SearchLog, Waitlist
from dashboard.queries.board import midnight, today
from delivery.models import Appeal, Document
from delivery.papers import AppealState, PaperState
from notifications.models import Message, MessageState
from orders.models import Order
from payments.models import Dispute, DisputeState, Refund, RefundState

LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many things of a kind wait; `url` opens them. `urgent` when somebody suffers meanwhile."""

    title: str
    count: int
    url: str
    urgent: bool = False


def landing(*, now: datetime) -> dict[str, Any]:
    """Eleven short statements."""
    failed_events = Receipt.objects.filter(done_at=None).filter(Q(next_try_at=None) | Q(attempts__gt=0))
    refunds = Refund.objects.filter(state__in=[RefundState.DUE, RefundState.FAILED])
    searches = SearchLog.objects.filter(results=0, at__gte=now - LATELY)
    return {
        "today": today(now),
        "since": midnight(now),
        "waiting": [
            Waiting("Late orders", Order.objects.late(now=now).count(), "/ops/orders/?state=late", True),
            Waiting("Refunds to send", refunds.count(), "/admin/payments/refund/", True),
            Waiting(
                "Disputes to answer",
                Dispute.objects.filter(state=DisputeState.OPEN).count(),
                "/admin/payments/dispute/?state__exact=open",
                True,
            ),
            Waiting(
                "Messages given up",
                Message.objects.filter(state=MessageState.FAILED, created_at__gte=now - LATELY).count(),
                "/admin/notifications/message/?state__exact=failed",
                True,
            ),
            Waiting("Failed reactions", failed_events.count(), "/admin/kernel/receipt/?done_at__isempty=1", True),
            Waiting(
                "Riders' papers to check",
                Document.objects.filter(state=PaperState.SUBMITTED).count(),
                "/admin/delivery/document/",
            ),
            Waiting(
                "Riders' appeals to answer",
                Appeal.objects.filter(state=AppealState.WAITING).count(),
                "/admin/delivery/appeal/",
            ),
            Waiting("Searches that found nothing, 7 days", searches.count(), "/admin/catalog/searchlog/"),
            Waiting(
                "Matches to review",
                Match.objects.filter(state=MatchState.WAITING).count(),
                "/admin/catalog/match/review/",
            ),
            Waiting("People on the waitlist", Waitlist.objects.count(), "/admin/catalog/waitlist/"),
        ],
    }
