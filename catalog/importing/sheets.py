"""A sheet of products edited by people: what it would change, row by row, before anything is written.

Columns are those of our own import format; only the columns a sheet has are changed. Reading is plain; `plan_sheet`
compares with the database in a handful of statements, however long the sheet is.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from catalog.importing.formats import is_gtin
from catalog.importing.rows import BadLine, NotThisFormat, clean, paise, whole
from catalog.models import Brand, Category, Product, ShelfItem, VegMark, Zone

MOST_ROWS = 20_000
MOST_BYTES = 8 * 1024 * 1024
MOST_UNPACKED = 60 * 1024 * 1024
IGNORED = ("stock", "source", "updated_at", "id")
"""Columns an export or another file may have that a sheet can't change: stock is received, not typed in."""


def _text(most: int) -> Callable[[str, str], Any]:
    return lambda said, what: clean(said, most=most, what=what)


def _whole(most: int, empty: int | None = 0) -> Callable[[str, str], Any]:
    def read(said: str, what: str) -> int | None:
        if empty is None and not said.strip():
            return None
        number = whole(said, what=what, empty=empty)
        if number > most:
            raise BadLine(f"{what} is above {most:,}: {number}")
        return number

    return read


def _name(said: str, what: str) -> str:
    name = clean(said, most=240, what=what)
    if not any(char.isalnum() for char in name):
        raise BadLine(f"{what} is missing")
    return name


def _long(said: str, what: str) -> str:
    """Text that keeps its lines."""
    clean(said, most=4_000, what=what)
    return said.replace("\r\n", "\n")


def _choice(choices: Sequence[str], empty: str) -> Callable[[str, str], Any]:
    def read(said: str, what: str) -> str:
        value = said.strip().lower() or empty
        if value not in choices:
            raise BadLine(f"{what} should be {', '.join(choices)}, not {said!r}")
        return value

    return read


def _size(said: str, what: str) -> Decimal | None:
    if not said.strip():
        return None
    try:
        size = Decimal(said.strip().replace(",", "."))
    except ArithmeticError:
        raise BadLine(f"{what} is not a number: {said!r}") from None
    if not size.is_finite() or not 0 < size < 1_000_000:
        raise BadLine(f"{what} is out of range: {said!r}")
    return size.quantize(Decimal("0.001"))


def _barcode(said: str, what: str) -> str | None:
    code = said.strip()
    if code and not is_gtin(code):
        raise BadLine(f"{what}'s check digit is wrong: {code}")
    return code or None


def _yes(said: str, what: str) -> bool:
    value = said.strip().lower()
    if value not in {"1", "0", "true", "false", "yes", "no"}:
        raise BadLine(f"{what} should be yes or no, not {said!r}")
    return value in {"1", "true", "yes"}


