"""The SELECT put together: rows of a list, or figures by groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from blinkit.kernel.said import Said, say
from dashboard.ask.columns import Column
from dashboard.ask.compile.conditions import Conditions
from dashboard.ask.compile.expressions import after_colon, aggregate, clause, column_of, part_of_all
from dashboard.ask.compile.names import Names
from dashboard.ask.compile.times import GRAIN_KINDS, Times
from dashboard.ask.compile.values import Places
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import Entity, Layer, Measure
from dashboard.ask.query import Intent, Order, Query

MOST_ROWS = 500
"""Rows of one page."""
MOST_PAGES = 20
ADDITIVE = frozenset({"count", "sum"})


@dataclass(frozen=True, slots=True)
class Compiled:
    """`limit` is what a page may show; the statement fetches one more, to know whether there is more."""

    sql: str
    params: dict[str, Any]
    columns: tuple[Column, ...]
    entities: tuple[str, ...]
    limit: int
    page: int = 0
    tells_fresh: bool = False
    """The last column is none of the answer: how fresh a row is, or the freshest of a group."""


@dataclass(slots=True)
class Statement:
    """One query on its way to SQL: columns are added in the order they are shown, groups by their numbers."""

    query: Query
    page: int
    names: Names
    places: Places
    times: Times
    conditions: Conditions
    columns: list[Column] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, query: Query, layer: Layer, page: int) -> Statement:
        names, places = Names.of(layer, query.entity), Places()
        times = Times(query, names, places)
        return cls(query, page, names, places, times, Conditions(query, names, places, times))

    @property
    def base(self) -> Entity:
        return self.names.base

    # -- the two shapes ---------------------------------------------------------------------------------------------

    def listed(self) -> Compiled:
        if self.query.against is not None:
            raise CannotCompile("not-together", say("Two periods can be compared by a figure, not row by row."))
        for path in self.query.columns or tuple(f"{self.base.name}.{name}" for name in self.base.columns):
            self.add(path)
        where = self.conditions.where()
        latest = [Order(f"{self.base.name}.{self.base.time}", down=True)] if self.base.time else []
        order = self._order([*self._usual_order(), *latest], tie=[column_of(self.base, self.base.key)])
        return self.compiled(where=where, order=order)

    def grouped(self) -> Compiled:
        for path in self.query.dimensions:
            self.add_group(path, shifted=True)
        self.add_measures()
        where, having = self.conditions.where(), self.conditions.having()
        if having and not self.query.dimensions:
            raise CannotCompile("not-together", say("A bound on a figure needs something it is told by."))
        order = self._order(
            [
                *(Order(path) for path in self.query.dimensions if after_colon(path)),
                *(Order(path, down=True) for path in self.query.measures[:1]),
            ],
            tie=self.groups,
        )
        return self.compiled(where=where, having=having, order=order)

    def compiled(self, *, where: Sequence[str], order: Sequence[str], having: Sequence[str] = ()) -> Compiled:
        limit = max(1, min(self.query.limit, MOST_ROWS))
        if not 0 <= self.page < MOST_PAGES:
            raise CannotCompile("too-long", say("There are more pages than are shown: narrow the question."))
        fresh = self.base.dimension(self.base.fresh) if self.base.fresh else None
        selected = list(self.selected)
        if fresh is not None:
            column = column_of(self.base, fresh.column)
            are_groups = bool(self.groups) or any(one.is_measure for one in self.columns)
            selected.append(f"{f'max({column})' if are_groups else column} AS fresh_at")
        parts = [
            "SELECT " + ", ".join(selected),
            f'FROM ask."{self.base.name}" AS "{self.base.name}"',
            *self.names.joined.values(),
            clause("WHERE", where).strip(),
            "GROUP BY " + ", ".join(self.groups) if self.groups else "",
            clause("HAVING", having).strip(),
        ]
        if self.query.per:
            parts, limit = self._of_each(parts, tells_fresh=fresh is not None), MOST_ROWS
        else:
            parts.append("ORDER BY " + ", ".join(order) if order else "")
        parts.append(f"LIMIT {limit + 1}" + (f" OFFSET {limit * self.page}" if self.page else ""))
        return Compiled(
            "\n".join(part for part in parts if part), self.places.params, tuple(self.columns), self.names.entities,
            limit, self.page, tells_fresh=fresh is not None,
        )  # fmt: skip

    def _of_each(self, parts: Sequence[str], *, tells_fresh: bool) -> list[str]:
        """The first `limit` rows of each value of `per`, by the order asked for."""
        shown = {column.field: column.name for column in self.columns if not column.part}
        if self.query.per not in shown or any(one.field not in shown for one in self.query.order):
            raise CannotCompile("not-together", say("It can only be ordered by what is shown."))
        per = shown[self.query.per]
        order = [f'x."{shown[one.field]}" {"DESC" if one.down else "ASC"} NULLS LAST' for one in self.query.order]
        ranks = ", ".join([*order, *(f'x."{name}"' for name in dict.fromkeys(shown.values()))])
        names = [f'y."{column.name}"' for column in self.columns] + (["y.fresh_at"] if tells_fresh else [])
        inner = "\n".join(part for part in parts if part)
        return [
            f"SELECT {', '.join(names)}",
            f'FROM (SELECT x.*, row_number() OVER (PARTITION BY x."{per}" ORDER BY {ranks}) AS place',
            f"FROM (\n{inner}\n) AS x) AS y",
            f"WHERE y.place <= {max(1, min(self.query.limit, MOST_ROWS))}",
            f'ORDER BY y."{per}" ASC NULLS LAST, y.place',
        ]

    # -- what is selected -------------------------------------------------------------------------------------------

    def add(self, path: str, *, shifted: bool = False) -> None:
        entity, of = self.names.dimension(path)
        sql, grain = self.times.grained(path, entity, of, shifted=shifted), after_colon(path)
        kind = GRAIN_KINDS.get(grain, of.kind)
        name = self._name(f"{of.name}_{grain}" if grain else of.name)
        self._select(Column(name, of.label, kind, path), sql)

    def add_group(self, path: str, *, shifted: bool = False) -> None:
        self.add(path, shifted=shifted)
        self.groups.append(str(len(self.selected)))

    def add_figure(self, name: str, label: Said, kind: str, sql: str) -> None:
        """A figure no field holds."""
        self._select(Column(name, label, kind, is_measure=True), sql)

    def add_measures(self) -> None:
        """What was asked for, else how many."""
        for path in self.query.measures or (f"{self.base.name}.count",):
            self._add_measure(path)

    def _add_measure(self, path: str) -> None:
        measure = self.names.measure(path)
        wanted = after_colon(path)
        name = self._name(f"{measure.name}_{wanted}" if wanted else measure.name)
        label, kind = measure.label, measure.kind
        now, against = self.query.window, self.query.against
        if against is None:
            sql = aggregate(self.base, measure)
            self._select(Column(name, label, kind, path, is_measure=True), sql)
            if self.query.intent is Intent.SHARE and measure.aggregate in ADDITIVE:
                of = say("share of {figure}", figure=label)
                self._select(Column(f"{name}_share", of, "bp", path, "share", is_measure=True), part_of_all(sql))
            return
        if now is None or now.field != against.field:
            raise CannotCompile("not-together", say("Two periods are compared by the same time."))
        first = aggregate(self.base, measure, self.times.within(now))
        second = aggregate(self.base, measure, self.times.within(against))
        for part, told, sql in (
            ("", label, first),
            ("before", say("{figure} before", figure=label), second),
            ("change", say("change of {figure}", figure=label), f"{first} - {second}"),
        ):
            full = f"{name}_{part}" if part else name
            self._select(Column(full, told, kind, path, part, is_measure=True), sql)

    def _select(self, column: Column, sql: str) -> None:
        self.columns.append(column)
        self.selected.append(f'{sql} AS "{column.name}"')

    def _name(self, wanted: str) -> str:
        taken = {column.name for column in self.columns}
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    # -- order ------------------------------------------------------------------------------------------------------

    def _usual_order(self) -> list[Order]:
        by = {Intent.CHEAPEST: ("price", False), Intent.DEALS: ("discount", True)}.get(self.query.intent)
        if by is None or self.base.dimension(by[0]) is None:
            return []
        return [Order(f"{self.base.name}.{by[0]}", down=by[1])]

    def _order(self, usual: Sequence[Order], *, tie: Sequence[str]) -> list[str]:
        out = [
            f"{self._ordered(one)} {'DESC' if one.down else 'ASC'} NULLS LAST" for one in self.query.order or usual
        ]  # fmt: skip
        return [*out, *(each for each in tie if not any(f"{each} " in done for done in out))]

    def _ordered(self, one: Order) -> str:
        base, part = one.field, ""
        if after_colon(base) in ("before", "change", "share"):
            base, _, part = base.partition(":")
        for number, column in enumerate(self.columns, 1):
            if column.field == base and column.part == part:
                return str(number)
        entity, of = self.names.field(one.field)
        if isinstance(of, Measure):
            if not self.groups or self.query.against is not None or part:
                raise CannotCompile("not-together", say("It can only be ordered by what is shown."))
            return aggregate(self.base, self.names.measure(one.field))
        if self.groups:
            raise CannotCompile("not-together", say("It can only be ordered by what is shown."))
        return self.times.grained(one.field, entity, of)
