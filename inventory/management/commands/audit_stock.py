"""manage.py audit_stock: does every counter equal its ledger? Exits with 1 when one does not."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from blinkit.kernel.commands import report
from inventory import queries, services


class Command(BaseCommand):
    help = "Prove that stock counters equal the sum of their ledger and of the live holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="set the counters to what the ledger says")

    def handle(self, *args: Any, rebuild: bool = False, **options: Any) -> None:
        differences = queries.audit()
        rebuilt = 0
        if rebuild and differences:
            rebuilt = services.rebuild_counters(stock_ids={d.stock_id for d in differences})
            differences = queries.audit()
        rows = [asdict(difference) for difference in differences]
        figures = queries.totals() | {"differences": len(rows), "rebuilt": rebuilt, "rows": rows[:1000]}
        title = f"{len(rows)} differences" if rows else "Every counter equals its ledger."
        self.stdout.ending = ""  # report ends its own lines
        report(rows, figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if rows:
            sys.exit(1)
