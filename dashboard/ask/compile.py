"""From a query object to one SELECT on the views of the schema `ask`: names from the layer, values as parameters only.

The same query always gives the same text. Nothing of what a person wrote is ever part of it: fields are looked up in
the layer the asker may see, and every value travels beside the statement.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from blinkit.kernel.said import Said, say
from dashboard.ask.columns import Column
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import FIGURES, Dimension, Entity, Layer, Measure
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Value, Window

ZONE = "Asia/Kolkata"
MOST_ROWS = 500
"""Rows of one page."""
MOST_PAGES = 20
MOST_FIELDS = 24
MOST_FILTERS = 24
MOST_VALUES = 200
LONGEST_VALUE = 120
GRAINS = {
    "hour": "date_trunc('hour', {}, '" + ZONE + "')",
    "day": "date_trunc('day', {} AT TIME ZONE '" + ZONE + "')::date",
    "week": "date_trunc('week', {} AT TIME ZONE '" + ZONE + "')::date",
    "month": "date_trunc('month', {} AT TIME ZONE '" + ZONE + "')::date",
    "weekday": "extract(isodow FROM {} AT TIME ZONE '" + ZONE + "')::int",
    "hour_of_day": "extract(hour FROM {} AT TIME ZONE '" + ZONE + "')::int",
}
DAY_GRAINS = {
    "day": "{}",
    "week": "date_trunc('week', {}::timestamp)::date",
    "month": "date_trunc('month', {}::timestamp)::date",
    "weekday": "extract(isodow FROM {})::int",
}
GRAIN_KINDS = {
    "hour": "time",
    "day": "date",
    "week": "date",
    "month": "date",
    "weekday": "number",
    "hour_of_day": "number",
}
COMPARE = {Op.EQ: "=", Op.NOT: "<>", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
PERCENTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95"}
IS_EMPTY = "= ''"
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


def compile_query(query: Query, layer: Layer, *, page: int = 0) -> Compiled:
    """`layer` is what the asker may see (`Layer.for_`). Raises CannotCompile."""
    return _Builder(query, layer, page).build()


@dataclass(slots=True)
class _Builder:
    query: Query
    layer: Layer
    page: int
    base: Entity = field(init=False)
    joined: dict[str, str] = field(default_factory=dict)
    """Joined entities and their JOINs, in the order in which they were needed."""
    columns: list[Column] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    grouped: list[str] = field(default_factory=list)

    def build(self) -> Compiled:
        self._check_size()
        self.base = self._entity(self.query.entity)
        if self.query.intent is Intent.WHY and self.base.why is not None:
            return self._why()
        if self.query.measures or self.query.dimensions:
            return self._aggregate()
        return self._list()

    # -- the two shapes ---------------------------------------------------------------------------------------------

    def _list(self) -> Compiled:
        if self.query.against is not None:
            raise CannotCompile("not-together", say("Two periods can be compared by a figure, not row by row."))
        for path in self.query.columns or tuple(f"{self.base.name}.{name}" for name in self.base.columns):
            entity, dimension = self._dimension(path)
            self._add(path, dimension, self._grained(path, entity, dimension), grain=_colon(path))
        where = self._where()
        order = self._order(
            [*self._usual_order(), Order(f"{self.base.name}.{self.base.time}", down=True) if self.base.time else None],
            tie=[_column(self.base, self.base.key)],
        )
        return self._statement(where=where, order=order)

    def _aggregate(self) -> Compiled:
        for path in self.query.dimensions:
            entity, dimension = self._dimension(path)
            sql = self._grained(path, entity, dimension, shifted=True)
            self._add(path, dimension, sql, grain=_colon(path))
            self.grouped.append(str(len(self.selected)))
        for path in self.query.measures or (f"{self.base.name}.count",):
            self._add_measure(path)
        where, having = self._where(), self._having()
        if having and not self.query.dimensions:
            raise CannotCompile("not-together", say("A bound on a figure needs something it is told by."))
        order = self._order(
            [
                *(Order(path) for path in self.query.dimensions if _colon(path)),
                *(Order(path, down=True) for path in self.query.measures[:1]),
            ],
            tie=self.grouped,
        )
        return self._statement(where=where, having=having, order=order)

    def _why(self) -> Compiled:
        """Of the rows with the flag and of those without it: how often each cause, how long each leg; or how often each
        value of the dimensions asked for."""
        why = self.base.why
        assert why is not None
        flag = _column(self.base, why.flag)
        cause = self.base.dimension(why.cause)
        asked = [path for path in self.query.dimensions if self._dimension(path)[1].column != why.cause]
        if asked and len(asked) < len(self.query.dimensions):
            return self._causes(flag)
        where = self._where(beside=f"{self.base.name}.{why.flag}")
        if asked:
            for path in asked:
                entity, dimension = self._dimension(path)
                self._add(path, dimension, self._grained(path, entity, dimension), grain=_colon(path))
                self.grouped.append(str(len(self.selected)))
            self._plain("with_it", say("Late ones"), "number", f"count(*) FILTER (WHERE {flag})")
            self._plain(
                "share_with", say("share of the late ones"), "bp", _part_of_all(f"count(*) FILTER (WHERE {flag})")
            )
            others = f"count(*) FILTER (WHERE NOT {flag})"
            self._plain("share_without", say("share of the others"), "bp", _part_of_all(others))
            self._plain(
                "rate", say("late of all here"), "bp",
                f"round(10000.0 * count(*) FILTER (WHERE {flag}) / NULLIF(count({flag}), 0))::bigint",
            )  # fmt: skip
            order = [f"{len(asked) + 1} DESC NULLS LAST", *self.grouped]
            return self._statement(where=where, order=order)
        assert cause is not None
        names = ", ".join(f"'{name}'" for name in why.legs)
        columns = ", ".join(_column(self.base, column) for column in why.legs.values())
        joins = "".join(f"\n{join}" for join in self.joined.values())
        inner = (
            f"SELECT {flag} AS flag, {_column(self.base, cause.column)} AS cause, "
            f"unnest(ARRAY[{names}]) AS leg, unnest(ARRAY[{columns}]) AS seconds\n"
            f'FROM ask."{self.base.name}" AS "{self.base.name}"{joins}{_clause("WHERE", where)}'
        )
        self.columns = [
            Column("cause", cause.label, "text"),
            Column("with_it", say("late ones because of it"), "number", is_measure=True),
            Column("share", say("share of the late ones"), "bp", is_measure=True, part="share"),
            Column("late_average", say("average of the late ones"), "seconds", is_measure=True),
            Column("others_average", say("average of the others"), "seconds", is_measure=True),
            Column("longer", say("longer by"), "seconds", is_measure=True),
        ]
        late, others = "avg(x.seconds) FILTER (WHERE x.flag)", "avg(x.seconds) FILTER (WHERE NOT x.flag)"
        sql = (
            'SELECT x.leg AS "cause", count(*) FILTER (WHERE x.flag AND x.cause = x.leg) AS "with_it", '
            "round(10000.0 * count(*) FILTER (WHERE x.flag AND x.cause = x.leg) / "
            'NULLIF(count(*) FILTER (WHERE x.flag), 0))::bigint AS "share", '
            f'round({late})::bigint AS "late_average", round({others})::bigint AS "others_average", '
            f'round({late} - {others})::bigint AS "longer"\n'
            f"FROM (\n{inner}\n) AS x\nGROUP BY 1\n"
            f"ORDER BY 2 DESC NULLS LAST, 6 DESC NULLS LAST, 1\nLIMIT {len(why.legs) + 1}"
        )
        return Compiled(sql, self.params, tuple(self.columns), self._entities(), len(why.legs))

    def _causes(self, flag: str) -> Compiled:
        """Each cause by something else (a store): how many, its share of the late ones there; where most were late
        first."""
        why = self.base.why
        assert why is not None
        where = [*self._where(beside=f"{self.base.name}.{why.flag}"), f"{flag} IS TRUE"]
        for path in self.query.dimensions:
            entity, dimension = self._dimension(path)
            self._add(path, dimension, self._grained(path, entity, dimension), grain=_colon(path))
            self.grouped.append(str(len(self.selected)))
        cause = next(
            n for n, path in enumerate(self.query.dimensions) if self._dimension(path)[1].column == why.cause
        )  # fmt: skip
        others = [
            self._grained(path, *self._dimension(path)) for n, path in enumerate(self.query.dimensions) if n != cause
        ]
        whole = f"sum(count(*)) OVER (PARTITION BY {', '.join(others)})"
        for path in self.query.measures or (f"{self.base.name}.count",):
            self._add_measure(path)
        self._plain("share_there", say("share of the late ones there"), "bp",
                    f"round(10000.0 * count(*) / {whole})::bigint")  # fmt: skip
        return self._statement(
            where=where, order=[f"{whole} DESC", *self.grouped[:cause], "count(*) DESC", *self.grouped]
        )

    def _statement(self, *, where: Sequence[str], order: Sequence[str], having: Sequence[str] = ()) -> Compiled:
        limit = max(1, min(self.query.limit, MOST_ROWS))
        if not 0 <= self.page < MOST_PAGES:
            raise CannotCompile("too-long", say("There are more pages than are shown: narrow the question."))
        fresh = self.base.dimension(self.base.fresh) if self.base.fresh else None
        selected = list(self.selected)
        if fresh is not None:
            column = _column(self.base, fresh.column)
            selected.append(f"{f'max({column})' if self.columns_are_groups else column} AS fresh_at")
        parts = [
            "SELECT " + ", ".join(selected),
            f'FROM ask."{self.base.name}" AS "{self.base.name}"',
            *self.joined.values(),
            _clause("WHERE", where).strip(),
            "GROUP BY " + ", ".join(self.grouped) if self.grouped else "",
            _clause("HAVING", having).strip(),
            "ORDER BY " + ", ".join(order) if order else "",
            f"LIMIT {limit + 1}" + (f" OFFSET {limit * self.page}" if self.page else ""),
        ]
        sql = "\n".join(part for part in parts if part)
        return Compiled(sql, self.params, tuple(self.columns), self._entities(), limit, self.page, fresh is not None)

    @property
    def columns_are_groups(self) -> bool:
        return bool(self.grouped) or any(column.is_measure for column in self.columns)

    # -- what is selected -------------------------------------------------------------------------------------------

    def _add(self, path: str, of: Dimension | Measure, sql: str, *, grain: str = "") -> None:
        kind = GRAIN_KINDS.get(grain, of.kind)
        name = self._name(f"{of.name}_{grain}" if grain else of.name)
        self.columns.append(Column(name, of.label, kind, path))
        self.selected.append(f'{sql} AS "{name}"')

    def _plain(self, name: str, label: Said, kind: str, sql: str) -> None:
        self.columns.append(Column(name, label, kind, is_measure=True))
        self.selected.append(f'{sql} AS "{name}"')

    def _add_measure(self, path: str) -> None:
        measure = self._measure(path)
        name = self._name(measure.name if _colon(path) == "" else f"{measure.name}_{_colon(path)}")
        label = measure.label
        kind = measure.kind
        now, against = self.query.window, self.query.against
        if against is None:
            sql = _aggregate(self.base, measure)
            self.columns.append(Column(name, label, kind, path, is_measure=True))
            self.selected.append(f'{sql} AS "{name}"')
            if self.query.intent is Intent.SHARE and measure.aggregate in ADDITIVE:
                of = say("share of {figure}", figure=label)
                self.columns.append(Column(f"{name}_share", of, "bp", path, "share", is_measure=True))
                self.selected.append(f'{_part_of_all(sql)} AS "{name}_share"')
            return
        if now is None or now.field != against.field:
            raise CannotCompile("not-together", say("Two periods are compared by the same time."))
        first = _aggregate(self.base, measure, self._within(now))
        second = _aggregate(self.base, measure, self._within(against))
        for part, told, sql in (
            ("", label, first),
            ("before", say("{figure} before", figure=label), second),
            ("change", say("change of {figure}", figure=label), f"{first} - {second}"),
        ):
            full = f"{name}_{part}" if part else name
            self.columns.append(Column(full, told, kind, path, part, is_measure=True))
            self.selected.append(f'{sql} AS "{full}"')

    def _value(self, value: Any) -> str:
        """The place of a value in the text; the same value has one place, so that equal figures are reckoned once."""
        for name, known in self.params.items():
            if type(known) is type(value) and known == value:
                return f"%({name})s"
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def _name(self, wanted: str) -> str:
        taken = {column.name for column in self.columns}
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _grained(self, path: str, entity: Entity, dimension: Dimension, *, shifted: bool = False) -> str:
        column, grain = _column(entity, dimension.column), _colon(path)
        if not grain:
            return column
        forms = {"time": GRAINS, "date": DAY_GRAINS}.get(dimension.kind, {})
        if grain not in forms:
            raise CannotCompile("unknown", say("{field} can't be told by {grain}.", field=dimension.label, grain=grain))
        now, against = self.query.window, self.query.against
        if shifted and now and against and dimension.kind == "time" and path.partition(":")[0] == now.field:
            # Both periods beside each other: the earlier one is moved onto the later.
            moved = self._value((now.start - against.start).total_seconds())
            column = (
                f"CASE WHEN {self._within(against)} THEN {column} + {moved} * interval '1 second' ELSE {column} END"
            )
        return forms[grain].format(column)

    # -- conditions -------------------------------------------------------------------------------------------------

    def _where(self, *, beside: str = "") -> list[str]:
        """`beside` is a field whose filters are left out: "why late" looks at the others as well."""
        conditions: list[str] = []
        if self.query.window is not None:
            inside = self._within(self.query.window)
            if self.query.against is not None:
                inside = f"({inside} OR {self._within(self.query.against)})"
            conditions.append(inside)
        wanted = [one for one in self.query.filters if one.field != beside and not self._is_measure(one)]
        return [*conditions, *(self._filter(one) for one in wanted)]

    def _is_measure(self, one: Filter) -> bool:
        return isinstance(self._field(one.field)[1], Measure)

    def _having(self) -> list[str]:
        inside = self._within(self.query.window) if self.query.window and self.query.against else ""
        conditions = []
        for one in self.query.filters:
            if self._is_measure(one):
                measure = self._measure(one.field)
                conditions.append(self._number_filter(_aggregate(self.base, measure, inside), one, measure.label))
        return conditions

    def _within(self, window: Window) -> str:
        entity, dimension = self._dimension(window.field)
        column = _column(entity, dimension.column)
        start, end = window.start, window.end
        if start.tzinfo is None or end.tzinfo is None or not 2000 <= start.year <= end.year < 2100 or start >= end:
            raise CannotCompile("wrong-value", say("A period needs a beginning and a later end."))
        if dimension.kind == "date":
            zone = ZoneInfo(ZONE)
            last = end.astimezone(zone)
            until = last.date() if last.time() == time.min else last.date() + timedelta(days=1)
            return f"({column} >= {self._value(start.astimezone(zone).date())} AND {column} < {self._value(until)})"
        if dimension.kind != "time":
            raise CannotCompile("wrong-value", say("{field} is no time.", field=dimension.label))
        return f"({column} >= {self._value(start)} AND {column} < {self._value(end)})"

    def _filter(self, one: Filter) -> str:
        entity, dimension = self._dimension(one.field)
        column = self._grained(one.field, entity, dimension)
        if not one.values or len(one.values) > MOST_VALUES:
            raise CannotCompile("wrong-value", say("{field} is asked for without a value.", field=dimension.label))
        kind = GRAIN_KINDS.get(_colon(one.field), dimension.kind)
        if kind == "flag":
            sql = self._flag(column, one, dimension)
        elif kind in ("text", "id"):
            sql = self._text(column, one, dimension)
        elif kind in FIGURES:
            sql = self._number_filter(column, one, dimension.label)
        else:
            moments = [_moment(value, kind, dimension.label) for value in one.values]
            sql = self._compared(column, one, moments, dimension.label)
        if not dimension.empty_is_all:
            return sql
        return f"({sql} OR {column} {'IS NULL' if dimension.kind == 'time' else IS_EMPTY})"

    def _number_filter(self, column: str, one: Filter, label: str) -> str:
        numbers = [_number(value, label) for value in one.values]
        if one.op is Op.IN or (one.op is Op.NOT and len(numbers) > 1):
            word = "= ANY" if one.op is Op.IN else "<> ALL"
            return f"{column} {word} ({self._value(numbers)}::numeric[])"
        return self._compared(column, one, numbers, label)

    def _compared(self, column: str, one: Filter, values: Sequence[Any], label: str) -> str:
        if one.op is Op.BETWEEN and len(values) == 2:
            return f"{column} BETWEEN {self._value(values[0])} AND {self._value(values[1])}"
        if one.op not in COMPARE or len(values) != 1:
            raise CannotCompile("wrong-value", say("{field} can't be compared like that.", field=label))
        return f"{column} {COMPARE[one.op]} {self._value(values[0])}"

    @staticmethod
    def _flag(column: str, one: Filter, dimension: Dimension) -> str:
        value = one.values[0]
        if one.op not in (Op.EQ, Op.NOT) or len(one.values) != 1 or not isinstance(value, bool):
            raise CannotCompile("wrong-value", say("{field} is yes or no.", field=dimension.label))
        return f"{column} IS {'TRUE' if value == (one.op is Op.EQ) else 'FALSE'}"

    def _text(self, column: str, one: Filter, dimension: Dimension) -> str:
        texts = [_words(value, dimension.label) for value in one.values]
        if one.op is Op.HAS:
            words = [word for text in texts for word in text.split()]
            if not words:
                raise CannotCompile("wrong-value", say("{field} is asked for without a value.", field=dimension.label))
            # The first form is what the trigram index knows; the second wants a word to begin so.
            return " AND ".join(
                f"(upper({column}) LIKE upper({self._value(f'%{_like(word)}%')}) AND {column} ~* "
                f"{self._value((chr(92) + 'm' if word[0].isalnum() else '') + re.escape(word))})"
                for word in words
            )
        if one.op not in (Op.EQ, Op.IN, Op.NOT):
            raise CannotCompile("wrong-value", say("{field} is a word, not an amount.", field=dimension.label))
        if dimension.values:
            known = {value.casefold(): value for value in dimension.values}
            unknown = next((text for text in texts if text.casefold() not in known), None)
            if unknown is not None:
                raise CannotCompile(
                    "wrong-value",
                    say(
                        "{field} is never “{value}”: it is one of {values}.",
                        field=dimension.label,
                        value=unknown,
                        values=", ".join(dimension.values),
                    ),
                )
            forms = [known[text.casefold()] for text in texts]
        else:
            # However it was spelled; an index on the column still serves.
            forms = list(dict.fromkeys(f for t in texts for f in (t, t.lower(), t.upper(), t.capitalize(), t.title())))
        if one.op is Op.NOT:
            return f"({column} <> ALL ({self._value(forms)}) OR {column} IS NULL)"
        return f"{column} = ANY ({self._value(forms)})"

    # -- order ------------------------------------------------------------------------------------------------------

    def _usual_order(self) -> list[Order]:
        by = {Intent.CHEAPEST: ("price", False), Intent.DEALS: ("discount", True)}.get(self.query.intent)
        if by is None or self.base.dimension(by[0]) is None:
            return []
        return [Order(f"{self.base.name}.{by[0]}", down=by[1])]

    def _order(self, usual: Sequence[Order | None], *, tie: Sequence[str]) -> list[str]:
        out = [
            f"{self._ordered(one)} {'DESC' if one.down else 'ASC'} NULLS LAST"
            for one in self.query.order or [order for order in usual if order is not None]
        ]
        return [*out, *(each for each in tie if not any(f"{each} " in done for done in out))]

    def _ordered(self, one: Order) -> str:
        base, part = one.field, ""
        if _colon(base) in ("before", "change", "share"):
            base, _, part = base.partition(":")
        for number, column in enumerate(self.columns, 1):
            if column.field == base and column.part == part:
                return str(number)
        entity, of = self._field(one.field)
        if isinstance(of, Measure):
            if not self.grouped or self.query.against is not None or part:
                raise CannotCompile("not-together", say("It can only be ordered by what is shown."))
            return _aggregate(self.base, self._measure(one.field))
        if self.grouped:
            raise CannotCompile("not-together", say("It can only be ordered by what is shown."))
        return self._grained(one.field, entity, of)

    # -- names ------------------------------------------------------------------------------------------------------

    def _entity(self, name: str) -> Entity:
        try:
            return self.layer.entity(name)
        except KeyError:
            raise CannotCompile("not-allowed", say("Nothing you may see is called that.")) from None

    def _field(self, path: str) -> tuple[Entity, Dimension | Measure]:
        try:
            entity, found = self.layer.field(path)
        except KeyError:
            raise CannotCompile("unknown", say("Nothing you may see is called that.")) from None
        self._reach(entity)
        return entity, found

    def _dimension(self, path: str) -> tuple[Entity, Dimension]:
        entity, found = self._field(path)
        if isinstance(found, Measure):
            raise CannotCompile("not-together", say("{field} is a figure, not a way to sort rows.", field=found.label))
        return entity, found

    def _measure(self, path: str) -> Measure:
        """A measure of the base entity, with the aggregate asked for; of a joined one a row would count many times."""
        entity, found = self._field(path)
        if entity is not self.base:
            raise CannotCompile(
                "not-together",
                say("{figure} can't be told by {rows}.", figure=found.label, rows=self.base.label),
            )  # fmt: skip
        wanted = _colon(path)
        if isinstance(found, Dimension):
            if not wanted:
                raise CannotCompile("unknown", say("{field} is no figure.", field=found.label))
            found = Measure(found.name, found.label, found.kind, "", found.column)
        elif not wanted:
            return found
        if wanted not in ("count", "distinct", "min", "max", "avg", "sum", *PERCENTILES, "rate"):
            raise CannotCompile("unknown", say("{field} has no such figure.", field=found.label))
        if (wanted in ("avg", "sum", *PERCENTILES) and found.kind not in FIGURES) or (
            wanted == "rate" and found.kind != "flag"
        ):
            raise CannotCompile("unknown", say("{field} has no such figure.", field=found.label))
        kind = {"count": "number", "distinct": "number", "rate": "bp"}.get(wanted, found.kind)
        return Measure(found.name, found.label, kind, wanted, found.column, found.where)

    def _reach(self, entity: Entity) -> None:
        """The shortest way over the joins, many to one; each becomes a JOIN once."""
        if entity is self.base or entity.name in self.joined:
            return
        ways: dict[str, str] = {self.base.name: ""}
        queue = deque([self.base])
        while queue and entity.name not in ways:
            here = queue.popleft()
            for join in here.joins:
                if join.to not in ways and join.to in self.layer.entities:
                    ways[join.to] = here.name
                    queue.append(self.layer.entity(join.to))
        if entity.name not in ways:
            raise CannotCompile(
                "not-together", say("{one} and {other} can't be put together.", one=self.base.label, other=entity.label)
            )
        path = [entity.name]
        while ways[path[-1]] != self.base.name:
            path.append(ways[path[-1]])
        for name in reversed(path):
            if name in self.joined:
                continue
            source = self.layer.entity(ways[name])
            join = next(one for one in source.joins if one.to == name)
            self.joined[name] = (
                f'LEFT JOIN ask."{name}" AS "{name}" ON "{name}"."{join.key}" = "{source.name}"."{join.column}"'
            )

    def _entities(self) -> tuple[str, ...]:
        return (self.base.name, *self.joined)

    def _check_size(self) -> None:
        query = self.query
        if len(query.filters) > MOST_FILTERS or len(query.order) > 5 or (
            len(query.measures) + len(query.dimensions) + len(query.columns) > MOST_FIELDS
        ):  # fmt: skip
            raise CannotCompile("too-long", say("That is more than one question can hold."))


def _column(entity: Entity, column: str) -> str:
    return f'"{entity.name}"."{column}"'


def _colon(path: str) -> str:
    return path.partition(":")[2]


def _clause(word: str, conditions: Sequence[str]) -> str:
    return f"\n{word} " + "\n  AND ".join(conditions) if conditions else ""


def _part_of_all(figure: str) -> str:
    return f"round(10000.0 * {figure} / NULLIF(sum({figure}) OVER (), 0))::bigint"


def _aggregate(entity: Entity, measure: Measure, condition: str = "") -> str:
    """The aggregate of whole numbers is a whole number; of amounts two digits are enough."""
    column = "*" if measure.column == "*" else _column(entity, measure.column)
    conditions = [_column(entity, measure.where) if measure.where else "", condition]
    held = " AND ".join(part for part in conditions if part)
    over = f" FILTER (WHERE {held})" if held else ""
    whole = "numeric, 2)" if measure.kind == "amount" else "numeric)::bigint"
    if measure.aggregate == "count":
        return f"count({column}){over}"
    if measure.aggregate == "distinct":
        return f"count(DISTINCT {column}){over}"
    if measure.aggregate in ("min", "max"):
        return f"{measure.aggregate}({column}){over}"
    if measure.aggregate == "sum":
        return f"round(sum({column}){over}::{whole}"
    if measure.aggregate == "avg":
        return f"round(avg({column}){over}::{whole}"
    if measure.aggregate == "rate":
        true = " AND ".join(part for part in (column, held) if part)
        return f"round(10000.0 * count(*) FILTER (WHERE {true}) / NULLIF(count({column}){over}, 0))::bigint"
    percentile = f"percentile_cont({PERCENTILES[measure.aggregate]}) WITHIN GROUP (ORDER BY {column})"
    return f"round(({percentile}{over})::{whole}"


def _number(value: Value, label: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e15:
        raise CannotCompile("wrong-value", say("{field} is a number.", field=label))
    return value


def _moment(value: Value, kind: str, label: str) -> Any:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise CannotCompile("wrong-value", say("{field} is a day or a time.", field=label)) from None
    if not 2000 <= found.year < 2100:
        raise CannotCompile("wrong-value", say("{field} is a day or a time.", field=label))
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(ZONE))
    return found.astimezone(ZoneInfo(ZONE)).date() if kind == "date" else found


def _words(value: Value, label: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE or _is_unreadable(value):
        raise CannotCompile("wrong-value", say("{field} is a word or a few.", field=label))
    return value.strip()


def _is_unreadable(value: str) -> bool:
    """No database holds it: a null byte, half of a pair of UTF-16."""
    return any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value)


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
