"""GSTR-1 of a month: which table a document belongs to, and the shapes the GST portal takes (JSON and CSV).

Tables: 5 (B2CL, to another state and above the limit), 7 (B2CS, all others, net of credit notes), 8 (exempt), 9B
(CDNUR, credit notes of table 5), 12 (HSN), 13 (documents issued). Columns are those of the returns offline tool.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orders.invoicing.gstin import state_name
from orders.invoicing.numbers import IST
from orders.invoicing.words import percent

B2CS = ("Type", "Place Of Supply", "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount",
        "E-Commerce GSTIN")  # fmt: skip
B2CL = ("Invoice Number", "Invoice date", "Invoice Value", "Place Of Supply", "Applicable % of Tax Rate", "Rate",
        "Taxable Value", "Cess Amount", "E-Commerce GSTIN")  # fmt: skip
CDNUR = ("UR Type", "Note Number", "Note Date", "Note Type", "Place Of Supply", "Note Value",
         "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount")  # fmt: skip
EXEMPT = ("Description", "Nil Rated Supplies", "Exempted(other than nil rated/non GST supply)", "Non-GST Supplies")
HSN = ("HSN", "Description", "UQC", "Total Quantity", "Total Value", "Rate", "Taxable Value", "Integrated Tax Amount",
       "Central Tax Amount", "State/UT Tax Amount", "Cess Amount")  # fmt: skip
DOCS = ("Nature of Document", "Sr. No. From", "Sr. No. To", "Total Number", "Cancelled")
UQC_NAMES = {"PAC": "PAC-PACKS", "NA": "NA"}
_LOWERED_AT = datetime(2024, 7, 31, 18, 30, tzinfo=UTC)


def large_above_paise(at: datetime) -> int:
    """Above this value an invoice to another state is told one by one: ₹1,00,000 since 1 August 2024 (Notification
    12/2024, Central Tax, which changed rule 59(4)), ₹2,50,000 before."""
    return 1_00_000_00 if at >= _LOWERED_AT else 2_50_000_00


@dataclass(frozen=True, slots=True)
class Sums:
    """Amounts in paise; of a credit note, or of more credit than sales, below zero."""

    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """Of tables 7 and 8: everything sold to one place at one rate, less what was credited."""

    place: str
    gst_bp: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """Of tables 5 and 9B: one rate of one document."""

    number: str
    issued_at: datetime
    value_paise: int
    place: str
    gst_bp: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class HsnRow:
    hsn: str
    uqc: str
    gst_bp: int
    qty: int
    value_paise: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Of table 13. There are no gaps and nothing is cancelled: a wrong invoice gets a credit note."""

    is_credit_note: bool
    first: str
    last: str
    total: int


def amount(paise: int) -> str:
    """Rupees with two digits, as the portal wants them: "-1234.50"."""
    sign = "-" if paise < 0 else ""
    return f"{sign}{abs(paise) // 100}.{abs(paise) % 100:02d}"


def rate(gst_bp: int) -> str:
    return percent(gst_bp).removesuffix(" %")


def place(code: str) -> str:
    return f"{code}-{state_name(code)}"


# -- CSV --------------------------------------------------------------------------------------------------------------


def b2cs_csv(row: PlaceRow) -> tuple[str, ...]:
    sums = row.sums
    return ("OE", place(row.place), "", rate(row.gst_bp), amount(sums.taxable_paise), amount(sums.cess_paise), "")


def b2cl_csv(row: DocumentRow) -> tuple[str, ...]:
    return (row.number, _day(row), amount(row.value_paise), place(row.place), "", rate(row.gst_bp),
            amount(row.sums.taxable_paise), amount(row.sums.cess_paise), "")  # fmt: skip


def cdnur_csv(row: DocumentRow) -> tuple[str, ...]:
    return ("B2CL", row.number, _day(row), "C", place(row.place), amount(row.value_paise), "", rate(row.gst_bp),
            amount(row.sums.taxable_paise), amount(row.sums.cess_paise))  # fmt: skip


def exempt_csv(*, inter_paise: int, intra_paise: int) -> list[tuple[str, ...]]:
    return [
        ("Inter-State supplies to unregistered persons", "0.00", amount(inter_paise), "0.00"),
        ("Intra-State supplies to unregistered persons", "0.00", amount(intra_paise), "0.00"),
    ]


def hsn_csv(row: HsnRow) -> tuple[str, ...]:
    sums = row.sums
    return (row.hsn, "", UQC_NAMES[row.uqc], str(row.qty), amount(row.value_paise), rate(row.gst_bp),
            amount(sums.taxable_paise), amount(sums.igst_paise), amount(sums.cgst_paise), amount(sums.sgst_paise),
            amount(sums.cess_paise))  # fmt: skip


