"""Approved synonyms as one dictionary, kept in each process for a few seconds."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from catalog.kept import BrieflyKept
from catalog.models import Synonym
from catalog.search.folding import stem


@dataclass(frozen=True, slots=True)
class Synonyms:
    """`means` by folded term and by its stems (tomatoes as tomato); `longest` is the most words any term has."""

    means: dict[str, tuple[str, ...]]
    meant: frozenset[str]
    terms: tuple[str, ...]
    longest: int

    def of(self, term: str) -> tuple[str, ...]:
        return self.means.get(term) or self.means.get(stemmed(term), ())

    def is_meant(self, word: str) -> bool:
        """Whether it is itself a word of the catalogue that others are explained by."""
        return word in self.meant

    def starting_with(self, beginning: str, *, most: int = 4) -> list[str]:
        """What terms that begin so may mean: a word that is still being typed."""
        found: list[str] = []
        for term in self.terms[bisect_left(self.terms, beginning) :]:
            if not term.startswith(beginning) or len(found) >= most:
                break
            found += self.means[term]
        return found


def stemmed(text: str) -> str:
    return " ".join(map(stem, text.split()))


def _read() -> Synonyms:
    means: dict[str, list[str]] = {}
    for term, meaning in Synonym.objects.filter(is_approved=True).order_by("id").values_list("term", "means"):
        means.setdefault(term, []).append(meaning)
    by_stem: dict[str, list[str]] = {}
    for term, found in means.items():
        if stemmed(term) not in means:
            by_stem.setdefault(stemmed(term), []).extend(found)
    return Synonyms(
        means={term: tuple(dict.fromkeys(found)) for term, found in (by_stem | means).items()},
        meant=frozenset(word for found in means.values() for meaning in found for word in meaning.split()),
        terms=tuple(sorted(means)),
        longest=max((term.count(" ") + 1 for term in means), default=1),
    )


known = BrieflyKept(_read)
