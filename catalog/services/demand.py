"""Unmet demand: counting per cell of the map where nobody delivers, and telling people when somebody does.

A cell is a square of about 500 m: a row is 0.0045° of latitude (a degree is 111.3 km everywhere), a column as much of
longitude as that is at the row's middle (shorter by the cosine of the latitude). No person is kept with a count.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from blinkit.kernel import events, metrics
from blinkit.kernel.geo import Point, contains
from blinkit.kernel.redis_client import client, key
from catalog.errors import NoSuchStore
from catalog.events import WeAreHere
from catalog.models import Store, Waitlist

log = structlog.get_logger(__name__)

CELL_DEG = 0.0045
COUNTS_KEY = "unmet-demand"
KEPT_FOR = timedelta(days=400)
MOST_CELLS = 20_000
"""Cells counted between two flushes; what comes on top is not counted: a map needs no exact figures of a flood."""


def cell_of(point: Point) -> tuple[int, int]:
    """(row, column) of the cell a point lies in."""
    y = math.floor(point.lat / CELL_DEG)
    return y, math.floor(point.lng * _squeeze(y) / CELL_DEG)


def corners_of(y: int, x: int) -> tuple[float, float, float, float]:
    """South, west, north, east of a cell in degrees."""
    squeeze = _squeeze(y)
    return y * CELL_DEG, x * CELL_DEG / squeeze, (y + 1) * CELL_DEG, (x + 1) * CELL_DEG / squeeze


def _squeeze(y: int) -> float:
    return math.cos(math.radians((y + 0.5) * CELL_DEG))


def note_unmet(*, point: Point, now: datetime) -> None:
    """Somebody asked from where nobody delivers: one more for its cell and day. Counted in Redis; costs no write.

    Never fails and never waits: a count that gets lost harms nobody.
    """
    y, x = cell_of(point)
    try:
        counts = key(COUNTS_KEY)
        if client().hlen(counts) < MOST_CELLS:
            client().hincrby(counts, f"{now:%Y-%m-%d}:{y}:{x}", 1)
    except Exception as error:
        metrics.count("unmet_demand_lost_total")
        log.warning("unmet demand not counted", error=repr(error))


def flush_unmet(*, now: datetime) -> int:
    """Move the counts from Redis into the table, and forget days that are too old. Returns how many cells."""
    counts = key(COUNTS_KEY)
    taken = f"{counts}:{now.timestamp()}"
    try:
        if not client().renamenx(counts, taken):
            return 0
    except Exception:  # nothing was counted since
        return 0
    counted: dict[Any, Any] = client().hgetall(taken)  # type: ignore[assignment]  # the stub allows for async clients
    found = {_text(name): int(count) for name, count in counted.items()}
    cells: list[Any] = sorted((*name.split(":"), count) for name, count in found.items())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO catalog_unmetdemand AS d (day, cell_y, cell_x, asked)
            SELECT * FROM unnest(%s::date[], %s::int[], %s::int[], %s::int[])
            ON CONFLICT (day, cell_y, cell_x) DO UPDATE SET asked = d.asked + EXCLUDED.asked""",
            [[c[0] for c in cells], [int(c[1]) for c in cells], [int(c[2]) for c in cells], [c[3] for c in cells]],
        )
        cursor.execute("DELETE FROM catalog_unmetdemand WHERE day < %s", [(now - KEPT_FOR).date()])
    client().delete(taken)
    return len(cells)


@transaction.atomic
def tell_waiting(*, store_id: int, actor: str, now: datetime) -> int:
    """Announce WeAreHere to everybody on the waiting list whom this store serves now; once each. Returns how many.

    Two clicks at once tell different people. Raises NoSuchStore for one that is not open for business.
    """
    store = Store.objects.filter(pk=store_id, is_active=True).first()
    if store is None:
        raise NoSuchStore()
    near = _near(store).select_for_update(skip_locked=True).order_by("pk")
    told = [row for row in near if contains(store.area, Point(row.lat, row.lng))]
    for row in told:
        events.record(WeAreHere(waitlist_id=row.pk, store_code=store.code), subject=f"store:{store.code}", actor=actor)
    Waitlist.objects.filter(pk__in=[row.pk for row in told]).update(told_at=now)
    return len(told)


def waiting_in(store: Store) -> int:
    """How many people on the waiting list live in this store's area and have not heard. One statement."""
    return sum(contains(store.area, Point(row.lat, row.lng)) for row in _near(store).only("lat", "lng"))


def _near(store: Store) -> QuerySet[Waitlist]:
    """Who has not heard yet, inside the box around the store's area."""
    return Waitlist.objects.filter(
        told_at=None,
        lat__range=(store.area_south, store.area_north),
        lng__range=(store.area_west, store.area_east),
    )


def _text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
