"""Queries and baskets as JSON and back: the door for shared links, saved questions and what a model proposes.

Everything that comes in is checked against the layer: unknown fields, wrong types, too much of anything are refused
with a sentence. What passes is a query the compiler may be given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, NoReturn

from dashboard.ask.compile.times import GRAIN_KINDS
from dashboard.ask.layer import FIGURES, Dimension, Layer, Measure
from dashboard.ask.query import Basket, Filter, Intent, Op, Order, Query, Understood, Value, Wanted, Window

LIMIT_CAP = 500
MOST = {"measures": 8, "dimensions": 4, "columns": 24, "filters": 24, "order": 4}
MOST_VALUES, MOST_WANTED, LONGEST_TEXT, LONGEST_SAID = 50, 40, 200, 120
MOST_BUDGET_PAISE = 100_000_000
GRAINS = frozenset(GRAIN_KINDS)
AGGREGATES = frozenset({"min", "max", "avg", "sum", "count", "p50", "p90", "p95"})
_COMPARED = frozenset({Op.LT, Op.LE, Op.GT, Op.GE, Op.BETWEEN})


class BadQuery(ValueError):
    """Not a query of this layer; the message says what is wrong, in words for a person."""


def _bad(sentence: str) -> NoReturn:
    raise BadQuery(sentence)


def to_json(understood: Understood) -> dict[str, Any]:
    """The canonical form: equal queries have equal JSON. Empty parts are left out."""
    if isinstance(understood, Basket):
        return _without_empty(
            {
                "kind": "basket",
                "wanted": [
                    _without_empty(
                        {
                            "item": one.item, "amount": one.amount, "measure": one.measure,
                            "pieces": one.pieces if one.pieces != 1 else None,
                            "filters": [_filter(each) for each in one.filters],
                        }
                    )
                    for one in understood.wanted
                ],
                "budget_paise": understood.budget_paise, "categories": list(understood.categories),
                "platforms": list(understood.platforms), "city": understood.city,
            }
        )  # fmt: skip
    return _without_empty(
        {
            "kind": "query", "intent": str(understood.intent), "entity": understood.entity,
            "measures": list(understood.measures), "dimensions": list(understood.dimensions),
            "columns": list(understood.columns), "filters": [_filter(one) for one in understood.filters],
            "window": _window(understood.window), "against": _window(understood.against),
            "order": [_without_empty({"field": one.field, "down": one.down or None}) for one in understood.order],
            "limit": understood.limit, "per": understood.per,
        }
    )  # fmt: skip


def canonical(understood: Understood) -> dict[str, Any]:
    """Without the words it was said in and with filters in order: to compare two understandings."""
    told = to_json(understood)
    for part in ("window", "against"):
        if part in told:
            told[part].pop("said", None)
    for one in told.get("wanted", ()):
        for each in one.get("filters", ()):
            each.pop("said", None)
    for one in told.get("filters", ()):
        one.pop("said", None)
        if one["op"] == "in":
            one["values"] = sorted(one["values"], key=str)
    if "filters" in told:
        told["filters"] = sorted(told["filters"], key=lambda one: (one["field"], one["op"], str(one["values"])))
    return told


def from_json(told: object, layer: Layer) -> Understood:
    """Raises BadQuery. `layer` is what the caller may see: other fields are unknown to it."""
    body = _object(told, "The query")
    kind = body.get("kind", "query")
    if kind == "basket":
        return _basket(body, layer)
    if kind != "query":
        _bad(f"“{str(kind)[:40]}” is no kind of question: query or basket.")
    _only(body, {"kind", "intent", "entity", "measures", "dimensions", "columns", "filters", "window", "against",
                 "order", "limit", "per"})  # fmt: skip
    entity = _text(body.get("entity"), "entity")
    if entity not in layer.entities:
        _bad(f"There is no “{entity[:60]}” to ask about.")
    intent = _choice(body.get("intent", "list"), Intent, "intent")
    check = _Checker(layer, entity)
    measures = check.each(body, "measures", check.measure)
    dimensions = check.each(body, "dimensions", check.dimension)
    columns = check.each(body, "columns", check.column)
    if measures and columns:
        _bad("A query has either columns or measures, not both.")
    if not measures and not columns:
        _bad("A query needs columns or measures.")
    if dimensions and not measures:
        _bad("Groups need a measure.")
    filters = tuple(check.filter(one) for one in _list(body.get("filters", []), "filters", MOST["filters"]))
    window, against = check.window(body.get("window"), "window"), check.window(body.get("against"), "against")
    if against is not None and (window is None or window.field != against.field or not measures):
        _bad("What is compared needs measures and two periods of the same field.")
    order = tuple(
        check.order(one, measures, dimensions) for one in _list(body.get("order", []), "order", MOST["order"])
    )
    limit = body.get("limit", 50)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= LIMIT_CAP:
        _bad(f"limit is a whole number from 1 to {LIMIT_CAP}.")
    per = body.get("per", "")
    if per not in ("", *dimensions, *columns):
        _bad("per is one of the columns or groups shown.")
    return Query(intent, entity, measures, dimensions, columns, filters, window, against, order, limit, per)


class _Checker:
    """Field names of one query against the layer."""

    def __init__(self, layer: Layer, entity: str) -> None:
        self.layer = layer
        self.reachable = _reachable(layer, entity)

    def each(self, body: dict[str, Any], part: str, check: Callable[[str], str]) -> tuple[str, ...]:
        found = tuple(check(_text(one, part)) for one in _list(body.get(part, []), part, MOST[part]))
        if len(set(found)) != len(found):
            _bad(f"{part} names a field twice.")
        return found

    def field(self, path: str) -> tuple[Dimension | Measure, str]:
        name, _, suffix = path.partition(":")
        try:
            entity, found = self.layer.field(name)
        except KeyError:
            _bad(f"There is no field “{path[:80]}”.")
        if entity.name not in self.reachable:
            _bad(f"“{path[:80]}” has nothing to do with what is asked about.")
        return found, suffix

    def measure(self, path: str) -> str:
        found, suffix = self.field(path)
        if isinstance(found, Measure):
            return path if not suffix else _bad(f"“{path[:80]}” already is an aggregate.")
        if suffix not in AGGREGATES or (found.kind not in FIGURES and suffix != "count"):
            _bad(f"“{path[:80]}” is no measure: a number with one of {', '.join(sorted(AGGREGATES))}.")
        return path

    def dimension(self, path: str) -> str:
        found, suffix = self.field(path)
        if isinstance(found, Measure):
            _bad(f"“{path[:80]}” is a measure and can't be grouped by.")
        if suffix and (suffix not in GRAINS or found.kind not in ("time", "date")):
            _bad(f"“{path[:80]}” is no group: a time by one of {', '.join(sorted(GRAINS))}.")
        return path

    def column(self, path: str) -> str:
        found, suffix = self.field(path)
        if isinstance(found, Measure) or suffix:
            _bad(f"“{path[:80]}” is no column of a list.")
        return path

    def filter(self, told: object) -> Filter:
        one = _object(told, "A filter")
        _only(one, {"field", "op", "values", "said"})
        path = _text(one.get("field"), "field")
        found, suffix = self.field(path)
        if suffix:
            self.measure(path)
        op = _choice(one.get("op", "eq"), Op, "op")
        kind = "number" if suffix else found.kind
        values = tuple(_value(each, kind, path) for each in _list(one.get("values"), "values", MOST_VALUES))
        wanted = {Op.BETWEEN: (2, 2), Op.IN: (1, MOST_VALUES)}.get(op, (1, 1))
        if not wanted[0] <= len(values) <= wanted[1]:
            _bad(f"“{op}” of {path} takes {'two values' if op == Op.BETWEEN else 'one value'}.")
        if op in _COMPARED and kind in ("text", "flag", "id"):
            _bad(f"{path} can't be more or less than something.")
        if op in (Op.HAS, Op.LACKS) and kind != "text":
            _bad(f"{path} holds no words.")
        if op == Op.BETWEEN and values[0] > values[1]:  # type: ignore[operator]
            _bad(f"{path}: the first of two bounds is the lower.")
        return Filter(path, op, values, _said(one))

    def window(self, told: object, part: str) -> Window | None:
        if told is None:
            return None
        one = _object(told, part)
        _only(one, {"field", "start", "end", "said"})
        path = _text(one.get("field"), "field")
        found, suffix = self.field(path)
        if isinstance(found, Measure) or suffix or found.kind not in ("time", "date"):
            _bad(f"“{path[:80]}” is no time.")
        start, end = _instant(one.get("start"), part), _instant(one.get("end"), part)
        if start >= end:
            _bad(f"{part} begins before it ends.")
        return Window(path, start, end, _said(one))

    def order(self, told: object, measures: Iterable[str], dimensions: Iterable[str]) -> Order:
        one = _object(told, "An order")
        _only(one, {"field", "down"})
        path = _text(one.get("field"), "field")
        down = one.get("down", False)
        if not isinstance(down, bool):
            _bad("down is true or false.")
        shown = {*measures, *dimensions}
        if list(measures):
            if path not in shown:
                _bad(f"“{path[:80]}” is not shown, so it can't be sorted by.")
        else:
            self.column(path)
        return Order(path, down)


def _reachable(layer: Layer, entity: str) -> set[str]:
    """Entities a query of this one may take fields of: itself and what its joins lead to."""
    found, waiting = {entity}, [entity]
    while waiting:
        for join in layer.entities[waiting.pop()].joins:
            if join.to not in found and join.to in layer.entities:
                found.add(join.to)
                waiting.append(join.to)
    return found


def _basket(body: dict[str, Any], layer: Layer) -> Basket:
    _only(body, {"kind", "wanted", "budget_paise", "categories", "category", "platforms", "city"})
    if "listing" not in layer.entities:
        _bad("There are no prices to ask about.")
    check = _Checker(layer, "listing")
    wanted: list[Wanted] = []
    for told in _list(body.get("wanted", []), "wanted", MOST_WANTED):
        one = _object(told, "A wanted thing")
        _only(one, {"item", "amount", "measure", "pieces", "filters"})
        amount, measure, pieces = one.get("amount"), one.get("measure", ""), one.get("pieces", 1)
        if amount is not None and (
            isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 < amount <= 1e6
        ):
            _bad("amount is a number above nothing, in g, ml or pieces.")
        if measure not in ("", "g", "ml", "pc") or (amount is not None) != bool(measure):
            _bad("An amount has a measure: g, ml or pc.")
        if isinstance(pieces, bool) or not isinstance(pieces, int) or not 1 <= pieces <= 100:
            _bad("pieces is a whole number from 1 to 100.")
        filters = tuple(check.filter(each) for each in _list(one.get("filters", []), "filters", 6))
        wanted.append(Wanted(_text(one.get("item"), "item"), amount, measure, pieces, filters))
    budget = body.get("budget_paise")
    if budget is not None and (
        isinstance(budget, bool) or not isinstance(budget, int) or not 0 < budget <= MOST_BUDGET_PAISE
    ):
        _bad("budget_paise is a whole number of paise above nothing.")
    if not wanted and budget is None:
        _bad("A basket needs a list or a budget.")
    platforms = tuple(_text(one, "platforms") for one in _list(body.get("platforms", []), "platforms", 20))
    before = [body["category"]] if "category" in body else []  # as it was written once
    categories = tuple(_text(one, "categories") for one in _list(body.get("categories", before), "categories", 20))
    city = body.get("city", "")
    if not isinstance(city, str) or len(city) > 80:
        _bad("city is a word.")
    return Basket(tuple(wanted), budget, categories, platforms, city)


def _filter(one: Filter) -> dict[str, Any]:
    return _without_empty({"field": one.field, "op": str(one.op), "values": list(one.values), "said": one.said})


def _window(one: Window | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return _without_empty(
        {"field": one.field, "start": one.start.isoformat(), "end": one.end.isoformat(), "said": one.said}
    )


def _without_empty(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _object(told: object, what: str) -> dict[str, Any]:
    if not isinstance(told, dict) or any(not isinstance(name, str) for name in told):
        _bad(f"{what} is no object.")
    return told


def _only(told: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(told) - known)
    if unknown:
        _bad(f"Unknown part: {', '.join(unknown)[:80]}.")


def _list(told: object, what: str, most: int) -> list[Any]:
    if not isinstance(told, list | tuple):
        _bad(f"{what} is a list.")
    if len(told) > most:
        _bad(f"{what}: at most {most}.")
    return list(told)


def _text(told: object, what: str) -> str:
    if not isinstance(told, str) or not told.strip() or len(told) > LONGEST_TEXT:
        _bad(f"{what}: a few words are expected.")
    return told


def _said(told: dict[str, Any]) -> str:
    said = told.get("said", "")
    if not isinstance(said, str):
        _bad("said is text.")
    return said[:LONGEST_SAID]


def _choice(told: object, of: type[Any], what: str) -> Any:
    try:
        return of(told)
    except ValueError:
        _bad(f"“{str(told)[:40]}” is no {what}: {', '.join(str(one) for one in of)}.")


def _value(told: object, kind: str, path: str) -> Value:
    if kind == "flag":
        return told if isinstance(told, bool) else _bad(f"{path} is true or false.")
    if kind in FIGURES:
        if isinstance(told, bool) or not isinstance(told, int | float) or not abs(told) < 1e15:
            _bad(f"{path} is compared with a number.")
        return told
    if not isinstance(told, str) or len(told) > LONGEST_TEXT or "\x00" in told:
        _bad(f"{path} is compared with words.")
    if kind in ("time", "date"):
        try:
            date.fromisoformat(told) if len(told) == 10 else _instant(told, path)
        except ValueError:
            _bad(f"{path} is compared with a date.")
    return told


def _instant(told: object, what: str) -> datetime:
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1970 < found.year < 2200:
        _bad(f"{what}: a time with its zone is expected.")
    return found
