"""What a question was understood as: the one object that chips show, that compiles to SQL, that a model may propose.

It says names of the layer only ("listing.price", "order.count"), never a table or a column. Values are plain: numbers
in the field's own unit (paise, hundredths of a percent, seconds), words, ISO dates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Intent(StrEnum):
    CHEAPEST = "cheapest"  # the lowest price (or unit price) of something
    COMPARE = "compare"  # one thing across platforms, stores, periods
    LIST = "list"
    DEALS = "deals"  # ordered by how much is off, or by when it ends
    TREND = "trend"  # over time
    FIGURE = "figure"  # one or a few aggregates
    TOP = "top"  # the n largest or smallest
    SHARE = "share"  # parts of a whole
    WHY = "why"  # what the late ones have in common


class Op(StrEnum):
    EQ = "eq"
    NOT = "not"
    IN = "in"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    BETWEEN = "between"  # both ends within
    HAS = "has"  # the text holds the words
    LACKS = "lacks"  # the text holds none of the words


Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Filter:
    """`field` is an "entity.dimension" or, of a group, an "entity.measure" (then it is asked of the aggregate)."""

    field: str
    op: Op
    values: tuple[Value, ...]
    said: str = ""
    """The words of the question it came from, for the chip."""


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) of a time field; `said` is how people would call it ("yesterday evening")."""

    field: str
    start: datetime
    end: datetime
    said: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. Without `measures` it is a list of `columns`; with them, aggregates by `dimensions`.

    A dimension may carry a grain: "order.placed_at:day" (hour, day, week, month, weekday, hour_of_day).
    A measure may carry another aggregate than its own: "listing.price:avg" (min, max, avg, sum, count, p50, p90, p95).
    """

    intent: Intent
    entity: str
    measures: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    window: Window | None = None
    against: Window | None = None
    """The period it is compared with: each measure gets a second figure."""
    order: tuple[Order, ...] = ()
    limit: int = 50
    per: str = ""
    """A field that is shown: `limit` rows of each of its values ("the top 3 on each platform")."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing on a shopping list: "2 kg onions" is item "onion", 2000 g."""

    item: str
    amount: float | None = None
    measure: str = ""
    """g, ml or pc."""
    pieces: int = 1
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Basket:
    """A whole shopping list (or a budget to spend), fees and minimums included: answered in named steps by the
    catalogue's basket comparison, not by one SELECT."""

    wanted: tuple[Wanted, ...] = ()
    budget_paise: int | None = None
    categories: tuple[str, ...] = ()
    """Without a list: what the budget is for; empty: anything."""
    platforms: tuple[str, ...] = ()
    """Empty: all of them."""
    city: str = ""


Understood = Query | Basket


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a question. `steps` names what will be done, in order."""

    of: Understood
    confidence: float
    steps: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Words of the question nothing was made of: said to the asker, never hidden."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """One reading: answer it. Several: ask which. None: say `sorry` and offer `near`."""

    question: str
    readings: tuple[Reading, ...] = ()
    sorry: str = ""
    near: tuple[str, ...] = field(default=())
