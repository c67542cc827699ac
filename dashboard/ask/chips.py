""" "Understood as…": a query as chips a person can read, take away or change, and the query that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blinkit.kernel.said import Said, say
from dashboard.ask.dates import ZONE
from dashboard.ask.figures import day_of, plain
from dashboard.ask.form import GRAINS, LIMIT_CAP, BadQuery, from_json, to_json
from dashboard.ask.layer import Dimension, Layer, Measure
from dashboard.ask.lexicon import Lexicon
from dashboard.ask.query import Basket, Filter, Intent, Op, Order, Query, Understood, Value, Window

_INTENTS = {
    Intent.CHEAPEST: say("Cheapest"), Intent.COMPARE: say("Compare"), Intent.LIST: say("List"),
    Intent.DEALS: say("Deals"),
    Intent.TREND: say("Over time"), Intent.FIGURE: say("Figures"), Intent.TOP: say("Ranking"),
    Intent.SHARE: say("Shares"),
    Intent.WHY: say("Why"),
}  # fmt: skip
_SIGNS = {
    Op.LT: say("below"),
    Op.LE: say("at most"),
    Op.GT: say("above"),
    Op.GE: say("at least"),
}
_SIGNED = {
    Op.LT: lambda value: say("below {value}", value=value),
    Op.LE: lambda value: say("at most {value}", value=value),
    Op.GT: lambda value: say("above {value}", value=value),
    Op.GE: lambda value: say("at least {value}", value=value),
    Op.NOT: lambda value: say("not {value}", value=value),
    Op.HAS: lambda value: say("with {value}", value=value),
    Op.LACKS: lambda value: say("without {value}", value=value),
}
_COMPARISONS = (Op.LT, Op.LE, Op.GT, Op.GE)
_NO_CHANGE = say("That part of the question can't be changed so.")
_LIMITS = (5, 10, 20, 50, 100)
MOST_OTHERS = 12


@dataclass(frozen=True, slots=True)
class Other:
    """Something a chip may become: `key` is what `apply` takes."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what was understood. `id` names it to `apply`; `field` is the layer's name of what it is about."""

    id: str
    label: str
    value: str
    field: str = ""
    removable: bool = False
    others: tuple[Other, ...] = ()


def describe(understood: Understood, layer: Layer, lexicon: Lexicon | None = None) -> list[Chip]:
    """In the order people would say it: what is done, about what, which, when, sorted how."""
    names = lexicon or Lexicon()
    if isinstance(understood, Basket):
        return _basket(understood, names)
    query = understood
    entity = layer.entities.get(query.entity)
    chips = [
        Chip("intent", say("Question"), _INTENTS[query.intent]),
        Chip("entity", say("About"), entity.label if entity else query.entity),
    ]
    for at, path in enumerate(query.measures):
        others = tuple(
            Other(f"{query.entity}.{one.name}", one.label)
            for one in (entity.measures if entity else ()) if f"{query.entity}.{one.name}" not in query.measures
        )  # fmt: skip
        chips.append(
            Chip(
                f"measure:{at}",
                say("Figure"),
                field_label(layer, path),
                path,
                len(query.measures) > 1,
                others[:MOST_OTHERS],
            )
        )
    for at, path in enumerate(query.dimensions):
        chips.append(
            Chip(f"dimension:{at}", say("By"), field_label(layer, path), path, True, _groups(layer, query, path))
        )
    for at, one in enumerate(query.filters):
        chips.append(_filter_chip(at, one, layer, names))
    for name, window, label in (("window", query.window, say("When")), ("against", query.against, say("Beside"))):
        if window is not None:
            chips.append(
                Chip(name, label, window_label(window), window.field, True, _PERIODS if name == "window" else ())
            )
    if query.order:
        way = say("highest first") if query.order[0].down else say("lowest first")
        turned = Other(
            "up" if query.order[0].down else "down",
            say("lowest first") if query.order[0].down else say("highest first"),
        )
        path = query.order[0].field
        chips.append(
            Chip(
                "order",
                say("Sorted by"),
                say("{label}, {way}", label=field_label(layer, path), way=way),
                path,
                False,
                (turned,),
            )
        )
    if query.limit != 1 or query.columns:
        others = tuple(Other(str(n), str(n)) for n in _LIMITS if n != query.limit)
        chips.append(Chip("limit", say("At most"), str(query.limit), others=others))
    if query.per:
        chips.append(Chip("per", say("Of each"), field_label(layer, query.per), query.per, removable=True))
    return chips


def apply(understood: Understood, chip_id: str, value: str | None, layer: Layer, *, now: datetime) -> Understood:
    """The query after one chip was taken away (`value` None) or changed into one of its others (or a plain value for a
    filter). Raises BadQuery for what is no such chip or does not fit the layer."""
    part, _, number = chip_id.partition(":")
    try:
        changed = _changed(understood, part, int(number or 0), value, layer, now)
    except (IndexError, ValueError, TypeError) as error:
        if isinstance(error, BadQuery):
            raise
        raise BadQuery(_NO_CHANGE) from None
    return from_json(to_json(changed), layer)


