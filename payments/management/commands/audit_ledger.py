"""manage.py audit_ledger: do the books balance and agree with payments and refunds? Exits with 1 if not."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from blinkit.kernel.commands import report
from blinkit.kernel.money import rupees
from payments import queries


class Command(BaseCommand):
    help = "Prove that every transfer balances and that the ledger agrees with payments, attempts and refunds."

    def handle(self, *args: Any, **options: Any) -> None:
        differences = queries.audit()
        balances = queries.balances()
        rows: list[dict[str, object]] = [asdict(difference) for difference in differences]
        table = rows or [{"account": code, "balance": rupees(paise)} for code, paise in balances.items()]
        title = f"{len(rows)} differences" if rows else "The books balance. Accounts (debit positive):"
        figures = {"differences": len(rows), "rows": rows[:1000], "balances": balances}
        self.stdout.ending = ""  # report ends its own lines
        report(table, figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if rows:
            sys.exit(1)
