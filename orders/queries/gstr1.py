"""The figures of a month's GSTR-1, summed by the database: a handful of statements, whatever the number of invoices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from orders.invoices import Supplier, TaxDocument
from orders.invoicing.gstr1 import DocumentRow, HsnRow, PlaceRow, SeriesRow, Sums, large_above_paise

# A credit note is of table 5 when its invoice was; it counts backwards.
_DOCUMENTS = """
    FROM orders_taxdocument d
    LEFT JOIN orders_taxdocument a ON a.id = d.against_id
    JOIN orders_taxline l ON l.document_id = d.id
    WHERE d.supplier_gstin = %(gstin)s AND d.issued_at >= %(since)s AND d.issued_at < %(until)s
"""
_IS_LARGE = "(d.place_of_supply <> left(d.supplier_gstin, 2) AND coalesce(a.supply_paise, d.supply_paise) > {above})"
_SIGN = "CASE d.kind WHEN 'invoice' THEN 1 ELSE -1 END"
_AMOUNTS = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise")
_NET = ", ".join(f"sum({_SIGN} * l.{name})::bigint" for name in _AMOUNTS)
_PLAIN = ", ".join(f"sum(l.{name})::bigint" for name in _AMOUNTS)


@dataclass(frozen=True, slots=True)
class Month:
    """One supplier's month: instants, half-open."""

    gstin: str
    since: datetime
    until: datetime

    def _asked(self) -> dict[str, Any]:
        return {"gstin": self.gstin, "since": self.since, "until": self.until}

    @property
    def _large(self) -> str:
        return _IS_LARGE.format(above=large_above_paise(self.since))

    def by_place(self) -> list[PlaceRow]:
        """Tables 7 and 8, net of credit notes."""
        rows = self._rows(
            f"SELECT d.place_of_supply, l.gst_bp, {_NET} {_DOCUMENTS} AND (NOT {self._large} OR l.gst_bp = 0)"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return [PlaceRow(place, rate, Sums(*sums)) for place, rate, *sums in rows]

    def large(self, *, notes: bool = False) -> Iterator[DocumentRow]:
        """Table 5, or with `notes` the credit notes of such invoices (9B): document by document, streamed."""
        kind = "credit-note" if notes else "invoice"
        sql = (
            f"SELECT d.number, d.issued_at, d.supply_paise, d.place_of_supply, l.gst_bp, {_PLAIN} {_DOCUMENTS}"
            f" AND d.kind = '{kind}' AND {self._large} AND l.gst_bp > 0"
            " GROUP BY d.id, l.gst_bp ORDER BY d.place_of_supply, d.number, l.gst_bp"
        )
        with connection.chunked_cursor() as cursor:  # kept by the database: fetched, and held here, by the thousand
            cursor.execute(sql, self._asked())
            while rows := cursor.fetchmany(1000):
                for number, at, value, place, rate, *sums in rows:
                    yield DocumentRow(number, at, value, place, rate, Sums(*sums))

    def by_hsn(self) -> list[HsnRow]:
        """Table 12, net of credit notes. Services have no quantity."""
        rows = self._rows(
            f"SELECT l.hsn, l.uqc, l.gst_bp, sum(CASE l.uqc WHEN 'NA' THEN 0 ELSE {_SIGN} * l.qty END)::bigint,"
            f" sum({_SIGN} * l.total_paise)::bigint, {_NET} {_DOCUMENTS} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        return [HsnRow(hsn, uqc, rate, qty, value, Sums(*sums)) for hsn, uqc, rate, qty, value, *sums in rows]

    def series(self) -> list[SeriesRow]:
        """Table 13: of each series the first and the last number, and how many."""
        rows = self._rows(
            "SELECT kind = 'credit-note', min(number), max(number), count(*) FROM orders_taxdocument"
            " WHERE supplier_gstin = %(gstin)s AND issued_at >= %(since)s AND issued_at < %(until)s"
            " GROUP BY kind, store_id, year ORDER BY kind DESC, store_id, year"
        )
        return [SeriesRow(*row) for row in rows]

    def _rows(self, sql: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._asked())
            return cursor.fetchall()


def suppliers() -> list[tuple[str, str]]:
    """(GSTIN, legal name) of everybody who has issued a document, or may."""
    known = dict(Supplier.objects.values_list("gstin", "legal_name"))
    for gstin in TaxDocument.objects.order_by("supplier_gstin").values_list("supplier_gstin", flat=True).distinct():
        known.setdefault(gstin, "")
    return sorted(known.items())
