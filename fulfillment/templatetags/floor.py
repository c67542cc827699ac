"""Small words of the floor's templates. `{% load floor %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def alone(value: Any) -> list[Any]:
    """A list with just this in it: for parts that take a list."""
    return [value]


@register.filter
def counting(number: int) -> range:
    """1 to `number`, at most twelve steps (the last one is always `number`'s own)."""
    return range(max(1, number - 11), number + 1)


@register.filter
def kilos(grams: int) -> str:
    """850 → "850 g", 2350 → "2.4 kg"."""
    return f"{grams} g" if grams < 1000 else f"{grams / 1000:.1f} kg"


@register.filter
def minutes_seconds(seconds: float) -> str:
    """95 → "1:35"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


@register.filter
def because(why: list[Any]) -> str:
    """Why a product is to be counted, as words: ["short", 80, 2] → "Not found by a picker 2 times"."""
    reason, _points, n = why
    if reason == "short":
        return ngettext("A picker did not find it", "Pickers did not find it %(n)s times", n) % {"n": n}
    if reason == "due":
        return ngettext("Counted %(n)s day ago", "Counted %(n)s days ago", n) % {"n": n}
    words = {
        "left": _("Units were missing that orders held"),
        "expired": _("Expired units in the book"),
        "differed": _("The last count was off"),
        "surprise": _("Units went missing"),
        "return": _("Goods came back"),
        "never": _("Never counted"),
        "asked": _("Somebody asked for it"),
    }
    return words.get(reason, reason)


@register.filter
def waste_word(value: str) -> str:
    """A reason of wastage in the reader's language."""
    words = {
        "expired": _("Expired"),
        "short": _("Too short-dated"),
        "damaged": _("Damaged"),
        "spoiled": _("Spoiled"),
        "temperature": _("Was too warm"),
        "opened": _("Opened"),
        "unknown": _("Missing or stolen"),
        "sample": _("Sample"),
        "recall": _("Recalled"),
    }
    return words.get(value, value)


@register.filter
def batch_word(state: str) -> str:
    """Why a lot is not on sale, in the reader's language."""
    return {"expired": _("Expired"), "short": _("Too short-dated"), "quarantined": _("Recalled")}.get(state, "")


@register.filter
def of_week(days: float) -> int:
    """Days of cover as the part of a bar of seven days, in percent."""
    return max(0, min(100, round(days / 7 * 100)))
