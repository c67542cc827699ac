"""Words of pages that compare prices: `{% load market %}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def percent_of_bp(bp: int) -> str:
    """Hundredths of a percent as whole per cent: 3,250 is "32%"."""
    return f"{int(bp) // 100}%"


@register.filter
def is_just_now(at: datetime) -> bool:
    """Less than a minute ago: "0 minutes ago" is said by nobody."""
    return timezone.now() - at < timedelta(minutes=1)


@register.filter
def hundredths(bp: int | None) -> str:
    """10,000 as "100.0", 9,730 as "97.3"."""
    return "" if bp is None else number_format(round(bp / 100, 1), decimal_pos=1)


@register.filter
def said_of(lines: Sequence[Any], number: int) -> str:
    """How the line of this number was written."""
    return str(lines[number].said)


@register.filter
def amount_words(line: Any) -> str:
    """ "2 kg", "500 g", "6 pc" of something with an amount and a measure."""
    amount, measure = float(line.amount), line.measure
    if measure in ("g", "ml") and amount >= 1000:
        amount, measure = amount / 1000, {"g": "kg", "ml": "l"}[measure]
    unit = {"g": _("g"), "kg": _("kg"), "ml": _("ml"), "l": _("l"), "pc": _("pc")}.get(measure, "")
    return f"{number_format(amount, decimal_pos=None if amount % 1 else 0)} {unit}"
