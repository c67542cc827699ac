"""A question cut into words, sums of money, percentages, amounts, clock times and plain numbers.

"Under ₹1,000: 1/2 kg, 30%+ off after 6 pm" → under · ₹100000 paise · 500 g · 3000 bp (or more) · off · after · 18:00.
Latin and Devanagari. Money is whole paise, percentages are hundredths, amounts are grams, millilitres or pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from dashboard.ask.folding import stem, words

LONGEST = 400
"""Letters of a question that are looked at; who asks more is asked to say it shorter."""

_RAW = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+|[^\W\d_](?:[^\W\d_]|['’\u0900-\u0963])*|[₹%+&/½¼¾:,;\-]|[<>]=?|[≤≥]")
_HALF_PRICE = re.compile(
    r"\b(?:at |for )?half(?: the)? price\b|\bhalf off\b|\baadhe? (?:daam|dam) (?:me|mein|par|pe)\b"
)
_BELOW_HALF = re.compile(r"\b(?:for |at )?(?:less than|under|below) half(?: of)?(?: the| their)? (?:mrp|price)\b")
_ONE_AND_ONE = re.compile(r"(?<![\d.])([12])\s?\+\s?([12])(?!\s?[\d.])")
_DEVANAGARI_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")
_MONEY_BEFORE = frozenset({"₹", "rs", "inr", "रु", "re"})
_MONEY_AFTER = frozenset(
    {"₹", "rs", "inr", "rupee", "rupees", "rupaye", "rupay", "rupiya", "rupaiye", "bucks", "रु", "रुपये", "रुपए",
     "रूपये", "रुपया"}
)  # fmt: skip
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "किलो", "किग्रा"), ("g", 1000)),
    **dict.fromkeys(("g", "gm", "gms", "gram", "grams", "gr", "ग्राम"), ("g", 1)),
    **dict.fromkeys(
        ("l", "lt", "ltr", "ltrs", "litre", "litres", "liter", "liters", "लीटर"), ("ml", 1000)
    ),
    **dict.fromkeys(("ml", "millilitre", "millilitres", "मिली"), ("ml", 1)),
    **dict.fromkeys(("pc", "pcs", "piece", "pieces", "nos", "पीस"), ("pc", 1)),
    **dict.fromkeys(("dozen", "dozens", "dozn", "dozan", "darjan", "दर्जन"), ("pc", 12)),
}  # fmt: skip
_PERCENT = frozenset({"%", "percent", "percentage", "pct", "फीसदी", "प्रतिशत", "fisadi", "pratishat"})
_TIMES = {"k": 1_000, "thousand": 1_000, "hazar": 1_000, "hazaar": 1_000, "हजार": 1_000, "lakh": 100_000, "सौ": 100}
_MANY = {"hundred": 100, "thousand": 1_000}
_HALVES = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_SAID_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "half": 0.5, "quarter": 0.25, "aadha": 0.5,
    "adha": 0.5, "aadhaa": 0.5, "आधा": 0.5, "ek": 1, "एक": 1, "do": 2, "दो": 2, "teen": 3, "तीन": 3, "panch": 5,
    "paanch": 5, "पांच": 5, "das": 10, "दस": 10, "sau": 100, "a": 1, "an": 1, "dedh": 1.5, "डेढ़": 1.5, "pav": 0.25,
    "paav": 0.25,
}  # fmt: skip
_PER = {"g": "kg", "ml": "litre", "pc": "piece"}
"""What a price per amount is told by."""
_SIGNS = {">": ["above"], "<": ["below"], ">=": ["at", "least"], "<=": ["at", "most"], "≥": ["at", "least"],
          "≤": ["at", "most"]}  # fmt: skip
_CLOCK = frozenset({"am", "pm", "oclock", "baje", "बजे"})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: word, money (paise), percent (bp), amount (`unit` g, ml, pc), clock (minutes of the day), number.

    `more`: written with a plus, "30%+": so much or more."""

    kind: str
    text: str
    value: float = 0
    unit: str = ""
    more: bool = False
    cut: bool = False
    """A comma stands behind it."""

    @property
    def stem(self) -> str:
        return stem(self.text) if self.kind == "word" else self.text


def read(question: str) -> list[Token]:
    text = _BELOW_HALF.sub(" above 50% off ", question[:LONGEST].lower())
    text = _HALF_PRICE.sub(" 50% off ", text)
    text = _ONE_AND_ONE.sub(r" buy \1 get \2 ", text)
    raw = _RAW.findall(text.translate(_DEVANAGARI_DIGITS))
    raw = _whole(raw)
    found: list[Token] = []
    at = 0
    while at < len(raw):
        if raw[at] in ",;":
            if found:
                found[-1] = replace(found[-1], cut=True)
            at += 1
            continue
        token, at = _next(raw, at)
        if token is not None and token.kind == "amount" and found and found[-1].text == "per":
            token = Token("word", _PER[token.unit])  # "per 100 g" bounds no pack
        if token is not None:
            found.append(token)
    return found


