"""The room each store's promises need, learned from the promises that were kept and broken (orders.promise.room)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from django.db import connection, transaction

from orders.etas import EtaModel
from orders.ledger import PromiseRoom
from orders.models import JUDGED_FIRST, LegStat
from orders.promise import VERSION, PromiseInputs, quote
from orders.promise.room import AS_QUOTED, Came, Room, pooled, room_for, with_room
from orders.promise.safety import governed
from orders.queries.outlook import legs_of, measured_legs
from orders.states import LIVE

LOOK_BACK = timedelta(days=14)
LAST_OF_A_STORE = 400

INPUTS = ("lines", "units", "ride_s", "backlog_s", "rider_wait_s", "rush", "bad_weather", "least_ride_s")
"""What a quote is made anew from, as _CAME reads it."""

# The promise an order is held to is what its customer was told; one for a slot is no matter of minutes. An order counts
# when those before it at its store have come or their time is over (as STILL_OPEN of legs says): what has not come by
# then has taken this long at least.
_CAME = f"""
WITH said AS (
    SELECT DISTINCT ON (p.order_id) s.id AS store_id, o.placed_at, o.status = ANY(%(live)s) AS is_live, p.made_at,
        p.promised_by, p.version, (p.inputs->'quoted'->>0)::float AS p50, (p.inputs->'quoted'->>1)::float AS p90,
        (p.inputs->>'lines')::int AS lines, (p.inputs->>'units')::int AS units,
        (p.inputs->>'ride_s')::float AS ride_s, coalesce((p.inputs->>'backlog_s')::float, 0) AS backlog_s,
        coalesce((p.inputs->>'rider_wait_s')::float, 0) AS rider_wait_s,
        coalesce((p.inputs->>'rush')::boolean, false) AS rush,
        coalesce((p.inputs->>'bad_weather')::boolean, false) AS bad_weather,
        coalesce((p.inputs->>'least_ride_s')::float, 0) AS least_ride_s,
        coalesce((p.inputs->>'hour')::int, %(any)s) AS hour,
        extract(epoch FROM coalesce(o.delivered_at, %(now)s) - p.made_at)::float AS took,
        coalesce(o.delivered_at, %(now)s) <= p.promised_by AS kept
    FROM orders_order o JOIN orders_promise p ON p.order_id = o.id
        JOIN catalog_store s ON s.code = p.inputs->>'store'
    WHERE o.placed_at >= %(since)s AND o.slot_id IS NULL
        AND (o.delivered_at <= %(now)s OR o.status = ANY(%(live)s))
    ORDER BY p.order_id, {JUDGED_FIRST}
), known AS (
    SELECT said.*, min(placed_at) FILTER (
        WHERE is_live AND greatest(promised_by, made_at + p90 * interval '1 second') >= %(now)s
    ) OVER (PARTITION BY store_id) AS still_open FROM said
), counted AS (
    SELECT known.*, row_number() OVER (PARTITION BY store_id ORDER BY made_at DESC) AS nth FROM known
    WHERE (version = %(version)s OR (%(again)s AND ride_s > 0 AND lines > 0)) AND p50 > 0 AND took > 0
        AND placed_at < coalesce(still_open, %(now)s)
)
SELECT store_id, p50, p90, took, kept, lines, units, ride_s, backlog_s, rider_wait_s, rush, bad_weather, least_ride_s,
    hour
FROM counted WHERE nth <= %(most)s
"""


@transaction.atomic
def learn_rooms(*, now: datetime) -> int:
    """Take a step towards the room each store needs. Returns how many stores.

    The rule of thumb is asked what it would say of each order now, with what legs are known to take now: what an older
    quote said would teach room for quotes nobody makes any more. A learned model has seen these orders, so of it only
    what it really said counts.

    Five statements. Of two at once the second waits and then finds nothing new to learn: steps lead to the same aim.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('orders.rooms'))")
        active = EtaModel.objects.filter(is_active=True).first()
        version = str(active) if active else VERSION
        asked: dict[str, Any] = {
            "since": now - LOOK_BACK,
            "now": now,
            "version": version,
            "again": active is None,
            "any": LegStat.ANY_HOUR,
            "live": sorted(LIVE),
            "most": LAST_OF_A_STORE,
        }
        cursor.execute(_CAME, asked)
        rows = cursor.fetchall()
    before = {row.store_id: Room(row.middle, row.end) for row in PromiseRoom.objects.filter(version=version)}
    came: defaultdict[int, list[Came]] = defaultdict(list)
    kept: defaultdict[int, list[bool]] = defaultdict(list)
    measured = measured_legs()
    for store_id, p50_s, p90_s, took_s, was_kept, *made_from, hour in rows:
        added_s = 0.0
        if active is None:
            inputs = dict(zip(INPUTS, made_from, strict=True))
            said = quote(PromiseInputs(**inputs, measured=legs_of(store_id, hour, measured)))
            p50_s, p90_s = said.p50_s, said.p90_s
            roomy = with_room(said, before.get(store_id, AS_QUOTED))
            added_s = governed(roomy, least_s=inputs["least_ride_s"])[1]
        came[store_id].append(Came(p50_s, p90_s, took_s, added_s))
        kept[store_id].append(was_kept)
    everywhere = pooled([one for several in came.values() for one in several])
    found = []
    for store_id, orders in sorted(came.items()):
        room = room_for(orders, everywhere=everywhere, before=before.get(store_id, AS_QUOTED))
        found.append(
            PromiseRoom(
                store_id=store_id, version=version, middle=round(room.middle, 4), end=round(room.end, 4),
                kept_percent=round(100 * fmean(kept[store_id]), 1), samples=len(orders), updated_at=now,
            )
        )  # fmt: skip
    PromiseRoom.objects.bulk_create(
        found, update_conflicts=True, unique_fields=["store"],
        update_fields=["version", "middle", "end", "kept_percent", "samples", "updated_at"],
    )  # fmt: skip
    return len(found)
