"""Words made comparable: lower case, no accents, no punctuation; Devanagari and other scripts keep their vowel signs.

Folding is done here and not by PostgreSQL's parser and unaccent: those depend on the locale of the server (with the C
locale of an embedded server Devanagari words fall apart), while this is the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_APOSTROPHES = str.maketrans("", "", "'’‘`´")
_NUKTA = "\u093c"


def words(text: str) -> list[str]:
    """The folded words of a text in order: "Haldiram's  Crème-brûlée 200g" → haldirams, creme, brulee, 200g."""
    text = text.lower().translate(_APOSTROPHES)
    if text.isascii():
        return _ASCII_WORDS.findall(text)
    kept: list[str] = []
    for char in unicodedata.normalize("NFKD", text):
        kind = unicodedata.category(char)
        if kind[0] in "LN":
            kept.append(char)
        elif kind[0] == "M":
            if not "\u0300" <= char <= "\u036f" and char != _NUKTA:  # Latin accents and nuktas go, vowel signs stay
                kept.append(char)
        elif kind != "Cf":  # joiners vanish, everything else parts words
            kept.append(" ")
    return "".join(kept).split()


def fold(text: str) -> str:
    """The folded words with single spaces between them."""
    return " ".join(words(text))


_SOUNDS = (
    (re.compile(r"(?<=[a-z]{2}[bdfgjklmnprstvxz])e$"), ""),  # silent: coke, spice
    (re.compile(r"ph"), "f"),
    (re.compile(r"(ck|q|c(?=[aourlt]|$)|kh)"), "k"),
    (re.compile(r"(sh|c(?=[eiy]))"), "s"),
    (re.compile(r"chh?"), "c"),
    (re.compile(r"th"), "t"),
    (re.compile(r"dh"), "d"),
    (re.compile(r"bh"), "b"),
    (re.compile(r"(gh)"), "g"),
    (re.compile(r"jh"), "j"),
    (re.compile(r"z"), "j"),
    (re.compile(r"w"), "v"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"(ai|ae)"), "e"),
    (re.compile(r"ea(?!a)"), "i"),
    (re.compile(r"[eiy]+"), "i"),
    (re.compile(r"(oo|ou|uu|au)"), "u"),
    (re.compile(r"o"), "u"),
    (re.compile(r"h$"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile(r"(?<=.)h"), ""),
)


@lru_cache(maxsize=20_000)
def sound(word: str) -> str:
    """One key for the ways Hindi words (and many misspelt English ones) are written in Latin letters.

    doodh, dudh, dhood → dud; aloo, aalu → alu; pyaaz, pyaj → piaj; paneer, panir → panir. Other scripts: unchanged.
    """
    if not word.isascii() or word.isdigit():
        return word
    for pattern, key in _SOUNDS:
        word = pattern.sub(key, word)
    return word


_IRREGULAR = {"leaves": "leaf", "loaves": "loaf", "knives": "knife", "halves": "half", "shelves": "shelf"}


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """One key for singular and plural: tomatoes and tomato → tomato, cookies and cookie → cooki, dishes → dish.

    Only for comparing: it is not always a word. Other scripts and short words stay as they are.
    """
    if len(word) < 4 or not word.isascii() or word.isdigit():
        return word
    return _IRREGULAR.get(word) or singular(word)


def singular(word: str) -> str:
    """What a long English word and its plural have in common: tomatoes → tomato, cookies → cooki."""
    if word.endswith("s") and not word.endswith(("ss", "us")):
        word = word[:-2] if word.endswith(("ches", "shes", "xes", "sses", "oes")) else word[:-1]
    if word.endswith("ie"):
        return word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou" else word
