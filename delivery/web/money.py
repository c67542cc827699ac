"""Statements, cash and its deposit, a deduction's dispute, and how a door was: the signed-in rider's own."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from blinkit.kernel.errors import Invalid
from blinkit.kernel.permissions import web_role
from delivery import money_queries as queries
from delivery.models import WeekStatement
from delivery.queries import rider_json
from delivery.services import cashing, deductions, drops
from delivery.statement_files import line_text, part_names, statement_csv, statement_pdf, week_words
from delivery.web.parts import rider_of, text_of
from payments import services as money

MOST_RUPEES = 100_000


def door_tags() -> list[tuple[str, str]]:
    """Codes and words of what can be said about a door."""
    words = {
        "gate": _("Gate or guard"),
        "stairs": _("Many stairs"),
        "lift": _("Lift"),
        "dog": _("Dog"),
        "wrong-pin": _("Pin is wrong"),
        "hard-to-find": _("Hard to find"),
        "no-parking": _("No parking"),
        "dark": _("Dark spot"),
    }
    return [(tag, words[tag]) for tag in drops.TAGS]


@never_cache
@require_GET
@web_role("rider")
def statement(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    found = _own(request, statement_id)
    told = queries.statement_json(found)
    names = part_names()
    context: dict[str, Any] = {
        "statement": told,
        "week": week_words(found),
        "parts": [(names[code], told["parts"][code]) for code in names if told["parts"][code]],
        "lines": [(line_text(line), line["paise"]) for line in told["lines"]],
        "rider": rider_json(found.rider),
        "home_url": "/rider/",
        "tab": "earnings",
    }
    return render(request, "delivery/statement.html", context)


@never_cache
@require_GET
@web_role("rider")
def statement_file(request: HttpRequest, statement_id: UUID, kind: str) -> HttpResponse:
    found = _own(request, statement_id)
    if kind == "csv":
        body: bytes | str = statement_csv(found)
        content_type, shown = "text/csv; charset=utf-8", "attachment"
    else:
        body, content_type, shown = statement_pdf(found), "application/pdf", "inline"
    name = f'{shown}; filename="{found.number}.{kind}"'
    return HttpResponse(body, content_type=content_type, headers={"Content-Disposition": name})


@never_cache
@require_GET
@web_role("rider")
def cash(request: HttpRequest) -> HttpResponse:
    rider = rider_of(request)
    state = queries.cash_json(rider)
    context = {
        "cash": state,
        "all_rupees": state["in_hand_paise"] // 100,
        "rider": rider_json(rider),
        "key": uuid4(),
        "home_url": "/rider/",
        "tab": "earnings",
    }
    return render(request, "delivery/cash.html", context)


@require_POST
@web_role("rider")
def deposit(request: HttpRequest) -> HttpResponse:
    rider, now = rider_of(request), timezone.now()
    typed = text_of(request, "rupees", 9)
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST_RUPEES):
        raise Invalid(_("Type the amount in whole rupees."))
    payment = cashing.begin_upi_deposit(
        rider=rider, amount_paise=int(typed) * 100, key=text_of(request, "key", 64) or str(uuid4()), now=now
    )
    started = money.start_attempt(
        payment_id=payment.pk, customer_id=rider.user_id, instrument="upi", now=now, return_url="/rider/cash/"
    )
    return redirect(started["pay_url"])


@require_POST
@web_role("rider")
def dispute(request: HttpRequest, deduction_id: UUID) -> HttpResponse:
    rider = rider_of(request)
    deductions.dispute_deduction(
        deduction_id=deduction_id, rider_id=rider.pk, words=text_of(request, "words", 300), now=timezone.now()
    )
    messages.success(request, _("Noted. It does not count until somebody else has looked at it."))
    return redirect("rider-earnings")


@require_POST
@web_role("rider")
def door(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    easy = request.POST.get("easy", "")
    if easy not in ("1", "0"):
        raise Invalid(_("Was it easy to find? Choose yes or no."))
    drops.rate_drop(
        stop_id=stop_id,
        rider_id=rider_of(request).pk,
        is_easy=easy == "1",
        tags=request.POST.getlist("tag")[:20],
        now=timezone.now(),
    )
    messages.success(request, _("Thank you. It helps the next rider."))
    return redirect("rider-earnings")


def _own(request: HttpRequest, statement_id: UUID) -> WeekStatement:
    return queries.statement_of(rider=rider_of(request), statement_id=statement_id)


urls = [
    path("rider/statements/<uuid:statement_id>/", statement, name="rider-statement"),
    path("rider/statements/<uuid:statement_id>.pdf", statement_file, {"kind": "pdf"}, name="rider-statement-pdf"),
    path("rider/statements/<uuid:statement_id>.csv", statement_file, {"kind": "csv"}, name="rider-statement-csv"),
    path("rider/cash/", cash, name="rider-cash"),
    path("rider/cash/deposit/", deposit, name="rider-cash-deposit"),
    path("rider/deductions/<uuid:deduction_id>/dispute/", dispute, name="rider-dispute"),
    path("rider/stops/<uuid:stop_id>/door/", door, name="rider-door"),
]
