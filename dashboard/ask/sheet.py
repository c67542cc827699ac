"""A question laid out: its tokens with everything that is known of them, and which of them something was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dashboard.ask.dates import Span, spans
from dashboard.ask.entities import LayerWords, words_of
from dashboard.ask.layer import Layer
from dashboard.ask.lexicon import LONGEST_NAME, Index, Lexicon, Meaning
from dashboard.ask.spelling import said_the_same, spelt
from dashboard.ask.tokens import Token, read
from dashboard.ask.vocabulary import (
    DATE_WORDS,
    NOT_WORDS,
    attributes,
    bounding,
    concept_words,
    concepts,
    free_of,
    is_ordinary,
    is_skipped,
    plain_english,
    soft,
)

_PASSED_OVER = frozenset(
    {
        "thing",
        "price",
        "shopping",
        "near",
        "soon",
        "platform",
        "top",
        "ours",
        "each",
        "available",
        "compare",
        "spend",
        "value",
        "cheap",
        "around",
    }
)
"""Concepts that may be said without adding anything; any other that was asked for and is not given is not answered."""
_GROUPS = frozenset({"brand", "categori", "citi"})
_COMMANDS = frozenset({"filter", "plot", "put", "pull", "bring", "grab", "draw", "rank", "analyse", "analyze"})
"""Said first, they only ask for an answer; "filter coffee" is no command."""
_BEFORE_NAMES = frozenset({"in", "at", "near", "or", "ya", "vs", "versus", "and", "aur", "mein", "from"})
_A_SUM = 20
_SOFT_WEIGHT = 0.2
"""A word like "fresh" beside goods, of which nothing was made, against one that says something."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens [first, last) that name something of the lexicon. `no`: said to be left out."""

    meanings: tuple[Meaning, ...]
    first: int
    last: int
    said: str
    no: bool = False

    @property
    def kind(self) -> str:
        return self.meanings[0].kind

    @property
    def keys(self) -> tuple[str, ...]:
        return self.meanings[0].keys

    def of(self, *kinds: str) -> Meaning | None:
        return next((one for one in self.meanings if one.kind in kinds), None)


@dataclass(frozen=True, slots=True)
class Mark:
    name: str
    first: int
    last: int


