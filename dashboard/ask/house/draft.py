"""One entity's query in the making, and what all its parts ask of the question."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dashboard.ask.house.words import SHARES, Hit
from dashboard.ask.layer import Dimension, Entity
from dashboard.ask.query import Filter, Op, Window
from dashboard.ask.sheet import Mention, Sheet


@dataclass
class _Draft:
    measures: list[str] = field(default_factory=list)
    dimensions: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    window: Window | None = None
    against: Window | None = None
    loose: list[str] = field(default_factory=list)
    """Groups nobody asked for with "by" or "which": they only say what is listed."""


def place_in(entity: Entity, one: Mention) -> tuple[str, Op, tuple[str, ...]] | None:
    """Where this entity would look for what is mentioned."""
    for meaning in one.meanings:
        names = {
            "store": ("store", "code") if entity.name == "store" else ("store",), "city": ("city",),
            "platform": ("platform",), "category": ("category",), "aisle": ("aisle",), "brand": ("brand",),
            "item": ("item",),
        }.get(meaning.kind, ())  # fmt: skip
        for name in names:
            if entity.dimension(name) is not None:
                return f"{entity.name}.{name}", Op.EQ if len(meaning.keys) == 1 else Op.IN, meaning.keys
        if meaning.kind in ("item", "word", "brand"):
            for name in ("product", "name"):
                if entity.dimension(name) is not None and entity.name not in ("store", "promotion", "platform"):
                    return f"{entity.name}.{name}", Op.HAS, (meaning.label,)
    return None


def things_asked(sheet: Sheet) -> bool:
    """Whether products are what is to be ranked or told apart: "which items", "top 10 wasted products"."""
    for mark in sheet.marks:
        if mark.name != "thing":
            continue
        before = [sheet.tokens[at].text for at in range(max(0, mark.first - 3), mark.first)]
        if before[-1:] in (["which"], ["what"], ["whose"]) or {"top", "most", "worst", "best", "least"} & set(before):
            return True
    said = [token.text for token in sheet.tokens]
    return said[:1] == ["what"] and {"waste", "sell", "sold", "wasted"} & set(said) != set() and sheet.has("highest")


def product_of(entity: Entity) -> str:
    if entity.name == "search_term":
        return "term"
    if entity.name in ("product", "store", "promotion"):
        return "name" if entity.name == "product" else ""
    return "product" if entity.dimension("product") is not None else ""


def is_rate(entity: Entity, path: str) -> bool:
    measure = entity.measure(path.partition(".")[2])
    return measure is not None and measure.aggregate == "rate"


class Drafting:
    """What is known of the question and of the query so far."""

    def __init__(self, sheet: Sheet, entity: Entity, hits: list[Hit], now: datetime) -> None:
        self.sheet, self.entity, self.hits, self.now = sheet, entity, hits, now
        self.draft = _Draft()
        self.ranked: list[str] = []
        self.sorted: list[str] = []
        self.value_ends = 0
        self.plain: list[str] = []
        """Fields said with a word like "total", that need not be shown."""
        self.bounds: set[int] = set()
        self.vain = False
        """The largest or best was asked for, and there is no figure to say which that is."""

    def _path(self, name: str) -> str:
        return f"{self.entity.name}.{name}"

    def _declared(self, dimension: Dimension, aggregate: str) -> str:
        """The measure the layer has for it, so that the same figure has one name."""
        for one in self.entity.measures:
            if one.column == dimension.column and one.aggregate == aggregate and not one.where:
                return self._path(one.name)
        return ""

    def _rate(self, dimension: Dimension) -> str:
        for one in self.entity.measures:
            if one.aggregate == "rate" and one.column == dimension.column:
                return self._path(one.name)
        return ""

    def _asks_share(self) -> bool:
        said = {at for hit in self.hits if hit.rank == "measure" for at in range(hit.first, hit.last)}
        return self.sheet.has("share") or any(
            token.text in SHARES and at not in said for at, token in enumerate(self.sheet.tokens)
        )

    def _asks_rate(self) -> bool:
        """A rate is one thing of another; there are parts of a whole only of a share."""
        said = {at for hit in self.hits if hit.rank == "measure" for at in range(hit.first, hit.last)}
        return any(token.text in ("rate", "ratio") and at not in said for at, token in enumerate(self.sheet.tokens))

    def _take_share(self) -> None:
        self.sheet.take("share")
        for at, token in enumerate(self.sheet.tokens):
            if token.text in SHARES:
                self.sheet.use(at, at + 1)
