"""Words made comparable, as search does it (catalog.search.folding), without the house around it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_APOSTROPHES = str.maketrans("", "", "'’‘`´")
_NUKTA = "\u093c"
_IRREGULAR = {"leaves": "leaf", "loaves": "loaf", "knives": "knife", "halves": "half", "people": "person"}


def words(text: str) -> list[str]:
    """Lower case, no accents and apostrophes, punctuation parts words; Devanagari keeps its vowel signs."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFKD", text.lower().translate(_APOSTROPHES)):
        kind = unicodedata.category(char)
        if kind[0] in "LN":
            kept.append(char)
        elif kind[0] == "M":
            if not "\u0300" <= char <= "\u036f" and char != _NUKTA:
                kept.append(char)
        elif kind != "Cf":
            kept.append(" ")
    return "".join(kept).split()


def fold(text: str) -> str:
    return " ".join(words(text))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """One key for singular and plural: tomatoes and tomato → tomato, deliveries and delivery → deliveri."""
    if len(word) < 4 or not word.isascii() or word[0].isdigit():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("s") and not word.endswith(("ss", "us")):
        word = word[:-2] if word.endswith(("ches", "shes", "xes", "sses", "oes")) else word[:-1]
    if word.endswith("ie"):
        return word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou" else word


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in words(text))
