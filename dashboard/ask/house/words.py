"""The words of a question about the house: which phrases of it the layer has, and the few that decide."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dashboard.ask.entities import LONGEST_PHRASE, MARKET, Spot, told
from dashboard.ask.folding import stem
from dashboard.ask.layer import Entity
from dashboard.ask.query import Op
from dashboard.ask.sheet import Mark, Sheet
from dashboard.ask.vocabulary import is_skipped

NUMERIC = frozenset({"paise", "seconds", "minutes", "number", "amount", "bp"})
_CAUSES = frozenset({"late_cause", "cause"})
_RANK = {"measure": 0, "flag": 1, "value": 2, "entity": 3, "dimension": 4}
OPS = (("under", Op.LT), ("atmost", Op.LE), ("over", Op.GT), ("atleast", Op.GE))
GRAINS = (("hourly", "hour"), ("daily", "day"), ("weekly", "week"), ("monthly", "month"), ("hourofday", "hour_of_day"),
           ("weekdays", "weekday"))  # fmt: skip
_GRAIN_NAMES = frozenset(concept for concept, _ in GRAINS)
MINUTES = {"minute": 60, "minutes": 60, "min": 60, "mins": 60, "second": 1, "seconds": 1, "sec": 1, "secs": 1,
            "hour": 3600, "hours": 3600, "hr": 3600, "hrs": 3600, "m": 60}  # fmt: skip
SHARES = frozenset({"share", "percent", "percentage", "pct", "rate", "ratio", "proportion", "fraction"})
DELIVERS = frozenset(
    {
        "take",
        "took",
        "taken",
        "taking",
        "deliver",
        "delivered",
        "deliveri",
        "delivering",
        "arrive",
        "arrived",
        "reach",
        "reached",
    }
)


@dataclass(frozen=True, slots=True)
class Hit:
    spot: Spot
    rank: str
    first: int
    last: int


def hits_of(sheet: Sheet) -> dict[str, list[Hit]]:
    """By entity, every phrase of the question that it has a word for."""
    dated = {at for span in sheet.spans for at in range(span.first, span.last)}
    layer = sheet.layer_words.layer
    found: dict[str, list[Hit]] = {}
    late = sheet.has("late", "why")
    grains = {at for mark in sheet.marks if mark.name in _GRAIN_NAMES for at in range(mark.first, mark.last)}
    grains |= {
        at for mark in sheet.marks if mark.name == "count" and mark.last - mark.first > 1
        for at in range(mark.first, mark.last)
    }  # fmt: skip
    for order in _orders_of_words(sheet):
        stems = [sheet.tokens[at].stem for at in order]
        for begin in range(len(stems)):
            for end in range(begin + 1, min(begin + LONGEST_PHRASE, len(stems)) + 1):
                first, last = order[begin], order[end - 1] + 1
                if dated & set(range(first, last)):
                    break
                for spot in sheet.layer_words.phrases.get(tuple(stems[begin:end]), ()):
                    if spot.entity in MARKET or (spot.kind == "value" and spot.name in _CAUSES and not late):
                        continue
                    rank = _rank(layer.entities[spot.entity], spot)
                    skipped = end - begin == 1 and is_skipped(sheet.tokens[first]) and stems[begin] != "online"
                    hit = Hit(spot, rank, first, last)
                    if end - begin == 1 and first in grains and rank == "dimension" and spot.name != "hour":
                        continue  # "day wise" says how often, not how many days
                    if skipped and rank in ("dimension", "flag", "value"):
                        continue
                    if hit not in found.setdefault(spot.entity, []):
                        found[spot.entity].append(hit)
    return {name: hits for name, hits in found.items() if hits}


def _orders_of_words(sheet: Sheet) -> list[list[int]]:
    """The places of the words, and those without a bound that stands among them: "waiting (more than 15 minutes) for a
    rider"."""
    places = list(range(len(sheet.tokens)))
    for at, token in enumerate(sheet.tokens[:-1]):
        if token.kind != "number" or sheet.tokens[at + 1].text not in MINUTES:
            continue
        first = at
        for name, _ in OPS:
            mark = sheet.mark_before(at, name)
            first = mark.first if mark is not None else first
        while first and sheet.tokens[first - 1].text in ("for", "since"):
            first -= 1
        return [places, [one for one in places if not first <= one <= at + 1]]
    return [places]


def _rank(entity: Entity, spot: Spot) -> str:
    if spot.kind != "dimension":
        return spot.kind
    dimension = entity.dimension(spot.name)
    return "flag" if dimension is not None and dimension.kind == "flag" else "dimension"


def longest_first(hits: list[Hit]) -> list[Hit]:
    """Longest first, each word once; of one phrase a measure before a flag before a value before the entity."""
    taken: set[int] = set()
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.first - one.last, _RANK[one.rank], one.first)):
        here = set(range(hit.first, hit.last))
        if not here & taken:
            taken |= here
            kept.append(hit)
    return sorted(kept, key=lambda one: one.first)


def is_minutes(sheet: Sheet, mark: Mark) -> bool:
    """ "10 min" is no minimum."""
    before = sheet.tokens[mark.first - 1].kind if mark.first else ""
    return mark.last - mark.first == 1 and sheet.tokens[mark.first].text in MINUTES and before == "number"


def asks_length(sheet: Sheet) -> bool:
    said = sheet.said(0, len(sheet.tokens))
    return any(words in said for words in ("how long", "how much time", "how many minutes", "how quickly"))


@cache
def topics_of(entity: str) -> frozenset[str]:
    """What an entity is about anyway: the rider of "rider offers rejected"."""
    return frozenset(stem(word) for word in told()["topics"].get(entity, "").split())


@cache
def passed_words() -> frozenset[str]:
    return frozenset(told()["passed"]["words"].split())


def speaks_of_expiry(sheet: Sheet) -> bool:
    """Whether batches are meant, not stock as it is."""
    return any(token.text.startswith(("expir", "batch", "lot", "bad", "spoil")) for token in sheet.tokens)
