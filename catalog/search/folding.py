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


def singular_and_plural(word: str) -> list[str]:
    """The word and its likely singular: tomatoes, tomato. The plural of a singular is found by prefix."""
    found = [word]
    if len(word) > 3 and word.isascii() and word.endswith("s") and not word.endswith("ss"):
        found.append(word[:-1])
        if word.endswith("ies"):
            found.append(word[:-3] + "y")
        elif word.endswith(("oes", "ches", "shes", "xes", "sses")):
            found.append(word[:-2])
    return found
