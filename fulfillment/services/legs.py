"""What the floor's legs of the promise really took, measured from packed orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from orders.models import LegStat
from orders.promise import legs
from orders.services.legs import STILL_OPEN, LegMeasure, write_leg_stats
from orders.states import LIVE

LOOK_BACK = timedelta(days=14)
_SQL = f"""
WITH still_open AS ({STILL_OPEN}), done AS (
    SELECT t.store_id, extract(hour FROM t.packed_at AT TIME ZONE %(zone)s)::int AS hour,
        extract(epoch FROM t.started_at - coalesce(o.released_at, o.confirmed_at))::float AS waited_s,
        extract(epoch FROM t.picked_at - t.started_at)::float AS pick_s,
        extract(epoch FROM t.packed_at - t.picked_at)::float AS pack_s, was.*
    FROM fulfillment_picktask t
    JOIN orders_order o ON o.id = t.order_id AND o.slot_id IS NULL
    CROSS JOIN LATERAL (
        SELECT (p.inputs->>'lines')::float AS lines, (p.inputs->>'units')::float AS units,
            coalesce((p.inputs->>'backlog_s')::float, 0) AS backlog_s,
            CASE WHEN (p.inputs->>'rush')::boolean THEN %(rush)s ELSE 1 END AS slow
        FROM orders_promise p WHERE p.order_id = o.id ORDER BY p.id LIMIT 1
    ) was
    LEFT JOIN still_open q ON q.store_id = t.store_id
    WHERE t.packed_at >= %(since)s AND t.started_at IS NOT NULL AND o.placed_at < coalesce(q.placed_at, %(now)s)
), took AS (
    SELECT store_id, hour, 'accept' AS leg, greatest(0, waited_s - backlog_s) AS value FROM done
    UNION ALL SELECT store_id, hour, 'pick_times',
        pick_s / (slow * (%(pick)s + %(line)s * lines + %(unit)s * (units - lines))) FROM done WHERE pick_s > 0
    UNION ALL SELECT store_id, hour, 'pack_times', pack_s / (slow * (%(pack)s + %(pack_line)s * lines))
        FROM done WHERE pack_s > 0
)
SELECT store_id, leg, coalesce(hour, %(any)s), percentile_cont(0.5) WITHIN GROUP (ORDER BY value),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY value), count(*)
FROM took WHERE value IS NOT NULL GROUP BY leg, GROUPING SETS ((store_id, hour), (store_id), ())
"""


def measure_legs(*, now: datetime) -> int:
    """Write down per store and local hour, per store and of all stores, from the last two weeks: the seconds until
    somebody took the order beyond the backlog its promise reckoned with, and how many times the promise's rule of thumb
    for such a basket picking and packing took. Orders picked together each count their whole walk, as their customers
    waited for it. Orders for a slot say nothing, and none before those before it have come or are late
    (STILL_OPEN). Returns how many rows."""
    asked: dict[str, Any] = {
        "zone": settings.TIME_ZONE, "since": now - LOOK_BACK, "now": now, "any": LegStat.ANY_HOUR,
        "rush": legs.RUSH_FACTOR, "pick": legs.PICK_BASE_S, "line": legs.PICK_PER_LINE_S,
        "unit": legs.PICK_PER_EXTRA_UNIT_S, "pack": legs.PACK_S, "pack_line": legs.PACK_PER_LINE_S,
        "live": sorted(LIVE),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SQL, asked)
        return write_leg_stats([LegMeasure(*row) for row in cursor.fetchall()], now=now)
