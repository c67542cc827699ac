"""`manage.py make_invoices`: the documents of orders that left their store before invoices were made."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from orders.services.invoices import due, make_for


class Command(BaseCommand):
    help = (
        "Make the invoices that are missing, the oldest first, dated today, with the credit notes that belong to them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--store", default="", help="The code of one store")
        parser.add_argument("--limit", type=int, default=0, help="At most so many orders; 0: all")

    def handle(self, *args: Any, store: str = "", limit: int = 0, **options: Any) -> None:
        found = due()
        if store:
            found = found.filter(store__code=store)
        made = make_for(found[:limit] if limit else found, now=timezone.now(), told=self._tell)
        self.stdout.write(f"Invoices of {made} order{'' if made == 1 else 's'} were made.")

    def _tell(self, made: int) -> None:
        if made and made % 1000 == 0:
            self.stdout.write(f"{made} …")
