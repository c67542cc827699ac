"""An answer as a file: CSV in pieces, and a workbook for Excel."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from catalog.importing.sheets import harmless
from dashboard import cells
from dashboard.ask.columns import Column

ROWS_AT_ONCE = 500
FORMATS = {"paise": "#,##0.00", "bp": '0.0"%"', "number": "#,##0.##", "seconds": "0.0", "minutes": "0.0"}
EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_pieces(*, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with a mark for Excel, in pieces of ROWS_AT_ONCE lines; no cell begins a formula."""
    writer = csv.writer(_Echo())
    piece = ["\ufeff", writer.writerow([harmless(cells.heading(column)) for column in columns])]
    for number, row in enumerate(rows, start=1):
        piece.append(writer.writerow([_cell(value, column.kind) for value, column in zip(row, columns, strict=True)]))
        if number % ROWS_AT_ONCE == 0:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode()


def excel(
    *, columns: Sequence[Column], rows: Iterable[Sequence[Any]], title: str, notes: Sequence[str] = ()
) -> Iterator[bytes]:
    """One sheet with the rows, one that says what was asked. Text is written as text: nothing in it runs."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever has read it all
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "dd mmm yyyy hh:mm",
    }  # fmt: skip
    with xlsxwriter.Workbook(file, options) as book:
        bold = book.add_format({"bold": True})
        formats = {kind: book.add_format({"num_format": shape}) for kind, shape in FORMATS.items()}
        day = book.add_format({"num_format": "dd mmm yyyy"})
        sheet = book.add_worksheet("Answer")
        sheet.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            sheet.set_column(at, at, 32 if column.kind == "text" else 18)
            sheet.write_string(0, at, cells.heading(column), bold)
        for line, row in enumerate(rows, start=1):
            for at, (value, column) in enumerate(zip(row, columns, strict=True)):
                found = cells.plain(value, column.kind)
                if isinstance(found, datetime):
                    sheet.write_datetime(line, at, found)
                elif isinstance(found, date):
                    sheet.write_datetime(line, at, found, day)
                elif isinstance(found, bool):
                    sheet.write_boolean(line, at, found)
                elif isinstance(found, int | float):
                    sheet.write_number(line, at, found, formats.get(column.kind))
                else:
                    sheet.write_string(line, at, str(found)[:32_000])
        about = book.add_worksheet("Question")
        about.set_column(0, 0, 100)
        for line, note in enumerate([title, *notes]):
            about.write_string(line, 0, note, bold if line == 0 else None)
    file.seek(0)
    return _read(file)


def _read(file: Any) -> Iterator[bytes]:
    with file:
        while piece := file.read(64 * 1024):
            yield piece


def _cell(value: Any, kind: str) -> str:
    found = cells.plain(value, kind)
    if isinstance(found, datetime):
        return f"{found:%Y-%m-%d %H:%M}"
    if isinstance(found, str):
        return harmless(found)
    return str(found)
