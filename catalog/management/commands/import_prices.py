"""`manage.py import_prices FILE [--dry-run]`: prices for the list, with a result per line."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from blinkit.kernel.commands import report
from blinkit.kernel.errors import Refusal
from catalog.importing.prices import COLUMNS, REFUSED, import_prices


class Command(BaseCommand):
    help = f"Prices from a CSV file ({', '.join(COLUMNS)}). Again with the same file changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--actor", default="system", help="who says so; written down with every price")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        try:
            with path.open(encoding="utf-8-sig", newline="") as text:
                done = import_prices(text, actor=options["actor"], now=timezone.now(), dry_run=options["dry_run"])
        except (Refusal, UnicodeDecodeError) as error:
            raise CommandError(error.detail if isinstance(error, Refusal) else f"{path} is not UTF-8.") from None
        rows = [{"line": one.line, "sku": one.sku, "result": one.result, "why": one.why} for one in done]
        figures = {"file": path.name, "dry_run": options["dry_run"], "lines": len(done)}
        figures |= Counter(one.result.replace(" ", "_") for one in done)
        report(rows, figures, title=f"{len(done)} prices", out=cast(TextIO, self.stdout))
        if any(one.result == REFUSED for one in done):
            raise CommandError(
                "Some lines were refused; the others are in the list."
                if not options["dry_run"]
                else "Some lines would be refused."
            )
