"""`manage.py race --processes 16 --buyers 200 --units 50 [--control no-lock]`: is anything sold twice?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from blinkit.kernel.commands import report
from blinkit.kernel.scratch import scratch_database
from inventory import queries, racing


class Command(BaseCommand):
    help = "Real processes buy one scarce product, in a database of their own. Exits with 1 when anything was oversold,"
    help += " lost or deadlocked, or when the control (a careless hold) oversells nothing: then it was no race."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--processes", type=int, default=16)
        parser.add_argument("--buyers", type=int, default=200)
        parser.add_argument("--units", type=int, default=50)
        parser.add_argument(
            "--control", nargs="?", const="no-lock", choices=["no-lock"],
            help="run it once more with a hold that looks, thinks and writes",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        runs = ["real", *([options["control"]] if options["control"] else [])]
        size = {name: options[name] for name in ("processes", "buyers", "units")}
        rows, faults = [], []
        with scratch_database("race"):
            for run in runs:
                stock = racing.scratch_shelf(units=size["units"], now=timezone.now())
                done = racing.race(run, stock=stock, **size)
                rows.append(asdict(done))
                if run == "real":
                    faults += self._judge(done, stock)
                elif not done.oversold:
                    faults.append("The control oversold nothing: this was no race. Try more processes.")
        title = "; ".join(faults) or "Nothing was sold twice."
        report(rows, {"runs": rows, "faults": faults}, title=title, out=self.stdout)  # type: ignore[arg-type]
        if faults:
            sys.exit(1)

    def _judge(self, done: racing.Outcome, stock: Any) -> list[str]:
        stock.refresh_from_db()
        wanted = min(done.units, done.buyers)
        checks = {
            f"{done.oversold} units were oversold": done.oversold > 0,
            f"{done.errors} buyers got no answer, {done.deadlocks} of them in deadlocks": done.errors > 0,
            f"{done.sold} of {wanted} units were sold": done.sold != wanted,
            f"The counter says {stock.held} held, {done.sold} were sold": stock.held != done.sold,
            "Counters and ledger differ": bool(queries.audit(store_code=stock.store.code)),
        }
        return [sentence for sentence, wrong in checks.items() if wrong]
