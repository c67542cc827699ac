"""What other platforms charge, read out of files: our own form (docs/market.md) and the shapes scrapers leave.

A scraper's row has a name, a price ("₹50", "49"), perhaps a discount ("36% Off", from which the MRP follows), a weight
that may be missing or the name once more, an address and a time on the city's clock.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import orjson
from django.utils.text import slugify

from catalog.importing.rows import BadLine, NotThisFormat, paise
from catalog.market_rows import BadRow, MarketRow, OfferRow, Read, TermsRow

Record = Mapping[str, Any]

NEEDED = frozenset({"name", "price_paise"})
SCRAPED = frozenset({"name", "price", "weight", "timestamp"})
_NOTHING = frozenset({"", "n/a", "na", "null", "none", "nan", "-"})
_YES, _NO = frozenset({"1", "yes", "true", "y", ""}), frozenset({"0", "no", "false", "n"})
_OFF = re.compile(r"^\s*(\d{1,2})\s*%")
_JIOMART_ID = re.compile(r"/product/original/(\d{4,12})/")
_PACK = re.compile(r"\s*(\d|pack|half|dozen)", re.I)
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M")
_MOST_NUMBER = 2**53
_TURNS = "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_UNSEEN = {
    ord(one): None for one in (*_TURNS, *map(chr, (*range(1, 9), *range(14, 28), *range(127, 160)))) if one != "\x85"
}


def read(content: bytes, *, zone: ZoneInfo) -> Read:
    """Every row of a file, readable or not. UTF-8 (with or without a mark) or Windows-1252. Times without a zone are
    the city's. Raises NotThisFormat when the file as a whole is none of ours."""
    text = decoded(content)
    if text.lstrip()[:1] in ("{", "["):
        return _json(text, zone=zone)
    return Read(list(_rows(_csv(text), zone=zone)))


def decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _csv(text: str) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        _reader_of({(name or "").strip().lower() for name in reader.fieldnames or ()})
        for row in reader:
            row.pop(None, None)  # type: ignore[call-overload]  # more fields than headings
            yield reader.line_num, {(name or "").strip().lower(): value for name, value in row.items()}
    except csv.Error as error:
        raise NotThisFormat(f"This is no CSV we can read: {error}.") from None


def _json(text: str, *, zone: ZoneInfo) -> Read:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotThisFormat(f"This is no JSON: {error}.") from None
    whole: dict[str, Any] = found if isinstance(found, dict) else {"listings": found}
    if unknown := whole.keys() - {"seen_at", "listings", "terms", "offers"}:
        raise NotThisFormat(f"Unknown parts: {', '.join(sorted(unknown))[:80]}. See docs/market.md.")
    for part, kind in (("listings", list), ("offers", list), ("terms", dict)):
        if whole.get(part) is not None and not isinstance(whole[part], kind):
            raise NotThisFormat(f"{part} is no {'list' if kind is list else 'object'}.")
    try:
        seen_at = _instant(whole.get("seen_at"), zone)
        terms = _terms(whole["terms"], seen_at=seen_at) if whole.get("terms") else None
    except BadLine as error:
        raise NotThisFormat(f"{error}.") from None
    records = [
        (n, {str(name).lower(): value for name, value in one.items()} if isinstance(one, dict) else {})
        for n, one in enumerate(whole.get("listings") or [], start=1)
    ]
    offers = tuple(_offers(whole.get("offers") or [], zone=zone))
    return Read(list(_rows(iter(records), zone=zone, seen_at=seen_at)), terms, offers)


def _rows(
    records: Iterator[tuple[int, Record]], *, zone: ZoneInfo, seen_at: datetime | None = None
) -> Iterator[MarketRow | BadRow]:
    reads: Callable[..., MarketRow] | None = None
    for line, record in records:
        reads = reads or _reader_of(record.keys())
        try:
            yield reads(line, record, zone=zone, seen_at=seen_at)
        except BadLine as error:
            yield BadRow(line, str(error), _said(record.get("name"))[:80])


def _reader_of(names: Collection[str]) -> Callable[..., MarketRow]:
    """By the headings, or the fields of the first row."""
    for needed, reads in ((NEEDED, _canonical), (SCRAPED, _scraped)):
        if needed <= set(names):
            return reads
    raise NotThisFormat("The rows need name and price_paise, or what a scraper leaves. See docs/market.md.")


# -- what scrapers leave ----------------------------------------------------------------------------------------------


def _scraped(line: int, record: Record, *, zone: ZoneInfo, seen_at: datetime | None) -> MarketRow:
    name, price, weight, url, when = (_said(record.get(it)) for it in ("name", "price", "weight", "url", "timestamp"))
    if name.lower() == "name" and price.lower() == "price":
        raise BadLine("the headings once more")
    if not name and not price:
        raise BadLine("an empty row")
    if not name:
        raise BadLine("has no name")
    if not price:
        raise BadLine("has no price")
    now = paise(price.removeprefix("₹").removeprefix("Rs.").strip(), what="price", per=100)
    off = _OFF.match(_said(record.get("discount")))
    identity = _JIOMART_ID.search(url)
    return MarketRow(
        line=line,
        name=readable(name),
        price_paise=now,
        at=_instant(when, zone) or seen_at,
        key=identity[1] if identity else "",
        pack=weight if _PACK.match(weight) else "",  # some pages say the name once more there
        mrp_paise=None if off is None or int(off[1]) == 0 else mrp_of(now, int(off[1])),
        url=url if url.startswith("http") else "",
        category_slug=_shelf_of(url),
    )


