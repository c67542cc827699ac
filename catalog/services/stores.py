"""Stores: where they serve, how they are doing, and who waits for one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.phones import normalise
from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.said import say
from catalog import versions
from catalog.errors import BadArea, NoSuchStore
from catalog.events import StoreLimitChanged, StoreModeChanged
from catalog.models import City, Store, StoreLoad, StoreMode, Waitlist

LONGEST_MODE = timedelta(hours=24)


@transaction.atomic
def save_store(
    *, code: str, name: str, city: City, lat: float, lng: float, area: Sequence[Sequence[float]], **fields: Any
) -> Store:
    """Create the store with this code, or change it, and keep the box around its area.

    `area` is a GeoJSON ring of [lng, lat] pairs; other columns by their names (`opens`, `closes`, `gstin` ...).
    Raises BadArea for fewer than three corners or coordinates that are no place on earth.
    """
    ring = checked_ring(area)
    try:
        Point(lat, lng)
    except ValueError as error:
        raise Invalid(str(error)) from None
    lngs, lats = [corner[0] for corner in ring], [corner[1] for corner in ring]
    store, _ = Store.objects.update_or_create(
        code=code,
        defaults={
            **fields,
            "name": name,
            "city": city,
            "lat": lat,
            "lng": lng,
            "area": ring,
            "area_south": min(lats),
            "area_north": max(lats),
            "area_west": min(lngs),
            "area_east": max(lngs),
        },
    )
    StoreLoad.objects.get_or_create(store=store)
    versions.bump(f"shelf:{store.pk}")
    live.touch("ops", what="store", id=store.code)
    return store


def checked_ring(area: Any) -> list[list[float]]:
    """The ring as plain pairs of numbers. Raises BadArea."""
    try:
        ring = [[float(corner[0]), float(corner[1])] for corner in area]
    except (TypeError, ValueError, IndexError, KeyError):
        raise BadArea() from None
    on_earth = all(math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90 for x, y in ring)
    if len({tuple(corner) for corner in ring}) < 3 or not on_earth:
        raise BadArea()
    return ring


@transaction.atomic
def set_store_mode(
    *, store_id: int, mode: str, reason: str = "", until: datetime | None = None, actor: str, now: datetime
) -> Store:
    """Pause a store, mark a rush, or open it again; recorded, and seen at once by the boards.

    A pause or rush must end: `until` is required, in the future, at most a day ahead, and it must have a reason. OPEN
    takes neither. The same mode until the same instant again changes nothing. Raises Invalid, NoSuchStore.
    """
    if mode not in StoreMode.values:
        raise Invalid(f"A store can be {', '.join(StoreMode.values)}, not {mode!r}.")
    if mode == StoreMode.OPEN:
        reason, until = "", None
    elif not reason.strip():
        raise Invalid("Say why, so that everybody on the board understands.")
    elif until is None or not now < until <= now + LONGEST_MODE:
        raise Invalid("Say until when: a time within the next 24 hours.")
    store = Store.objects.select_for_update(no_key=True).filter(pk=store_id).first()
    if store is None:
        raise NoSuchStore()
    if (store.mode, store.mode_until, store.mode_reason) == (mode, until, reason):
        return store
    old = store.mode
    store.mode, store.mode_reason, store.mode_until = mode, reason, until
    store.save(update_fields=["mode", "mode_reason", "mode_until"])
    events.record(
        StoreModeChanged(store_code=store.code, old=old, new=mode, reason=reason, until=until),
        subject=f"store:{store.code}",
        actor=actor,
    )
    live.touch(f"store.{store.code}", what="mode")
    live.touch("ops", what="store", id=store.code)
    return store


@transaction.atomic
def set_store_limit(
    *, store_id: int, most: int | None, reason: str = "", until: datetime | None = None, actor: str, now: datetime
) -> Store:
    """No more than `most` open orders at once for a while, or (None) as many as usual again; recorded.

    A limit ends by itself, like a mode, and has a reason. It can only be lower than the store's own figure. The same
    again changes nothing. Raises Invalid, NoSuchStore.
    """
    store = Store.objects.select_for_update(no_key=True).filter(pk=store_id).first()
    if store is None:
        raise NoSuchStore()
    if most is None:
        reason, until = "", None
    elif not 1 <= most <= store.max_open_orders:
        raise Invalid(say("Say a number between 1 and {most}: the store never takes more.", most=store.max_open_orders))
    elif not reason.strip():
        raise Invalid("Say why, so that everybody on the board understands.")
    elif until is None or not now < until <= now + LONGEST_MODE:
        raise Invalid("Say until when: a time within the next 24 hours.")
    if (store.limit_orders, store.limit_until, store.limit_reason) == (most, until, reason):
        return store
    store.limit_orders, store.limit_reason, store.limit_until = most, reason, until
    store.save(update_fields=["limit_orders", "limit_reason", "limit_until"])
    events.record(
        StoreLimitChanged(store_code=store.code, most=most, reason=reason, until=until),
        subject=f"store:{store.code}",
        actor=actor,
    )
    live.touch(f"store.{store.code}", what="mode")
    live.touch("ops", what="store", id=store.code)
    return store


LOAD_FACTS = frozenset(
    {
        "open_orders",
        "pick_backlog_s",
        "pickers_on",
        "pickers_planned",
        "riders_idle",
        "riders_on",
        "rider_wait_s",
        "rider_queue_s",
        "carries_bags",
        "carries_litres",
    }
)


def write_store_load(*, store_id: int, now: datetime, **facts: int) -> None:
    """Note how busy the store is: any of LOAD_FACTS (counts, seconds, bags and litres, never below
    zero). What is not given stays.

    One statement, last writer wins; floor and riders each write their own facts.
    """
    if unknown := facts.keys() - LOAD_FACTS:
        raise TypeError(f"Not facts of a store's load: {', '.join(sorted(unknown))}.")
    figures: dict[str, Any] = {name: max(0, int(value)) for name, value in facts.items()}
    StoreLoad.objects.bulk_create(
        [StoreLoad(store_id=store_id, updated_at=now, **figures)],
        update_conflicts=True,
        unique_fields=["store"],
        update_fields=[*figures, "updated_at"],
    )


@transaction.atomic
def join_waitlist(*, phone: str, point: Point, note: str = "", now: datetime) -> Waitlist:
    """Remember who wants us where we are not yet; once per phone, the latest place counts. Raises BadPhone."""
    row, _ = Waitlist.objects.update_or_create(
        phone=normalise(phone),
        defaults={"lat": point.lat, "lng": point.lng, "note": note.strip()[:200], "told_at": None},
        create_defaults={"lat": point.lat, "lng": point.lng, "note": note.strip()[:200], "created_at": now},
    )
    return row
