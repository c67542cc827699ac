"""manage.py audit_stock: does every counter equal its ledger? Exits with 1 when one does not."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from blinkit.kernel.commands import report
from catalog.models import Store
from inventory import queries, services

SHOWN = 1000


class Command(BaseCommand):
    help = "Prove that stock counters equal the sum of their ledger and of the live holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--store", metavar="CODE", default="", help="this store only")
        parser.add_argument("--json", action="store_true", help="one JSON object, nothing else")
        parser.add_argument("--rebuild", action="store_true", help="set the counters to what the ledger says")
        parser.add_argument("--yes", action="store_true", help="do not ask before rebuilding")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""  # report ends its own lines
        store = options["store"]
        if store and not Store.objects.filter(code=store).exists():
            raise CommandError(f"There is no store {store!r}.")
        totals = queries.totals()
        print(f"Adding up {totals['movements']:,} movements …", file=sys.stderr, flush=True)
        started = time.monotonic()
        differences = queries.audit(store_code=store)
        took_s = time.monotonic() - started
        rebuilt = 0
        if options["rebuild"] and differences:
            self._agree(len(differences), options)
            rebuilt = services.rebuild_counters(stock_ids={d.stock_id for d in differences})
            differences = queries.audit(store_code=store)
        rows = [asdict(difference) for difference in differences]
        figures = totals | {"store": store or "all", "took_s": round(took_s, 2), "differences": len(rows)}
        figures |= {"rebuilt": rebuilt, "rows": rows[:SHOWN]}
        if options["json"]:
            self.stdout.write(orjson.dumps(figures, default=str).decode() + "\n")
        else:
            title = (
                f"{len(rows)} differences in {len({d.stock_id for d in differences})} stock rows, {took_s:.1f} s"
                if rows
                else f"Every counter equals its ledger: {totals['stock_rows']:,} stock rows,"
                f" {totals['batches']:,} batches, {totals['movements']:,} movements in {took_s:.1f} s."
            )
            report(rows[:SHOWN], figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if rows:
            sys.exit(1)

    def _agree(self, count: int, options: dict[str, Any]) -> None:
        """Counters are changed only when somebody says yes, here or with --yes."""
        if options["yes"]:
            return
        if options["json"] or not sys.stdin.isatty():
            raise CommandError("--rebuild changes counters: say --yes.")
        if input(f"Set the counters of {count} differences to the ledger? Type yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was changed.")
