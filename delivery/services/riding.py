"""What delivery holds on a rider as a person: profile, papers, bookings, suspensions. The numbers on papers leave the
house as their last four digits only."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from delivery import files
from delivery.models import Appeal, Booking, Document, RiderProfile, Suspension


def held(*, user_id: int) -> dict[str, Any]:
    mine = {"rider__user_id": user_id}
    return {
        "profile": RiderProfile.objects.filter(**mine)
        .values("emergency_name", "emergency_phone", "applied_at", "seen_kinds", "seen_until")
        .first(),
        "papers": list(
            Document.objects.filter(**mine)
            .order_by("submitted_at")
            .values(
                "kind", "state", "number_last4", "holder", "ifsc", "expires_on", "submitted_at", "decided_at", "reason"
            )
        ),
        "gigs": list(
            Booking.objects.filter(**mine)
            .order_by("booked_at")
            .values("gig__store__name", "gig__starts_at", "gig__ends_at", "state", "is_late", "came_at")
        ),
        "suspensions": list(
            Suspension.objects.filter(**mine)
            .order_by("began_at")
            .values("reason", "evidence", "began_at", "until", "ended_at")
        ),
        "appeals": list(
            Appeal.objects.filter(suspension__rider__user_id=user_id)
            .order_by("sent_at")
            .values("text", "sent_at", "state", "answer")
        ),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """That papers were checked, when and by whom stays; pictures, numbers, the account and whom to call go. So do the
    words and photos of appeals."""
    papers = Document.objects.filter(rider__user_id=user_id)
    appeals = Appeal.objects.filter(suspension__rider__user_id=user_id)
    names = set(papers.exclude(file="").values_list("file", flat=True))
    names |= set(appeals.exclude(photo="").values_list("photo", flat=True))
    for name in sorted(names):
        transaction.on_commit(partial(files.remove, name))
    papers.update(
        file="", number_sealed="", number_last4="", number_print="", holder="", ifsc="", bank_name="", ask_bank_at=None
    )
    appeals.update(text="", photo="")
    RiderProfile.objects.filter(rider__user_id=user_id).update(emergency_name="", emergency_phone="")
