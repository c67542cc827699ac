"""A file of stock lines, as partners send them: CSV with a header, or one JSON object per line. Read as a stream."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any

import orjson
from django.utils.dateparse import parse_datetime

from inventory.models import SyncKind
from inventory.services.syncing import Line, Outcome, refused

NEEDED = ("store", "product", "kind", "units", "sequence")
COLUMNS = (*NEEDED, "lot", "expires_on", "counted_at")
RESULT_COLUMNS = ("line", "result", "first", "difference", "on_hand", "held", "code", "detail")


class NotThisFile(ValueError):
    """The file as a whole cannot be read; says why."""


class _BadLine(ValueError):
    pass


def read(rows: Iterable[str]) -> Iterator[Line | Outcome]:
    """A Line for each line of the file, or at once the Outcome of one that cannot be read. Raises NotThisFile."""
    rows = iter(rows)
    head = next(rows, "").lstrip("\ufeff")
    if not head.strip():
        raise NotThisFile("The file is empty.")
    if head.lstrip().startswith("{"):
        return (_line_or_why(found) for found in _json(chain([head], rows)))
    try:
        names = [name.strip() for name in next(csv.reader([head]))]
    except csv.Error:
        raise NotThisFile("This is no table: its first line cannot be read.") from None
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown:
        words = f"Missing: {', '.join(missing)}." if missing else f"Unknown: {', '.join(unknown)}."
        raise NotThisFile(f"The first line names the columns {', '.join(COLUMNS)}. {words}")
    return (_line_or_why(row) for row in _table(csv.DictReader(rows, names)))


def _table(rows: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any] | str]:
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield "This line is too long, or no line of a table."


def _json(rows: Iterable[str]) -> Iterator[Mapping[str, Any] | str]:
    for row in rows:
        if row.strip():
            try:
                found = orjson.loads(row)
            except ValueError:
                found = None
            yield found if isinstance(found, dict) else "This line is no JSON object."


def _line_or_why(given: Mapping[str, Any] | str) -> Line | Outcome:
    if isinstance(given, str):
        return refused("bad-line", given)
    try:
        return _line(given)
    except _BadLine as wrong:
        return refused("bad-line", str(wrong))


def _line(given: Mapping[str, Any]) -> Line:
    said = {name: _text(given.get(name)) for name in COLUMNS}
    if not all(text.isprintable() for text in said.values()):
        raise _BadLine("There are characters that cannot be printed.")
    if None in given:
        raise _BadLine("There are more values than columns.")
    for name in NEEDED:
        if not said[name]:
            raise _BadLine(f"{name} is missing.")
    if said["kind"] not in SyncKind.values:
        raise _BadLine(f"kind is {' or '.join(SyncKind.values)}.")
    if len(said["lot"]) > 40:
        raise _BadLine("A lot has at most 40 characters.")
    return Line(
        store=said["store"],
        product=said["product"],
        kind=SyncKind(said["kind"]),
        units=_as(int, said["units"], "units is a whole number."),
        sequence=_as(int, said["sequence"], "sequence is a whole number."),
        lot=said["lot"],
        expires_on=_as(date.fromisoformat, said["expires_on"], "expires_on is a day, 2030-01-31.") or None,
        counted_at=_as(_moment, said["counted_at"], "counted_at is an instant, 2030-01-31T10:00:00+05:30.") or None,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ValueError
    return found


def _as(kind: Callable[[str], Any], text: str, sentence: str) -> Any:
    if not text:
        return None
    try:
        if len(text) > 40:
            raise ValueError
        return kind(text)
    except ValueError:
        raise _BadLine(sentence) from None
