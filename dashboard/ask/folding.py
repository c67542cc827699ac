"""Words made comparable as search does it (catalog.search.folding), with a stem of our own: "people" are persons, and
what begins with a digit stays as it is."""

from __future__ import annotations

from functools import lru_cache

from catalog.search.folding import fold, singular, words

__all__ = ["fold", "stem", "stems", "words"]

_IRREGULAR = {"leaves": "leaf", "loaves": "loaf", "knives": "knife", "halves": "half", "people": "person"}


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """One key for singular and plural: tomatoes and tomato → tomato, deliveries and delivery → deliveri."""
    if len(word) < 4 or not word.isascii() or word[0].isdigit():
        return word
    return _IRREGULAR.get(word) or singular(word)


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in words(text))
