"""The day report of a store, and a picker's own day."""

from __future__ import annotations

import csv
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from blinkit.kernel.errors import Invalid
from catalog.importing.sheets import harmless
from catalog.models import Store
from fulfillment import access, daybook
from fulfillment.web.parts import screen, show


@screen
def day(request: HttpRequest, code: str) -> HttpResponse:
    store = access.store_to_oversee(request.user, code)
    today = daybook.today_of(store, now=timezone.now())
    wanted = _day(request, store, today)
    report = daybook.day_of(store=store, day=wanted)
    context = {
        "here": "day",
        "report": report,
        "today": today,
        "is_today": wanted == today,
        "before": wanted - timedelta(days=1),
        "after": wanted + timedelta(days=1) if wanted < today else None,
        "stages": _stages(report.figures),
    }
    return show(request, "fulfillment/day.html", store, context)


@screen
def day_csv(request: HttpRequest, code: str) -> HttpResponse:
    """The same figures as rows: section, name, figure, the day before, the week before."""
    store = access.store_to_oversee(request.user, code)
    report = daybook.day_of(store=store, day=_day(request, store, daybook.today_of(store, now=timezone.now())))
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{store.code}-{report.day:%Y-%m-%d}.csv"'},
    )
    table = csv.writer(response)
    table.writerow(["section", "name", "value", "day_before", "week_before"])
    for name in daybook.DayFigures.__slots__:
        values = (getattr(one, name) for one in (report.figures, report.yesterday, report.last_week))
        table.writerow(["day", name, *("" if value is None else value for value in values)])
    for hour in report.hours:
        for name in ("orders", "lines", "units"):
            table.writerow([f"hour {hour.hour:02}", name, getattr(hour, name), "", ""])
    for row in report.missing:
        label = harmless(f"{row.product.sku} {row.product.name}")
        table.writerow(["not found", label, row.units, "", ""])
        table.writerow(["substituted", label, row.substituted, "", ""])
    for line in report.wastage:
        table.writerow(["wastage_paise", line.reason, line.value_paise, "", ""])
    for name in daybook.Counted.__slots__:
        table.writerow(["counts", name, getattr(report.counts, name), "", ""])
    return response


@screen
def me(request: HttpRequest, code: str) -> HttpResponse:
    """One's own day. There is no address for anybody else's."""
    store = access.store_to_work_in(request.user, code)
    own = daybook.own_day(picker_id=int(request.user.pk or 0), store=store, now=timezone.now())
    most = max((one.lines for _day, one in own.days), default=0)
    days = [(when, one, round(100 * one.lines / most) if most else 0) for when, one in own.days]
    return show(request, "fulfillment/me.html", store, {"here": "me", "own": own, "days": days})


def _day(request: HttpRequest, store: Store, today: date) -> date:
    """The day asked for in the address, today without one. Raises Invalid."""
    text = request.GET.get("day", "").strip()
    if not text:
        return today
    try:
        wanted = date.fromisoformat(text[:10])
    except ValueError:
        raise Invalid("Write the day as 2026-11-27.") from None
    if not today - daybook.LOOK_BACK <= wanted <= today:
        raise Invalid("Choose a day of the last year.")
    return wanted


def _stages(figures: daybook.DayFigures) -> list[tuple[str, int]]:
    """(stage, orders) of the promises that were broken, the most first."""
    stages = [(name, getattr(figures, f"late_{name}")) for name in ("queue", "pick", "rider", "road")]
    return sorted(((name, n) for name, n in stages if n), key=lambda stage: -stage[1])
