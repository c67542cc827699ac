"""`manage.py sync_stock FILE --client NAME`: stock from a CSV or JSON lines file, as the API takes it."""

from __future__ import annotations

import csv
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from blinkit.kernel.commands import progress, report
from inventory import services
from inventory.models import ApiClient
from inventory.syncfile import COLUMNS, RESULT_COLUMNS, NotThisFile, read


class Command(BaseCommand):
    help = f"Take stock from a file: CSV with the columns {', '.join(COLUMNS)}, or JSON lines. Exits with 1 when lines"
    help += " were refused; the same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--client", required=True, metavar="NAME", help="whose lines these are (an API client)")
        parser.add_argument("--results", type=Path, help="write what became of each line to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        client = ApiClient.objects.filter(name=options["client"]).first()
        if client is None:
            raise CommandError("There is no API client of this name. Make one in the administration.")
        if client.revoked_at is not None or not client.may_write:
            raise CommandError("This client was revoked." if client.revoked_at else "This client may not write stock.")
        path, started = options["file"], time.monotonic()
        counts: Counter[str] = Counter()
        examples: list[dict[str, object]] = []
        results = options["results"]
        try:
            with path.open(encoding="utf-8-sig", newline="") as source, _Table(results) as table:
                outcomes = services.sync(
                    client_id=client.pk, store_ids=client.stores.values_list("pk", flat=True), lines=read(source),
                    now=timezone.now(),
                )  # fmt: skip
                for number, it in enumerate(progress(outcomes, label="lines"), start=1):
                    counts[it.result] += 1
                    row = {name: number if name == "line" else getattr(it, name) for name in RESULT_COLUMNS}
                    table.write(row)
                    if it.result == "refused" and len(examples) < 20:
                        examples.append({"line": number, "code": it.code, "why": it.detail})
        except (OSError, UnicodeDecodeError, NotThisFile) as error:
            raise CommandError(f"{path}: {error}") from None
        took_s = time.monotonic() - started
        figures: dict[str, object] = {name: counts[name] for name in ("applied", "stale", "duplicate", "refused")}
        figures |= {"lines": counts.total(), "took_s": round(took_s, 2)}
        report(examples, figures, title="First refused lines" if examples else "", out=self.stdout)  # type: ignore[arg-type]
        if counts["refused"]:
            sys.exit(1)


class _Table:
    """The results file; without a path, nowhere."""

    def __init__(self, path: Path | None) -> None:
        self.file = path.open("w", encoding="utf-8", newline="") if path else None
        self.rows = csv.DictWriter(self.file, RESULT_COLUMNS) if self.file else None

    def __enter__(self) -> _Table:
        if self.rows:
            self.rows.writeheader()
        return self

    def __exit__(self, *_: object) -> None:
        if self.file:
            self.file.close()

    def write(self, row: dict[str, object]) -> None:
        if self.rows:
            self.rows.writerow(row)
