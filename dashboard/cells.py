"""How one value of an answer looks: on a page, and in a file that somebody goes on calculating with.

Kinds and units are the semantic layer's (`dashboard.ask.layer.KINDS`): paise, hundredths of a percent, seconds,
minutes, instants in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from blinkit.kernel import money
from blinkit.kernel.words import said
from dashboard.ask.layer import layer

FIGURES = frozenset({"number", "paise", "bp", "seconds", "minutes", "amount"})
NOTHING = "–"


class Column(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...


def show(value: Any, kind: str) -> str:
    """For people, in the reader's language and the house's time zone; a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(show(one, kind) for one in value) or NOTHING
    if kind == "flag":
        return _("yes") if value else _("no")
    if kind == "time":
        return _moment(value)
    if kind == "date":
        return _day(value)
    if kind not in FIGURES or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return said(layer().words.get(str(value), str(value)))
    figure = float(value)
    if kind == "paise":
        return money.rupees(round(figure))
    if kind == "bp":
        return f"{_short(figure / 100)} %"
    if kind == "minutes":
        return _("%(n)s min") % {"n": _short(figure)}
    if kind == "seconds":
        return _("%(n)s s") % {"n": _short(figure)} if abs(figure) < 60 else _("%(n)s min") % {"n": _short(figure / 60)}
    return grouped(figure)


def plain(value: Any, kind: str) -> Any:
    """For a file: rupees, percent and minutes as numbers, instants as the clock on the wall showed them (no zone: a
    sheet knows none), the rest as it is."""
    if value is None:
        return ""
    if kind in ("time", "date"):
        at = _parsed(value)
        return timezone.localtime(at).replace(tzinfo=None) if isinstance(at, datetime) and timezone.is_aware(at) else at
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if kind == "flag":
        return bool(value)
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return said(layer().words.get(str(value), str(value)))  # in words, as the heads of the file are
    if kind in ("paise", "bp"):
        return round(value / 100, 2)
    return round(value / 60, 2) if kind == "seconds" else value


def heading(column: Column) -> str:
    """The name of a column in a file: with the unit its figures are in."""
    unit = {"paise": "₹", "bp": "%", "seconds": _("minutes"), "minutes": _("minutes")}.get(column.kind, "")
    return f"{said(column.label)} ({unit})" if unit else said(column.label)


def figure(value: Any) -> float | None:
    """A number to draw or to compare; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return float(value)


def grouped(number: float) -> str:
    """1,23,456 or 12.5."""
    if number != round(number):
        return _short(number)
    return money.rupees(round(number) * 100).replace("₹", "")


def as_json(value: Any) -> Any:
    """The same in words JSON has."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _short(number: float) -> str:
    """Two figures after the point at most, none that are nothing."""
    whole = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.2f}" if abs(number) < 10 else f"{number:.1f}"
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    except ValueError:
        return value


def _moment(value: Any) -> str:
    at = _parsed(value)
    if not isinstance(at, datetime):
        return _day(at)
    local = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{date_format(local, 'j M')}, {local:%H:%M}"


def _day(value: Any) -> str:
    day = _parsed(value)
    if isinstance(day, datetime):
        day = timezone.localtime(day).date() if timezone.is_aware(day) else day.date()
    return date_format(day, "j M Y") if isinstance(day, date) else str(day)
