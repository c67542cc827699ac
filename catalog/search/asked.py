"""A question as typed, turned into groups of alternatives. Plain; knows synonyms only as a dictionary it is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from catalog.search.folding import stem, words
from catalog.search.index import (
    HEAD,
    JOINED,
    KIND,
    LONGEST_WORD,
    PACK,
    SHAPED,
    STEM,
    WHOLE,
    all_of,
    any_of,
    lexeme,
    mark,
)
from catalog.search.naming import LONGEST_THING, packs_in, without_kinds
from catalog.search.synonyms import Synonyms

MOST_WORDS = 8
LONGEST_QUESTION = 400
MOST_COMBINATIONS = 24
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
    """One thing asked for, as it may stand in a name: `meanings[0]` as typed. `wide` also finds beginnings; `likeliest`
    is the spelling that is believed, where the typed one is doubted."""

    meanings: tuple[tuple[str, ...], ...]
    wide: str
    exact: str
    likeliest: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        return self.meanings[0]


@dataclass(frozen=True, slots=True)
class Question:
    """`packs` are keys of amounts asked for: a wish, not a condition. No groups: nothing was asked."""

    groups: tuple[Group, ...]
    packs: tuple[str, ...] = ()

    def ever_wider(self) -> list[str]:
        """Conditions to try in turn until there is enough: first only the thing itself, then its words anywhere."""
        ways: list[str] = []
        things = _run_together(self.groups)
        if len(self.groups) == 1 and things:
            of_it = any_of(lexeme(mark(sign, way)) for way in things for sign in (HEAD, SHAPED))
            ways.append(all_of([of_it, self.as_it_stands()]))
        return [*ways, self.wide()]

    def wide(self) -> str:
        """Every group, where words may only be the beginnings of longer ones."""
        return self._every([group.wide for group in self.groups])

    def as_it_stands(self) -> str:
        """Every group, as it stands."""
        return self._every([group.exact for group in self.groups])

    def _every(self, every: list[str]) -> str:
        """All of these; two neighbours may also stand as one word ("corn flakes": cornflakes)."""
        ways = [all_of(every)]
        for at, (one, other) in enumerate(pairwise(self.groups)):
            if len(one.words) == len(other.words) == 1:
                run_together = lexeme((one.words[0] + other.words[0])[:LONGEST_WORD])
                ways.append(all_of([*every[:at], run_together, *every[at + 2 :]]))
        return any_of(ways)

    def exact(self) -> str:
        return all_of(group.exact for group in self.groups)

    def some(self) -> str:
        """Any group, as it stands."""
        return any_of(group.exact for group in self.groups)

    def wishes(self) -> list[tuple[float, str]]:
        """What makes a product that was found a better answer: weights and tsqueries over the index's marks."""
        every = _run_together(self.groups)
        parts = [way for group in self.groups for way in _run_together([group])]
        if len(self.groups) > 2:
            parts += [way for pair in pairwise(self.groups) for way in _run_together(pair)]
        parts = list(dict.fromkeys([*every, *parts, *_run_together(self.groups, stripped=True)]))
        heads = [lexeme(mark(HEAD, way)) for way in parts]
        if len(self.groups[-1].words) == 1 and len(self.groups[-1].words[0]) > 2:
            heads.append(lexeme(mark(HEAD, self.groups[-1].words[0]), prefix=True))  # perhaps still being typed
        wishes: list[tuple[float, str]] = []
        if every:
            wishes.append((WHOLE_ALL, any_of(lexeme(mark(WHOLE, way)) for way in every)))
            wishes.append((HEAD_ALL, any_of(lexeme(mark(HEAD, way)) for way in every)))
        if parts:
            wishes.append((SHAPED_PART, any_of(lexeme(mark(SHAPED, way)) for way in parts)))
            wishes.append((KIND_PART, any_of(lexeme(mark(KIND, way)) for way in parts)))
        if heads:
            wishes.append((HEAD_PART, any_of(heads)))
        if len(parts) > len(every):
            wishes.append((WHOLE_PART, any_of(lexeme(mark(WHOLE, way)) for way in parts)))
        if any(len(group.meanings) > 1 for group in self.groups):
            as_typed = AS_TYPED if len(self._typed()) == 1 else AS_TYPED_WORDS
            wishes.append((as_typed, all_of(as_it_stands(word) for word in self._typed())))
            if len(self._typed()) == 1:  # "harpic" also means toilet cleaner, but whoever names a brand wants it
                wishes.append((BRAND_TYPED, f"{lexeme(self._typed()[0])}:B"))
        if len(self._typed()) > 1:
            neighbours = ["".join(pair) for pair in pairwise(self._typed())]
            wishes.append((NEIGHBOURS, all_of(lexeme(mark(JOINED, both)) for both in neighbours)))
            in_name = [[word for meaning in group.meanings for word in meaning] for group in self.groups]
            wishes.append((IN_NAME, all_of(any_of(map(in_name_or_brand, group)) for group in in_name)))
        if self.packs:
            wishes.append((SAME_PACK, any_of(lexeme(mark(PACK, pack)) for pack in self.packs)))
        return wishes

    def _typed(self) -> list[str]:
        return [word for group in self.groups for word in group.likeliest or group.words]


