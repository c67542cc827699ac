"""How well promises are kept: the calibration of the ledger as charts, and as a file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import queries as goods
from dashboard.web.parts import screen, show
from orders.management.commands.promise_report import csv_rows
from orders.queries.calibration import KEPT_BAR, PADDING_BAR_M, Calibration, Kept, calibration
from orders.queries.eta import Outcome, Training, training_now

DAYS = (1, 7, 28, 90)
LEAST_PERCENT = 50
"""Where the axis of kept promises begins; fewer stand at its edge."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of both charts. Positions in per cent of the axis: the share kept with its error, and the minutes."""

    row: Kept
    at: float
    low: float
    wide: float
    actual: float
    promised: float

    @property
    def mood(self) -> str:
        """Against the bar, where the difference is more than chance."""
        if self.row.kept + self.row.error_percent < KEPT_BAR[0]:
            return "stop"
        return "info" if self.row.kept - self.row.error_percent > KEPT_BAR[1] else "go"


@screen
def kept(request: HttpRequest) -> HttpResponse:
    days, store, version = _asked(request)
    found = _found(days, store, version)
    context = {
        "here": "promises",
        "found": found,
        "days": days,
        "choices": DAYS,
        "store": store,
        "version": version,
        "stores": goods.active_stores(),
        "versions": sorted({row.name for row in found.versions} | ({version} if version else set())),
        "band": (_percent(KEPT_BAR[0]), _percent(KEPT_BAR[1]) - _percent(KEPT_BAR[0])),
        "fifths": _bars(found.fifths),
        "by_day": _bars(found.days),
        "by_store": _bars(found.stores),
        "by_version": _bars(found.versions),
        "says": _says(found),
        "training": _training(training_now()),
        "bar": KEPT_BAR,
        "padding_bar": PADDING_BAR_M,
    }
    return show(request, "dashboard/kept.html", context)


@screen
def kept_csv(request: HttpRequest) -> HttpResponse:
    """The same rows as a file."""
    days, store, version = _asked(request)
    response = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="promises-{days}-days.csv"'},
    )
    csv.writer(response).writerows(csv_rows(_found(days, store, version)))
    return response


def _asked(request: HttpRequest) -> tuple[int, str, str]:
    """What the address says; anything it can't mean is left out."""
    days = request.GET.get("days", "")
    codes = {store.code for store in goods.active_stores()}
    store, version = request.GET.get("store", ""), request.GET.get("version", "").replace("\x00", "")[:20]
    return int(days) if days in {str(n) for n in DAYS} else 7, store if store in codes else "", version


def _found(days: int, store: str, version: str) -> Calibration:
    now = timezone.now()
    return calibration(
        since=now - timedelta(days=days), until=now, store=store, version=version, zone=settings.TIME_ZONE
    )


def _training(now: Training) -> str:
    """What makes the promises, and what came of the last training."""

    def day(at: datetime) -> str:
        return date_format(timezone.localtime(at), "j M H:i")

    if now.in_use and now.trained_at is not None:
        uses = _(
            "Promises are made by the rule of thumb, corrected by the learned model %(model)s (trained %(at)s)."
        ) % {"model": now.in_use, "at": day(now.trained_at)}
    else:
        uses = _("Promises are made by the rule of thumb; no learned model is in use.")
    if now.outcome is None or now.at is None:
        return uses + " " + _("No training has been heard of for a week.")
    last = {
        Outcome.NOT_INSTALLED: _(
            "The training of %(at)s learned nothing: LightGBM is not installed where the worker runs."
        ),
        Outcome.TOO_FEW: _("The training of %(at)s had %(n)s delivered orders, which is too few."),
        Outcome.TAKEN: _("The training of %(at)s did best on later orders: %(model)s was put in use."),
        Outcome.KEPT_OUT: _("The training of %(at)s did no better on later orders: %(model)s was not put in use."),
        Outcome.ROLLED_BACK: _(
            "The training of %(at)s found the model in use worse than the rule of thumb, and took it out."
        ),
    }[now.outcome]
    return uses + " " + last % {"at": day(now.at), "n": now.orders, "model": now.model}


def _percent(share: float) -> float:
    return round(max(0.0, (share - LEAST_PERCENT) / (100 - LEAST_PERCENT)) * 100, 1)


def _bars(rows: list[Kept]) -> list[Bar]:
    longest_m = max((max(row.promised_m, row.actual_m) for row in rows), default=1) or 1
    bars = []
    for row in rows:
        low, high = _percent(row.kept - row.error_percent), _percent(min(100, row.kept + row.error_percent))
        minutes = (round(100 * one / longest_m, 1) for one in (row.actual_m, row.promised_m))
        bars.append(Bar(row, _percent(row.kept), low, round(high - low, 1), *minutes))
    return bars


def _padding(over_m: float) -> str:
    """How promised and taken minutes go together, whichever is more."""
    if over_m < 0:
        return _("Orders took on average %(minutes)s minutes longer than promised: such promises break.") % {
            "minutes": f"{-over_m:.1f}"
        }
    return _(
        "A promise was on average %(padding)s minutes over what it took; more makes people wait in vain, less"
        " breaks promises."
    ) % {"padding": f"{over_m:.1f}"}


def _says(found: Calibration) -> dict[str, str]:
    """One sentence over each chart: what it shows."""
    if found.all is None:
        return {}
    worst = min(found.fifths, key=lambda row: row.kept)
    best = max(found.fifths, key=lambda row: row.kept)
    n = found.all.orders
    says = {
        "all": ngettext(
            "Of %(n)s delivered order %(kept)s %% came within its promise; nine in ten are meant.",
            "Of %(n)s delivered orders %(kept)s %% came within their promise; nine in ten are meant.",
            n,
        )
        % {"n": n, "kept": f"{found.all.kept:.1f}"},
        "fifths": _(
            "From the shortest promises to the longest, a fifth of the orders each: %(low)s %% kept at %(worst)s,"
            " %(high)s %% at %(best)s."
        )
        % {"low": f"{worst.kept:.0f}", "worst": worst.label, "high": f"{best.kept:.0f}", "best": best.label},
        "padding": _padding(found.all.padding_m),
        "shown": _("%(shown)s ranges were shown; %(ordered)s of them were the last before an order.")
        % {"shown": found.shown.shown, "ordered": found.shown.ordered},
    }
    if len(found.fifths) < 2:
        says["fifths"] = _("Too few orders to compare short promises with long ones.")
    elif round(worst.kept) == round(best.kept):
        says["fifths"] = _("Short and long promises are kept alike: %(low)s %% in every fifth.") % {
            "low": f"{worst.kept:.0f}"
        }
    if found.seen_before:
        says["longer"] = _(
            "%(same)s of %(n)s orders were promised nothing later than what their customer had seen last."
        ) % {"same": found.not_longer, "n": found.seen_before}
    return says
