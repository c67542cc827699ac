"""What a scanner, a scale or a thumb gave us. Plain Python: no Django."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from inventory import gs1

LAST_DIGITS = 4
_TOTE = re.compile(r"TOTE-([A-D])\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """`codes`: how the product's number may be written; `tail`: typed last characters; `tote`: 1 to 4 for a tote's
    label; `lot`, `expires_on`, `grams`: what the code says of this very pack."""

    text: str
    codes: frozenset[str] = field(default_factory=frozenset)
    tail: str = ""
    tote: int | None = None
    lot: str = ""
    expires_on: date | None = None
    grams: int | None = None

    def fits(self, *, barcode: str, sku: str) -> bool:
        printed = barcode or sku
        if self.tail:
            return printed.upper().endswith(self.tail.upper())
        return bool(self.codes & {printed, sku}) or (self.grams is not None and barcode[:7] == self.text[:7])


def read(text: str, *, today: date) -> Code:
    """A GS1 element string, a scale's EAN-13, a tote's label, an EAN or SKU, or the last four characters of one.

    The scale's code is a restricted circulation number (GS1 General Specifications 2.1.11: prefix 20 to 29, laid out by
    the retailer): two digits of prefix, five of the item, five of the weight in grams, check digit.
    """
    text = text.strip()
    if tote := _TOTE.match(text):
        return Code(text, tote=tote_of(tote[1]))
    if (label := gs1.parse(text, today=today)) is not None:
        codes = frozenset(gs1.codes_of(label.gtin)) if label.gtin else frozenset()
        return Code(text, codes, lot=label.lot, expires_on=label.expires_on, grams=label.grams)
    if len(text) == LAST_DIGITS:
        return Code(text, frozenset({text}), tail=text)
    if len(text) == 13 and text.isascii() and text.isdigit() and text[0] == "2" and gs1.checks_13(text):
        return Code(text, frozenset({text}), grams=int(text[7:12]))
    return Code(text, frozenset({text}) if text else frozenset())


def letter(tote: int | None) -> str:
    """1 → "A"."""
    return "ABCD"[tote - 1] if tote and 1 <= tote <= len("ABCD") else ""


def tote_of(letter: str) -> int:
    return "ABCD".index(letter.upper()) + 1


def tote_code(tote: int) -> str:
    """What is printed on a tote: "TOTE-A"."""
    return f"TOTE-{letter(tote)}"
