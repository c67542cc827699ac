"""`manage.py import_eval FILE --format bigbasket`: how well packs and brands are read out of a file's names.

Brands are judged on a file whose brand column is known. Its names leave the brand out where the column has it, so they
are also read as other files write them, with the brand in front: once with the brands known from elsewhere, once with
nothing but what the names betray. Nothing is written.
"""

from __future__ import annotations

import csv
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from blinkit.kernel.commands import report
from catalog.importing import FORMATS
from catalog.importing.brands import BrandBook
from catalog.importing.rows import BadLine, ImportRow
from catalog.search.folding import words


class Command(BaseCommand):
    help = "Measure on a file how packs are read, and brands where the file knows them. Writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = FORMATS[options["format"]]
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        rows: list[ImportRow] = []
        with path.open(encoding=wanted.encoding, errors="replace", newline="") as file:
            for record in csv.DictReader(file):
                try:
                    rows.append(wanted.read({key: value or "" for key, value in record.items() if key}))
                except (BadLine, KeyError):
                    continue
        if not rows:
            raise CommandError("Not one line could be read.")
        packs = Counter(row.pack_kind for row in rows)
        table = [{"what": f"pack: {kind}", "rows": count} for kind, count in packs.most_common()]
        branded = [row for row in rows if row.brand]
        figures = _judge(branded) if branded else []
        report(table, {"rows": len(rows), "packs": dict(packs), "brands": figures}, title="Packs", out=sys.stdout)
        for line in figures:
            print(
                f"{line['brands']}: of {line['rows']:,} rows {line['told']:,} got a brand, {line['right']:,} the right"
                f" one: precision {line['precision']:.3f}, recall {line['recall']:.3f}"
            )


def _judge(rows: Sequence[ImportRow]) -> list[dict[str, Any]]:
    brands = {row.brand for row in rows}
    things = {place for row in rows for place in row.category} | {row.keywords for row in rows}

    def in_front(row: ImportRow) -> str:
        begins = words(row.name)[: len(words(row.brand))] == words(row.brand)
        return row.name if begins else f"{row.brand} {row.name}"

    names = [in_front(row) for row in rows]
    known = BrandBook(names=names, brands=brands, things=things)
    betrayed = BrandBook(names=names, brands=(), things=things)
    as_written = BrandBook(names=[row.name for row in rows], brands=brands, things=things)
    return [
        _figures("Brand in front, brands known", rows, in_front, known),
        _figures("Brand in front, nothing known", rows, in_front, betrayed),
        _figures("Names as this file writes them", rows, lambda row: row.name, as_written),
    ]


def _figures(
    title: str, rows: Sequence[ImportRow], text: Callable[[ImportRow], str], book: BrandBook
) -> dict[str, Any]:
    """Precision among rows that got a brand; recall among rows whose text begins with theirs and goes on."""
    told = right = could = 0
    for row in rows:
        said, own = words(text(row)), words(row.brand)
        could += said[: len(own)] == own and len(said) > len(own)
        got = book.brand_of(text(row))
        told += bool(got)
        right += bool(got) and words(got) == own
    return {
        "brands": title, "rows": len(rows), "told": told, "right": right, "could": could,
        "precision": round(right / max(told, 1), 4), "recall": round(right / max(could, 1), 4),
    }  # fmt: skip
