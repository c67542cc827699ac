"""A value as people write it: ₹1,23,456, 12.5 %, 8 min. Sentences, chips, tables and files share these rules.

Kinds and units are the semantic layer's: paise, hundredths of a percent, seconds, minutes. Plain Python; what has words
in it is `Said`, so that a screen can say it in Hindi.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say
from dashboard.ask.dates import ZONE

NOTHING = "–"
PER_UNIT = {"paise": 100, "bp": 100, "seconds": 60}
"""How many of a kind's own unit make the one people write: rupees, percent, minutes."""


def plain(value: object, kind: str) -> str:
    """One value in words; a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if kind == "flag":
        return say("yes") if value else say("no")
    number = figure(value)
    if number is not None and kind not in ("text", "id"):
        return _figure(number, kind)
    if isinstance(value, datetime):
        at = value.astimezone(ZONE)
        return say("{day}, {hours}", day=day_of(at), hours=f"{at:%H:%M}")
    return day_of(value) if isinstance(value, date) else str(value)


def _figure(number: float, kind: str) -> str:
    if kind == "paise":
        return rupees(round(number))
    if kind == "bp":
        return f"{short(number / 100)} %"
    if kind == "seconds" and abs(number) < 60:
        return say("{n} s", n=short(number))
    if kind in ("seconds", "minutes"):
        return say("{n} min", n=short(number / PER_UNIT.get(kind, 1)))
    return grouped(number)


def figure(value: Any) -> float | None:
    """A number to draw or to compare; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return float(value)


def grouped(number: float) -> str:
    """1,23,456 or 12.5."""
    return short(number) if number != round(number) else rupees(round(number) * 100).replace("₹", "")


def short(number: float) -> str:
    """Two figures after the point at most, none that are nothing."""
    if abs(number) >= 1000:
        return grouped(round(number))
    text = f"{number:.2f}" if abs(number) < 10 else f"{number:.1f}"
    return text.rstrip("0").rstrip(".")


def day_of(at: date) -> Said:
    return say("{day} {month}", day=f"{at:%d}", month=f"{at:%b}")