# What each wish adds to a product's score; a product that has the words exactly has 1.5 already, one with most of the
# popularity of the shelf about 0.4. Tried on questions of one kind and checked on others (docs/catalog.md).
WHOLE_ALL, WHOLE_PART, HEAD_ALL, HEAD_PART, SHAPED_PART, KIND_PART = 2.0, 1.0, 1.0, 1.5, 1.2, 0.6
NEIGHBOURS, AS_TYPED, AS_TYPED_WORDS, BRAND_TYPED, IN_NAME, SAME_PACK = 1.2, 0.8, 2.5, 2.5, 2.0, 1.5


def _run_together(groups: Sequence[Group], *, stripped: bool = False) -> list[str]:
    """Every way the groups may be said, as stems run together; none when that is longer than a thing's name is.
    `stripped`: without the words that only say which one."""
    found: dict[str, None] = {}
    ways: Iterator[tuple[tuple[str, ...], ...]] = product(*(group.meanings for group in groups))
    for way, _ in zip(ways, range(MOST_COMBINATIONS), strict=False):
        said = [stem(word) for meaning in way for word in meaning]
        if stripped:
            said = without_kinds(said)
        if 0 < len(said) <= LONGEST_THING:
            found["".join(said)] = None
    return list(found)


def understand(q: str, synonyms: Synonyms) -> Question:
    """The groups a product should satisfy, all of them if possible, and the packs wished for."""
    text = q[:LONGEST_QUESTION]
    without_packs, packs = packs_in(text)
    if not words(without_packs):
        without_packs, packs = text, []
    asked = [word[:LONGEST_WORD] for word in words(without_packs)[:MOST_WORDS]]
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
    return Question(tuple(groups), tuple(packs))


def group_of(meanings: Sequence[tuple[str, ...]], *, wide: Sequence[str] = ()) -> Group:
    """A group of these meanings, as they stand; `wide` are further queries that find, but not exactly."""
    exact = [all_of(map(as_it_stands, meaning)) for meaning in meanings]
    return Group(tuple(dict.fromkeys(meanings)), any_of([*exact, *wide]), any_of(exact))


def as_it_stands(word: str) -> str:
    """The word, its plural or its singular, or two words that make it when run together."""
    ways = [lexeme(word), lexeme(mark(STEM, stem(word)))]
    if stem(word) != word:
        ways.append(lexeme(stem(word)))
    if len(word) > 5 and word.isascii():
        ways.append(lexeme(mark(JOINED, word)))
    return any_of(ways)


def in_name_or_brand(word: str) -> str:
    """As it stands, but not in what a product is filed under."""
    return any_of(f"{lexeme(way)}:AB" for way in dict.fromkeys((word, stem(word), mark(STEM, stem(word)))))


def _group(asked: list[str], synonyms: Synonyms, *, is_last: bool) -> Group:
    own = tuple(asked)
    meant = [tuple(meaning.split()) for meaning in synonyms.of(" ".join(asked))]
    wide: list[str] = []
    if len(asked) == 1:
        word = asked[0]
        if len(word) > 3 or (is_last and len(word) > 2):
            wide.append(lexeme(word, prefix=True))
        elif is_last and len(word) > 1:
            wide.append(lexeme(mark(WHOLE, word), prefix=True))  # two letters begin too much to look at
        if is_last and len(word) > 2 and not meant and not synonyms.is_meant(word):
            # Perhaps still being typed: found, but not as if asked for.
            wide += [all_of(map(lexeme, meaning.split())) for meaning in synonyms.starting_with(word)]
    return group_of([own, *meant], wide=wide)
