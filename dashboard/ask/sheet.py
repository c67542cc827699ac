"""A question laid out: its tokens with everything that is known of them, and which of them something was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from dashboard.ask.dates import MONTHS, PARTS, WEEKDAYS, Span, spans
from dashboard.ask.entities import LayerWords, told, words_of
from dashboard.ask.folding import stem, stems
from dashboard.ask.layer import Layer
from dashboard.ask.lexicon import LONGEST_NAME, Index, Lexicon, Meaning, grams, nearest
from dashboard.ask.tokens import Token, read

NOT_WORDS = frozenset({"except", "excluding", "without", "not", "besides", "exclude", "non"})
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
_BEFORE_NAMES = frozenset({"in", "at", "near", "or", "ya", "vs", "versus", "and", "aur", "mein", "from"})
_PART_COST = 0.1
_SOFT_WEIGHT = 0.2
"""A word like "fresh", of which nothing was made, against one that says something."""
_DATE_WORDS = frozenset(
    ["today",
    "todays",
    "yesterday",
    "yesterdays",
    "tonight",
    "tomorrow",
    "since",
    "last",
    "previous",
    "past",
    "this",
    "week",
    "weeks",
    "day",
    "days",
    "month",
    "months",
    "hour",
    "hours",
    "weekend",
    "weekends",
    "year",
    "quarter",
    "night",
    "minute",
    "minutes",
    "half",
    "litre",
    "liter",
    "oclock"]
) | frozenset(PARTS) | frozenset(WEEKDAYS) | frozenset(MONTHS)  # fmt: skip


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
        unused = sum(
            _SOFT_WEIGHT if token.stem in _soft() else 1
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
            (token.text in _bounding() or token.kind in ("money", "percent", "amount"))
            and at not in self.used and not is_skipped(token)
            for at, token in enumerate(self.tokens)
        )  # fmt: skip
        lost = lost or any(token.stem in _GROUPS and at not in self.used for at, token in enumerate(self.tokens))
        return round(max(0.0, 0.97 - 0.9 * unused / max(self.content(), 1) - 0.25 * lost), 2)

    def _names_unknown(self, at: int) -> bool:
        """Whether the word stands where a name is expected ("in Bandra", "Surf Excel or Ariel") and is none of ours."""
        before = self.tokens[at - 1].text if at else ""
        token = self.tokens[at]
        if token.kind != "word" or before not in _BEFORE_NAMES or is_ordinary(token) or token.stem in _soft():
            return False
        return not self.lexicon.index.knows(token.stem) and token.stem not in _concept_words()

    def content(self) -> int:
        return sum(at in self.used or not is_skipped(token) for at, token in enumerate(self.tokens))


@cache
def _skipped() -> frozenset[str]:
    return frozenset(told()["skip"]["words"].split()) | frozenset(stem(w) for w in told()["skip"]["words"].split())


@cache
def _long_skipped() -> dict[str, int]:
    return {word: 1 for word in _skipped() if len(word) > 5 and word.isascii()}


@cache
def _skipped_grams() -> dict[str, list[str]]:
    by: dict[str, list[str]] = {}
    for word in _long_skipped():
        for gram in grams(word):
            by.setdefault(gram, []).append(word)
    return by


@cache
def _parts() -> frozenset[str]:
    """Words of the grammar that say nothing alone: the "super" of "super saver pack"."""
    alone = {word for key in concepts() if len(key) == 1 for word in key}
    return frozenset(word for key in concepts() if len(key) > 1 for word in key) - alone - _DATE_WORDS


@cache
def _soft() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["soft"]["words"].split())


@cache
def _bounding() -> frozenset[str]:
    """Words that bound or set apart: a question with one of which nothing was made is not answered without it."""
    return frozenset(told()["bounding"]["words"].split())


@cache
def _refusing() -> frozenset[str]:
    """Words a question may be refused for: never taken for misspellings."""
    return frozenset(stem(word) for phrases in told()["refuse"].values() for said in phrases for word in said.split())


@cache
def _everyday() -> frozenset[str]:
    """Goods by their everyday words, listed or not: "soap" is no misspelt "swap"."""
    return frozenset(stem(word) for word in told()["goods"]["words"].split())


@cache
def _attributes() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["attributes"]["words"].split())


def is_soft(token: Token) -> bool:
    return token.stem in _soft()


def is_skipped(token: Token) -> bool:
    return token.kind == "word" and (token.text in _skipped() or len(token.text) == 1)


def is_ordinary(token: Token) -> bool:
    """An ordinary word of English, whatever else it may be called by."""
    return token.kind == "word" and (token.stem in _plain_english() or token.text in _DATE_WORDS)


@cache
def _same() -> dict[tuple[str, ...], list[str]]:
    return {stems(said): meant.split() for meant, phrases in told()["same"].items() for said in phrases if stems(said)}


@cache
def concepts() -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for name, phrases in told()["concepts"].items():
        for phrase in phrases:
            held = found.setdefault(stems(phrase), [])
            if name not in held:
                held.append(name)
    return found


@cache
def _concept_words() -> dict[str, int]:
    """Words of the grammar, weighed above any of the goods."""
    found = {word: 4 for key in concepts() for word in key}
    return found | dict.fromkeys(_DATE_WORDS, 4) | {word: 4 for words in _same().values() for word in words}


@cache
def _concept_grams() -> dict[str, list[str]]:
    by: dict[str, list[str]] = {}
    for word in _concept_words().keys() - MONTHS.keys():  # "juce" is juice before it is June
        for gram in grams(word):
            by.setdefault(gram, []).append(word)
    return by


@cache
def _plain_english() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["english"]["words"].split())


def lay_out(question: str, lexicon: Lexicon, layer: Layer, now: datetime) -> Sheet:
    about = words_of(layer)
    tokens = _said_the_same(read(question))
    tokens, corrected = _spelt(tokens, lexicon, about)
    tokens = _said_the_same(tokens)
    dates = spans(tokens, now)
    taken = {at for span in dates for at in range(span.first, span.last)}
    marks = _marks(tokens)
    mentions = _mentions(tokens, lexicon, marks, taken)
    return Sheet(tokens, marks, mentions, dates, about, lexicon, corrected)


def _said_the_same(tokens: list[Token]) -> list[Token]:
    same = _same()
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        for size in range(min(4, len(tokens) - at), 0, -1):
            part = tokens[at : at + size]
            meant = same.get(tuple(token.stem for token in part)) if part[0].kind == "word" else None
            if meant is not None:
                made += [Token("word", word) for word in meant]
                at += size
                break
        else:
            made.append(tokens[at])
            at += 1
    return _postpositions(made)


def _postpositions(tokens: list[Token]) -> list[Token]:
    """Hindi says "₹50 se kam": the comparison stands behind the figure. It is put before it."""
    made = list(tokens)
    for at in range(1, len(made)):
        figure = made[at - 1].kind in ("money", "percent", "number", "amount")
        before = made[at - 2].text if at > 1 else ""
        if figure and made[at].text in ("under", "above") and made[at].kind == "word" and before not in (
            "under", "above", "than", "between",
        ):  # fmt: skip
            follows = made[at + 1].kind if at + 1 < len(made) else ""
            if follows not in ("money", "percent", "number", "amount"):
                made[at - 1], made[at] = made[at], made[at - 1]
    return made


def _spelt(tokens: list[Token], lexicon: Lexicon, about: LayerWords) -> tuple[list[Token], dict[str, str]]:
    """Unknown words replaced by the known word they are nearest to: grammar first, then names of the house."""
    index = lexicon.index
    corrected: dict[str, str] = {}
    made: list[Token] = []
    for token in tokens:
        word = token.stem
        plain = token.kind != "word" or len(word) < 4 or is_skipped(token) or not word.isascii()
        if plain or _known(word, token, lexicon, about):
            made.append(token)
            continue
        options = [
            (far + cost + _PART_COST * (cost == 0.0 and right in _parts()), right)
            for found, cost in (
                (nearest(word, _concept_grams(), _concept_words(), long_from=7), 0.0), (index.close(word), 0.05),
                (about.close(word), 0.02), (nearest(word, _skipped_grams(), _long_skipped()), 0.15),
            )
            if found is not None
            for far, right in [found]
        ]  # fmt: skip
        if not options:
            made.append(token)
            continue
        right = min(options)[1]
        corrected[token.text] = right
        made.append(Token("word", right))
    return made, corrected


def _known(word: str, token: Token, lexicon: Lexicon, about: LayerWords) -> bool:
    return (
        word in _concept_words()
        or token.text in _DATE_WORDS
        or word in about.words
        or lexicon.index.knows(word)
        or (word,) in lexicon.index.unlisted
        or word in _plain_english()
        or word in _soft()
        or word in _refusing()
        or word in _everyday()
        or token.text in NOT_WORDS
    )


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
        if len(token.text) < 3 or token.text in _DATE_WORDS:
            continue
        if token.stem in index.in_products and (
            token.stem not in _plain_english() | _soft()
            or token.stem in _attributes()
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
