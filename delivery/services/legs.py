"""What the street's legs of the promise really took, measured from finished stops."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.travel import RIDDEN
from orders.models import JUDGED_FIRST, LegStat
from orders.promise.safety import RIDDEN_BY
from orders.services.legs import STILL_OPEN, LegMeasure, write_leg_stats
from orders.states import LIVE

LOOK_BACK = timedelta(days=14)
ENOUGH_RIDES = 50
"""From so many on they say which vehicles ride."""
_SQL = f"""
WITH still_open AS ({STILL_OPEN}), done AS (
    SELECT j.store_id, j.order_id, p.at_store_at, s.picked_up_at, s.arrived_at, s.done_at, o.packed_at,
           extract(hour FROM s.done_at AT TIME ZONE %(zone)s)::int AS hour, was.ride_s, was.wet,
           coalesce((SELECT nullif(h.vehicle, '') FROM delivery_shift h
               WHERE h.rider_id = p.rider_id AND h.started_at <= s.done_at ORDER BY h.started_at DESC LIMIT 1),
               r.vehicle) AS vehicle
    FROM delivery_stop s
    JOIN delivery_job j ON j.id = s.job_id
    JOIN delivery_trip p ON p.id = s.trip_id
    JOIN delivery_rider r ON r.id = p.rider_id
    JOIN orders_order o ON o.id = j.order_id
    LEFT JOIN LATERAL (
        SELECT nullif((p.inputs->>'ride_s')::float, 0) AS ride_s,
            (p.inputs->>'bad_weather')::boolean AS wet
        FROM orders_promise p WHERE p.order_id = j.order_id ORDER BY {JUDGED_FIRST} LIMIT 1
    ) was ON true
    LEFT JOIN still_open q ON q.store_id = j.store_id
    WHERE s.state = 'delivered' AND s.done_at >= %(since)s AND o.placed_at < coalesce(q.placed_at, %(now)s)
        AND NOT EXISTS (
            SELECT FROM delivery_rescue c JOIN delivery_stop b ON b.trip_id = c.from_trip_id AND b.job_id = s.job_id
            WHERE c.trip_id = s.trip_id
        )
), legs AS (
    SELECT store_id, hour, 'handover' AS leg, picked_up_at - greatest(at_store_at, packed_at) AS took FROM done
    UNION ALL SELECT store_id, hour, 'rider', greatest(at_store_at - packed_at, interval '0') FROM done
    UNION ALL SELECT store_id, hour, 'door', done_at - arrived_at FROM done
), times AS (
    SELECT store_id, hour, CASE WHEN wet THEN 'ride_wet' ELSE 'ride_times' END AS leg,
        extract(epoch FROM arrived_at - picked_up_at) / ride_s AS times
    FROM done WHERE arrived_at > picked_up_at
)
SELECT store_id, leg, coalesce(hour, %(any)s),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM took)), count(*)
FROM legs WHERE took IS NOT NULL AND took >= interval '0' GROUP BY leg, GROUPING SETS ((store_id, hour), (store_id), ())
UNION ALL SELECT store_id, leg, coalesce(hour, %(any)s),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY times), percentile_cont(0.9) WITHIN GROUP (ORDER BY times), count(*)
FROM times WHERE times IS NOT NULL GROUP BY leg, GROUPING SETS ((store_id, hour), (store_id), ())
UNION ALL SELECT store_id, '{RIDDEN_BY}' || v, coalesce(hour, %(any)s), avg((vehicle = v)::int)::float,
       avg((vehicle = v)::int)::float, count(*)
FROM done, unnest(%(vehicles)s::text[]) v GROUP BY v, GROUPING SETS ((store_id, hour), (store_id), ())
HAVING count(*) >= %(enough)s
"""


def measure_legs(*, now: datetime) -> int:
    """Write down the wait for the rider, handover and door per store and local hour, per store and of all stores, from
    the last two weeks; the ride as a part of the one its promise reckoned with, rides in bad weather apart; and which
    part of the orders came with which vehicle. Returns how many rows.

    An order counts when those before it have come or are late (STILL_OPEN). A handover
    begins when rider and bags are both there; the wait for the rider is what packed bags stood before. Orders whose
    bags another rider took over on the road teach nothing: their times are those of a mishap.
    """
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"zone": settings.TIME_ZONE, "since": now - LOOK_BACK, "now": now}
        asked |= {"any": LegStat.ANY_HOUR, "vehicles": list(RIDDEN), "enough": ENOUGH_RIDES, "live": sorted(LIVE)}
        cursor.execute(_SQL, asked)
        return write_leg_stats([LegMeasure(*row) for row in cursor.fetchall()], now=now)
