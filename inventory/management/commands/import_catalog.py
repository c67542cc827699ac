"""`manage.py import_catalog FILE --format zepto|bigbasket|tokri --store CODE`

Products, prices and first stock of one store from a file. Here and not in catalog because it also receives stock.
"""

from __future__ import annotations

import resource
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from blinkit.kernel.commands import progress, report
from catalog.importing import FORMATS, Imported, Note, NotThisFormat, import_file
from catalog.models import Store
from inventory import services
from inventory.models import Stock

ACTOR = "system"


class Command(BaseCommand):
    help = "Read products, prices and first stock of a store from a file. Again with the same file changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--store", required=True, metavar="CODE", help="the store whose shelf is filled")
        parser.add_argument("--limit", type=int, help="read only so many records")
        parser.add_argument("--stock", type=int, default=20, help="units where the file says nothing (default 20)")
        parser.add_argument("--encoding", help="instead of the format's own")
        parser.add_argument("--examples", type=int, default=5, help="lines shown per reason (default 5)")
        parser.add_argument("--report", type=Path, help="write every merged and refused line to this CSV file")
        parser.add_argument("--dry-run", action="store_true", help="do everything, then take it back")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""  # `print` brings its own line ends
        path: Path = options["file"]
        store = Store.objects.filter(code=options["store"]).first()
        if store is None:
            known = ", ".join(Store.objects.order_by("code").values_list("code", flat=True)) or "none yet"
            raise CommandError(f"There is no store {options['store']!r}. Known stores: {known}.")
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        started, now = time.monotonic(), timezone.now()
        try:
            with transaction.atomic():
                done = import_file(
                    path,
                    format=options["format"],
                    store_id=store.pk,
                    actor=ACTOR,
                    now=now,
                    limit=options["limit"],
                    encoding=options["encoding"],
                    watch=lambda lines: progress(lines, total=_lines_in(path), label="reading"),
                )
                received = receive_first_stock(
                    store_id=store.pk, stock=done.stock, otherwise=options["stock"], reason=path.name, now=now
                )
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except (NotThisFormat, LookupError) as error:
            raise CommandError(str(error)) from None
        if options["report"]:
            write_notes(options["report"], done)
        self._show(done, received, seconds=time.monotonic() - started, options=options)

    def _show(self, done: Imported, received: tuple[int, int], *, seconds: float, options: dict[str, Any]) -> None:
        figures = {
            "format": options["format"],
            "store": options["store"],
            "dry_run": options["dry_run"],
            "lines": done.lines,
            "accepted": done.accepted,
            "merged": len(done.merged),
            "refused": len(done.refused),
            "products_new": done.products_new,
            "products_changed": done.products_changed,
            "shelf_written": done.shelf_written,
            "packs_read": done.accepted - done.packs["unknown"],
            "packs_unknown": done.packs["unknown"],
            "brands_from_names": done.brands_read,
            "in_further_categories": len(done.also_in),
            "further_places_new": done.places_new,
            "stock_rows": received[0],
            "stock_units": received[1],
            "seconds": round(seconds, 2),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            // (2**20 if sys.platform == "darwin" else 2**10),
        }
        rows = [{"what": name.replace("_", " "), "count": value} for name, value in figures.items() if name in COUNTS]
        show_notes(self.stdout, "merged", done.merged, options["examples"])
        show_notes(self.stdout, "refused", done.refused, options["examples"])
        if done.packs:
            read = ", ".join(f"{kind} {count:,}" for kind, count in done.packs.most_common())
            print(f"\nPacks by the rule that read them: {read}.", file=self.stdout)
        if assumed := FORMATS[options["format"]].assumed:
            print(f"\nAssumed for new products: {assumed}.", file=self.stdout)
        title = "Taken back again (dry run)" if options["dry_run"] else f"Imported in {seconds:.1f} s"
        report(
            rows,
            {**figures, "packs": dict(done.packs), "refused_lines": [[n.line, n.reason] for n in done.refused[:100]]},
            title=title,
            out=cast(TextIO, self.stdout),
        )


COUNTS = {"lines", "accepted", "merged", "refused", "products_new", "products_changed", "shelf_written", "stock_rows",
          "stock_units", "packs_read", "packs_unknown", "brands_from_names", "in_further_categories",
          "further_places_new"}  # fmt: skip


def receive_first_stock(
    *, store_id: int, stock: dict[int, int | None], otherwise: int, reason: str, now: datetime
) -> tuple[int, int]:
    """Receive units of products this store never had. (rows, units) written.

    What has a stock row already is left alone: goods were sold since the first import, a file knows nothing of that.
    """
    had = set(Stock.objects.filter(store_id=store_id).values_list("product_id", flat=True))
    lines = [
        (product_id, otherwise if units is None else units, None)
        for product_id, units in stock.items()
        if product_id not in had
    ]
    units = (
        services.receive(store_id=store_id, lines=lines, reason=f"import {reason}"[:120], actor=ACTOR, now=now)
        if lines
        else 0
    )
    return len(lines), units


def show_notes(out: Any, what: str, notes: Sequence[Note], examples: int) -> None:
    """The reasons, how often each, and a few lines of each."""
    if not notes:
        return
    print(f"\n{len(notes):,} {what}:", file=out)
    by_kind: dict[str, list[Note]] = {}
    for note in notes:
        by_kind.setdefault(_kind(note.reason), []).append(note)
    for kind, count in Counter({kind: len(found) for kind, found in by_kind.items()}).most_common():
        print(f"  {count:,} × {kind}", file=out)
        for note in by_kind[kind][:examples]:
            print(f"      line {note.line}: {note.reason}" + (f" ({note.name})" if note.name else ""), file=out)


def _kind(reason: str) -> str:
    """The reason without the figures of one line."""
    if reason.startswith("Same product"):
        return "same product as an earlier line" + (", other price" if "stays" in reason else "")
    return "".join("…" if part.isdigit() else part for part in reason.split(":")[0].partition(" line "))


def write_notes(path: Path, done: Imported) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["line", "outcome", "reason", "name"])
        notes: Iterable[tuple[str, Note]] = [("merged", n) for n in done.merged] + [
            ("refused", n) for n in done.refused
        ]
        for outcome, note in sorted(notes, key=lambda pair: pair[1].line):
            writer.writerow([note.line, outcome, note.reason, note.name])


def _lines_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