@dataclass
class Sheet:
    tokens: list[Token]
    marks: list[Mark]
    mentions: list[Mention]
    spans: list[Span]
    layer_words: LayerWords
    lexicon: Lexicon
    corrected: dict[str, str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def fresh(self) -> Sheet:
        """The same, nothing used yet."""
        return replace(self, used=set())

    def has(self, *names: str) -> bool:
        return any(mark.name in names for mark in self.marks)

    def take(self, *names: str) -> bool:
        """Whether one of these concepts was said; their words are used then."""
        found = [mark for mark in self.marks if mark.name in names]
        for mark in found:
            self.use(mark.first, mark.last)
        return bool(found)

    def use(self, first: int, last: int) -> None:
        self.used.update(range(first, last))

    def figures(self, *kinds: str) -> bool:
        """Whether a figure of one of these kinds (`Token.kind`) was said."""
        return any(token.kind in kinds for token in self.tokens)

    def pass_over(self, *words: str) -> bool:
        """These words add nothing to what was made of the question, wherever they stand: they are used. Whether one
        was said."""
        found = [at for at, token in enumerate(self.tokens) if token.text in words]
        self.used.update(found)
        return bool(found)

    def mark_before(self, at: int, *names: str, reach: int = 2) -> Mark | None:
        """A concept that ends at this token, or at most `reach - 1` skipped words before it."""
        for back in range(reach):
            for mark in self.marks:
                if mark.name in names and mark.last == at - back:
                    return mark
            if not (at - back - 1 >= 0 and is_skipped(self.tokens[at - back - 1])):
                return None
        return None

    def mark_at(self, at: int, *names: str) -> Mark | None:
        return next((mark for mark in self.marks if mark.name in names and mark.first == at), None)

    def said(self, first: int, last: int) -> str:
        return " ".join(token.text for token in self.tokens[first:last])

    def mentioned(self, *kinds: str) -> list[Mention]:
        return [one for one in self.mentions if one.kind in kinds]

    def unused(self) -> tuple[str, ...]:
        """Words that mean something and that nothing was made of."""
        return tuple(
            token.text for at, token in enumerate(self.tokens) if at not in self.used and not is_skipped(token)
        )

    def confidence(self) -> float:
        """How much of what was said was used; a group asked for ("by reason") and not given weighs most."""
        beside = self.mentions or self.has("basket", "shopping", "deal")
        unused = sum(
            _SOFT_WEIGHT if token.stem in soft() and beside else 1
            for at, token in enumerate(self.tokens)
            if at not in self.used and not is_skipped(token)
        )
        lost = any(
            at not in self.used and not is_skipped(token) and self.mark_before(at, "each", reach=1)
            for at, token in enumerate(self.tokens)
        ) or any(
            mark.name not in _PASSED_OVER and not set(range(mark.first, mark.last)) & self.used
            and not all(is_skipped(token) for token in self.tokens[mark.first : mark.last]) for mark in self.marks
        )  # fmt: skip
        lost = lost or any(
            at not in self.used and not is_skipped(token) and token.text not in NOT_WORDS and self._names_unknown(at)
            for at, token in enumerate(self.tokens)
        )
        lost = lost or any(
            (token.text in bounding() or token.kind in ("money", "percent", "amount") or _is_sum(token))
            and at not in self.used and not is_skipped(token)
            for at, token in enumerate(self.tokens)
        )  # fmt: skip
        lost = lost or any(
            one.kind != "word" and not set(range(one.first, one.last)) & self.used for one in self.mentions
        )  # a thing, a brand, a platform was named and is not in the query
        lost = lost or any(token.stem in _GROUPS and at not in self.used for at, token in enumerate(self.tokens))
        return round(max(0.0, 0.97 - 0.9 * unused / max(self.content(), 1) - 0.25 * lost), 2)

    def _names_unknown(self, at: int) -> bool:
        """Whether the word stands where a name is expected ("in Bandra", "Surf Excel or Ariel") and is none of ours."""
        before = self.tokens[at - 1].text if at else ""
        token = self.tokens[at]
        if token.kind != "word" or before not in _BEFORE_NAMES or is_ordinary(token) or token.stem in soft():
            return False
        return not self.lexicon.index.knows(token.stem) and token.stem not in concept_words()

    def content(self) -> int:
        return sum(at in self.used or not is_skipped(token) for at, token in enumerate(self.tokens))


def lay_out(question: str, lexicon: Lexicon, layer: Layer, now: datetime) -> Sheet:
    about = words_of(layer)
    tokens = said_the_same(read(question))
    tokens, corrected = spelt(tokens, lexicon, about)
    if len(tokens) > 1 and tokens[0].text in _COMMANDS and not lexicon.index.together(tokens[0].stem, tokens[1].stem):
        del tokens[0]
    if [token.text for token in tokens[-2:]] == ["or", "not"]:
        del tokens[-2:]
    tokens = said_the_same(tokens)
    dates = spans(tokens, now)
    taken = {at for span in dates for at in range(span.first, span.last)}
    marks = _marks(tokens)
    mentions = _mentions(tokens, lexicon, marks, taken)
    return Sheet(tokens, marks, mentions, dates, about, lexicon, corrected)


def _is_sum(token: Token) -> bool:
    """A bare number that is no small count: "onions and garlic for 100"."""
    return token.kind == "number" and token.value >= _A_SUM


def _marks(tokens: list[Token]) -> list[Mark]:
    """Concepts, longest first from the left; a word belongs to one phrase, a phrase may be several concepts."""
    found: list[Mark] = []
    at = 0
    table = concepts()
    while at < len(tokens):
        for size in range(min(6, len(tokens) - at), 0, -1):
            names = table.get(tuple(token.stem for token in tokens[at : at + size]))
            if names:
                found += [Mark(name, at, at + size) for name in names]
                at += size
                break
        else:
            at += 1
    return found


def _mentions(tokens: list[Token], lexicon: Lexicon, marks: list[Mark], dated: set[int]) -> list[Mention]:
    index = lexicon.index
    long_marks = {at for mark in marks if mark.last - mark.first > 1 for at in range(mark.first, mark.last)}
    any_mark = {at for mark in marks for at in range(mark.first, mark.last)}
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        size, meanings = 0, []
        free = at + 1 < len(tokens) and tokens[at + 1].text == "free" and tokens[at].text in free_of()
        if free:  # "sugar free" is no sugar
            said = f"{tokens[at].text} free"
            found.append(Mention((Meaning("word", (said,), said),), at, at + 2, said))
            at += 2
            continue
        for longest in range(min(LONGEST_NAME, len(tokens) - at), 0, -1):
            here = set(range(at, at + longest))
            if here & dated or here <= any_mark or here <= long_marks:
                continue
            if any(token.kind not in ("word", "number") for token in tokens[at : at + longest]):
                continue
            meanings = index.names.get(tuple(token.stem for token in tokens[at : at + longest]), [])
            if longest == 1 and is_skipped(tokens[at]):
                meanings = []
            if meanings:
                size = longest
                break
        if size:
            ranked = tuple(sorted(meanings, key=lambda one: _RANK.index(one.kind)))
            no = _left_out(tokens, at)
            found.append(Mention(ranked, at, at + size, " ".join(t.text for t in tokens[at : at + size]), no))
        at += size or 1
    return _with_words(tokens, found, index, any_mark, dated)


_RANK = ("platform", "store", "city", "item", "category", "aisle", "brand", "word")


def _left_out(tokens: list[Token], at: int) -> bool:
    """ "except Zepto", "not on Zepto", "other than Amul"."""
    before = [token.text for token in tokens[max(0, at - 3) : at]]
    if before[-2:] in (["other", "than"], ["apart", "from"]):
        return True
    while before and before[-1] in ("on", "from", "the", "at", "in", "by"):
        before.pop()
    return bool(before) and before[-1] in NOT_WORDS


def _with_words(
    tokens: list[Token], found: list[Mention], index: Index, marked: set[int], dated: set[int]
) -> list[Mention]:
    """Words that only product names know (taaza, toned) become mentions of their own."""
    taken = {at for one in found for at in range(one.first, one.last)} | marked | dated
    for at, token in enumerate(tokens):
        if at in taken or token.kind != "word" or is_skipped(token) or token.text in NOT_WORDS:
            continue
        if len(token.text) < 3 or token.text in DATE_WORDS:
            continue
        if token.stem in index.in_products and (
            token.stem not in plain_english() | soft()
            or token.stem in attributes()
            or _beside(tokens, found, at, index)
        ):
            meaning = Meaning("word", (token.text,), token.text)
            found.append(Mention((meaning,), at, at + 1, token.text, _left_out(tokens, at)))
    return sorted(found, key=lambda one: one.first)


def _beside(tokens: list[Token], found: list[Mention], at: int, index: Index) -> bool:
    """Whether an ordinary word describes the thing next to it, as some product is called: organic apples."""
    for one in found:
        if at in (one.first - 1, one.last) and one.of("item", "brand", "category"):
            inner = tokens[one.first if at == one.last else one.last - 1]
            if any(index.together(tokens[at].stem, word) for word in {inner.stem, tokens[one.last - 1].stem}):
                return True
    return False


def phrases_in(said: list[str], table: Mapping[tuple[str, ...], str], *, longest: int = 5) -> list[tuple[int, str]]:
    """What the table says to each run of words that it knows, with the run's length."""
    return [
        (size, table[key])
        for at in range(len(said))
        for size in range(1, min(longest, len(said) - at) + 1)
        if (key := tuple(said[at : at + size])) in table
    ]