def _changed(understood: Understood, part: str, at: int, value: str | None, layer: Layer, now: datetime) -> Understood:
    if at < 0:
        raise IndexError
    if isinstance(understood, Basket):
        return _changed_basket(understood, part, at, value)
    query = understood
    if part == "measure":
        return replace(
            query, measures=_without(query.measures, at, value), order=_order_of(query, query.measures[at], value)
        )
    if part == "dimension":
        gone = query.dimensions[at]
        return replace(
            query, dimensions=_without(query.dimensions, at, value), order=_order_of(query, gone, value),
            per="" if gone == query.per else query.per,
        )  # fmt: skip
    if part == "filter":
        filters = list(query.filters)
        if value is None:
            del filters[at]
        else:
            filters[at] = _refiltered(filters[at], value, layer)
        return replace(query, filters=tuple(filters))
    if part == "window" and query.window is not None:
        if value is None:
            return replace(query, window=None, against=None)
        return replace(query, window=_period(value, query.window.field, now))
    if part == "against" and value is None:
        return replace(query, against=None)
    if part == "order" and query.order and value in ("up", "down"):
        return replace(query, order=(Order(query.order[0].field, down=value == "down"), *query.order[1:]))
    if part == "per" and value is None:
        return replace(query, per="")
    if part == "limit" and value is not None:
        return replace(query, limit=max(1, min(int(value), LIMIT_CAP)))
    raise BadQuery(_NO_CHANGE)


def _changed_basket(basket: Basket, part: str, at: int, value: str | None) -> Basket:
    if part == "wanted" and value is None:
        return replace(basket, wanted=tuple(one for nr, one in enumerate(basket.wanted) if nr != at))
    if part == "wanted" and value is not None:
        wanted = list(basket.wanted)
        wanted[at] = replace(wanted[at], pieces=int(value))
        return replace(basket, wanted=tuple(wanted))
    if part == "budget":
        return replace(basket, budget_paise=None if value is None else int(value))
    if part == "categories" and value is None:
        return replace(basket, categories=())
    if part == "platforms" and value is None:
        return replace(basket, platforms=())
    raise BadQuery(_NO_CHANGE)


def _without(fields: tuple[str, ...], at: int, value: str | None) -> tuple[str, ...]:
    kept = list(fields)
    if value is None:
        del kept[at]
    else:
        kept[at] = value
    return tuple(dict.fromkeys(kept))


def _order_of(query: Query, gone: str, value: str | None) -> tuple[Order, ...]:
    """The order without what is no longer shown."""
    kept = [one if one.field != gone else Order(value, one.down) if value else None for one in query.order]
    return tuple(one for one in kept if one is not None)


def _refiltered(one: Filter, value: str, layer: Layer) -> Filter:
    """ "op:ge" changes the comparison, anything else the value."""
    _, field = layer.field(one.field)
    if value.startswith("op:"):
        return replace(one, op=Op(value[3:]), said="")
    made: Value
    if field.kind == "flag":
        made = value == "true"
    elif field.kind in ("text", "id", "time", "date"):
        made = value
    else:
        made = float(value) if "." in value else int(value)
    return Filter(one.field, Op.EQ if one.op in (Op.IN, Op.BETWEEN) else one.op, (made,))


def _filter_chip(at: int, one: Filter, layer: Layer, names: Lexicon) -> Chip:
    others: tuple[Other, ...] = ()
    try:
        _, field = layer.field(one.field)
    except KeyError:
        field = None  # type: ignore[assignment]
    kind = one.field.partition(".")[2]
    if kind == "platform" and one.op == Op.EQ:
        others = tuple(Other(p.key, p.label) for p in names.platforms if p.key not in one.values)
    elif kind == "city" and one.op == Op.EQ:
        others = tuple(Other(p.key, p.label) for p in names.cities if p.key not in one.values)
    elif kind in ("store", "code") and one.op == Op.EQ:
        others = tuple(Other(p.key, p.label) for p in names.stores if p.key not in one.values)
    elif isinstance(field, Dimension) and field.values:
        others = tuple(Other(value, field.word(value)) for value in field.values if value not in one.values)
    elif field is not None and field.kind == "flag":
        others = (Other("false" if one.values[0] else "true", say("no") if one.values[0] else say("yes")),)
    elif one.op in _COMPARISONS:
        others = tuple(Other(f"op:{op}", _SIGNS[op]) for op in _COMPARISONS if op != one.op)
    label = headed(field_label(layer, one.field))
    return Chip(f"filter:{at}", label, _said(one, field, names), one.field, True, others[:MOST_OTHERS])


