"""Joining, and the Me page: papers, vehicle, bag, breaks, gigs, a suspension and its appeal. Plain forms that post and
come back; a refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.phones import masked
from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.permissions import web_role
from blinkit.kernel.words import said
from catalog.models import Store
from delivery import services
from delivery import standing_queries as queries
from delivery.models import Rider, Vehicle
from delivery.papers import PaperKind
from delivery.services.gigs import policy_of
from delivery.web.parts import rider_of, text_of

LOCAL = ZoneInfo(settings.TIME_ZONE)
BREAKS_M = (10, 20, 30)
VEHICLE_ICONS = {"cycle": "bike", "ebike": "zap", "scooter": "gauge"}
PAPER_ICONS = {
    "kyc": "id-card",
    "licence": "id-card",
    "registration": "file-text",
    "insurance": "shield-check",
    "bank": "landmark",
    "photo": "user-round",
}


def vehicles() -> list[dict[str, str]]:
    needs = {
        Vehicle.CYCLE: _("no licence needed"),
        Vehicle.EBIKE: _("up to 25 km/h, no licence needed"),
        Vehicle.SCOOTER: _("licence, registration and insurance"),
    }
    return [
        {"code": code, "words": _(label), "needs": needs[Vehicle(code)], "icon": VEHICLE_ICONS[code]}
        for code, label in Vehicle.choices
    ]


@never_cache
@require_http_methods(["GET", "POST"])
@web_role()
def join(request: HttpRequest) -> HttpResponse:
    """Anybody signed in; `?store=` (an invitation) chooses the store."""
    user: Any = request.user
    if Rider.objects.filter(user_id=user.pk).exists():
        return redirect("rider-me")
    typed = {
        "name": user.name,
        "store": request.GET.get("store", ""),
        "vehicle": "ebike",
        "language": (get_language() or user.language)[:2],  # that of the page they read
        "emergency_name": "",
        "emergency_phone": "",
    }
    error, status = "", 200
    if request.method == "POST":
        typed = {name: text_of(request, name, 120) for name in typed}
        try:
            services.join(
                user_id=int(user.pk),
                store_code=typed["store"],
                name=typed["name"],
                vehicle=typed["vehicle"],
                language=typed["language"] or "en",
                emergency_name=typed["emergency_name"],
                emergency_phone=typed["emergency_phone"],
                now=timezone.now(),
            )
        except Refusal as refusal:
            error, status = said(refusal.detail), refusal.status
        else:
            messages.success(request, _("Welcome! Now send us your papers."))
            return redirect("rider-me")
    stores = Store.objects.filter(is_active=True).select_related("city").order_by("city__name", "name")
    context = {
        "typed": typed,
        "error": error,
        "cities": [(city, list(rows)) for city, rows in groupby(stores, key=lambda store: store.city.name)],
        "vehicles": vehicles(),
        "languages": settings.LANGUAGES,
        "home_url": "/",
    }
    return render(request, "delivery/join.html", context, status=status)


@never_cache
@require_GET
@web_role("rider")
def me(request: HttpRequest) -> HttpResponse:
    return show_me(request, rider_of(request))


def show_me(
    request: HttpRequest, rider: Rider, *, error: str = "", typed: dict[str, str] | None = None
) -> HttpResponse:
    now = timezone.now()
    profile = queries.profile_json(rider=rider, now=now)
    shift = rider.shifts.filter(ended_at=None).first()
    for paper in profile["papers"]:
        paper["icon"] = PAPER_ICONS[paper["kind"]]
        paper["label"] = _(paper["label"])
    context = {
        "profile": profile,
        "phone": masked(rider.user.phone),
        "rider": {"name": str(rider)},
        "on_duty": shift is not None,
        "duty": queries.duty_json(rider, shift, now=now),
        "breaks": BREAKS_M,
        "vehicles": vehicles(),
        "languages": settings.LANGUAGES,
        "litres": (20, 30, 40, 60, 80),
        "error": error,
        "typed": typed or {},
        "home_url": "/rider/",
        "tab": "me",
    }
    return render(request, "delivery/me.html", context, status=400 if error else 200)


Act = Callable[..., str]


def door(act: Act, *, to: str = "rider-me") -> Callable[..., HttpResponseBase]:
    """A view that does one act for the signed-in rider and goes back where it came from (`to`, or the Ride screen when
    the form says so)."""

    @never_cache
    @require_POST
    @web_role("rider")
    def view(request: HttpRequest, **ids: Any) -> HttpResponse:
        rider = rider_of(request)
        back = "rider-home" if request.POST.get("back") == "ride" else to
        try:
            words = act(request, rider, timezone.now(), **ids)
        except Refusal as refusal:
            messages.error(request, said(refusal.detail))
        else:
            if words:
                messages.success(request, words)
        return redirect(back)

    return view


def _vehicle(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.change_vehicle(rider_id=rider.pk, vehicle=text_of(request, "vehicle", 10), now=now)
    return _("Noted.")


def _bag(request: HttpRequest, rider: Rider, now: datetime) -> str:
    litres = text_of(request, "max_litres", 4)
    services.update_rider(
        rider_id=rider.pk,
        has_cold_bag=request.POST.get("has_cold_bag") == "1",
        max_litres=int(litres) if litres.isascii() and litres.isdigit() else None,
        now=now,
    )
    return _("Noted.")


def _emergency(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.update_rider(
        rider_id=rider.pk,
        emergency_name=text_of(request, "emergency_name", 80),
        emergency_phone=text_of(request, "emergency_phone", 20),
        now=now,
    )
    return _("Noted.")


def _break(request: HttpRequest, rider: Rider, now: datetime) -> str:
    minutes = text_of(request, "minutes", 3)
    if not (minutes.isascii() and minutes.isdigit()):
        raise Invalid("How long is your break?")
    services.start_break(rider_id=rider.pk, minutes=int(minutes), now=now)
    return _("Enjoy your break. No offers come until you are back.")


def _break_end(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.end_break(rider_id=rider.pk, now=now)
    return _("Welcome back.")


def _appeal(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.appeal(rider_id=rider.pk, text=text_of(request, "text", 1000), photo=request.FILES.get("photo"), now=now)
    return _("Sent. A person reads it and answers here.")


@never_cache
@require_POST
@web_role("rider")
def language(request: HttpRequest) -> HttpResponse:
    rider = rider_of(request)
    code = text_of(request, "language", 5)
    services.update_rider(rider_id=rider.pk, language=code, now=timezone.now())
    answer = redirect("rider-me")
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 24 * 3600, samesite="Lax")
    return answer


@never_cache
@require_http_methods(["GET", "POST"])
@web_role("rider")
def paper(request: HttpRequest, kind: str) -> HttpResponse:
    """One paper: what is known of it, and the form to send it (again)."""
    if kind not in PaperKind.values:
        raise Http404
    rider, now = rider_of(request), timezone.now()
    typed = {"number": "", "expires_on": "", "holder": rider.user.name, "ifsc": ""}
    error, status = "", 200
    if request.method == "POST":
        typed = {name: text_of(request, name, 80) for name in typed}
        try:
            services.submit_paper(
                rider_id=rider.pk,
                kind=kind,
                file=request.FILES.get("file"),
                number=typed["number"],
                expires_on=_date(typed["expires_on"]),
                holder=typed["holder"],
                ifsc=typed["ifsc"],
                now=now,
            )
        except Refusal as refusal:
            error, status = said(refusal.detail), refusal.status
        else:
            messages.success(request, _("Sent. We check it and tell you."))
            return redirect("rider-me")
    papers = queries.papers_json(rider=rider, now=now)
    shown = next((it for it in papers if it["kind"] == kind), None)
    if shown is None:
        raise Http404  # this vehicle needs none
    shown["label"] = _(shown["label"])
    context = {
        "paper": shown,
        "icon": PAPER_ICONS[kind],
        "typed": typed,
        "error": error,
        "today": now.astimezone(LOCAL).date(),
        "rider": {"name": str(rider)},
        "home_url": "/rider/",
        "tab": "me",
    }
    return render(request, "delivery/paper.html", context, status=status)


@never_cache
@require_GET
@web_role("rider")
def gigs(request: HttpRequest) -> HttpResponse:
    rider, now = rider_of(request), timezone.now()
    rows = queries.gigs_json(rider=rider, now=now)
    for row in rows:
        row["hours"] = round((row["ends_at"] - row["starts_at"]).total_seconds() / 3600, 1)
        row["day"] = row["starts_at"].astimezone(LOCAL).date()
    context = {
        "days": [
            (day, found := list(group), any(row["booking"] for row in found))
            for day, group in groupby(rows, key=lambda row: row["day"])
        ],
        "counted": queries.counted(rider=rider, now=now),
        "today": now.astimezone(LOCAL).date(),
        "store": rider.store.name,
        "late_m": policy_of(rider.store).late_cancel_m,
        "verified": rider.is_verified and not rider.suspended_reason,
        "rider": {"name": str(rider)},
        "home_url": "/rider/",
        "tab": "gigs",
    }
    return render(request, "delivery/gigs.html", context)


def _book(request: HttpRequest, rider: Rider, now: datetime, *, gig_id: UUID) -> str:
    services.book(rider_id=rider.pk, gig_id=gig_id, now=now)
    return _("Booked. Go on duty near the store when it begins.")


def _give_back(request: HttpRequest, rider: Rider, now: datetime, *, gig_id: UUID) -> str:
    booking = services.give_back(rider_id=rider.pk, gig_id=gig_id, now=now)
    return _("Given back. It was late, so it is counted.") if booking.is_late else _("Given back.")


def _date(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


urls: list[Any] = [
    path("rider/join/", join, name="rider-join"),
    path("rider/me/", me, name="rider-me"),
    path("rider/me/vehicle/", door(_vehicle), name="rider-vehicle"),
    path("rider/me/bag/", door(_bag), name="rider-cold-bag"),
    path("rider/me/emergency/", door(_emergency), name="rider-emergency"),
    path("rider/me/language/", language, name="rider-language"),
    path("rider/me/appeal/", door(_appeal), name="rider-appeal"),
    path("rider/break/", door(_break), name="rider-break"),
    path("rider/break/end/", door(_break_end), name="rider-break-end"),
    path("rider/papers/<slug:kind>/", paper, name="rider-paper"),
    path("rider/gigs/", gigs, name="rider-gigs"),
    path("rider/gigs/<uuid:gig_id>/book/", door(_book, to="rider-gigs"), name="rider-gig-book"),
    path("rider/gigs/<uuid:gig_id>/give-back/", door(_give_back, to="rider-gigs"), name="rider-gig-give-back"),
]
