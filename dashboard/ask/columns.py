"""One column of an answer: what is selected, what the sentence tells, what a page, a picture and a file show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dashboard.ask.layer import FIGURES
from dashboard.ask.query import Intent, Query

NAMED = frozenset({"platform", "store", "city", "category", "aisle", "status"})


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is the layer's name of it, "" for what no field holds. `part` says which figure of a measure it is
    ("before" and "change" of a comparison, "share" of a whole), or how a list is drawn: "detail" stands in the table
    alone, "without" is what a row lacks."""

    name: str
    label: str
    kind: str
    field: str = ""
    part: str = ""
    is_measure: bool = False
    is_drawn: bool = False
    """It may be the figure of the picture."""

    @property
    def key(self) -> str:
        """What a sentence finds it by: "order.count", "order.count:before"."""
        return ":".join(part for part in (self.field or self.name, self.part) if part)

    @property
    def is_figure(self) -> bool:
        return self.kind in FIGURES

    @property
    def of(self) -> str:
        """What its words are names of (platform, store, …), "" for others."""
        last = self.field.partition(".")[2]
        return last if last in NAMED and self.kind == "text" else ""


def drawn(columns: Iterable[Column], query: Query) -> tuple[Column, ...]:
    """The figure to draw is the one the rows are ordered by, as the sentence tells it; else one that was asked for."""
    by = query.order[0].field if query.order else ""
    if query.intent is Intent.COMPARE and by not in query.measures:
        by = next((path for path in query.measures if path.endswith("unit_price")), by)
    return tuple(replace(column, is_drawn=_is_drawn(column, query, by)) for column in columns)


def _is_drawn(column: Column, query: Query, by: str) -> bool:
    if by in query.measures:
        return column.is_measure and bool(column.part or column.field == by)
    return column.is_measure or (bool(by) and column.field == by and column.is_figure and not query.measures)
