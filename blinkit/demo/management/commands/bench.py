"""manage.py bench: the same as `python -m blinkit.bench`, in a process of its own (it has its own servers)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "What the main operations cost on the production layout (--help for the options)."

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(subprocess.call([sys.executable, "-m", "blinkit.bench", *argv[2:]]))

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(subprocess.call([sys.executable, "-m", "blinkit.bench"]))
