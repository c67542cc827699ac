"""manage.py ask_views: the schema that questions are answered from, as the layer says. `--role` prints what makes its
reader, for a database where this installation may not make roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.ask import views
from dashboard.services import ask_schema


class Command(BaseCommand):
    help = "Makes the views that questions are answered from; safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", action="store_true", help="print the SQL that makes the reader, and do nothing")

    def handle(self, *args: Any, role: bool = False, **options: Any) -> None:
        if role:
            self.stdout.write(f"{views.role()};\nALTER ROLE {views.ROLE} PASSWORD '{settings.ASK_PASSWORD or '...'}';")
            return
        state = ask_schema.refresh(force=True)
        if state.problem:
            raise CommandError(state.problem)
        self.stdout.write("The views are made.")
