"""`manage.py gstr1 2026-11 --gstin 29AAZCT4821K1ZG --out DIR`: the files of a month's GSTR-1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.services.gstr1 import write_gstr1


class Command(BaseCommand):
    help = "Write a month's GSTR-1 of one GSTIN: a CSV per table and one JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="2026-11")
        parser.add_argument("--gstin", required=True)
        parser.add_argument("--out", required=True, type=Path, help="A directory; it is made when missing")

    def handle(self, *args: Any, month: str, gstin: str, out: Path, **options: Any) -> None:
        try:
            files = write_gstr1(month=month, gstin=gstin, into=out)
        except ValueError as error:
            raise CommandError(str(error)) from None
        for path in files:
            self.stdout.write(str(path))
