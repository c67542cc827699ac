"""What a delivery pays, part by part, so that a rider can check every figure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from blinkit.kernel.geo import Point
from catalog.models import Store
from catalog.travel import street_metres

BASE_PAISE = 2500
FIRST_METRES = 1000
PER_KM_PAISE = 700
WAIT_FREE_S = 300
WAIT_PER_MIN_PAISE = 100


def parts_of(*, store: Point, door: Point, waited_s: int = 0, tip_paise: int = 0) -> dict[str, int]:
    """Paise by part: base, distance (street metres beyond the first kilometre), waiting (whole minutes at the store
    beyond five) and the customer's whole tip. The pay is their sum; nothing is ever taken off."""
    metres = street_metres(store, door)
    beyond = max(0, metres - FIRST_METRES)
    return {
        "base_paise": BASE_PAISE,
        "distance_paise": beyond * PER_KM_PAISE // 1000,
        "waiting_paise": max(0, waited_s - WAIT_FREE_S) // 60 * WAIT_PER_MIN_PAISE,
        "tip_paise": tip_paise,
    }


def quote(*, store: Store, doors: Sequence[Point], tips_paise: Sequence[int], now: datetime) -> list[dict[str, int]]:
    """Parts per stop of a trip, in the order of its doors: each is paid the way from the door (or shelf) before it."""
    route = [store.point, *doors]
    legs = zip(route, doors, tips_paise, strict=False)
    return [parts_of(store=before, door=door, tip_paise=tip) for before, door, tip in legs]


def total_of(parts: dict[str, int]) -> int:
    return sum(parts.values())