def mrp_of(price_paise: int, off_percent: int) -> int:
    """The whole rupees of which so many percent off leave the price: ₹50 at 36 % off was ₹78."""
    return max(price_paise, round(Decimal(price_paise) / (100 - off_percent)) * 100)


def _shelf_of(url: str) -> str:
    """The category a list page names, as a hint: the last words before its ids."""
    parts = urlsplit(url)
    if named := parse_qs(parts.query).get("categoryName"):
        return slugify(named[0])[:50]
    steps = parts.path.strip("/").split("/")
    return steps[2][:50] if len(steps) > 3 and steps[0] == "cn" else ""


def _said(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text.lower() in _NOTHING else text


def _instant(value: Any, zone: ZoneInfo) -> datetime | None:
    text = _said(value)
    if not text:
        return None
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadLine(f"{text[:30]!r} is no time") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


# -- our own form -----------------------------------------------------------------------------------------------------

_TEXTS = ("name", "key", "pack", "url", "brand", "item", "measure")
_NUMBERS = ("price_paise", "mrp_paise", "member_paise", "bulk_paise", "bulk_from", "surge_paise", "pieces")
COLUMNS = (*_TEXTS, *_NUMBERS, "available", "category", "amount", "seen_at")


def _canonical(line: int, record: Record, *, zone: ZoneInfo, seen_at: datetime | None) -> MarketRow:
    if unknown := record.keys() - set(COLUMNS):
        raise BadLine(f"unknown fields: {', '.join(sorted(unknown))[:80]}")
    values: dict[str, Any] = {name: _text(record.get(name), name) for name in _TEXTS}
    values |= {name: number for name in _NUMBERS if (number := _number(record.get(name), name)) is not None}
    if "price_paise" not in values:
        raise BadLine("has no price_paise")
    available = _text(record.get("available"), "available").lower()
    if available not in _YES | _NO:
        raise BadLine("available is yes or no")
    if values["measure"] not in ("", "g", "ml", "pc"):
        raise BadLine("measure is g, ml or pc")
    return MarketRow(
        line=line,
        at=_instant(record.get("seen_at"), zone) or seen_at,
        available=available in _YES,
        category_slug=_text(record.get("category"), "category"),
        amount=_amount(record.get("amount")),
        **values,
    )


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        raise BadLine(f"{what} is no text")
    text = readable(str(value))
    if "\x00" in text:
        raise BadLine(f"{what} has unreadable characters (is the encoding right?)")
    return text


def readable(text: str) -> str:
    """On one line, without what turns text around, can't be seen or is a control (a null stays: it is refused). What
    joins Indian letters stays."""
    return " ".join(text.translate(_UNSEEN).split())


def _number(value: Any, what: str) -> int | None:
    text = _text(value, what)
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        raise BadLine(f"{what} is not a whole number: {text[:30]!r}") from None
    if not 0 <= number < _MOST_NUMBER:
        raise BadLine(f"{what} is out of range: {text[:30]!r}")
    return number


def _amount(value: Any) -> Decimal | None:
    text = _text(value, "amount")
    if not text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise BadLine(f"amount is not a number: {text[:30]!r}") from None
    if not found.is_finite() or not 0 < found < 10_000_000:
        raise BadLine(f"amount is out of range: {text[:30]!r}")
    return found


def _terms(said: Mapping[str, Any], *, seen_at: datetime | None) -> TermsRow:
    names = [field.name for field in fields(TermsRow) if field.name != "at"]
    if unknown := said.keys() - set(names):
        raise BadLine(f"terms: unknown fields: {', '.join(sorted(map(str, unknown)))[:80]}")
    found = {name: number for name in names if (number := _number(said.get(name), name)) is not None}
    for name, number in found.items():
        if number > (24 * 60 if name.endswith("minutes") else 100_000_000):
            raise BadLine(f"terms: {name} is out of range")
    if found.get("eta_low_minutes", 0) > found.get("eta_high_minutes", 24 * 60):
        raise BadLine("terms: eta_low_minutes is above eta_high_minutes")
    return TermsRow(at=seen_at, **found)


_OFFER_TEXTS = ("key", "kind", "title", "code", "bank", "category", "listing")
_OFFER_NUMBERS = ("off_bp", "off_paise", "most_paise", "minimum_paise", "pieces")


def _offers(said: Iterable[Any], *, zone: ZoneInfo) -> Iterator[OfferRow | BadRow]:
    for line, one in enumerate(said, start=1):
        try:
            if not isinstance(one, dict):
                raise BadLine("an offer is an object")
            if unknown := one.keys() - {*_OFFER_TEXTS, *_OFFER_NUMBERS, "starts_at", "ends_at"}:
                raise BadLine(f"unknown fields: {', '.join(sorted(map(str, unknown)))[:80]}")
            texts = {name: _text(one.get(name), name) for name in _OFFER_TEXTS}
            numbers = {name: n for name in _OFFER_NUMBERS if (n := _number(one.get(name), name)) is not None}
            starts_at = _instant(one.get("starts_at"), zone)
            if starts_at is None:
                raise BadLine("an offer says when it starts")
            yield OfferRow(
                line=line, starts_at=starts_at, ends_at=_instant(one.get("ends_at"), zone), key=texts["key"],
                kind=texts["kind"], title=texts["title"], code=texts["code"], bank=texts["bank"],
                category_slug=texts["category"], listing_key=texts["listing"], **numbers,
            )  # fmt: skip
        except BadLine as error:
            yield BadRow(line, str(error), str(one.get("title") or "")[:80] if isinstance(one, dict) else "")
