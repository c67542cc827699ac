"""The semantic layer: what can be asked of, in the words of people, and what it stands for in the database.

`layer.toml` is the one place where entities, measures, dimensions, joins, synonyms, units and rights are declared; this
module reads and checks it. Each entity is a view of the schema `ask`, made from its `sql`.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("layer.toml")
KINDS = frozenset({"text", "number", "paise", "bp", "seconds", "minutes", "time", "date", "flag", "id", "amount"})
FIGURES = frozenset({"number", "paise", "bp", "seconds", "minutes", "amount"})
"""Kinds that are reckoned with."""
AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "p50", "p90", "p95", "rate", "distinct"})


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column of the view that rows are filtered and grouped by. `values_from`: where its words are looked up."""

    name: str
    label: str
    kind: str
    column: str
    synonyms: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    """The few words it can hold, where they are fixed."""
    empty_is_all: bool = False
    """A row without it stands for all: an offer without a city is one of every city."""
    called: dict[str, str] = field(default_factory=dict)
    """What people call those of its values that are no words by themselves."""

    def word(self, value: str) -> str:
        """A value as people read it: "free_item" is "free item"; anything but one of `values` is itself."""
        return self.called.get(value, value.replace("_", " ")) if value in self.values else value


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate of `column` ("*" for a count); `where` is a flag column that must hold; of a `rate`
    the column is the flag itself."""

    name: str
    label: str
    kind: str
    aggregate: str
    column: str
    where: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """From a column of this entity to the key of another: many to one."""

    to: str
    column: str
    key: str


@dataclass(frozen=True, slots=True)
class Why:
    """How "why" is answered: rows with the `flag` against rows without it; `cause` names the leg that is to blame, and
    `legs` are the columns with each leg's length."""

    flag: str
    cause: str
    legs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    label: str
    tables: tuple[str, ...]
    """The tables its view reads."""
    sql: str
    who: frozenset[str]
    """Audiences: public, ops, store, finance, admin."""
    key: str
    rows_of: str = ""
    """The column that row rules look at: a store's id. Empty: all rows to all who may ask."""
    time: str = ""
    """The dimension meant by "yesterday" when none is named."""
    fresh: str = ""
    """The dimension that says how old a row is."""
    synonyms: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """What a list shows when nothing was asked."""
    dimensions: tuple[Dimension, ...] = ()
    measures: tuple[Measure, ...] = ()
    joins: tuple[Join, ...] = ()
    why: Why | None = None

    def dimension(self, name: str) -> Dimension | None:
        return next((one for one in self.dimensions if one.name == name), None)

    def measure(self, name: str) -> Measure | None:
        return next((one for one in self.measures if one.name == name), None)


class LayerError(ValueError):
    """The file contradicts itself; the message says where."""


@dataclass(frozen=True)
class Layer:
    entities: dict[str, Entity]

    def entity(self, name: str) -> Entity:
        """Raises KeyError."""
        return self.entities[name]

    def field(self, path: str) -> tuple[Entity, Dimension | Measure]:
        """ "order.placed_at:day" to its entity and field; the part after the colon is the caller's. Raises KeyError."""
        entity_name, _, rest = path.partition(".")
        name = rest.partition(":")[0]
        entity = self.entities[entity_name]
        found = entity.dimension(name) or entity.measure(name)
        if found is None:
            raise KeyError(path)
        return entity, found

    @functools.cached_property
    def words(self) -> dict[str, str]:
        """Every fixed value that reads otherwise than it is kept, and how."""
        every = ((one, value) for entity in self.entities.values() for one in entity.dimensions for value in one.values)
        return {value: word for one, value in every if (word := one.word(value)) != value}

    def for_(self, audiences: frozenset[str]) -> Layer:
        """What these may ask about."""
        return Layer({name: one for name, one in self.entities.items() if one.who & audiences})


def load(file: Path = FILE) -> Layer:
    """Raises LayerError."""
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    layer = Layer({name: _entity(name, values) for name, values in told.items()})
    for entity in layer.entities.values():
        _check(layer, entity)
    return layer


@functools.cache
def layer() -> Layer:
    return load()


def _entity(name: str, told: dict[str, Any]) -> Entity:
    try:
        return Entity(
            name=name, label=told["label"], tables=tuple(told["tables"]), sql=told["sql"].strip(),
            who=frozenset(told["who"]), key=told["key"], rows_of=told.get("rows_of", ""), time=told.get("time", ""),
            fresh=told.get("fresh", ""), synonyms=tuple(told.get("synonyms", ())),
            columns=tuple(told.get("columns", ())),
            dimensions=tuple(
                Dimension(
                    name=each, label=one.get("label", each.replace("_", " ")), kind=one["kind"],
                    column=one.get("column", each), synonyms=tuple(one.get("synonyms", ())),
                    values=tuple(one.get("values", ())), empty_is_all=one.get("empty_is_all", False),
                    called=one.get("called", {}),
                )
                for each, one in told.get("dimensions", {}).items()
            ),
            measures=tuple(
                Measure(
                    name=each, label=one.get("label", each.replace("_", " ")), kind=one["kind"],
                    aggregate=one["aggregate"], column=one.get("column", "*"), where=one.get("where", ""),
                    synonyms=tuple(one.get("synonyms", ())),
                )
                for each, one in told.get("measures", {}).items()
            ),
            joins=tuple(Join(to=to, column=one["column"], key=one["key"]) for to, one in told.get("joins", {}).items()),
            why=Why(**told["why"]) if "why" in told else None,
        )  # fmt: skip
    except KeyError as missing:
        raise LayerError(f"{name}: {missing} is missing") from None


def _check(layer: Layer, entity: Entity) -> None:
    fields: list[Dimension | Measure] = [*entity.dimensions, *entity.measures]
    names = [one.name for one in fields]
    for wrong, sentence in (
        ({name for name in names if names.count(name) > 1}, "is declared twice"),
        ({one.name for one in fields if one.kind not in KINDS}, "has an unknown kind"),
        ({one.name for one in entity.measures if one.aggregate not in AGGREGATES}, "has an unknown aggregate"),
        ({one.to for one in entity.joins if one.to not in layer.entities}, "is joined but is no entity"),
        ({name for name in entity.columns if name not in names}, "is shown but is no field"),
        ({name for name in (entity.time, entity.fresh) if name and entity.dimension(name) is None}, "is no dimension"),
        ({name for one in entity.dimensions for name in one.called.keys() - {*one.values}}, "is called, but no value"),
    ):
        if wrong:
            raise LayerError(f"{entity.name}: {', '.join(sorted(wrong))} {sentence}")
