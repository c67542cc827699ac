"""The answer in one sentence, from its first rows; its figures apart, so that a screen can say it in Hindi."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say
from dashboard.ask.compile import ZONE, Column
from dashboard.ask.layer import Layer
from dashboard.ask.query import Intent, Query

NOTHING = say("Nothing was found for this.")


def sentence(query: Query, columns: Sequence[Column], rows: Sequence[Sequence[Any]], layer: Layer) -> Said:
    if not rows or all(value is None for value in rows[0]):
        return NOTHING
    first = dict(zip((column.name for column in columns), rows[0], strict=True))
    figures = [column for column in columns if column.is_measure]
    if query.intent is Intent.WHY and figures and not query.dimensions:
        return _why(first, columns)
    if not figures:
        return _of_list(query, columns, first, rows, layer)
    told = [_figure(column, first[column.name]) for column in figures if column.part == ""][:3]
    before = next((column for column in figures if column.part == "before"), None)
    ways = [column for column in columns if not column.is_measure]
    if not ways:
        head = _together(told)
        if before is None or first[before.name] is None:
            return say("{figures}.", figures=head)
        return say("{figures}; before: {before}.", figures=head, before=shown(first[before.name], before.kind))
    name = ", ".join(shown(first[column.name], column.kind) for column in ways)
    share = next((column for column in figures if column.part == "share"), None)
    if share is not None:
        return say("{name}: {figures}, {share} of the whole.", name=name, figures=_together(told),
                   share=shown(first[share.name], "bp"))  # fmt: skip
    if query.intent is Intent.TREND and len(rows) > 1 and len(ways) == 1:
        last = dict(zip((column.name for column in columns), rows[-1], strict=True))
        figure = figures[0]
        return say(
            "{label}: {first} at first, {last} at last.", label=figure.label,
            first=shown(first[figure.name], figure.kind), last=shown(last[figure.name], figure.kind),
        )  # fmt: skip
    return say("{name}: {figures}.", name=name, figures=_together(told))


def _why(first: dict[str, Any], columns: Sequence[Column]) -> Said:
    if not first.get("with_it"):
        return say("None of them was late because of one leg alone.")
    return say(
        "Mostly {cause}: {share} of the late ones; it took {late} there, {others} otherwise.",
        cause=first["cause"], share=shown(first["share"], "bp"), late=shown(first["late_average"], "seconds"),
        others=shown(first["others_average"], "seconds"),
    )  # fmt: skip


def _of_list(
    query: Query, columns: Sequence[Column], first: dict[str, Any], rows: Sequence[Sequence[Any]], layer: Layer
) -> Said:
    label = layer.entity(query.entity).label
    if query.intent in (Intent.CHEAPEST, Intent.DEALS) and {"name", "price"} <= set(first):
        name = " ".join(str(first[part]) for part in ("name", "pack") if first.get(part))
        where = f" ({first['platform']})" if first.get("platform") else ""
        return say("{name}{where}: {price}.", name=name, where=where, price=shown(first["price"], "paise"))
    return say("{label}: {count}.", label=label, count=len(rows))


def _figure(column: Column, value: Any) -> Said:
    return say("{label} {value}", label=column.label, value=shown(value, column.kind))


def _together(parts: Sequence[Said]) -> Said:
    places = ", ".join(f"{{p{at}}}" for at in range(len(parts)))
    return say(places, **{f"p{at}": part for at, part in enumerate(parts)})


def shown(value: Any, kind: str) -> str:
    """A value as people say it."""
    if value is None:
        return "–"
    if kind == "paise":
        return rupees(value)
    if kind == "bp":
        return f"{value / 100:g} %"
    if kind == "seconds":
        return f"{value} s" if abs(value) < 90 else f"{round(value / 60)} min"
    if kind == "minutes":
        return f"{value} min"
    if kind == "flag":
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(ZONE)):%d %b %H:%M}"
    if isinstance(value, date):
        return f"{value:%d %b}"
    return f"{value:,}" if isinstance(value, int) else str(value)
