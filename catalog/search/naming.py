"""What a product is, told from its name: "Amul Butter - Salted, 500 g" is butter, "Peanut Butter Cookies" are cookies.

English and Hinglish put the thing last and what kind of it before; shops put remarks behind a dash, a comma or "with",
other names of the thing behind a slash. That is enough to tell the potato from the potato chips without knowing either.
Plain Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from catalog.search.folding import stem, words

_REMARK = re.compile(r"\s-|-\s|[(),|:;\[\]]|\s(?:with|without|for|in|from)\s", re.IGNORECASE)
_SLASH = re.compile(r"\s*/\s*")
_AMOUNT = re.compile(r"^\d+(?:x\d+)?(?:g|gm|gms|gram|grams|kg|kgs|ml|l|ltr|litre|pc|pcs|n|s|mm|cm|in1)?$")
_TASTES = frozenset({"flavour", "flavor", "flavoured", "flavored", "flavours", "flavors"})
LONGEST_THING = 3

# Words that say which one, how it is cut or how it is packed, never what it is.
KINDS = frozenset(
    word
    for line in (
        "organic organically grown natural naturally pure fresh freshly premium imported indian regular classic",
        "original special select selected choice quality best real super extra rich finest tasty healthy",
        "large small medium big mini jumbo giant long short round loose local desi hybrid baby size sized",
        "green red white brown black yellow golden blue pink dark light",
        "ready to eat cook serve use raw ripe whole cut diced peeled chopped sliced grated cleaned",
        "washed shredded broken split unpolished pitted",
        "dried dry roasted salted unsalted plain sweet spicy hot instant",
        "pack packet packs pouch carton tetra combo unit units pcs pc piece pieces nos",
        "assorted variety veg nonveg vegetarian eggless free no added low fat",
        "new value saver family economy refill buy get offer of and the a kg g gm ml l ltr",
    )
    for word in line.split()
)
_KIND_STEMS = frozenset(map(stem, KINDS))
# The thing in one of its usual shapes: coriander leaves are coriander, turmeric powder is still turmeric.
SHAPES = frozenset(
    stem(word)
    for line in (
        "leaves leaf seeds seed kernels kernel sticks stick buds bunch florets pods beans flakes",
        "powder cubes slices block bulbs",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Thing:
    """All as stems run together. `whole`: nothing else stands there; `heads`: it ends so; `shaped`: a shape of it."""

    whole: frozenset[str]
    heads: frozenset[str]
    shaped: frozenset[str]


_NOTHING = Thing(frozenset(), frozenset(), frozenset())


def thing(name: str, brand: str = "") -> Thing:
    """What the name says it is. A bundle ("A 1 kg + B 1 kg") is none of its parts."""
    if "+" in name:
        return _NOTHING
    makers = frozenset(words(brand))
    for part in _REMARK.split(name):
        whole: set[str] = set()
        heads: set[str] = set()
        shaped: set[str] = set()
        for other_name in _SLASH.split(part):
            said = _said(other_name, makers)
            core = without_kinds(said)
            if core:
                whole.add("".join(core))
                heads |= _endings(said)
                if core[-1] in SHAPES and len(core) > 1:
                    shaped |= _endings(core[:-1])
        if whole:
            return Thing(frozenset(whole), frozenset(heads), frozenset(shaped - heads))
    return _NOTHING


def things_of_kind(text: str) -> frozenset[str]:
    """Of a category or type, "Potato, Onion & Tomato": what its parts end with."""
    found: set[str] = set()
    for part in re.split(r"[,&/]|\band\b", text):
        found |= _endings(_said(part, frozenset()))
    return frozenset(found)


def without_kinds(stems: Sequence[str]) -> list[str]:
    """Without the words at its beginning and end that only say which one: "green chilli" is chilli."""
    left = list(stems)
    while left and left[-1] in _KIND_STEMS:
        left.pop()
    while left and left[0] in _KIND_STEMS:
        left.pop(0)
    return left


def _said(text: str, makers: frozenset[str]) -> list[str]:
    """Stems up to the word that says what it is ("Eggs Brown": eggs), without the maker in front. What only names a
    taste says nothing."""
    left = [word for word in words(text) if not _AMOUNT.match(word)]
    if left and left[-1] in _TASTES:
        return []
    while len(left) > 1 and left[0] in makers:
        left.pop(0)
    while left and left[-1] in KINDS:
        left.pop()
    return [stem(word) for word in left]


def _endings(said: Sequence[str]) -> set[str]:
    return {"".join(said[-length:]) for length in range(1, min(LONGEST_THING, len(said)) + 1)}


# -- packs -----------------------------------------------------------------------------------------------------------

_UNITS = {
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms"), ("g", 1000)),
    **dict.fromkeys(("g", "gm", "gms", "gram", "grams", "gr"), ("g", 1)),
    **dict.fromkeys(("l", "lt", "ltr", "ltrs", "litre", "litres", "liter", "liters"), ("ml", 1000)),
    **dict.fromkeys(("ml", "mls"), ("ml", 1)),
    **dict.fromkeys(("pc", "pcs", "piece", "pieces", "nos", "units"), ("pc", 1)),
}
_PACK = re.compile(
    rf"(?<![\w.])(half|\d+(?:\.\d+)?|\d/\d)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b", re.IGNORECASE
)


@lru_cache(maxsize=4_000)
def pack_key(amount: str, unit: str) -> str:
    """One key for 1 kg and 1000 g, 0.5 l and 500 ml. "" when it is no amount."""
    try:
        if "/" in amount:
            over, under = amount.split("/")
            number = float(over) / float(under)
        else:
            number = 0.5 if amount == "half" else float(amount)
        base, times = _UNITS[unit]
    except (ValueError, KeyError, ZeroDivisionError):
        return ""
    return f"{round(number * times)}{base}" if 0 < number < 1e6 else ""


def packs_in(text: str) -> tuple[str, list[str]]:
    """The text without its amounts, and their keys: "atta 5kg" → ("atta ", ["5000g"])."""
    keys: list[str] = []

    def take(found: re.Match[str]) -> str:
        key = pack_key(found[1].lower(), found[2].lower())
        if key:
            keys.append(key)
        return " "

    return _PACK.sub(take, text), keys
