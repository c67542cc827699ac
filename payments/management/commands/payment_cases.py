"""manage.py payment_cases: what can happen to a payment, run with every gateway; case x gateway -> how it ended."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from blinkit.kernel.commands import report
from payments.standins import cases
from payments.standins.rigs import RIGS


class Command(BaseCommand):
    help = "Rehearse every payment case with every gateway (against stand-ins), in transactions that are rolled back."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO_MODE or settings.TESTING):
            raise CommandError("Cases are rehearsed in demo mode only: they lock accounts of the books while they run.")
        rows: list[dict[str, object]] = [
            {"case": words, **{name: ended(words, name) for name in RIGS}} for words in cases.CASES
        ]
        failed = sum(str(row[name]).startswith("FAILED") for row in rows for name in RIGS)
        title = f"{len(rows)} cases x {len(RIGS)} gateways, {failed} failed"
        self.stdout.ending = ""  # report ends its own lines
        report(rows, {"failed": failed, "cases": rows}, title=title, out=self.stdout)  # type: ignore[arg-type]
        if failed:
            sys.exit(1)


def ended(words: str, name: str) -> str:
    """The outcome in words. Nothing of it stays; the books' own constraints are checked before it goes."""
    try:
        with transaction.atomic(), RIGS[name](timezone.now()) as rig:
            outcome = cases.run(words, rig)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
            return outcome
    except Exception as error:
        return f"FAILED: {type(error).__name__}: {error}"
