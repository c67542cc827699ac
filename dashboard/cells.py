"""How one value of an answer looks: on a page, and in a file that somebody goes on calculating with.

Kinds and units are the semantic layer's (`dashboard.ask.layer.KINDS`): paise, hundredths of a percent, seconds,
minutes, instants in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from blinkit.kernel.words import said
from dashboard.ask import figures
from dashboard.ask.columns import Column
from dashboard.ask.layer import layer

MOST = 10**12
"""Nobody types a figure beyond it."""


def show(value: Any, kind: str) -> str:
    """For people, in the reader's language and the house's time zone; a dash for nothing."""
    if value is None or value == "":
        return figures.NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(show(one, kind) for one in value) or figures.NOTHING
    if kind == "time":
        return _moment(value)
    if kind == "date":
        return _day(value)
    if kind in ("text", "id") or not (isinstance(value, bool) or figures.figure(value) is not None):
        return said(layer().words.get(str(value), str(value)))
    return said(figures.plain(value, kind))


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


def in_units(typed: str, kind: str) -> Decimal:
    """A figure as people write it (₹49.50, 12.5 %, 8 minutes) in the kind's own unit. Raises Invalid."""
    try:
        number = Decimal(typed.strip().replace(",", "").removeprefix("₹").removesuffix("%").strip())
    except InvalidOperation:
        raise Invalid("That is no number.") from None
    if not number.is_finite() or abs(number) > MOST:
        raise Invalid("That is no number.")
    return number * figures.PER_UNIT.get(kind, 1)


def as_json(value: Any) -> Any:
    """The same in words JSON has."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


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
