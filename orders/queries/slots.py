"""Which slots a store has left, and when work for one has to begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F

from blinkit.kernel.geo import Point
from catalog.models import Store
from catalog.travel import lawful_seconds
from catalog.ways import ride_seconds, way_metres
from orders import promise
from orders.models import Slot
from orders.queries.places import known_at, source

VERSION = "slot-1"
"""Which rule a promise for a slot was made by: the slot's window, work begun its usual time before."""
MOST_SHOWN = 200


def slots_left(*, store_id: int, now: datetime) -> list[Slot]:
    """What can be booked now at this store, soonest first. One statement."""
    open_ones = Slot.objects.filter(store_id=store_id, cut_off_at__gt=now, booked__lt=F("capacity"))
    return list(open_ones.order_by("starts_at")[:MOST_SHOWN])


def takes_orders_now(store: Store, *, now: datetime) -> bool:
    """Whether an order for now would be taken, as sourcing judges it."""
    return source(point=store.point, now=now, stores=[store]).is_served


def slot_of(slot_id: int) -> Slot | None:
    return Slot.objects.filter(pk=slot_id).first()


def slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "id": slot.pk,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "cut_off_at": slot.cut_off_at,
        "left": slot.left,
    }


def by_day(slots: Iterable[Slot], *, timezone: str) -> dict[date, list[Slot]]:
    """The slots under their local day, in order."""
    days: dict[date, list[Slot]] = {}
    for slot in slots:
        days.setdefault(slot.starts_at.astimezone(ZoneInfo(timezone)).date(), []).append(slot)
    return days


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an order for a slot is worked on. `work_s` is the usual time from the store's queue to the door."""

    release_at: datetime
    work_s: int
    inputs: dict[str, Any]

    @property
    def p50_at(self) -> datetime:
        return self.release_at + timedelta(seconds=self.work_s)


def schedule_for(slot: Slot, store: Store, *, to: Point, lines: int, units: int, now: datetime) -> Schedule:
    """When the store begins with a basket of this size for this slot: the window's begin less the usual work.

    The work is the sum of the promise's legs without today's queue, which says nothing about tomorrow's.
    """
    at, metres = slot.starts_at, way_metres(store, to)
    known = known_at(store, at)
    inputs = promise.PromiseInputs(
        lines=lines,
        units=units,
        ride_s=ride_seconds(store, to, at=at, metres=metres),
        least_ride_s=lawful_seconds(metres, known.kmh),
        measured=known.legs,
    )
    quote = promise.quote(inputs)
    work_s = round(quote.p50_s)
    release_at = max(now, at - timedelta(seconds=work_s))
    told = {"store": store.code, **inputs.as_json(), "legs": quote.legs_json(), "slot": slot.pk}
    return Schedule(release_at, work_s, {**told, "work_s": work_s, "release_at": release_at.isoformat()})


def left_json(slots: Sequence[Slot]) -> list[dict[str, Any]]:
    return [slot_json(slot) for slot in slots]
