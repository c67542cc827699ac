"""manage.py promise_report: how well promises were kept, from the ledger; the dashboard's own figures."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from orders.queries.calibration import KEPT_BAR, PADDING_BAR_M, Calibration, Kept, calibration

HEAD = f"{'':34s} orders    kept         promised   actual  padding   MAE  nine of ten by"


class Command(BaseCommand):
    help = "Promises kept, padding and error, by fifths of the promised time, store, day and version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--minutes", type=int, help="Of the orders placed in the last so many minutes (a day)")
        parser.add_argument("--since", help="Or since this moment (2026-11-27T09:00:00+05:30)")
        parser.add_argument("--until", help="And before this one (now)")
        parser.add_argument("--store", default="", help="Only this store's code")
        parser.add_argument("--made-by", default="", help="Only quotes of this version (h1, l12)")
        parser.add_argument("--csv", action="store_true", help="As a file for a spreadsheet")

    def handle(self, *args: Any, minutes: int | None, since: str | None, until: str | None, **options: Any) -> None:
        now = timezone.now()
        end = _moment(until) if until else now
        start = _moment(since) if since else end - timedelta(minutes=minutes or 24 * 60)
        if start >= end:
            raise CommandError("Say a time that begins before it ends.")
        found = calibration(
            since=start, until=end, store=options["store"], version=options["made_by"], zone=settings.TIME_ZONE
        )
        if options["csv"]:
            csv.writer(self.stdout).writerows(csv_rows(found))
            return
        self._tell(found)

    def _tell(self, found: Calibration) -> None:
        if found.all is None:
            raise CommandError("No order was delivered of those placed in this time.")
        self.stdout.write(HEAD)
        self._table("all", [found.all])
        for title, rows in (
            ("fifth", found.fifths), ("store", found.stores), ("day", found.days), ("version", found.versions),
        ):  # fmt: skip
            self._table(title, rows)
        shown = found.shown
        self.stdout.write(
            f"shown: {shown.shown} ranges, {shown.ordered} of them the last before an order; "
            f"{found.not_longer} of {found.seen_before} orders were promised nothing later than what was seen last"
        )
        if found.governed:
            self.stdout.write(f"lengthened by the safety governor: {found.governed}")
        fits = [
            (found.is_kept, f"kept {KEPT_BAR[0]:g} to {KEPT_BAR[1]:g} % ({found.all.kept:.1f})"),
            (found.is_tight, f"mean promise at most mean actual + {PADDING_BAR_M:g} min ({found.all.padding_m:+.1f})"),
        ]
        self.stdout.write("; ".join(f"{'met' if fit else 'NOT MET'}: {words}" for fit, words in fits))

    def _table(self, title: str, rows: Iterable[Kept]) -> None:
        for row in rows:
            name = title if title == "all" else f"{title} {row.name} {row.label}"
            self.stdout.write(
                f"{name[:34]:34s} {row.orders:6d}  {row.kept:5.1f} ±{row.error_percent:4.1f} %  {row.promised_m:7.1f}"
                f"  {row.actual_m:7.1f}  {row.padding_m:+7.1f}  {row.mae_m:4.1f}  {row.p90_over_m:+6.1f}"
            )


def csv_rows(found: Calibration) -> Iterable[list[Any]]:
    """A head and a line per row of every table; minutes and per cent."""
    yield [
        "table",
        "name",
        "label",
        "orders",
        "kept_percent",
        "promised_m",
        "actual_m",
        "padding_m",
        "mae_m",
        "p90_over_m",
    ]
    for table, row in found.rows():
        figures = (row.kept, row.promised_m, row.actual_m, row.padding_m, row.mae_m, row.p90_over_m)
        yield [table, row.name, row.label, row.orders, *(f"{one:.2f}" for one in figures)]


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{text} is no moment; write 2026-11-27T09:00:00+05:30.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)
