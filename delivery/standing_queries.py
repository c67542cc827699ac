"""What a rider reads about themselves: duty, papers, gigs, suspension. One reading for the API and the screens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q

from delivery import paperwork
from delivery.gigs import LIVE_BOOKING, BookingState
from delivery.models import Appeal, Booking, Document, Gig, Rider, RiderBreak, RiderProfile, Shift, Suspension
from delivery.papers import AppealState, PaperKind, PaperState
from delivery.services.checks import SELF_CHECK
from delivery.services.gigs import gigs_for
from delivery.services.papers import good_kinds
from delivery.services.standing import MOST_APPEALS

LOCAL = ZoneInfo(settings.TIME_ZONE)
COUNTED_DAYS = 30
MOST_GIGS = 100


def duty_json(rider: Rider, shift: Shift | None, *, now: datetime) -> dict[str, Any]:
    """The shift beyond on and off. One statement on duty, one off duty."""
    today = now.astimezone(LOCAL).date()
    if shift is None:
        checked = RiderProfile.objects.filter(rider=rider, checked_on=today).exists()
        return {
            "ends_at": None,
            "break": None,
            "warnings": [],
            "self_check": [] if checked else list(SELF_CHECK[rider.vehicle]),
        }
    live = RiderBreak.objects.filter(shift=shift, ended_at=None).values("started_at", "back_at").first()
    check = getattr(shift, "duty_check", None)
    return {
        "ends_at": shift.ends_at,
        "break": live,
        "warnings": list(check.warnings) if check else [],
        "self_check": [],
    }


def profile_json(*, rider: Rider, now: datetime) -> dict[str, Any]:
    """The Me page. Eight statements at most."""
    profile = RiderProfile.objects.filter(rider=rider).first()
    papers = papers_json(rider=rider, now=now)
    return {
        "name": str(rider),
        "phone": rider.user.phone,
        "language": rider.user.language,
        "store": {"code": rider.store.code, "name": rider.store.name, "lat": rider.store.lat, "lng": rider.store.lng},
        "vehicle": rider.vehicle,
        "max_bags": rider.max_bags,
        "max_litres": rider.max_litres,
        "has_cold_bag": rider.has_cold_bag,
        "emergency_name": profile.emergency_name if profile else "",
        "emergency_phone": profile.emergency_phone if profile else "",
        "verified": rider.is_verified,
        "next_step": next_step(rider, papers),
        "papers": papers,
        "suspension": suspension_json(rider=rider),
        "gigs_30_days": counted(rider=rider, now=now),
    }


def next_step(rider: Rider, papers: Iterable[dict[str, Any]]) -> str:
    """The one thing to do: send-papers, wait, answer (a suspension), ride."""
    if rider.suspended_reason:
        return "answer"
    if rider.is_verified:
        return "ride"
    return "send-papers" if any(it["needed"] and it["to_send"] for it in papers) else "wait"


def papers_json(*, rider: Rider, now: datetime) -> list[dict[str, Any]]:
    """Each kind the vehicle needs, in order, then others that were sent: what counts, what waits, what to send."""
    today = now.astimezone(LOCAL).date()
    good = good_kinds(rider.pk, today=today)
    rows: defaultdict[str, list[Document]] = defaultdict(list)
    for row in Document.objects.filter(rider=rider).exclude(state=PaperState.REPLACED).order_by("-submitted_at"):
        rows[row.kind].append(row)
    needed = paperwork.needed(rider.vehicle)
    kinds = [*needed, *(kind for kind in PaperKind.values if kind not in needed and kind in rows)]
    return [_paper(kind, rows[kind], is_needed=kind in needed, is_good=kind in good, today=today) for kind in kinds]


def _paper(kind: str, rows: list[Document], *, is_needed: bool, is_good: bool, today: Any) -> dict[str, Any]:
    waiting = next((it for it in rows if it.state == PaperState.SUBMITTED), None)
    verified = next((it for it in rows if it.state == PaperState.VERIFIED), None)
    newest = rows[0] if rows else None
    rejected = newest if newest is not None and newest.state == PaperState.REJECTED else None
    over = verified is not None and not paperwork.is_good(verified.expires_on, today=today)
    ends_soon = bool(
        verified
        and verified.expires_on
        and not over
        and verified.expires_on <= today + timedelta(days=max(paperwork.WARN_DAYS))
    )
    shown = waiting or rejected or verified
    if waiting is not None:
        state = "submitted"
    elif rejected is not None:
        state = "rejected"
    elif over:
        state = "expired"
    elif verified is not None:
        state = "verified"
    else:
        state = "seen" if is_good else "missing"
    form = paperwork.FORMS.get(kind)
    return {
        "kind": kind,
        "label": str(PaperKind(kind).label),
        "needed": is_needed,
        "state": state,
        "counts": is_good,
        "to_send": waiting is None and (not is_good or rejected is not None),
        "ends_soon": ends_soon,
        "number": shown.masked if shown else "",
        "expires_on": shown.expires_on if shown else None,
        "reason": rejected.reason if rejected else "",
        "submitted_at": shown.submitted_at if shown else None,
        "asks_number": form is not None,
        "example": form.example if form else "",
        "asks_date": kind in paperwork.ENDS,
        "asks_file": kind != PaperKind.BANK,
        "is_bank": kind == PaperKind.BANK,
    }


def suspension_json(*, rider: Rider) -> dict[str, Any] | None:
    """The live suspension with its appeals, newest first, as the rider reads it."""
    if not rider.suspended_reason:
        return None
    found = Suspension.objects.filter(rider=rider, ended_at=None).first()
    if found is None:
        return None
    appeals = list(Appeal.objects.filter(suspension=found).order_by("-sent_at"))
    return {
        "reason": found.reason,
        "evidence": found.evidence,
        "began_at": found.began_at,
        "until": found.until,
        "may_appeal": len(appeals) < MOST_APPEALS and not any(it.state == AppealState.WAITING for it in appeals),
        "appeals": [{"text": it.text, "sent_at": it.sent_at, "state": it.state, "answer": it.answer} for it in appeals],
    }


def counted(*, rider: Rider, now: datetime) -> dict[str, int]:
    """Bookings of the last 30 days: kept, given back late, missed. Shown, and nothing else follows from them here."""
    last = Booking.objects.filter(rider=rider, booked_at__gt=now - timedelta(days=COUNTED_DAYS))
    return last.aggregate(
        came=Count("pk", filter=Q(state=BookingState.CAME)),
        late=Count("pk", filter=Q(is_late=True)),
        missed=Count("pk", filter=Q(state=BookingState.MISSED)),
    )


def gigs_json(*, rider: Rider, now: datetime, days: int = 7) -> list[dict[str, Any]]:
    """Windows at the home store with this rider's own bookings. Two statements."""
    gigs = list(gigs_for(rider=rider, now=now, days=days)[:MOST_GIGS])
    bookings = Booking.objects.filter(rider=rider, gig__in=gigs)
    mine = {it.gig_id: it for it in bookings.filter(state__in=LIVE_BOOKING)}
    return [gig_json(gig, mine.get(gig.pk), rider=rider) for gig in gigs]


def gig_json(gig: Gig, mine: Booking | None, *, rider: Rider) -> dict[str, Any]:
    return {
        "id": gig.pk,
        "store_code": rider.store.code,
        "starts_at": gig.starts_at,
        "ends_at": gig.ends_at,
        "places": gig.places,
        "free": gig.free,
        "booking": mine.state if mine else "",
        "called_off": gig.called_off_reason if gig.called_off_at else "",
    }
