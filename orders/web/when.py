"""Now or later: what the cart and the checkout offer, and what was chosen (kept with the browser)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateformat import format as in_words
from django.utils.translation import gettext as _

from orders import queries
from orders.models import Slot

if TYPE_CHECKING:
    from orders.web.shopper import Shopper

SLOT_KEY = "slot"


@dataclass(frozen=True, slots=True)
class Day:
    """One tab: its name and what is left of it."""

    name: str
    slots: list[Slot]
    is_open: bool


def when(shopper: Shopper, *, chosen: str | None = None, store_id: int | None = None) -> dict[str, Any]:
    """Everything the choice shows, of the store that is shopped in unless told. `chosen` is a slot's id as text ("" is
    now); None: what was chosen before.

    What can't be had any more is not chosen; a store that takes no orders now has its first slot suggested by its tab.
    """
    store_id = shopper.place.store_id if store_id is None else store_id
    slots = queries.slots_left(store_id=store_id, now=shopper.now) if store_id else []
    wanted = shopper.request.session.get(SLOT_KEY, "") if chosen is None else chosen
    slot = next((slot for slot in slots if str(slot.pk) == wanted), None)
    may_now = bool(shopper.place.eta_high_m)
    days = queries.by_day(slots, timezone=_zone(shopper))
    opened = slot or (None if may_now else next(iter(slots), None))
    return {
        "may_now": may_now,
        "slot": slot,
        "words": window_words(slot.starts_at, slot.ends_at, now=shopper.now) if slot else "",
        "days": [
            Day(day_name(day, now=shopper.now), of_day, opened is not None and opened in of_day)
            for day, of_day in days.items()
        ],
    }


def first_slot(shopper: Shopper) -> str:
    """ "tomorrow 07:00": the soonest that can be ordered for, for a store that takes no orders now; "" when none."""
    slots = queries.slots_left(store_id=shopper.place.store_id, now=shopper.now) if shopper.place.store_id else []
    if not slots:
        return ""
    start = timezone.localtime(slots[0].starts_at)
    day = day_name(start.date(), now=shopper.now)
    return f"{day[0].lower()}{day[1:]} {start:%H:%M}"


def day_name(day: date, *, now: datetime) -> str:
    """ "Today", "Tomorrow", else "Mon 30 Nov" in the reader's language."""
    days = (day - timezone.localtime(now).date()).days
    return {0: _("Today"), 1: _("Tomorrow")}.get(days) or in_words(day, "D j M")


def window_words(starts_at: datetime, ends_at: datetime, *, now: datetime) -> str:
    """ "Today 18:00–19:00"."""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    return f"{day_name(start.date(), now=now)} {start:%H:%M}–{end:%H:%M}"


def slot_id_of(text: str) -> int | None:
    """What a form sent: None is now. Nonsense is a slot nobody has."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _zone(shopper: Shopper) -> str:
    store = shopper.place.answer.store
    return store.city.timezone if store is not None else "Asia/Kolkata"
