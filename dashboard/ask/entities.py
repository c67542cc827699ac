"""What a question may be about: words of the layer found in it, and a table selector for when words alone do not say.

The selector compares letters with letters (hashed character n-grams, TF-IDF, cosine) over each entity's label,
synonyms, field names and example questions; so "refnds per stor" is near `refund`. `Encoder` is where a sentence model
may take its place. Everything is computed once for a layer and kept.
"""

from __future__ import annotations

import math
import tomllib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from dashboard.ask.folding import fold, stems
from dashboard.ask.layer import Entity, Layer
from dashboard.ask.lexicon import by_gram, nearest

WORDS_FILE = Path(__file__).with_name("words.toml")
BUCKETS = 1 << 16
LONGEST_PHRASE = 6
MARKET = frozenset(
    {
        "listing",
        "listing_price",
        "price_day",
        "price_gap",
        "assortment",
        "market_offer",
        "platform_terms",
        "cart_fee",
        "platform",
    }
)


@cache
def told() -> dict[str, Any]:
    """`words.toml` as read."""
    return tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Spot:
    """What a phrase may stand for. `kind`: entity, measure, dimension, value (of a dimension)."""

    kind: str
    entity: str
    name: str = ""
    value: str = ""

    @property
    def path(self) -> str:
        return f"{self.entity}.{self.name}"


class Encoder(Protocol):
    """Texts to vectors of one length, for a sentence model in place of letters."""

    def encode(self, texts: Sequence[str]) -> Sequence[Sequence[float]]: ...


class LayerWords:
    """A layer's phrases and its entities' vectors."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.phrases: dict[tuple[str, ...], list[Spot]] = {}
        self.words: set[str] = set()
        for entity in layer.entities.values():
            self._entity(entity)
        for path, phrases in told().get("fields", {}).items():
            self._extra(path, phrases)
        self._weights = dict.fromkeys((word for word in self.words if len(word) > 3), 2)
        self._grams = by_gram(self._weights)
        self.selector = Selector({name: _text(one) for name, one in layer.entities.items()})

    def close(self, word: str) -> tuple[float, str] | None:
        """The layer's word this may be a misspelling of."""
        return nearest(word, self._grams, self._weights)

    def _entity(self, entity: Entity) -> None:
        for text in (entity.name.replace("_", " "), entity.label, *entity.synonyms):
            self._add(text, Spot("entity", entity.name))
        for measure in entity.measures:
            own = () if measure.name == "count" else (measure.name.replace("_", " "), measure.label)
            for text in (*own, *measure.synonyms):
                self._add(text, Spot("measure", entity.name, measure.name))
        for one in entity.dimensions:
            for text in (one.name.replace("_", " "), one.label, *one.synonyms):
                self._add(text, Spot("dimension", entity.name, one.name))
            for value in one.values:
                self._add(value.replace("_", " "), Spot("value", entity.name, one.name, value))

    def _extra(self, path: str, phrases: Iterable[str]) -> None:
        """More words of ours for a field, if the layer has it: "order.late", "order.status=cancelled"."""
        path, _, value = path.partition("=")
        entity_name, _, name = path.partition(".")
        entity = self.layer.entities.get(entity_name)
        if entity is None:
            return
        if not name:
            spot = Spot("entity", entity_name)
        elif entity.measure(name):
            spot = Spot("measure", entity_name, name)
        elif entity.dimension(name):
            spot = Spot("value" if value else "dimension", entity_name, name, value)
        else:
            return
        for text in phrases:
            self._add(text, spot)

    def _add(self, text: str, spot: Spot) -> None:
        key = stems(text)
        if not key or len(key) > LONGEST_PHRASE:
            return
        held = self.phrases.setdefault(key, [])
        if spot not in held:
            held.append(spot)
            self.words.update(key)


_kept: list[tuple[Layer, LayerWords]] = []


def words_of(layer: Layer) -> LayerWords:
    """Kept for the few layers a process has."""
    for known, made in _kept:
        if known is layer:
            return made
    made = LayerWords(layer)
    del _kept[3:]
    _kept.insert(0, (layer, made))
    return made


def _text(entity: Entity) -> list[str]:
    """Everything said of an entity, the label and the examples heaviest (they stand twice)."""
    label = entity.label
    fields = [*(one.label for one in entity.dimensions), *(one.label for one in entity.measures)]
    said = [one.synonyms for one in entity.dimensions] + [one.synonyms for one in entity.measures]
    extra = [word for synonyms in said for word in synonyms]
    examples = told().get("examples", {}).get(entity.name, [])
    name = entity.name.replace("_", " ")
    return [label, label, name, name, *entity.synonyms, *entity.synonyms, *fields, *extra, *examples, *examples]


class Selector:
    """Entities by likeness to a text. `encoder` set: its vectors instead of letters."""

    def __init__(self, texts: dict[str, list[str]], encoder: Encoder | None = None) -> None:
        self._encoder = encoder
        if encoder is not None:
            self._dense = {name: _unit(encoder.encode([" ".join(said)])[0]) for name, said in texts.items()}
            return
        counts = {name: _counts(said) for name, said in texts.items()}
        seen: dict[int, int] = defaultdict(int)
        for bag in counts.values():
            for bucket in bag:
                seen[bucket] += 1
        self._idf = {bucket: math.log(1 + len(texts) / number) for bucket, number in seen.items()}
        self._rows: dict[int, list[tuple[str, float]]] = defaultdict(list)
        for name, bag in counts.items():
            weights = {bucket: (1 + math.log(number)) * self._idf[bucket] for bucket, number in bag.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1
            for bucket, weight in weights.items():
                self._rows[bucket].append((name, weight / length))

    def nearest(self, text: str, *, most: int = 5) -> list[tuple[str, float]]:
        """The entities most like it with their cosine, best first."""
        scores: dict[str, float] = defaultdict(float)
        if self._encoder is not None:
            asked = _unit(self._encoder.encode([text])[0])
            for name, vector in self._dense.items():
                scores[name] = sum(a * b for a, b in zip(asked, vector, strict=True))
        else:
            bag = _counts([text])
            weights = {bucket: (1 + math.log(n)) * self._idf.get(bucket, 0) for bucket, n in bag.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1
            for bucket, weight in weights.items():
                for name, its in self._rows.get(bucket, ()):
                    scores[name] += weight / length * its
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(one * one for one in vector)) or 1
    return [one / length for one in vector]


def _counts(texts: Iterable[str]) -> dict[int, int]:
    """Character n-grams of three to five letters within words, hashed."""
    bag: dict[int, int] = defaultdict(int)
    for text in texts:
        for word in fold(text).split():
            padded = f"<{word}>"
            for size in (3, 4, 5):
                for at in range(len(padded) - size + 1):
                    bag[zlib.crc32(padded[at : at + size].encode()) % BUCKETS] += 1
    return bag
