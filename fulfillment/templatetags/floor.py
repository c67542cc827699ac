"""Small words of the floor's templates. `{% load floor %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfillment.daybook import Day, OwnDay
from fulfillment.words import consent_words, zone_words

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


@register.filter
def zone_word(zone: str) -> str:
    """A zone in the reader's language."""
    return zone_words(zone)


@register.filter
def consent_word(line: Any) -> str:
    """What the customer wants when a line is not there."""
    return consent_words(line)


@register.filter
def clock(seconds: float | None) -> str:
    """106 → "1:46", 3725 → "1:02:05"; a dash when nothing was measured."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


@register.filter
def compared(report: Day) -> str:
    """The day beside the day before and the week before, as sentences."""
    now, week = report.figures.orders, report.last_week.orders
    said = []
    if report.yesterday.orders or now:
        said.append(_against(now - report.yesterday.orders, _("the day before")))
    if week:
        said.append(_against(now - week, _("the same day last week")))
    slow, slow_before = (
        report.figures.pick_pack_p50_s,
        report.last_week.pick_pack_p50_s or report.yesterday.pick_pack_p50_s,
    )
    if slow and slow_before and abs(slow - slow_before) >= 5:
        s = round(abs(slow - slow_before))
        said.append(
            _("An order took %(s)s s longer.") % {"s": s}
            if slow > slow_before
            else _("An order took %(s)s s less.") % {"s": s}
        )
    return " ".join(said)


def _against(more: int, when: str) -> str:
    if more == 0:
        return _("As many orders as %(when)s.") % {"when": when}
    words = (
        ngettext("%(n)s order more than %(when)s.", "%(n)s orders more than %(when)s.", more)
        if more > 0
        else ngettext("%(n)s order less than %(when)s.", "%(n)s orders fewer than %(when)s.", -more)
    )
    return words % {"n": abs(more), "when": when}


@register.filter
def kind_word(own: OwnDay) -> str:
    """One good thing about somebody's day; nothing when there is none to say."""
    if own.today.orders and own.streak >= 10:
        return _("%(n)s orders in a row without a single wrong item. Thank you.") % {"n": own.streak}
    if own.best_hour and own.best_hour[1] >= 5:
        hour, lines = own.best_hour
        return _("Your best hour today: %(from)s to %(to)s, %(n)s lines.") % {
            "from": f"{hour:02}:00",
            "to": f"{(hour + 1) % 24:02}:00",
            "n": lines,
        }
    if own.today.orders:
        return ngettext(
            "%(n)s order is on its way thanks to you.", "%(n)s orders are on their way thanks to you.", own.today.orders
        ) % {"n": own.today.orders}
    return ""
