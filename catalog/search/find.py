"""Search of one store's shelf.

Normally one or two statements: every word asked for (or a synonym, or a word that begins so) must occur. When that
finds little, misspelt words are corrected against the catalogue's own vocabulary; when nothing has all the words,
products with some of them are shown as near things, best first. Corrections are remembered for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.queries import OTHER_PACKS, ROW_COLUMNS, ROW_JOINS, ShelfRow, row_with_packs
from catalog.search.asked import Group, Question, group_of, understand
from catalog.search.index import any_of
from catalog.search.spelling import spelling
from catalog.search.synonyms import Synonyms, known

FEW = 4
"""With fewer products the spelling is doubted."""

# Weights of D, C, B, A; flag 1 tempers long texts. A word standing as asked counts more than a mere beginning, and what
# people buy (the shelf's rank) decides between equals, then the lower price.
_EXACT = 1.5
_SCORE = (
    "ts_rank('{0.05, 0.2, 0.4, 1.0}', p.search_vector, %s::tsquery, 1) + 0.08::float8 * ln((1 + p.popularity)::float8)"
)


@dataclass(frozen=True, slots=True)
class SearchHit:
    product_id: int
    score: float
    row: ShelfRow


@dataclass(frozen=True, slots=True)
class Found:
    """`meant`: the question as it is probably spelt, "" when there is no doubt. `instead`: the words as typed found
    nothing and the hits answer `meant`. `near`: nothing has everything asked for, the hits have some of it."""

    hits: list[SearchHit]
    meant: str = ""
    instead: bool = False
    near: bool = False


def search(*, store_id: int, q: str, limit: int = 200) -> list[SearchHit]:
    """Listed products of the store for what was typed, best first; at most `limit`. No word, no hits."""
    return find(store_id=store_id, q=q, limit=limit).hits


def find(*, store_id: int, q: str, limit: int = 200) -> Found:
    """The same, told whether the spelling was doubted and whether these are only near things."""
    synonyms = known()
    asked = understand(q, synonyms)
    if not asked.groups:
        return Found([])
    hits: list[SearchHit] = []
    for matching in asked.ever_wider():  # the costlier question is only asked when the one before left room
        hits = _run(store_id, matching, asked, limit=limit)
        if len(hits) >= limit:
            break
    if len(hits) >= FEW:
        return Found(hits)
    corrected, meant, is_known = _spelt(asked, synonyms)
    if meant:
        more = _run(store_id, corrected.wide(), corrected, limit=limit)
        if hits and not is_known:  # words still being typed found something: that comes first
            seen = {hit.product_id for hit in hits}
            return Found([*hits, *(hit for hit in more if hit.product_id not in seen)][:limit], meant=meant)
        if len(more) > len(hits):
            return Found(more, meant=meant, instead=not hits)
    if hits:
        return Found(hits)
    if len(asked.groups) == 2 and (as_one := _as_one_word(asked, synonyms)):
        one_word, meant_word = as_one
        if more := _run(store_id, one_word.wide(), one_word, limit=limit):
            return Found(more, meant=meant_word, instead=True)
    if not meant and len(asked.groups) == 1:
        return Found([])
    near = _run(store_id, corrected.some(), corrected, limit=limit)
    return Found(near, meant=meant if near else "", instead=bool(near and meant), near=bool(near))


def _spelt(asked: Question, synonyms: Synonyms) -> tuple[Question, str, bool]:
    """The question with better spellings, how it is then said ("" when there is no doubt), and whether the catalogue
    knows all its words as typed."""
    found = [_corrected(group, synonyms) for group in asked.groups]
    groups = tuple(better for better, _, _ in found)
    is_doubted = any(better is not group for better, group in zip(groups, asked.groups, strict=True))
    meant = " ".join(said for _, said, _ in found) if is_doubted else ""
    return Question(groups, asked.packs), meant, all(is_known for _, _, is_known in found)


def _as_one_word(asked: Question, synonyms: Synonyms) -> tuple[Question, str] | None:
    """Two words that are one word misspelt: "corn flaks" where the catalogue writes cornflakes."""
    one, other = asked.groups
    if len(one.words) != 1 or len(other.words) != 1:
        return None
    better = spelling(one.words[0] + other.words[0]).better
    if not better:
        return None
    understood = understand(better[0], synonyms)
    return Question(understood.groups, asked.packs), better[0]


def _run(store_id: int, matching: str, question: Question, *, limit: int) -> list[SearchHit]:
    """Products that match, best first.

    The best of the whole catalogue are looked up on the shelf, a few times as many as wanted; only where a store lists
    so little of it that this is not enough, everything that matches is.
    """
    hits, is_all = _best(store_id, matching, question, limit=limit, among=max(200, 4 * limit))
    if len(hits) < limit and not is_all:
        hits, _ = _best(store_id, matching, question, limit=limit, among=None)
    return hits


def _best(
    store_id: int, matching: str, question: Question, *, limit: int, among: int | None
) -> tuple[list[SearchHit], bool]:
    """The hits, and whether every matching product was looked up on the shelf."""
    score = _SCORE
    exact = question.exact()
    parameters: list[Any] = [exact]
    bonuses = [(_EXACT, exact), *question.wishes()]
    if len(question.groups) > 1:
        # Only decides where not every group must hold: each one satisfied outweighs any rank.
        bonuses += [(4, group.wide) for group in question.groups]
    for weight, query in bonuses:
        score += f" + CASE WHEN p.search_vector @@ %s::tsquery THEN {float(weight)}::float8 ELSE 0 END"
        parameters.append(query)
    sql = f"""WITH best AS MATERIALIZED (
            SELECT p.id, {score} AS score FROM catalog_product p
            WHERE p.search_vector @@ %s::tsquery AND p.is_active
            ORDER BY score DESC, p.popularity DESC, p.id LIMIT %s
        ), shown AS (
            SELECT b.score, s.* FROM best b
            JOIN catalog_shelfitem s ON s.product_id = b.id AND s.store_id = %s AND s.is_listed
            ORDER BY b.score DESC, s.rank DESC, s.price_paise, s.id LIMIT %s
        )
        SELECT looked_up.n, s.score, {ROW_COLUMNS}, {OTHER_PACKS} FROM (SELECT count(*) AS n FROM best) looked_up
        LEFT JOIN (shown s {ROW_JOINS}) ON true
        ORDER BY s.score DESC, s.rank DESC, s.price_paise, s.id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, matching, among, store_id, limit])
        rows = cursor.fetchall()
    is_all = among is None or int(rows[0][0]) < among
    return [SearchHit(row[2], float(row[1]), row_with_packs(row[2:])) for row in rows if row[1] is not None], is_all


def _corrected(group: Group, synonyms: Synonyms) -> tuple[Group, str, bool]:
    """The group with better spellings beside its own words (the group itself when sure), how it is then said, and
    whether the catalogue knows the words as typed."""
    as_typed = " ".join(group.words)
    if len(group.meanings) > 1 or len(group.words) > 1:
        return group, as_typed, True
    doubt = spelling(group.words[0])
    if not doubt.better:
        return group, as_typed, doubt.is_known
    meanings = [group.words]
    for word in doubt.better:
        meanings += [(word,), *(tuple(meaning.split()) for meaning in synonyms.of(word))]
    widened = group_of(meanings)
    better = Group(widened.meanings, any_of([widened.wide, group.wide]), widened.exact, (doubt.better[0],))
    return better, doubt.better[0], doubt.is_known
