"""Search of one store's shelf.

Normally one statement: every word asked for (or a synonym, or a word that begins so) must occur. When nothing has them
all, misspelt words are corrected against the catalogue's own vocabulary, by sound, by swapped letters and by trigrams,
and products with most of the words are shown, best first. Corrections are remembered for a while: a common misspelling
costs two statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.kept import BrieflyKept
from catalog.queries import ROW_COLUMNS, ROW_JOINS, ShelfRow
from catalog.search.asked import Group, understand
from catalog.search.folding import sound
from catalog.search.index import all_of, any_of
from catalog.search.synonyms import Synonyms, known

LIKE_ENOUGH = 0.4
"""Trigram similarity from which a word counts as a misspelling of another."""

# Weights of D, C, B, A; flag 1 tempers long texts. A word standing as asked counts more than a mere beginning, and what
# people buy (the shelf's rank) decides between equals.
_SCORE = (
    "ts_rank('{0.05, 0.3, 0.5, 1.0}', p.search_vector, %s::tsquery, 1)"
    " + CASE WHEN p.search_vector @@ %s::tsquery THEN 1 ELSE 0 END"
)


@dataclass(frozen=True, slots=True)
class SearchHit:
    product_id: int
    score: float
    row: ShelfRow


def search(*, store_id: int, q: str, limit: int = 200) -> list[SearchHit]:
    """Listed products of the store for what was typed, best first; at most `limit`. No word, no hits."""
    synonyms = known()
    groups = understand(q, synonyms)
    if not groups:
        return []
    wide = all_of(group.wide for group in groups)
    hits = _run(store_id, wide, groups, limit=limit)
    if hits:
        return hits
    corrected = [_corrected(group, synonyms) for group in groups]
    if len(groups) == 1 and corrected == groups:
        return []
    return _run(store_id, any_of(group.wide for group in corrected), corrected, limit=limit)


def _run(store_id: int, matching: str, groups: list[Group], *, limit: int) -> list[SearchHit]:
    """Products that match, by how many of the groups they satisfy, then by rank."""
    exact = all_of(group.exact for group in groups)
    score = _SCORE
    parameters: list[Any] = [matching, exact]
    if len(groups) > 1:
        # Only decides where not every group must hold; each one satisfied outweighs any rank.
        score += "".join(" + CASE WHEN p.search_vector @@ %s::tsquery THEN 4 ELSE 0 END" for _ in groups)
        parameters += [group.wide for group in groups]
    sql = f"""SELECT s.score, {ROW_COLUMNS} FROM (
            SELECT s.*, {score} + 0.08 * ln(1 + GREATEST(s.rank, 0)) AS score
            FROM catalog_product p JOIN catalog_shelfitem s ON s.product_id = p.id AND s.store_id = %s AND s.is_listed
            WHERE p.search_vector @@ %s::tsquery AND p.is_active
            ORDER BY score DESC, s.rank DESC, s.id LIMIT %s
        ) s {ROW_JOINS} ORDER BY s.score DESC, s.rank DESC, s.id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, store_id, matching, limit])
        return [SearchHit(row[1], float(row[0]), ShelfRow(*row[1:])) for row in cursor.fetchall()]


def _corrected(group: Group, synonyms: Synonyms) -> Group:
    """The group with words of the vocabulary in place of unknown ones, else as it is."""
    found: list[Group] = []
    for word in group.words:
        for better in _near(word):
            found += understand(better, synonyms)
    if not found:
        return group
    return Group(group.words, any_of(g.wide for g in found), any_of(g.exact for g in found))


def _read_near(word: str) -> tuple[str, ...]:
    key = sound(word)
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]  # trigrams miss those
    with connection.cursor() as cursor:
        # The trigram index answers %, which is a little more generous than our own line.
        cursor.execute(
            """SELECT word FROM catalog_searchword
            WHERE (sound = %s OR word = ANY(%s) OR (word %% %s AND similarity(word, %s) >= %s))
                AND NOT EXISTS (SELECT 1 FROM catalog_searchword known WHERE known.word LIKE %s)
            ORDER BY sound = %s OR word = ANY(%s) DESC, similarity(word, %s) DESC, products DESC LIMIT 3""",
            [key, swapped, word, word, LIKE_ENOUGH, f"{word}%", key, swapped, word],
        )
        return tuple(near for (near,) in cursor.fetchall())


_near = BrieflyKept(_read_near)
"""Up to three words of the vocabulary that were probably meant; those that sound the same come before lookalikes. None
for a word that is in it, or begins one."""
