"""Words of the grammar as `words.toml` has them, each list made once: passed over, bounding, meaning something."""

from __future__ import annotations

from functools import cache

from dashboard.ask.dates import MONTHS, PARTS, WEEKDAYS
from dashboard.ask.entities import told
from dashboard.ask.folding import stem, stems
from dashboard.ask.lexicon import by_gram
from dashboard.ask.tokens import Token

NOT_WORDS = frozenset({"except", "excluding", "without", "not", "besides", "exclude", "non"})
DATE_WORDS = frozenset(
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


@cache
def skipped() -> frozenset[str]:
    return frozenset(told()["skip"]["words"].split()) | frozenset(stem(w) for w in told()["skip"]["words"].split())


@cache
def long_skipped() -> dict[str, int]:
    return {word: 1 for word in skipped() if len(word) > 5 and word.isascii()}


@cache
def skipped_grams() -> dict[str, list[str]]:
    return by_gram(long_skipped())


@cache
def parts() -> frozenset[str]:
    """Words of the grammar that say nothing alone: the "super" of "super saver pack"."""
    alone = {word for key in concepts() if len(key) == 1 for word in key}
    return frozenset(word for key in concepts() if len(key) > 1 for word in key) - alone - DATE_WORDS


@cache
def soft() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["soft"]["words"].split())


@cache
def bounding() -> frozenset[str]:
    """Words that bound or set apart: a question with one of which nothing was made is not answered without it."""
    return frozenset(told()["bounding"]["words"].split()) | frozenset(told()["house"]["words"].split())


@cache
def word_list(name: str) -> frozenset[str]:
    """One of the lists of words that belong together."""
    return frozenset(told()["lists"][name].split())


@cache
def refusing() -> frozenset[str]:
    """Words a question may be refused for: never taken for misspellings."""
    return frozenset(stem(word) for phrases in told()["refuse"].values() for said in phrases for word in said.split())


@cache
def everyday() -> frozenset[str]:
    """Goods by their everyday words, listed or not: "soap" is no misspelt "swap"."""
    return frozenset(stem(word) for word in told()["goods"]["words"].split())


@cache
def free_of() -> frozenset[str]:
    """What goods are free of: the sugar of "sugar free" is a word of their names."""
    return frozenset(told()["attributes"]["free"].split())


@cache
def attributes() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["attributes"]["words"].split())


def is_soft(token: Token) -> bool:
    return token.stem in soft()


def is_skipped(token: Token) -> bool:
    return token.kind == "word" and (token.text in skipped() or len(token.text) == 1)


def is_ordinary(token: Token) -> bool:
    """An ordinary word of English, whatever else it may be called by."""
    return token.kind == "word" and (token.stem in plain_english() or token.text in DATE_WORDS)


@cache
def same() -> dict[tuple[str, ...], list[str]]:
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
def concept_words() -> dict[str, int]:
    """Words of the grammar, weighed above any of the goods."""
    found = {word: 4 for key in concepts() for word in key}
    return found | dict.fromkeys(DATE_WORDS, 4) | {word: 4 for words in same().values() for word in words}


@cache
def concept_grams() -> dict[str, list[str]]:
    dates = MONTHS.keys() | {day for day in WEEKDAYS if len(day) < 4}
    return by_gram(concept_words().keys() - dates)  # "juce" is juice before it is June


@cache
def plain_english() -> frozenset[str]:
    return frozenset(stem(word) for word in told()["english"]["words"].split())
