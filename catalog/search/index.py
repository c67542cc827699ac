"""What is stored for search: a product's words with their weights, and marks of what it is.

A mark is a lexeme that begins with a sign no folded word has, so it can't be met by a word by accident:

=====  =====================================================================================================
`.x`   singular and plural alike (stem)
`_xy`  two neighbouring words run together: "kitkat" finds Kit Kat
`!x`   the name says x and nothing else ("Potato - Hybrid, 1 kg": potato)
`=x`   the name's thing ends with x ("Amul Butter": butter; "Peanut Butter": butter and peanutbutter)
`~x`   x in one of its shapes ("Coriander Leaves": coriander)
`%x`   the category or type is of x
`#x`   the pack
=====  =====================================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from catalog.search.folding import stem, words
from catalog.search.naming import pack_key, packs_in, thing, things_of_kind

MOST_WORDS_PER_PART = 40
LONGEST_WORD = 80
STEM, JOINED, WHOLE, HEAD, SHAPED, KIND, PACK = "._!=~%#"


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
    pack_size: float | None = None
    pack_unit: str = ""
    also_in: str = ""  # names of further categories


def search_text(of: Wording) -> str:
    """All folded words of a product, for people who read the table."""
    return " ".join(
        words(" ".join((of.name, of.name_hi, of.brand, of.keywords, of.category, of.category_hi, of.also_in, of.pack)))
    )


def search_vector(of: Wording) -> str:
    """A tsvector literal: name A, brand B, keywords and category C, pack D, and the marks. PostgreSQL's parser is never
    asked."""
    parts = (
        ("A", of.name), ("A", of.name_hi), ("B", of.brand), ("C", of.keywords), ("C", of.category),
        ("C", of.category_hi), ("C", of.also_in), ("D", of.pack), ("D", of.pack.replace(" ", "")),
    )  # fmt: skip
    positions: dict[str, list[str]] = {}
    at = 0
    for weight, part in parts:
        if part:
            for word in words(part)[:MOST_WORDS_PER_PART]:
                at += 1
                positions.setdefault(word[:LONGEST_WORD], []).append(f"{at}{weight}")
                if stem(word) != word:
                    positions.setdefault(mark(STEM, stem(word)), []).append(f"{at}{weight}")
    plain = [f"'{lexeme}':{','.join(found)}" for lexeme, found in positions.items()]
    return " ".join([*plain, *(f"'{lexeme}'" for lexeme in sorted(_marks(of)))])


def _marks(of: Wording) -> set[str]:
    is_thing = thing(of.name, of.brand)
    _, packs = packs_in(f"{of.name} , {of.pack}")
    if of.pack_size and of.pack_unit:
        packs.append(pack_key(f"{float(of.pack_size):f}", of.pack_unit))
    joined = [a + b for part in (of.name, of.brand) for a, b in pairwise(words(part)[:MOST_WORDS_PER_PART])]
    return {
        *(mark(WHOLE, x) for x in is_thing.whole),
        *(mark(HEAD, x) for x in is_thing.heads),
        *(mark(SHAPED, x) for x in is_thing.shaped),
        *(mark(KIND, x) for text in (of.category, of.keywords) for x in things_of_kind(text)),
        *(mark(JOINED, x) for x in joined),
        *(mark(PACK, x) for x in packs if x),
    }


def mark(sign: str, text: str) -> str:
    return sign + text[:LONGEST_WORD]


def lexeme(word: str, *, prefix: bool = False) -> str:
    """A word (or mark) as part of a tsquery. They hold letters, digits and our signs only, so quoting is enough."""
    return f"'{word}':*" if prefix else f"'{word}'"


def any_of(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"({' | '.join(unique)})"


def all_of(parts: Iterable[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"({' & '.join(unique)})"
