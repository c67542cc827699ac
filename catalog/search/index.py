"""What is stored for search: a product's words with their weights, and the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.search.folding import words

MOST_WORDS_PER_PART = 40


def search_text(*, name: str, name_hi: str, brand: str, keywords: str, category: str, category_hi: str) -> str:
    """All folded words of a product, for people who read the table."""
    return " ".join(words(" ".join((name, name_hi, brand, keywords, category, category_hi))))


def search_vector(*, name: str, name_hi: str, brand: str, keywords: str, category: str, category_hi: str) -> str:
    """A tsvector literal: name A, brand and keywords B, category C. PostgreSQL's parser is never asked."""
    positions: dict[str, list[str]] = {}
    at = 0
    for weight, parts in (("A", (name, name_hi)), ("B", (brand, keywords)), ("C", (category, category_hi))):
        for part in parts:
            for word in words(part)[:MOST_WORDS_PER_PART]:
                at += 1
                positions.setdefault(word[:80], []).append(f"{at}{weight}")
    return " ".join(f"'{word}':{','.join(found)}" for word, found in positions.items())


def lexeme(word: str, *, prefix: bool = False) -> str:
    """A word as part of a tsquery. Folded words hold letters and digits only, so quoting is enough."""
    return f"'{word}':*" if prefix else f"'{word}'"


def any_of(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"({' | '.join(unique)})"


def all_of(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"({' & '.join(unique)})"
