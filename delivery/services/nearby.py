"""Who is near a place: riders on duty from their last positions (Redis GEO per city), from their rows without Redis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db.models import Exists, OuterRef

from blinkit.kernel import live
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.redis_client import client, key
from delivery.models import Rider, Shift

log = structlog.get_logger(__name__)

HEARD_WITHIN = timedelta(minutes=3)
"""Older positions say where somebody was."""
MOST = 50
SPARE = 4
"""So many times more are asked for: the map still has riders who went home."""


@dataclass(frozen=True, slots=True)
class NearRider:
    rider_id: int
    name: str
    point: Point
    metres: int
    at: datetime


def nearest_riders(
    point: Point, *, city_id: int, now: datetime, within_metres: int = 5_000, limit: int = 10
) -> list[NearRider]:
    """Riders of the city on duty and heard of lately, the nearest first, at most `limit` (50). One statement, two round
    trips to Redis; without Redis one statement."""
    limit = min(limit, MOST)
    try:
        found = _on_map(point, city_id, within_metres, limit * SPARE, now)
    except Exception as error:
        live.note_failure(error)
        found = _in_rows(point, city_id, within_metres, now)
    names = {
        rider.pk: str(rider)
        for rider in _on_duty(city_id).filter(pk__in=[rider_id for rider_id, *_ in found]).select_related("user")
    }
    near = [
        NearRider(rider_id, names[rider_id], place, round(metres), at)
        for rider_id, place, metres, at in found
        if rider_id in names
    ]
    return near[:limit]


def _on_map(point: Point, city_id: int, within_metres: int, most: int, now: datetime) -> list[Any]:
    found: Sequence[Any] = client().geosearch(  # type: ignore[assignment]
        key(f"riders-in:{city_id}"),
        longitude=point.lng,
        latitude=point.lat,
        radius=within_metres,
        unit="m",
        sort="ASC",
        count=most,
        withdist=True,
    )
    facts = live.recall_many([f"rider-at:{rider}" for rider, _ in found])
    near, gone = [], []
    for rider, metres in found:
        fact = facts.get(f"rider-at:{rider}")
        heard = fact and datetime.fromtimestamp(fact["heard"] / 1000, UTC)
        if fact is None:
            gone.append(rider)
        elif heard and now - heard <= HEARD_WITHIN:
            near.append((int(rider), Point(fact["lat"], fact["lng"]), float(metres), heard))
    if gone:
        client().zrem(key(f"riders-in:{city_id}"), *gone)
    return near


def _in_rows(point: Point, city_id: int, within_metres: int, now: datetime) -> list[Any]:
    rows = _on_duty(city_id).filter(seen_at__gte=now - HEARD_WITHIN, lat__isnull=False)
    near = [
        (pk, Point(lat, lng), distance_metres(point, Point(lat, lng)), seen_at)
        for pk, lat, lng, seen_at in rows.values_list("pk", "lat", "lng", "seen_at")
    ]
    return sorted((one for one in near if one[2] <= within_metres), key=lambda one: one[2])


def _on_duty(city_id: int) -> Any:
    return Rider.objects.filter(
        Exists(Shift.objects.filter(rider=OuterRef("pk"), ended_at=None)), store__city_id=city_id
    )
