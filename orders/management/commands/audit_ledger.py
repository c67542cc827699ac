"""manage.py audit_ledger: do the books balance, and does every order's money add up? Exits with 1 if not."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from blinkit.kernel.commands import report
from blinkit.kernel.money import rupees
from orders import services
from orders.queries import books, proof
from payments import queries

MOST_DAYS = 400


class Command(BaseCommand):
    help = (
        "Prove that every transfer balances, that the ledger agrees with payments, refunds, wallets and settlements,"
        " that the money of every order adds up to its bill, and that what is held is what it will bring."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=0, help="print what each of the last so many days brought")
        parser.add_argument(
            "--post-missing",
            action="store_true",
            help="put orders into the books that were delivered before there were any, then prove",
        )

    def handle(self, *args: Any, days: int = 0, post_missing: bool = False, **options: Any) -> None:
        now = timezone.now()
        posted = 0
        while post_missing and (more := services.post_missing(now=now)):
            posted += more
        differences = [*queries.audit(), *books.audit(), *proof.audit()]
        balances = queries.balances()
        rows: list[dict[str, object]] = [asdict(difference) for difference in differences]
        table = rows or [{"account": code, "balance": rupees(paise)} for code, paise in balances.items()]
        title = f"{len(rows)} differences" if rows else "The books balance. Accounts (debit positive):"
        figures = {"differences": len(rows), "posted": posted, "rows": rows[:1000], "balances": balances}
        self.stdout.ending = ""  # report ends its own lines
        if days:
            figures["days"] = self._days(queries.days(now=now, back=max(1, min(days, MOST_DAYS))))
        report(table, figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if rows:
            sys.exit(1)

    def _days(self, found: list[queries.Day]) -> list[dict[str, object]]:
        """Two tables that fit a terminal: how money came and went, and what it was for."""
        gateways = sorted({name for row in found for name in row.captured})
        parts = (
            "goods",
            "delivery",
            "handling",
            "small_cart",
            "surge",
            "cgst",
            "sgst",
            "igst",
            "tip",
            "discount",
            "claims",
        )
        came = [
            {
                "day": row.day,
                **{name: rupees(row.captured.get(name, 0)) for name in gateways},
                "cash": rupees(row.cash),
                "wallet": rupees(row.wallet),
                "refunds": rupees(row.refunds),
                "paid out": rupees(row.settled),
            }
            for row in found
        ]
        became = [{"day": row.day, **{part: rupees(row.parts.get(part, 0)) for part in parts}} for row in found]
        for title, table in (("Money, per day", came), ("Revenue net of GST, GST, tips and costs, per day", became)):
            self._table(title, table)
        return [asdict(row) for row in found]

    def _table(self, title: str, rows: list[dict[str, object]]) -> None:
        headings = list(rows[0])
        cells = [[str(row[heading]) for heading in headings] for row in rows]
        widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in [headings, *cells]
        ]
        self.stdout.write(f"\n{title}\n" + "\n".join(lines) + "\n")
