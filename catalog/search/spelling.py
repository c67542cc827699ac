"""What was probably meant by a word the catalogue does not use: by sound, by swapped letters, by likeness."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db import connection

from catalog.kept import BrieflyKept
from catalog.search.folding import sound, stem

MOST_CANDIDATES = 24
MUCH_COMMONER = 8
"""A word that is in the catalogue is only doubted for one used so many times more often."""
COMMON = 50
"""More products than this make a word no likelier."""
SHORTEST = 3


@dataclass(frozen=True, slots=True)
class Spelling:
    """`is_known`: the word itself is in the catalogue. `better`: at most two words, likeliest first."""

    is_known: bool
    better: tuple[str, ...]


def distance(one: str, other: str) -> float:
    """Letters to change, add, drop or swap with the next (optimal string alignment); a doubled one is half a change."""
    before: list[float] = []
    last: list[float] = [0.0]
    for j in range(1, len(other) + 1):
        last.append(last[-1] + _price(other, j - 1))
    for i, a in enumerate(one, start=1):
        drop = _price(one, i - 1)
        now = [last[0] + drop]
        for j, b in enumerate(other, start=1):
            cost = min(now[j - 1] + _price(other, j - 1), last[j] + drop, last[j - 1] + (a != b))
            if before and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]


def _price(word: str, at: int) -> float:
    return 0.5 if at and word[at] == word[at - 1] else 1.0


def most_changes(word: str) -> int:
    """How far from a word of this length a misspelling may be."""
    return 1 if len(word) < 5 else 2 if len(word) < 9 else 3


def _read_spelling(word: str) -> Spelling:
    if len(word) < SHORTEST or word.isdigit():
        return Spelling(True, ())
    key = sound(word)
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]  # trigrams miss those
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT word, sound, products FROM catalog_searchword
            WHERE sound = %s OR word = ANY(%s) OR word %% %s
            ORDER BY (sound = %s OR word = ANY(%s) OR word = %s) DESC, similarity(word, %s) DESC, products DESC
            LIMIT %s""",
            [key, swapped, word, key, swapped, word, word, MOST_CANDIDATES],
        )
        rows: list[tuple[str, str, int]] = cursor.fetchall()
    own = next((products for found, _, products in rows if found == word), None)
    scored: list[tuple[float, str]] = []
    for found, its_sound, products in rows:
        if found == word or stem(found) == stem(word):
            continue
        far = distance(word, found)
        same_sound = its_sound == key
        if own is not None and not (
            products >= MUCH_COMMONER * (own + 1) and (same_sound or far <= 1) and len(word) > 3
        ):
            continue
        if far > most_changes(word) and not same_sound:
            continue
        # A letter weighs as much as a word fifty times as common; the first letter is seldom wrong.
        cost = (
            far
            - 1.2 * same_sound
            + 0.7 * (found[0] != word[0])
            + 0.3 * (products == 0)
            - 0.25 * math.log(1 + min(products, COMMON))
        )
        scored.append((cost, found))
    scored.sort()
    return Spelling(own is not None, tuple(found for cost, found in scored[:2] if cost <= scored[0][0] + 0.8))


spelling = BrieflyKept(_read_spelling)
