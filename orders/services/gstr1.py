"""GSTR-1 of a month as files: one CSV per table and one JSON, as the GST portal and its offline tool take them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from orders import invoicing
from orders.invoicing import gstr1 as shape
from orders.invoicing.gstr1 import DocumentRow
from orders.queries.gstr1 import Month

JSON_NAME = "gstr1.json"


def write_gstr1(*, month: str, gstin: str, into: Path) -> list[Path]:
    """Write the files of "2026-11" into a directory and return their paths; what was there under a name is replaced.

    All files are of one snapshot. Documents are streamed: memory does not grow with them. Raises ValueError for a
    month or a GSTIN that is none.
    """
    invoicing.check_gstin(gstin)
    since, until = invoicing.month_of(month)
    into.mkdir(parents=True, exist_ok=True)
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _write(Month(gstin, since, until), f"{month[5:]}{month[:4]}", into)


def _write(month: Month, period: str, into: Path) -> list[Path]:
    home = month.gstin[:2]
    places, hsn, series = month.by_place(), month.by_hsn(), month.series()
    taxed = [row for row in places if row.gst_bp]
    exempt = {
        "inter_paise": sum(row.sums.taxable_paise for row in places if not row.gst_bp and row.place != home),
        "intra_paise": sum(row.sums.taxable_paise for row in places if not row.gst_bp and row.place == home),
    }
    files = [
        _csv(into / "b2cs.csv", shape.B2CS, map(shape.b2cs_csv, taxed)),
        _csv(into / "b2cl.csv", shape.B2CL, map(shape.b2cl_csv, month.large())),
        _csv(into / "cdnur.csv", shape.CDNUR, map(shape.cdnur_csv, month.large(notes=True))),
        _csv(into / "exemp.csv", shape.EXEMPT, shape.exempt_csv(**exempt)),
        _csv(into / "hsn.csv", shape.HSN, map(shape.hsn_csv, hsn)),
        _csv(into / "docs.csv", shape.DOCS, map(shape.docs_csv, series)),
    ]
    parts: list[tuple[str, Any]] = [
        ("gstin", month.gstin),
        ("fp", period),
        ("b2cs", [shape.b2cs_json(row, home=home) for row in taxed]),
        ("b2cl", _by_place(month.large())),
        ("cdnur", _documents(month.large(notes=True), shape.note_json)),
        ("nil", shape.exempt_json(**exempt)),
        ("hsn", {"hsn_b2c": [shape.hsn_json(number, row) for number, row in enumerate(hsn, start=1)]}),
        ("doc_issue", shape.docs_json(series)),
    ]
    told = into / JSON_NAME
    with told.open("w", encoding="utf-8") as out:
        out.writelines(shape.written(parts))
    return [*files, told]


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _documents(rows: Iterator[DocumentRow], as_json: Callable[[list[DocumentRow]], Any]) -> Iterator[Any]:
    for _, of_one in groupby(rows, key=lambda row: row.number):
        yield as_json(list(of_one))


def _by_place(rows: Iterator[DocumentRow]) -> Iterator[dict[str, Any]]:
    """Table 5 wants its invoices by place: invoices of one place come as parts of at most a thousand."""
    for place, of_place in groupby(rows, key=lambda row: row.place):
        part: list[Any] = []
        for invoice in _documents(of_place, shape.invoice_json):
            part.append(invoice)
            if len(part) == 1000:
                yield {"pos": place, "inv": part}
                part = []
        if part:
            yield {"pos": place, "inv": part}
