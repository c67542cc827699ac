"""Where people want us and nobody delivers: the map, the table, and telling those we serve now."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import queries as goods
from catalog import unmet
from catalog.services.demand import tell_waiting
from dashboard.web.parts import act, actor_of, screen, show

DAYS = (7, 30, 90, 365)
SHOWN_IN_TABLE = 40


@screen
def demand(request: HttpRequest) -> HttpResponse:
    days = _days(request)
    cells = unmet.unmet_cells(now=timezone.now(), days=days)
    most = max((cell.weight for cell in cells), default=1)
    stores = goods.active_stores()
    facts = {
        "areas": [{"name": store.name, "ring": store.area} for store in stores],
        "cells": [
            {"box": cell.corners, "shade": round(cell.weight / most, 3), "label": _words(cell)} for cell in cells
        ],
        "points": [
            {"id": store.code, "kind": "store", "lat": store.lat, "lng": store.lng, "label": store.name}
            for store in stores
        ],
    }
    context = {
        "here": "demand",
        "days": days,
        "choices": DAYS,
        "cells": cells[:SHOWN_IN_TABLE],
        "more": max(0, len(cells) - SHOWN_IN_TABLE),
        "waiting": sum(cell.waiting for cell in cells),
        "asked": sum(cell.asked for cell in cells),
        "covered": unmet.covered_now(),
        "facts": facts,
    }
    return show(request, "dashboard/demand.html", context)


@screen
def demand_csv(request: HttpRequest) -> HttpResponse:
    """The same cells as a file: middle of the cell, people waiting, times asked."""
    days = _days(request)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="unmet-demand-{days}-days.csv"'},
    )
    table = csv.writer(response)
    table.writerow(["lat", "lng", "waiting", "asked"])
    for cell in unmet.unmet_cells(now=timezone.now(), days=days):
        table.writerow([f"{cell.lat:.5f}", f"{cell.lng:.5f}", cell.waiting, cell.asked])
    return response


@act("ops-demand")
def tell(request: HttpRequest) -> HttpResponse:
    """One click: everybody on the list whom this store serves now hears it, once."""
    store = goods.store_by_code(request.POST.get("store", ""))
    count = tell_waiting(store_id=store.pk, actor=actor_of(request), now=timezone.now())
    said = ngettext("%(n)s person is told.", "%(n)s people are told.", count) % {"n": count}
    messages.success(request, said)
    return redirect("ops-demand")


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "")
    return int(text) if text in {str(days) for days in DAYS} else 30


def _words(cell: unmet.Cell) -> str:
    return _("%(waiting)s waiting · asked %(asked)s times") % {"waiting": cell.waiting, "asked": cell.asked}