def _whole(raw: list[str]) -> list[str]:
    """Words folded: no accents, no apostrophes (what's → whats); signs and figures as they are."""
    whole: list[str] = []
    for one in raw:
        whole += words(one) if one[0].isalpha() else _SIGNS.get(one, [one])
    return whole


def _number(raw: list[str], at: int) -> tuple[float | None, int]:
    """A number at this place and where it ends: 1,000 · 1/2 · 1½ · 2k · half · do."""
    one = raw[at]
    if one in _HALVES:
        return _HALVES[one], at + 1
    if not (one[0].isdigit() or one[0] == "."):
        return None, at
    value = float(one.replace(",", "") or 0)
    at += 1
    if at + 1 < len(raw) and raw[at] == "/" and raw[at + 1].isdigit() and 0 < int(raw[at + 1]) < 10:
        value, at = value / int(raw[at + 1]), at + 2
    elif at < len(raw) and raw[at] in _HALVES:
        value, at = value + _HALVES[raw[at]], at + 1
    if at < len(raw) and raw[at] in _TIMES:
        value, at = value * _TIMES[raw[at]], at + 1
    return value, at


def _at(raw: list[str], at: int) -> str:
    return raw[at] if at < len(raw) else ""


def _next(raw: list[str], at: int) -> tuple[Token | None, int]:
    one = raw[at]
    if one in _MONEY_BEFORE:
        value, after = _number(raw, at + 1) if at + 1 < len(raw) else (None, at)
        if value is not None:
            after, more = _plus(raw, after)
            after += _at(raw, after) in _MONEY_AFTER  # "₹500 rupees"
            return Token("money", f"₹{value:g}", round(value * 100), more=more), after
    value, after = _number(raw, at)
    if value is None:
        said = _SAID_NUMBERS.get(one)
        many = _MANY.get(_at(raw, at + 1))
        if said is not None and said >= 1 and len(one) > 2 and many is not None:  # five hundred
            return _figure(raw, said * many, at, at + 2)
        if one in ("half", "quarter") and _at(raw, at + 1) in ("a", "of"):  # half a litre
            at += 1
        if said is not None and _at(raw, at + 1) in _UNITS and len(_at(raw, at + 1)) > 1:
            unit, times = _UNITS[raw[at + 1]]
            return Token("amount", f"{one} {raw[at + 1]}", said * times, unit), at + 2
        if one in ("dozen", "dozn", "dozan", "darjan", "दर्जन"):
            return Token("amount", one, 12, "pc"), at + 1
        if one == "%":  # "late % by store": no figure stands before it
            return Token("word", "percent"), at + 1
        return (Token("word", one), at + 1) if one[0].isalpha() else (None, at + 1)
    return _figure(raw, value, at, after)


def _figure(raw: list[str], value: float, first: int, after: int) -> tuple[Token, int]:
    """What a number counts, from what stands behind it."""
    if _at(raw, after) == "/" and _at(raw, after + 1) == "-":  # 500/-
        return Token("money", f"₹{value:g}", round(value * 100)), after + 2
    at = after + (_at(raw, after) == "-")  # 500-gram, 30-percent
    behind = _at(raw, at)
    if behind in _PERCENT or (behind == "per" and _at(raw, at + 1) == "cent"):
        end, more = _plus(raw, at + 1 + (behind == "per"))
        return Token("percent", f"{value:g}%", round(value * 100), more=more), end
    if behind in _MONEY_AFTER:
        return Token("money", f"₹{value:g}", round(value * 100)), at + 1
    if behind in _UNITS:
        unit, times = _UNITS[behind]
        return Token("amount", f"{value:g} {behind}", value * times, unit), at + 1
    if behind in _CLOCK and value <= 24:
        return Token("clock", f"{value:g} {behind}", _minutes(value, 0, behind)), at + 1
    if behind == ":" and _at(raw, at + 1).isdigit() and len(raw[at + 1]) == 2:
        said = _at(raw, at + 2) if _at(raw, at + 2) in _CLOCK else ""
        minutes = _minutes(value, int(raw[at + 1]), said)
        return Token("clock", f"{value:g}:{raw[at + 1]} {said}".strip(), minutes), at + 2 + bool(said)
    end, more = _plus(raw, after)
    if more and _at(raw, end) in _PERCENT:  # 30+%
        return Token("percent", f"{value:g}%", round(value * 100), more=True), end + 1
    return Token("number", "".join(raw[first:after]), value, more=more), end


def _minutes(hour: float, minute: int, said: str) -> float:
    if said == "pm" and hour < 12:
        hour += 12
    elif said == "am" and hour == 12:
        hour = 0
    return hour * 60 + minute


def _plus(raw: list[str], at: int) -> tuple[int, bool]:
    if _at(raw, at) == "+":
        return at + 1, True
    if _at(raw, at) == "or" and _at(raw, at + 1) in ("more", "above", "higher"):
        return at + 2, True
    return at, False
