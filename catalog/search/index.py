"""What is stored for search: a product's words with their weights, and the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.search.folding import words

MOST_WORDS_PER_PART = 40


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of a product that people may search by."""

    name: str
    name_hi: str
    brand: str
    keywords: str
    category: str
    category_hi: str
    pack: str


def search_text(of: Wording) -> str:
    """All folded words of a product, for people who read the table."""
    return " ".join(words(" ".join((of.name, of.name_hi, of.brand, of.keywords, of.category, of.category_hi, of.pack))))


def search_vector(of: Wording) -> str:
    """A tsvector literal: name A, brand and keywords B, category C, pack D. PostgreSQL's parser is never asked."""
    parts = (
        ("A", of.name), ("A", of.name_hi), ("B", of.brand), ("B", of.keywords), ("C", of.category),
        ("C", of.category_hi), ("D", of.pack), ("D", of.pack.replace(" ", "")),
    )  # fmt: skip
    positions: dict[str, list[str]] = {}
    at = 0
    for weight, part in parts:
        if part:
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