COLUMNS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "name": ("The name", _name),
    "name_hi": ("The Hindi name", _text(240)),
    "brand": ("The brand", _text(120)),
    "category": ("The category", _text(80)),
    "pack": ("The pack", _text(60)),
    "pack_size": ("The pack size", _size),
    "pack_unit": ("The pack unit", _choice(("g", "kg", "ml", "l", "pc", ""), "")),
    "weight_g": ("The weight", _whole(1_000_000)),
    "mrp_paise": ("The MRP", lambda said, what: paise(said, what=what, per=1)),
    "hsn": ("The HSN code", _text(8)),
    "gst_bp": ("The GST rate", _whole(4000)),
    "veg": ("The veg mark", _choice(tuple(VegMark.values), "none")),
    "zone": ("The zone", _choice(tuple(Zone.values), "ambient")),
    "barcode": ("The barcode", _barcode),
    "shelf_life_days": ("The shelf life", lambda said, what: _whole(36_500)(said, what) or None),
    "min_life_days": ("The life at the door", _whole(3_650, empty=None)),
    "fragile": ("Fragile", lambda said, what: _yes(said, what) if said.strip() else None),
    "is_weighed": ("Weighed", lambda said, what: _yes(said, what) if said.strip() else False),
    "max_per_order": ("The most per order", _whole(32_767, empty=10)),
    "description": ("The description", _long),
    "keywords": ("The keywords", _text(400)),
    "family_by_hand": ("The family", _text(60)),
    "popularity": ("The popularity", _whole(2**31 - 1)),
    "is_active": ("Active", _yes),
}
PRICE = "price_paise"
LINKS = {"brand": Brand, "category": Category}


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SheetLine:
    """`kind` is new, changed, same or refused (then `reason` says why)."""

    line: int
    sku: str
    name: str
    kind: str
    changes: tuple[Change, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What a sheet would do. `digest` changes when the sheet or what it meets in the database does."""

    lines: tuple[SheetLine, ...]
    fields: tuple[str, ...]
    values: dict[str, dict[str, Any]]  # SKU → column → value to write, of new and changed lines
    products: dict[str, Product]  # those that are there already
    prices: tuple[tuple[str, int], ...]  # SKU, paise
    ignored: tuple[str, ...]

    def count(self, kind: str) -> int:
        return sum(line.kind == kind for line in self.lines)

    @property
    def digest(self) -> str:
        said = "\x1e".join(f"{row.sku}\x1f{row.kind}\x1f{row.changes}\x1f{row.reason}" for row in self.lines)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


# -- reading -------------------------------------------------------------------------------------------------------


def read_sheet(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV or XLSX file, told by its content. Raises NotThisFormat."""
    if len(content) > MOST_BYTES:
        raise NotThisFormat(f"This file is too large: {MOST_BYTES // 1024**2} MB at most.")
    rows = _xlsx(content) if content[:4] == b"PK\x03\x04" else _csv(content)
    if not rows:
        raise NotThisFormat("This file is empty.")
    header = [cell.strip().lower() for cell in rows[0]]
    unknown = [name for name in header if name and name not in {*COLUMNS, "sku", PRICE, *IGNORED}]
    if "sku" not in header:
        raise NotThisFormat("This sheet has no column sku.")
    if unknown:
        raise NotThisFormat(f"Columns we do not know: {', '.join(unknown[:10])}.")
    if doubled := sorted({name for name in header if name and header.count(name) > 1}):
        raise NotThisFormat(f"Columns that stand there twice: {', '.join(doubled)}.")
    if len(rows) > MOST_ROWS + 1:
        raise NotThisFormat(f"{len(rows) - 1:,} rows are too many at once: {MOST_ROWS:,} at most.")
    return header, rows[1:]


def _csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotThisFormat("This is neither XLSX nor CSV in UTF-8.") from None
    if "\x00" in text:
        raise NotThisFormat("This is neither XLSX nor CSV in UTF-8.")
    first = text.split("\n", 1)[0]
    try:
        return list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))
    except csv.Error as error:
        raise NotThisFormat(f"Not readable as CSV: {error}.") from None


_X = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _xlsx(content: bytes) -> list[list[str]]:
    """The first sheet of a workbook (ECMA-376): values only, never formulas. Bounded before it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            if sum(entry.file_size for entry in book.infolist()) > MOST_UNPACKED:
                raise NotThisFormat("This workbook unpacks to too much.")
            sheets = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
            if not sheets:
                raise NotThisFormat("This workbook has no sheet.")
            shared = []
            if "xl/sharedStrings.xml" in book.namelist():
                shared = [
                    "".join(t.text or "" for t in item.iter(f"{_X}t")) for item in _xml(book, "xl/sharedStrings.xml")
                ]
            rows: list[list[str]] = []
            for row in _xml(book, sheets[0]).iter(f"{_X}row"):
                cells: list[str] = []
                for cell in row.iter(f"{_X}c"):
                    at = _column(cell.get("r") or "")
                    cells += [""] * ((len(cells) if at is None else at) - len(cells))
                    cells.append(_cell(cell, shared))
                rows.append(cells)
            return rows
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, IndexError, ValueError, RuntimeError):
        raise NotThisFormat("This workbook is damaged.") from None


def _xml(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    content = book.read(name)
    if b"<!DOCTYPE" in content[:2_000] or b"<!ENTITY" in content:
        raise NotThisFormat("This workbook is damaged.")
    return ElementTree.fromstring(content)


def _column(place: str) -> int | None:
    letters = "".join(char for char in place if char.isalpha()).upper()
    number = 0
    for char in letters:
        number = number * 26 + ord(char) - 64
    return number - 1 if 0 < number <= 200 else None


def _cell(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(t.text or "" for t in cell.iter(f"{_X}t"))
    value = cell.findtext(f"{_X}v") or ""
    if cell.get("t") == "s":
        return shared[int(value)]
    return value[:-2] if cell.get("t") in {None, "n"} and value.endswith(".0") else value


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """A cell a spreadsheet won't run: what begins like a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _as_typed(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


# -- comparing -----------------------------------------------------------------------------------------------------