def docs_csv(row: SeriesRow) -> tuple[str, ...]:
    nature = "Credit Note" if row.is_credit_note else "Invoices for outward supply"
    return nature, row.first, row.last, str(row.total), "0"


def _day(row: DocumentRow) -> str:
    return row.issued_at.astimezone(IST).strftime("%d-%b-%y")


# -- JSON -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a JSON document by its digits: money is never a float, not even here."""

    digits: str


def _money(paise: int) -> Number:
    return Number(amount(paise))


def b2cs_json(row: PlaceRow, *, home: str) -> dict[str, Any]:
    sums = row.sums
    taxes: dict[str, Number]
    if row.place == home:
        taxes = {"camt": _money(sums.cgst_paise), "samt": _money(sums.sgst_paise)}
    else:
        taxes = {"iamt": _money(sums.igst_paise)}
    return {
        "sply_ty": "INTRA" if row.place == home else "INTER",
        "pos": row.place,
        "typ": "OE",
        "rt": Number(rate(row.gst_bp)),
        "txval": _money(sums.taxable_paise),
        **taxes,
        "csamt": _money(sums.cess_paise),
    }


def item_json(number: int, row: DocumentRow) -> dict[str, Any]:
    sums = row.sums
    detail = {
        "rt": Number(rate(row.gst_bp)),
        "txval": _money(sums.taxable_paise),
        "iamt": _money(sums.igst_paise),
        "csamt": _money(sums.cess_paise),
    }
    return {"num": number, "itm_det": detail}


def invoice_json(rows: list[DocumentRow]) -> dict[str, Any]:
    """One document of table 5, of its rows by rate."""
    first = rows[0]
    return {
        "inum": first.number,
        "idt": first.issued_at.astimezone(IST).strftime("%d-%m-%Y"),
        "val": _money(first.value_paise),
        "itms": [item_json(number, row) for number, row in enumerate(rows, start=1)],
    }


def note_json(rows: list[DocumentRow]) -> dict[str, Any]:
    """One document of table 9B, of its rows by rate."""
    first = rows[0]
    return {
        "typ": "B2CL",
        "ntty": "C",
        "nt_num": first.number,
        "nt_dt": first.issued_at.astimezone(IST).strftime("%d-%m-%Y"),
        "pos": first.place,
        "val": _money(first.value_paise),
        "itms": [item_json(number, row) for number, row in enumerate(rows, start=1)],
    }


def exempt_json(*, inter_paise: int, intra_paise: int) -> dict[str, Any]:
    def row(kind: str, paise: int) -> dict[str, Any]:
        return {"sply_ty": kind, "expt_amt": _money(paise), "nil_amt": _money(0), "ngsup_amt": _money(0)}

    return {"inv": [row("INTRB2C", inter_paise), row("INTRAB2C", intra_paise)]}


def hsn_json(number: int, row: HsnRow) -> dict[str, Any]:
    sums = row.sums
    return {
        "num": number,
        "hsn_sc": row.hsn,
        "uqc": row.uqc,
        "qty": row.qty,
        "rt": Number(rate(row.gst_bp)),
        "txval": _money(sums.taxable_paise),
        "iamt": _money(sums.igst_paise),
        "camt": _money(sums.cgst_paise),
        "samt": _money(sums.sgst_paise),
        "csamt": _money(sums.cess_paise),
    }


def docs_json(rows: Iterable[SeriesRow]) -> dict[str, Any]:
    natures: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        docs = natures.setdefault(5 if row.is_credit_note else 1, [])
        docs.append(
            {
                "num": len(docs) + 1,
                "from": row.first,
                "to": row.last,
                "totnum": row.total,
                "cancel": 0,
                "net_issue": row.total,
            }
        )
    return {"doc_det": [{"doc_num": nature, "docs": docs} for nature, docs in sorted(natures.items())]}


def written(parts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """A JSON object out of (name, value) as it goes; an iterator as a value becomes a list, one item at a time."""
    yield "{"
    for place_of, (name, value) in enumerate(parts):
        yield f"{', ' if place_of else ''}{json.dumps(name)}: "
        if isinstance(value, Iterator):
            yield "["
            for number, item in enumerate(value):
                yield (", " if number else "") + _dumps(item)
            yield "]"
        else:
            yield _dumps(value)
    yield "}\n"


def _dumps(value: Any) -> str:
    """As json.dumps, but amounts keep their digits."""
    if isinstance(value, Number):
        return value.digits
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_dumps(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_dumps(item) for item in value) + "]"
    return json.dumps(value)
