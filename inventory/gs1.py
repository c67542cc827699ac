"""Barcodes of the GS1 system that carry more than a number. Plain Python.

Reads element strings (GS1 General Specifications, sections 3 and 7): as a scanner sends them, with FNC1 as ASCII 29 and
perhaps a symbology identifier in front (`]d2`, `]C1`, `]Q3`), or as printed, with the identifiers in brackets.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

GS = "\x1d"

# Application identifiers with a fixed number of characters after them (figure 7.8.5-2), as far as they are seen on
# groceries; all others that are known end with FNC1 or with the string.
_FIXED = {
    "00": 18, "01": 14, "02": 14, "11": 6, "12": 6, "13": 6, "15": 6, "16": 6, "17": 6, "20": 2,
}  # fmt: skip
_VARIABLE = {"10": 20, "21": 20, "22": 20, "30": 8, "37": 8, "240": 30, "241": 30, "400": 30}
_MEASURE = re.compile(r"3[1-6]\d\d")  # 31nn-36nn: six digits
_PRICE = re.compile(r"39[0-3]\d")


@dataclass(frozen=True, slots=True)
class Label:
    """What a code says. `expires_on`: use by (17), else best before (15). `units`: 37 or 30. `grams`: net, 310n."""

    gtin: str = ""
    lot: str = ""
    expires_on: date | None = None
    units: int | None = None
    grams: int | None = None


def parse(text: str, *, today: date) -> Label | None:
    """The label a code carries; None when it is no GS1 element string (a plain EAN, a SKU, nonsense).

    `today` decides the century of two-digit years (section 7.12).
    """
    found = _bracketed(text) if text.startswith("(") else _strung(text)
    if not found:
        return None
    gtin = found.get("01") or found.get("02") or ""
    if gtin and not _checks(gtin):
        return None
    ends = _day(found.get("17", ""), today) or _day(found.get("15", ""), today)
    count = found.get("37") or found.get("30") or ""
    if not gtin and "10" not in found and ends is None:
        return None
    units = int(count) if count.isascii() and count.isdigit() else None
    return Label(gtin, found.get("10", ""), ends, units, _grams(found))


def codes_of(gtin: str) -> list[str]:
    """How a trade item's number may be written on our products: 14, 13, 12 or 8 digits; for a case (first digit 1 to 8)
    also the number of the item inside."""
    codes = [gtin]
    if len(gtin) == 14:
        if gtin[0] in "12345678":
            inside = gtin[1:13]
            gtin = f"0{inside}{_check_digit('0' + inside)}"
        codes += [gtin[1:]] + ([gtin[2:]] if gtin[1] == "0" else []) + ([gtin[6:]] if gtin[:6] == "000000" else [])
    return list(dict.fromkeys(codes))


def _strung(text: str) -> dict[str, str]:
    marked = re.match(r"\](?:C1|d2|Q3|e0|J1)", text)
    rest = (text[3:] if marked else text).lstrip(GS)
    # A bare EAN-13 or SKU could look like an element string: without a mark it has to begin with a GTIN or a pallet.
    if not marked and not re.match(r"00\d{18}|0[12]\d{14}", rest):
        return {}
    found: dict[str, str] = {}
    while rest:
        ai, length, fixed = _identifier(rest)
        if not ai:
            return {}
        body = rest[len(ai) :]
        if fixed:
            value, rest = body[:length], body[length:]
            if len(value) < length or not value.isdigit():
                return {}
        else:
            value, _, rest = body.partition(GS)
            if not value or len(value) > length:
                return {}
        found.setdefault(ai, value)
        rest = rest.lstrip(GS)
    return found


def _bracketed(text: str) -> dict[str, str]:
    parts = re.findall(r"\((\d{2,4})\)([^(]+)", text)
    if "".join(f"({ai}){value}" for ai, value in parts) != text:
        return {}
    found: dict[str, str] = {}
    for ai, value in parts:
        known, length, fixed = _identifier(ai)
        value = value.strip()
        if known != ai or len(value) > length or (fixed and (len(value) != length or not value.isdigit())):
            return {}
        found.setdefault(ai, value)
    return found


def _identifier(text: str) -> tuple[str, int, bool]:
    """(identifier, length of its value, whether that is fixed); an empty one when it is not known."""
    if text[:2] in _FIXED:
        return text[:2], _FIXED[text[:2]], True
    for size in (2, 3):
        if text[:size] in _VARIABLE:
            return text[:size], _VARIABLE[text[:size]], False
    if _MEASURE.fullmatch(text[:4]):
        return text[:4], 6, True
    if _PRICE.fullmatch(text[:4]):
        return text[:4], 18, False
    return "", 0, False


def _grams(found: dict[str, str]) -> int | None:
    """310n: kilograms with n digits after the point."""
    for ai, value in found.items():
        if re.fullmatch(r"310[0-6]", ai) and value.isascii():
            return round(int(value) * 1000 / 10 ** int(ai[3]))
    return None


def _day(text: str, today: date) -> date | None:
    """YYMMDD. Day 00 is the month's last day; the year is the one within 50 years of today."""
    if len(text) != 6 or not text.isascii() or not text.isdigit():
        return None
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    gap = year - today.year % 100
    century = today.year // 100 + (-1 if gap >= 51 else 1 if gap <= -50 else 0)
    try:
        return date(century * 100 + year, month, day or monthrange(century * 100 + year, month)[1])
    except ValueError:
        return None


def _checks(gtin: str) -> bool:
    return len(gtin) == 14 and gtin.isascii() and gtin.isdigit() and _check_digit(gtin[:13]) == gtin[13]


def checks_13(ean: str) -> bool:
    """Whether thirteen digits end with their check digit."""
    return _check_digit("0" + ean[:12]) == ean[12]


def _check_digit(first: str) -> str:
    """Of the thirteen digits before it (section 7.9): weights 3 and 1 from the left."""
    return str(-sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(first)) % 10)
