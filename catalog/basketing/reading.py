"""A shopping list as people write or paste it: one thing a line, or with commas between.

"2 kg onions", "Onion 1kg", "milk 500 ml x 2", "6 eggs", "आधा किलो प्याज". What cannot be read as an amount stays a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LINES = 40
LONGEST_LINE = 80
_UNITS = {
    "g": (("g", "gm", "gms", "gram", "grams", "ग्राम"), 1.0),
    "kg": (("kg", "kgs", "kilo", "kilos", "kilogram", "किलो", "किग्रा"), 1000.0),
    "ml": (("ml", "मिली"), 1.0),
    "l": (("l", "lt", "ltr", "litre", "litres", "liter", "liters", "लीटर"), 1000.0),
    "pc": (("pc", "pcs", "piece", "pieces", "nos", "पीस", "नग"), 1.0),
    "dozen": (("dozen", "dozens", "darjan", "दर्जन"), 12.0),
}
_INTO = {"g": "g", "kg": "g", "ml": "ml", "l": "ml", "pc": "pc", "dozen": "pc"}
_WORDS = {word: (by, _INTO[unit]) for unit, (all_words, by) in _UNITS.items() for word in all_words}
_NUMBERS = {
    "half": 0.5, "aadha": 0.5, "आधा": 0.5, "½": 0.5, "quarter": 0.25, "paav": 0.25, "पाव": 0.25, "¼": 0.25,
    "a": 1, "one": 1, "ek": 1, "एक": 1, "dedh": 1.5, "डेढ़": 1.5, "two": 2, "do": 2, "दो": 2,
    "three": 3, "teen": 3, "तीन": 3,
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_NUMBER = r"\d+(?:[.,]\d+)?|" + "|".join(sorted(map(re.escape, _NUMBERS), key=len, reverse=True))
_EDGE = r"(?![\w\u0900-\u097f])"
_AMOUNT = re.compile(rf"(?<![\w\u0900-\u097f.])({_NUMBER})\s*(?:a\s+)?({_UNIT}){_EDGE}", re.IGNORECASE)
_TIMES = re.compile(r"(?:(?<!\w)(\d{1,2})\s*[x×*](?!\w)|(?<!\w)[x×*]\s*(\d{1,2})(?!\w))", re.IGNORECASE)
_COUNT = re.compile(r"^\s*(\d{1,2})\s+(?=\D)|\s(\d{1,2})\s*$")
_OF = re.compile(r"^(?:of|ka|ki|ke)\s+", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•·–]|\d{1,2}[.)](?=\s))\s*")


@dataclass(frozen=True, slots=True)
class Line:
    item: str
    amount: float | None = None
    measure: str = ""
    pieces: int = 1


def read_list(text: str, *, most: int = MOST_LINES) -> list[Line]:
    """At most `most`, each cut to LONGEST_LINE characters; lines without a word are left out."""
    parts = re.split(r"[\n;]+|,(?!\d)", text.replace("\x00", " "))
    found = (read_line(part[:LONGEST_LINE]) for part in parts if part.strip())
    return [line for line in found if line.item][:most]


def read_line(text: str) -> Line:
    text = _BULLET.sub("", text)
    pieces, amount, measure = 1, None, ""
    if times := _TIMES.search(text):
        pieces = min(60, max(1, int(times[1] or times[2])))
        text = text[: times.start()] + " " + text[times.end() :]
    if said := _AMOUNT.search(text):
        number, unit = said[1].lower(), said[2].lower()
        by, measure = _WORDS[unit]
        amount = by * (_NUMBERS[number] if number in _NUMBERS else float(number.replace(",", ".")))
        text = text[: said.start()] + " " + text[said.end() :]
        amount = min(amount, 100_000.0) or None
    elif count := _COUNT.search(text):
        pieces = min(60, max(1, int(count[1] or count[2])))
        text = text[: count.start()] + " " + text[count.end() :]
        amount, measure = float(pieces), "pc"
        pieces = 1
    item = " ".join(re.sub(r"[()\[\]:=|/]+", " ", text).split()).strip(" .-–")
    return Line(_OF.sub("", item), amount, measure, pieces)
