"""manage.py reconcile_settlement FILE --gateway razorpay|stripe|sandbox: does what was paid out fit our books?

Exits with 1 when something differs or the file can't be read.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from blinkit.kernel.commands import progress, report
from blinkit.kernel.money import rupees
from payments import services, settlement_files

SHOWN = 50


class Command(BaseCommand):
    help = (
        "Read a gateway's settlement file, match each line with our captures and refunds, post what went into the bank,"
        " and list what differs. A file may be read again: what is known changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV: Razorpay's settlement recon, Stripe's itemised payout reconciliation")
        parser.add_argument("--gateway", required=True, choices=settlement_files.GATEWAYS)
        parser.add_argument("--unit", choices=["rupees", "paise"], help="of the amounts, where the file does not tell")
        parser.add_argument(
            "--after-days", type=int, default=3, help="captures older than this that no file has named are missing"
        )

    def handle(self, *args: Any, file: str, gateway: str, **options: Any) -> None:
        try:
            read = settlement_files.read(Path(file).read_bytes(), gateway=gateway)
            outcome = services.import_settlement(
                gateway=gateway,
                file=read,
                now=timezone.now(),
                unit=options.get("unit"),
                after_days=max(0, options.get("after_days", 3)),
                watch=partial(progress, total=len(read.lines), label="Lines", err=self.stderr),  # type: ignore[arg-type]
            )
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.") from None
        except settlement_files.BadFile as error:
            raise CommandError(str(error)) from None
        rows: list[dict[str, object]] = [
            {
                "problem": finding.problem,
                "line": finding.line_id,
                "amount": rupees(finding.found_paise),
                "what": finding.detail,
            }
            for finding in outcome.findings
        ]
        figures = {
            "lines": outcome.lines,
            "new": outcome.new,
            "not_paid_out_yet": read.skipped,
            "into_bank_paise": outcome.net_paise,
            "fees_paise": outcome.fee_paise,
            "gst_on_fees_paise": outcome.tax_paise,
            "missing": outcome.missing,
            "differences": len(rows),
            "by_problem": outcome.counts,
        }
        title = (
            f"{outcome.lines} lines, {outcome.new} new: {rupees(outcome.net_paise)} into the bank,"
            f" fees {rupees(outcome.fee_paise)}, GST on them {rupees(outcome.tax_paise)}."
        )
        title += f" {len(rows)} differences." if rows else " Nothing differs."
        if len(rows) > SHOWN:
            title += f" The first {SHOWN}:"
        self.stdout.ending = ""  # report ends its own lines
        report(rows[:SHOWN], figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if rows:
            sys.exit(1)