def _said(one: Filter, field: Dimension | Measure | None, names: Lexicon) -> str:
    kind = field.kind if field is not None else "text"
    part = one.field.partition(".")[2]
    if isinstance(field, Dimension) and field.values:
        said = [field.word(str(v)) for v in one.values]
    else:
        said = [names.label(part, str(v)) if kind == "text" else plain(v, kind) for v in one.values]
    if one.op == Op.BETWEEN:
        return say("{low} to {high}", low=said[0], high=said[1])
    value = said[0] if said else ""
    for more in said[1:]:
        value = say("{one} or {other}", one=value, other=more)
    return _SIGNED[one.op](value) if one.op in _SIGNED else value


def headed(label: str) -> Said:
    """A label at the beginning of a sentence; in other languages as its small letters are translated."""
    template, figures = (label.template, label.figures) if isinstance(label, Said) else (str(label), {})
    return Said(label[:1].upper() + label[1:], template, figures)


def field_label(layer: Layer, path: str) -> str:
    name, _, suffix = path.partition(":")
    try:
        label = layer.field(name)[1].label
    except KeyError:
        label = name.partition(".")[2].replace("_", " ")
    words = {"avg": "average", "sum": "total", "p50": "median", "min": "lowest", "max": "highest"}
    if suffix in GRAINS:
        return suffix.replace("_", " ")
    return say("{way} {label}", way=words.get(suffix, suffix), label=label) if suffix else label


def window_label(window: Window) -> str:
    start, last = window.start.astimezone(ZONE), (window.end - timedelta(minutes=1)).astimezone(ZONE)
    whole = (start.hour, start.minute, last.hour, last.minute) == (0, 0, 23, 59)
    dates = day_of(start) if start.date() == last.date() else say("{a} – {b}", a=day_of(start), b=day_of(last))
    if not whole:
        dates = say("{day}, {hours}", day=dates, hours=f"{start:%H:%M} – {window.end.astimezone(ZONE):%H:%M}")
    return say("{said} ({dates})", said=window.said, dates=dates) if window.said else dates


_PERIODS = (
    Other("today", say("today")), Other("yesterday", say("yesterday")), Other("last 7 days", say("last 7 days")),
    Other("this week", say("this week")), Other("last week", say("last week")),
    Other("last 30 days", say("last 30 days")),
    Other("this month", say("this month")), Other("last month", say("last month")),
)  # fmt: skip


def _period(value: str, path: str, now: datetime) -> Window:
    from dashboard.ask.dates import spans
    from dashboard.ask.tokens import read

    found = spans(read(value), now)
    if not found:
        raise BadQuery("That is no period.")
    return Window(path, found[0].start, found[0].end, found[0].said)


def _groups(layer: Layer, query: Query, path: str) -> tuple[Other, ...]:
    entity = layer.entities.get(query.entity)
    name, _, grain = path.partition(":")
    if grain:
        return tuple(Other(f"{name}:{one}", one.replace("_", " ")) for one in sorted(GRAINS) if one != grain)
    return tuple(
        Other(f"{query.entity}.{one.name}", one.label)
        for one in (entity.dimensions if entity else ())
        if one.kind in ("text", "flag") and f"{query.entity}.{one.name}" not in query.dimensions
    )[:MOST_OTHERS]


def _basket(basket: Basket, names: Lexicon) -> list[Chip]:
    chips = [Chip("intent", say("Question"), say("Basket"))]
    for at, one in enumerate(basket.wanted):
        amount = _amount(one.amount, one.measure)
        text = " ".join(filter(None, (f"{one.pieces} ×" if one.pieces != 1 else "", amount, one.item)))
        others = tuple(Other(str(n), f"{n} ×") for n in (1, 2, 3, 4, 5) if n != one.pieces)
        chips.append(
            Chip(
                f"wanted:{at}",
                say("Buy"),
                text,
                "listing.item",
                len(basket.wanted) > 1 or basket.budget_paise is not None,
                others,
            )
        )
    if basket.categories:
        said = " or ".join(names.label("category", one) for one in basket.categories)
        chips.append(Chip("categories", say("Of"), said, "listing.category", True))
    if basket.budget_paise is not None:
        chips.append(Chip("budget", say("Budget"), plain(basket.budget_paise, "paise"), "", bool(basket.wanted)))
    if basket.platforms:
        chips.append(
            Chip(
                "platforms",
                say("On"),
                ", ".join(names.label("platform", one) for one in basket.platforms),
                "listing.platform",
                True,
            )
        )
    if basket.city:
        chips.append(Chip("city", say("City"), names.label("city", basket.city), "listing.city"))
    return chips


def _amount(amount: float | None, measure: str) -> str:
    if amount is None:
        return ""
    if measure in ("g", "ml") and amount >= 1000:
        return f"{amount / 1000:g} {'kg' if measure == 'g' else 'l'}"
    return f"{amount:g} {measure}"
