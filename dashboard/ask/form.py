"""A query object as plain JSON and back: what is kept with a saved question, travels in a link, or is proposed by a model.
Reading is strict: what is not exactly a query over the layer is refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dashboard.ask.layer import Layer
from dashboard.ask.query import Basket, Filter, Intent, Op, Order, Query, Understood, Wanted, Window

KEYS = frozenset(
    {
        *("intent", "entity", "measures", "dimensions", "columns", "filters", "window", "against", "order", "limit"),
        "text",  # as it was asked; says nothing about what is meant
    }
)
MOST = 50


def to_json(of: Understood) -> dict[str, Any]:
    """Without what is empty."""
    if isinstance(of, Basket):
        return {"basket": _slim(asdict(of))}
    told = _slim(asdict(of))
    for name in ("window", "against"):
        if told.get(name):
            told[name] = {
                **told[name], "start": told[name]["start"].isoformat(), "end": told[name]["end"].isoformat()
            }  # fmt: skip
    return told | {"intent": of.intent.value, "limit": of.limit}


def from_json(told: Any, layer: Layer) -> Understood:
    """Raises ValueError with the reason; KeyError never."""
    if not isinstance(told, Mapping):
        raise ValueError("not an object")
    if "basket" in told:
        return _basket(told["basket"])
    unknown = set(told) - KEYS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(map(str, unknown))[:3])}")
    try:
        intent = Intent(told.get("intent", ""))
    except ValueError:
        raise ValueError("intent is unknown") from None
    entity = _text(told.get("entity"), "entity")
    if entity not in layer.entities:
        raise ValueError(f"{entity} is no entity you may ask about")
    limit = told.get("limit", 50)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= 500:
        raise ValueError("limit is a whole number from 1 to 500")
    query = Query(
        intent, entity, _paths(told, "measures", layer), _paths(told, "dimensions", layer),
        _paths(told, "columns", layer), tuple(_filter(one, layer) for one in _list(told, "filters")),
        _window(told.get("window"), layer), _window(told.get("against"), layer),
        tuple(_order(one, layer) for one in _list(told, "order")), limit,
    )  # fmt: skip
    return query


def _slim(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _slim(each) for name, each in value.items() if each not in ((), [], None, "")}
    if isinstance(value, list | tuple):
        return [_slim(each) for each in value]
    return value


def _list(told: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = told.get(name) or []
    if not isinstance(found, list | tuple) or len(found) > MOST:
        raise ValueError(f"{name} is a list of at most {MOST}")
    return found


def _text(value: Any, name: str, *, most: int = 120) -> str:
    if not isinstance(value, str) or not value or len(value) > most:
        raise ValueError(f"{name} is a word")
    return value


def _path(value: Any, layer: Layer) -> str:
    path = _text(value, "a field")
    try:
        layer.field(path)
    except KeyError:
        raise ValueError(f"{path} is no field you may ask about") from None
    return path


def _paths(told: Mapping[str, Any], name: str, layer: Layer) -> tuple[str, ...]:
    return tuple(_path(one, layer) for one in _list(told, name))


def _filter(told: Any, layer: Layer) -> Filter:
    if not isinstance(told, Mapping):
        raise ValueError("a filter is an object")
    try:
        op = Op(told.get("op", ""))
    except ValueError:
        raise ValueError("op is unknown") from None
    values = told.get("values")
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= 200:
        raise ValueError("values is a list of at least one")
    if any(not isinstance(value, str | int | float | bool) for value in values):
        raise ValueError("a value is a word, a number, or true or false")
    return Filter(_path(told.get("field"), layer), op, tuple(values), str(told.get("said", ""))[:200])


def _window(told: Any, layer: Layer) -> Window | None:
    if not told:
        return None
    if not isinstance(told, Mapping):
        raise ValueError("a window is an object")
    ends = []
    for name in ("start", "end"):
        try:
            moment = datetime.fromisoformat(_text(told.get(name), name))
        except ValueError:
            raise ValueError(f"{name} is an instant in ISO 8601 with its zone") from None
        if moment.tzinfo is None:
            raise ValueError(f"{name} is an instant in ISO 8601 with its zone")
        ends.append(moment)
    return Window(_path(told.get("field"), layer), ends[0], ends[1], str(told.get("said", ""))[:200])


def _order(told: Any, layer: Layer) -> Order:
    if not isinstance(told, Mapping):
        raise ValueError("an order is an object")
    return Order(_path(told.get("field"), layer), bool(told.get("down", False)))


def _basket(told: Any) -> Basket:
    if not isinstance(told, Mapping):
        raise ValueError("a basket is an object")
    wanted = []
    for one in _list(told, "wanted"):
        if not isinstance(one, Mapping):
            raise ValueError("a wanted thing is an object")
        amount, pieces = one.get("amount"), one.get("pieces", 1)
        if amount is not None and (isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 < amount < 1e7):
            raise ValueError("amount is a number")
        if isinstance(pieces, bool) or not isinstance(pieces, int) or not 1 <= pieces <= 99:
            raise ValueError("pieces is a number from 1 to 99")
        wanted.append(Wanted(_text(one.get("item"), "item"), amount, str(one.get("measure", ""))[:2], pieces))
    budget = told.get("budget_paise")
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or not 0 < budget < 10**9):
        raise ValueError("budget_paise is a whole number")
    platforms = tuple(_text(one, "platform") for one in _list(told, "platforms"))
    return Basket(tuple(wanted), budget, str(told.get("category", ""))[:60], platforms, str(told.get("city", ""))[:60])
