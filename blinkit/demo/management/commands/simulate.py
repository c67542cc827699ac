"""manage.py simulate: the simulated city. Talks to a running server only; see blinkit.demo.simulate."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from blinkit.demo.simulate.__main__ import main


class Command(BaseCommand):
    help = "Customers, pickers and riders at a running server, through its public doors (--help for the options)."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(main([]))
