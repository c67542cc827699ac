"""manage.py load_demo: the demo city, once. Safe to run again."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from blinkit.demo.load import load
from blinkit.kernel.commands import report


class Command(BaseCommand):
    help = "Load the demo city: stores, groceries, pictures, stock, people. Running it again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restock", action="store_true", help="also fill every shelf up to its opening level again"
        )

    def handle(self, *args: Any, restock: bool, **options: Any) -> None:
        began = time.monotonic()
        done = load(now=timezone.now(), restock=restock)
        seconds = round(time.monotonic() - began, 2)
        rows = [{"added": what, "rows": count} for what, count in done.rows()]
        report(rows, {**done.as_dict(), "seconds": seconds}, title="Demo city")
