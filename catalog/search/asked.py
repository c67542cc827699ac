"""A question as typed, turned into groups of alternatives. Plain; knows synonyms only as a dictionary it is given."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.search.folding import singular_and_plural, words
from catalog.search.index import all_of, any_of, lexeme
from catalog.search.synonyms import Synonyms

MOST_WORDS = 8
LONGEST_WORD = 80  # as in the index
LONGEST_QUESTION = 400
SMALL_WORDS = frozenset(
    word
    for line in (
        "a an and by for in of on or the to with",
        "aur chahiye hai ka ke ki ko mein se wala wale wali का की के और में से",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Group:
    """One thing asked for. `wide` also finds beginnings and synonyms; `exact` only the words as they stand."""

    words: tuple[str, ...]
    wide: str
    exact: str


def understand(q: str, synonyms: Synonyms) -> list[Group]:
    """The groups a product should satisfy, all of them if possible. Empty for a question without a word."""
    asked = [word[:LONGEST_WORD] for word in words(q[:LONGEST_QUESTION])[:MOST_WORDS]]
    content = [word for word in asked if word not in SMALL_WORDS] or asked
    groups: list[Group] = []
    at = 0
    while at < len(content):
        taken = 1
        for length in range(min(synonyms.longest, len(content) - at), 1, -1):
            if synonyms.of(" ".join(content[at : at + length])):
                taken = length
                break
        groups.append(_group(content[at : at + taken], synonyms, is_last=at + taken == len(content)))
        at += taken
    return groups


def _group(asked: list[str], synonyms: Synonyms, *, is_last: bool) -> Group:
    own = [all_of(_as_typed(word, prefix=len(word) > 2 or (is_last and len(word) > 1)) for word in asked)]
    exact = [all_of(any_of(map(lexeme, singular_and_plural(word))) for word in asked)]
    meanings: list[str] = []
    for form in singular_and_plural(asked[0]) if len(asked) == 1 else [" ".join(asked)]:
        meanings += synonyms.of(form)
    exact += [all_of(map(lexeme, meaning.split())) for meaning in meanings]
    if len(asked) == 1 and is_last and len(asked[0]) > 2 and not meanings and not synonyms.is_meant(asked[0]):
        meanings += synonyms.starting_with(asked[0])  # perhaps still being typed: found, but not as if asked for
    own += [all_of(lexeme(part, prefix=len(part) > 3) for part in meaning.split()) for meaning in meanings]
    return Group(tuple(asked), any_of(own), any_of(exact))


def _as_typed(word: str, *, prefix: bool) -> str:
    """The word or a longer one that begins with it, or exactly its singular ("lays" is not "layer")."""
    typed, *singular = singular_and_plural(word)
    return any_of([lexeme(typed, prefix=prefix), *map(lexeme, singular)])
