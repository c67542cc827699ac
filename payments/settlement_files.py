"""Settlement files of gateways, read: what they paid into the bank, line by line. No database.

Razorpay: the settlement recon report (`entity_id`, `type`, `debit`, `credit`, `amount`, `fee` with `tax` inside it ...;
https://razorpay.com/docs/api/settlements/fetch-recon/). Stripe: the itemised payout reconciliation report
(`balance_transaction_id`, `reporting_category`, `gross`, `fee`, `net`, `automatic_payout_id` ...;
https://docs.stripe.com/reports/payout-reconciliation). The sandbox writes as Razorpay does.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

MOST_LINES = 1_000_000
MOST_BYTES = 500_000_000
LONGEST_ID = 90
INDIA = ZoneInfo("Asia/Kolkata")

PAYMENT, REFUND, OTHER = "payment", "refund", "other"


class BadFile(ValueError):
    """The file can't be read; the sentence says why and where."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Money of a line as it is written in the file. `fee` is without `tax`; `net` is what went into the bank."""

    amount: Decimal
    fee: Decimal
    tax: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file. `refs` are the names it may have here: ids of the gateway, or our own that it gives back."""

    row: int
    line_id: str
    kind: str
    word: str
    refs: tuple[str, ...]
    figures: Figures
    settlement_id: str
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """`unit` is "rupees" or "paise", None when the file does not tell. `skipped` lines are not paid out yet."""

    lines: tuple[Line, ...]
    unit: str | None
    skipped: int


@dataclass(frozen=True, slots=True)
class _Layout:
    needed: tuple[str, ...]
    money: tuple[str, ...]
    unit: str | None
    read: Callable[[int, Mapping[str, str]], Line | None]


def read(content: bytes, *, gateway: str) -> SettlementFile:
    """Everything in a file of this gateway. Raises BadFile with a sentence for people: then nothing of it counts."""
    layout = _LAYOUTS.get(gateway)
    if layout is None:
        raise BadFile(f"Files of {gateway} can't be read. Known are: {', '.join(sorted(_LAYOUTS))}.")
    if len(content) > MOST_BYTES:
        raise BadFile("The file is larger than 500 MB. Split it by date.")
    rows = csv.reader(io.StringIO(_text(content), newline=""), delimiter=_delimiter(content))
    header = next(rows, [])
    names, units = _columns(header)
    missing = [name for name in layout.needed if name not in names]
    if missing:
        raise BadFile(
            f"This is no settlement file of {gateway}: the column{'s' if len(missing) > 1 else ''}"
            f" {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing."
        )
    lines: list[Line] = []
    skipped, has_point = 0, False
    for number, cells in _numbered(rows):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise BadFile(f"Row {number} has {len(cells)} cells, the header {len(header)}.")
        row = {name: cells[at].strip() for name, at in names.items() if at < len(cells)}
        line = layout.read(number, row)
        has_point = has_point or any("." in row.get(name, "") for name in layout.money)
        if line is None:
            skipped += 1
            continue
        lines.append(line)
        if len(lines) > MOST_LINES:
            raise BadFile("There are more than a million lines. Split the file by date.")
    if len(units) > 1:
        raise BadFile("Some columns are in rupees and some in paise. Write all of them in one unit.")
    return SettlementFile(
        tuple(lines), layout.unit or next(iter(units), None) or ("rupees" if has_point else None), skipped
    )


# -- text and cells ----------------------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise BadFile("This is not a text file in UTF-8. Save it as CSV (UTF-8).") from None
    if "\0" in text:
        raise BadFile("This is not a CSV file. Save it as CSV (UTF-8).")
    if not text.strip():
        raise BadFile("The file is empty.")
    return text


def _delimiter(content: bytes) -> str:
    first = _text(content[: 1 << 16] if not content.startswith((b"\xff\xfe", b"\xfe\xff")) else content)
    header = first.lstrip().splitlines()[0]
    return max(",;\t", key=header.count)


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    number = 1
    while True:
        number += 1
        try:
            yield number, next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadFile(f"Row {number} can't be read: {error}.") from None


def _columns(header: Sequence[str]) -> tuple[dict[str, int], set[str]]:
    """Where each column is, by its plain name, and the units that names tell: 'Amount (paise)' is amount, paise."""
    names: dict[str, int] = {}
    units: set[str] = set()
    for at, cell in enumerate(header):
        name = re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")
        told = re.search(r"_(?:in_)?(paise|paisa|rupees|inr|rs)$", name)
        if told and name != "currency_inr":
            units.add("paise" if told[1].startswith("pais") else "rupees")
            name = name[: told.start()]
        if name in names:
            raise BadFile(f"The column {name} is there twice.")
        names[name] = at
    return names, units


def _money(row: Mapping[str, str], name: str, number: int) -> Decimal:
    text = row.get(name, "")
    plain = re.sub(r"[₹,\s]|^Rs\.?|^INR", "", text).replace("−", "-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    if not plain:
        return Decimal(0)
    try:
        figure = Decimal(plain)
    except InvalidOperation:
        raise BadFile(f"Row {number}: “{text}” in {name} is not an amount.") from None
    if not figure.is_finite() or abs(figure) > 10**13:
        raise BadFile(f"Row {number}: “{text}” in {name} is not an amount.")
    if figure != round(figure, 2):
        raise BadFile(f"Row {number}: “{text}” in {name} has parts of a paisa.")
    return figure


_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y")


def _instant(text: str, number: int, zone: tzinfo) -> datetime:
    """Seconds since 1970, ISO 8601, or day first as reports from India write it."""
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=zone)
    except (ValueError, OverflowError, OSError):
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise BadFile(f"Row {number}: “{text[:40]}” is not a time.")


def _id(number: int, *parts: str) -> str:
    if not all(parts):
        raise BadFile(f"Row {number} has no id.")
    line_id = ":".join(parts)
    if len(line_id) > LONGEST_ID:
        raise BadFile(f"Row {number}: the id {line_id[:40]}… is too long.")
    return line_id


def _rupees_only(row: Mapping[str, str], number: int) -> None:
    currency = row.get("currency", "").upper()
    if currency not in ("", "INR"):
        raise BadFile(f"Row {number} is in {currency}; our books are in rupees.")


# -- layouts -----------------------------------------------------------------------------------------------------------


def _razorpay(number: int, row: Mapping[str, str]) -> Line | None:
    """`fee` has `tax` inside it; a payment's `credit` is amount less fee, a refund's `debit` what was taken off."""
    _rupees_only(row, number)
    if not row["settlement_id"] or row.get("settled", "").lower() in ("false", "0", "no"):
        return None
    word = row["type"].lower()
    if word in ("settlement", "payout"):
        return None  # the sum of the others
    figures = Figures(
        amount=_money(row, "amount", number),
        fee=_money(row, "fee", number) - _money(row, "tax", number),
        tax=_money(row, "tax", number),
        net=_money(row, "credit", number) - _money(row, "debit", number),
    )
    kind = word if word in (PAYMENT, REFUND) else OTHER
    names = ("entity_id",) if kind == REFUND else ("entity_id", "payment_id", "order_id", "order_receipt")
    return Line(
        row=number,
        line_id=_id(number, row["settlement_id"], row["entity_id"]),
        kind=kind,
        word=word[:24],
        refs=_refs(row, names),
        figures=figures,
        settlement_id=row["settlement_id"][:40],
        settled_at=_instant(row["settled_at"], number, INDIA),
    )


_STRIPE_KINDS = {"charge": PAYMENT, "payment": PAYMENT, "refund": REFUND, "partial_capture_reversal": REFUND}


def _stripe(number: int, row: Mapping[str, str]) -> Line | None:
    """`gross`, `fee` and `net` in whole rupees and paise; a refund's `gross` is negative. GST on fees, where the report
    has it, stands in `fee_tax` and is inside `fee`."""
    _rupees_only(row, number)
    settlement_id = row["automatic_payout_id"]
    word = row["reporting_category"].lower()
    if not settlement_id or word in ("payout", "payout_reversal"):
        return None
    tax = _money(row, "fee_tax", number)
    gross = _money(row, "gross", number)
    kind = _STRIPE_KINDS.get(word, OTHER)
    own = ("refund_metadata_refund_id",) if kind == REFUND else ("payment_metadata_attempt_id", "payment_intent_id")
    names = ("source_id", *own) if kind == REFUND else (*own, "charge_id", "source_id")
    at = row.get("automatic_payout_effective_at_utc") or row["automatic_payout_effective_at"]
    return Line(
        row=number,
        line_id=_id(number, row["balance_transaction_id"]),
        kind=kind,
        word=word[:24],
        refs=_refs(row, names),
        figures=Figures(
            amount=abs(gross) if kind != OTHER else gross,
            fee=_money(row, "fee", number) - tax,
            tax=tax,
            net=_money(row, "net", number),
        ),
        settlement_id=settlement_id[:40],
        settled_at=_instant(at, number, UTC),
    )


def _refs(row: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ref for name in names if (ref := row.get(name, ""))))


_RAZORPAY = _Layout(
    needed=("entity_id", "type", "debit", "credit", "amount", "fee", "tax", "settlement_id", "settled_at"),
    money=("debit", "credit", "amount", "fee", "tax"),
    unit=None,
    read=_razorpay,
)
_LAYOUTS = {
    "razorpay": _RAZORPAY,
    "sandbox": _RAZORPAY,
    "stripe": _Layout(
        needed=(
            "balance_transaction_id",
            "reporting_category",
            "gross",
            "fee",
            "net",
            "automatic_payout_id",
            "automatic_payout_effective_at",
        ),
        money=("gross", "fee", "net"),
        unit="rupees",
        read=_stripe,
    ),
}
GATEWAYS = tuple(sorted(_LAYOUTS))
