"""Which packs are one thing: 500 g, 1 kg and 5 kg of the same flour share a key; flavours and strengths never do.

The key is the folded brand and name without what the name says about the pack. A mistake must be harmless, so doubt
separates: what measures the user and not the pack (diapers for 7-12 kg), the content (20 g protein, 500 mg) or the
ware (26 cm, 9 W) stays, and a bundle ("A 1 kg + B 1 kg") has no family. Plain Python.
"""

from __future__ import annotations

import hashlib
import re

from catalog.search.folding import fold, words

LONGEST_KEY = 120
ALONE = "-"
"""Set by hand: this product stands alone, whatever its name says."""

_NUMBER = r"(?:half|\d+(?:[.,]\d+)?(?:\s*/\s*\d+)?|[¼½¾])"
_WEIGHED = (
    r"(?:kgs?|kilos?|kilograms?|gms?|grams?|gr|g|mls?|millilit(?:er|re)s?|ltrs?|lts?|lit(?:er|re)s?|l"
    r"|किलो(?:ग्राम)?|किग्रा|ग्राम|लीटर|मिली)"
)
_PIECES = r"(?:pcs?|pieces?|nos|units?|पीस)"
_UNIT = rf"(?:{_WEIGHED}|{_PIECES})"
_NO_WORD = r"(?![\w\u0900-\u097f%])"
_HOLDER = (
    r"(?:pouch(?:es)?|bottles?|tins?|cans?|jars?|cartons?|packets?|packs?|bags?|box(?:es)?|tubs?|refills?|sachets?)"
)

# What looks like an amount and is none of the pack. Kept, run together so that no later pattern sees a number in it.
_KEPT = re.compile(
    rf"\b(?:up\s*to|above|below|under|over|till|for)\s*\d+(?:\.\d+)?\s*{_WEIGHED}\b"
    r"|\d+(?:\.\d+)?(?:\s*kgs?\s*(?:-|–|to)\s*|-|–|\s+to\s+)\d+(?:\.\d+)?\s*kgs?\b"
    r"|(?<=\()\s*\d+(?:\.\d+)?\s*(?:-|–)\s*\d+(?:\.\d+)?\s*kgs?\b"
    r"|\d+(?:\.\d+)?\s*\+\s*kgs?\b|\d+(?:\.\d+)?\s*kgs?\s*\+"
    r"|\d+(?:\.\d+)?\s*g(?:ms?)?\s*(?:of\s*)?(?:protein|whey|fib(?:er|re)|sugars?|carbs?|fat|trans\s*fat|collagen)\b",
    re.IGNORECASE,
)
_WORN = re.compile(r"\b(?:diapers?|nappy|nappies|diaper pants)\b", re.IGNORECASE)
_WORN_WEIGHT = re.compile(r"\d+(?:\.\d+)?\s*kgs?\b", re.IGNORECASE)

# Between two amounts a dash with spaces is a remark ("Stage 1 - 500 g"), one without is a range ("500-600 g").
_AMOUNT = re.compile(
    rf"(?<![\w.])(?:\d+\s*[x×*]\s*)?(?:{_NUMBER}(?:\s*{_UNIT}\s*(?:-|–|to)\s*|-|–|\s+to\s+))?{_NUMBER}\s*{_UNIT}{_NO_WORD}"
    rf"(?:\s*[x×*]\s*\d+(?:\s*(?:{_PIECES}|packs?|n|u))?{_NO_WORD})?(?:\s*{_HOLDER}{_NO_WORD})?",
    re.IGNORECASE,
)
_GLUED = re.compile(rf"(?<![\w.])\d+(?:\.\d+)?{_WEIGHED}[x×]\d+{_NO_WORD}", re.IGNORECASE)  # 100gX3
_BARE_COUNT = re.compile(r"(?<![\w.])\d+\s*[nu]\s*(?=\)|$)", re.IGNORECASE)  # "120 N" at the end
_PACK_OF = re.compile(
    rf"\b(?:pack|packet|set|box|case|tray|pouch)\s*of\s*\d+(?:\s*{_PIECES})?{_NO_WORD}"
    r"|(?<![\w.])\d+\s*-?\s*(?:packs?|packets?)\b|\b(?:half\s+)?dozen\b",
    re.IGNORECASE,
)
_PACK_WORDS = re.compile(
    r"\b(?:family|value|economy|jumbo|party|super\s+saver|saver|mega|giant|big|small|mini|large|medium|regular|trial|travel)"
    r"\s+(?:pack|pouch|size)\b|\bapprox(?:imately)?\b\.?|\bnet\s+(?:wt|weight)\b\.?",
    re.IGNORECASE,
)
# Counted things: how many is the pack, what they are is not ("25 tea bags" are not loose tea).
_COUNTED = re.compile(
    r"(?<![\w.\-])\d+\s*(?=(?:tablets?|tabs|capsules?|caps|softgels?|sachets?|tea\s*bags?|sheets?|rolls?|wipes?|pads?"
    r"|diapers?|diaper\s+pants|nappies|pulls|napkins?|tissues?|eggs?|gummies|incense\s+sticks|agarbattis?)\b)",
    re.IGNORECASE,
)
_BUNDLE = re.compile(r"(?<!\d)\+|\d\s+\+")


def family_key(name: str, brand: str = "", *, by_hand: str = "") -> str:
    """The key that all packs of one thing share within a brand; "" for what has no family.

    `by_hand` wins: the same words are the same family, `-` is none. Long keys end in a hash.
    """
    if by_hand:
        said = fold(by_hand)
        return _short(f"= {said}") if said else ""
    if _BUNDLE.search(name):
        return ""
    makers = words(brand)
    left = words(without_pack(name))
    if makers and left[: len(makers)] == makers and len(left) > len(makers):
        left = left[len(makers) :]
    return _short(" ".join(left)) if left else ""


def without_pack(name: str) -> str:
    """The name without the amounts, counts and pack words in it."""
    name = _KEPT.sub(_as_word, name)
    if _WORN.search(name):
        name = _WORN_WEIGHT.sub(_as_word, name)
    for pattern in (_GLUED, _AMOUNT, _PACK_OF, _PACK_WORDS, _BARE_COUNT, _COUNTED):
        name = pattern.sub(" ", name)
    return name


def _as_word(found: re.Match[str]) -> str:
    return " is" + re.sub(r"[\W_]+", "to", found[0].strip().lower()) + " "


def _short(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.blake2s(key.encode(), digest_size=8).hexdigest()
    return f"{key[: LONGEST_KEY - 17]}~{digest}"
