"""WHERE and HAVING: each filter by the kind of its field, its values in places of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blinkit.kernel.said import say
from dashboard.ask.compile.expressions import after_colon, aggregate
from dashboard.ask.compile.names import Names
from dashboard.ask.compile.times import GRAIN_KINDS, Times
from dashboard.ask.compile.values import Places, like, moment, number, words
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import FIGURES, Dimension
from dashboard.ask.query import Filter, Op, Query

MOST_VALUES = 200
COMPARE = {Op.EQ: "=", Op.NOT: "<>", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}


@dataclass(slots=True)
class Conditions:
    query: Query
    names: Names
    places: Places
    times: Times

    def where(self, *, beside: str = "") -> list[str]:
        """`beside` is a field whose filters are left out: "why late" looks at the others as well."""
        conditions: list[str] = []
        if self.query.window is not None:
            inside = self.times.within(self.query.window)
            if self.query.against is not None:
                inside = f"({inside} OR {self.times.within(self.query.against)})"
            conditions.append(inside)
        wanted = [one for one in self.query.filters if one.field != beside and not self.names.is_measure(one.field)]
        return [*conditions, *(self._filter(one) for one in wanted)]

    def having(self) -> list[str]:
        inside = self.times.within(self.query.window) if self.query.window and self.query.against else ""
        conditions = []
        for one in self.query.filters:
            if self.names.is_measure(one.field):
                measure = self.names.measure(one.field)
                conditions.append(self._of_figure(aggregate(self.names.base, measure, inside), one, measure.label))
        return conditions

    def _filter(self, one: Filter) -> str:
        entity, dimension = self.names.dimension(one.field)
        column = self.times.grained(one.field, entity, dimension)
        if not one.values or len(one.values) > MOST_VALUES:
            raise CannotCompile("wrong-value", say("{field} is asked for without a value.", field=dimension.label))
        kind = GRAIN_KINDS.get(after_colon(one.field), dimension.kind)
        if kind == "flag":
            sql = _of_flag(column, one, dimension)
        elif kind in ("text", "id"):
            sql = self._of_text(column, one, dimension)
        elif kind in FIGURES:
            sql = self._of_figure(column, one, dimension.label)
        else:
            moments = [moment(value, kind, dimension.label) for value in one.values]
            sql = self._compared(column, one, moments, dimension.label)
        if not dimension.empty_is_all:
            return sql
        empty = "IS NULL" if dimension.kind == "time" else "= ''"
        return f"({sql} OR {column} {empty})"

    def _of_figure(self, column: str, one: Filter, label: str) -> str:
        numbers = [number(value, label) for value in one.values]
        if one.op is Op.IN or (one.op is Op.NOT and len(numbers) > 1):
            word = "= ANY" if one.op is Op.IN else "<> ALL"
            return f"{column} {word} ({self.places.of(numbers)}::numeric[])"
        return self._compared(column, one, numbers, label)

    def _compared(self, column: str, one: Filter, values: Sequence[Any], label: str) -> str:
        if one.op is Op.BETWEEN and len(values) == 2:
            return f"{column} BETWEEN {self.places.of(values[0])} AND {self.places.of(values[1])}"
        if one.op not in COMPARE or len(values) != 1:
            raise CannotCompile("wrong-value", say("{field} can't be compared like that.", field=label))
        return f"{column} {COMPARE[one.op]} {self.places.of(values[0])}"

    def _of_text(self, column: str, one: Filter, dimension: Dimension) -> str:
        texts = [words(value, dimension.label) for value in one.values]
        if one.op in (Op.HAS, Op.LACKS):
            return self._has(column, [word for text in texts for word in text.split()], dimension, one.op)
        if one.op not in (Op.EQ, Op.IN, Op.NOT):
            raise CannotCompile("wrong-value", say("{field} is a word, not an amount.", field=dimension.label))
        forms = _known(texts, dimension) if dimension.values else _spelled(texts)
        if one.op is Op.NOT:
            return f"({column} <> ALL ({self.places.of(forms)}) OR {column} IS NULL)"
        return f"{column} = ANY ({self.places.of(forms)})"

    def _has(self, column: str, sought: Sequence[str], dimension: Dimension, op: Op) -> str:
        """Words begin so, or none does. The first form is what the trigram index knows, the second decides."""
        if not sought:
            raise CannotCompile("wrong-value", say("{field} is asked for without a value.", field=dimension.label))
        begins = {word: (r"\m" if word[0].isalnum() else "") + re.escape(word) for word in sought}
        if op is Op.LACKS:
            return " AND ".join(f"{column} !~* {self.places.of(begins[word])}" for word in sought)
        return " AND ".join(
            f"(upper({column}) LIKE upper({self.places.of(f'%{like(word)}%')}) AND {column} ~* "
            f"{self.places.of(begins[word])})"
            for word in sought
        )


def _of_flag(column: str, one: Filter, dimension: Dimension) -> str:
    value = one.values[0]
    if one.op not in (Op.EQ, Op.NOT) or len(one.values) != 1 or not isinstance(value, bool):
        raise CannotCompile("wrong-value", say("{field} is yes or no.", field=dimension.label))
    return f"{column} IS {'TRUE' if value == (one.op is Op.EQ) else 'FALSE'}"


def _known(texts: Sequence[str], dimension: Dimension) -> list[str]:
    """Of the few words the field can hold, as they are written there."""
    known = {value.casefold(): value for value in dimension.values}
    unknown = next((text for text in texts if text.casefold() not in known), None)
    if unknown is not None:
        raise CannotCompile(
            "wrong-value",
            say("{field} is never “{value}”: it is one of {values}.", field=dimension.label, value=unknown,
                values=", ".join(dimension.values)),
        )  # fmt: skip
    return [known[text.casefold()] for text in texts]


def _spelled(texts: Sequence[str]) -> list[str]:
    """However it was spelled; an index on the column still serves."""
    return list(dict.fromkeys(f for t in texts for f in (t, t.lower(), t.upper(), t.capitalize(), t.title())))