def plan_sheet(content: bytes, *, store_id: int | None = None, lock: bool = False) -> SheetPlan:
    """What this sheet would do now. `store_id`: whose shelf its prices are for. `lock`: keep the products as they are.

    Raises NotThisFormat for a file that is no sheet of products.
    """
    header, rows = read_sheet(content)
    places = {name: at for at, name in enumerate(header) if name}
    columns = [name for name in header if name in COLUMNS]
    if PRICE in places and store_id is None:
        raise NotThisFormat("This sheet has prices: choose the store they are for.")
    records = [
        (line, {name: _as_typed(row[at].strip()) if at < len(row) else "" for name, at in places.items()})
        for line, row in enumerate(rows, 2)
        if any(cell.strip() for cell in row)
    ]
    skus = {record["sku"] for _, record in records}
    known = Product.objects.filter(sku__in=skus).order_by("pk").select_related("brand", "category")
    known = known.defer("search_vector", "search_text")
    products = {p.sku: p for p in (known.select_for_update(of=("self",), no_key=True) if lock else known)}
    links = {name: _Links(model) for name, model in LINKS.items() if name in places}
    codes = {record.get("barcode", "") for _, record in records} - {""}
    owners = dict(Product.objects.filter(barcode__in=codes).values_list("barcode", "sku"))
    shelf: dict[int, int] = {}
    if PRICE in places:
        ids = [p.pk for p in products.values()]
        shelf = dict(ShelfItem.objects.filter(store=store_id, product__in=ids).values_list("product_id", "price_paise"))
    lines: list[SheetLine] = []
    values: dict[str, dict[str, Any]] = {}
    prices: list[tuple[str, int]] = []
    seen: dict[str, int] = {}
    for line, record in records:
        sku = record["sku"]
        product = products.get(sku)
        try:
            if not sku or len(sku) > 40 or "/" in sku:
                raise BadLine("The SKU is missing, too long or has a slash")
            if seen.setdefault(sku, line) != line:
                raise BadLine(f"The SKU stands on line {seen[sku]} already")
            said = _values(record, columns, links)
            if (code := said.get("barcode")) and owners.setdefault(code, sku) != sku:
                raise BadLine(f"The barcode belongs to {owners[code]}")
            if product is None:
                _refuse_incomplete(said)
            changes = _changes(product, said)
            price = _price(record, product, said, shelf)
        except BadLine as bad:
            lines.append(SheetLine(line, sku[:40], product.name if product else "", "refused", reason=str(bad)))
            continue
        if price is not None and product is not None and price != shelf[product.pk]:
            prices.append((sku, price))
            changes = (*changes, Change(PRICE, str(shelf[product.pk]), str(price)))
        kind = "new" if product is None else "changed" if changes else "same"
        lines.append(SheetLine(line, sku, product.name if product else said["name"], kind, changes))
        if kind != "same":
            values[sku] = said
    ignored = tuple(name for name in header if name in IGNORED)
    return SheetPlan(tuple(lines), tuple(columns), values, products, tuple(prices), ignored)


class _Links:
    """Categories or brands by slug, or by a name that only one of them has."""

    def __init__(self, model: Any) -> None:
        self.by_slug: dict[str, Any] = {}
        self.by_name: dict[str, list[Any]] = {}
        for row in model.objects.all():
            self.by_slug[row.slug] = row
            self.by_name.setdefault(row.name.lower(), []).append(row)

    def find(self, said: str) -> Any:
        named = self.by_name.get(said.lower(), [])
        return self.by_slug.get(said) or (named[0] if len(named) == 1 else None)


def _values(record: dict[str, str], columns: Sequence[str], links: dict[str, _Links]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in columns:
        what, read = COLUMNS[name]
        value = read(record[name], what)
        if name in links:
            text, value = value, links[name].find(value) if value else None
            if value is None and (text or name == "category"):
                raise BadLine(f"There is no {name} {text!r}" if text else f"{what} is missing")
        said[name] = value
    return said


def _refuse_incomplete(said: dict[str, Any]) -> None:
    for name in ("name", "category", "mrp_paise"):
        if not said.get(name):
            raise BadLine(f"A new product needs {name}")


def _changes(product: Product | None, said: dict[str, Any]) -> tuple[Change, ...]:
    if product is None:
        return tuple(Change(name, "", _shown(value)) for name, value in said.items() if _shown(value))
    return tuple(
        Change(name, _shown(getattr(product, name)), _shown(value))
        for name, value in said.items()
        if getattr(product, name) != value
    )


def _price(record: dict[str, str], product: Product | None, said: dict[str, Any], shelf: dict[int, int]) -> int | None:
    text = record.get(PRICE, "")
    if not text:
        return None
    price = paise(text, what="The price", per=1)
    if product is None or product.pk not in shelf:
        raise BadLine("The store does not have it on its shelf: list it there first")
    mrp = said.get("mrp_paise", product.mrp_paise)
    if price > mrp:
        raise BadLine(f"The price {price} is above the MRP {mrp}")
    return price


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Brand | Category):
        return value.name
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
