"""Positions on their way to the database, and the days they are kept.

What was taken waits in a Redis stream for at most the beat's few seconds. A writer that dies leaves its entries to the
next one (they are claimed after a minute), and writing one twice does nothing: at most one row per rider and instant.
If Redis itself is killed, what waited there is lost: at most WRITE_EVERY_S seconds of positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
import redis
import structlog
from django.conf import settings
from django.db import connection, transaction

from blinkit.kernel import metrics
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

Row = tuple[int, float, float, float, int]
"""Rider, degrees, accuracy in metres, milliseconds since 1970."""
Seen = tuple[int, float, float]
"""A rider's place for the riders' table: the dispatcher and the board read it there."""

WRITE_EVERY_S = 5
MOST_WAITING = 100_000
"""Batches in the stream; a batch is what one process takes in a tenth of a second. Older ones give way."""
AT_ONCE = 200
ABANDONED_MS = 60_000
GROUP = "writers"
DAYS_AHEAD = 3
_LOCK_CLASS, _LOCK_KEY = 4119, 1


def stream() -> str:
    return key("positions")


def as_command(rows: Sequence[Row], seen: Sequence[Seen], *, now: datetime) -> tuple[Any, ...]:
    """The Redis command that puts them in line."""
    entry = orjson.dumps({"rows": rows, "seen": seen, "at": now.timestamp()})
    return ("XADD", stream(), "MAXLEN", "~", MOST_WAITING, "*", "p", entry)


def write_positions(*, consumer: str = "writer") -> int:
    """Write what waits, oldest first. Several writers may run at once: each entry goes to one of them. Returns the rows
    written; without Redis there is nothing to write."""
    written = 0
    try:
        entries = _abandoned(consumer)
        while True:
            entries += _waiting(consumer)
            if not entries:
                return written
            written += _write([orjson.loads(values["p"]) for _, values in entries if values])
            ids = [entry_id for entry_id, _ in entries]
            pipe = client().pipeline(transaction=False)
            pipe.xack(stream(), GROUP, *ids)
            pipe.xdel(stream(), *ids)
            pipe.execute()
            entries = []
    except (redis.RedisError, OSError) as error:
        metrics.count("live_failures_total")
        log.warning("waiting positions cannot be read", error=repr(error))
        return written


def write_at_once(rows: Sequence[Row], seen: Sequence[Seen], *, now: datetime) -> None:
    """Redis is away: straight to the database, of each rider the newest only. Never raises."""
    last = {row[0]: row for row in rows}
    told = {who for who, *_ in seen}
    try:
        _write([{"rows": [row for who, row in last.items() if who in told], "seen": seen, "at": now.timestamp()}])
    except Exception as error:
        log.warning("positions not written", error=repr(error))


def _abandoned(consumer: str) -> list[Any]:
    try:
        return list(client().xautoclaim(stream(), GROUP, consumer, ABANDONED_MS, count=AT_ONCE)[1])  # type: ignore[index]
    except redis.ResponseError as error:
        if "NOGROUP" not in str(error) and "no such key" not in str(error).lower():
            raise
        client().xgroup_create(stream(), GROUP, id="0", mkstream=True)
        return []


def _waiting(consumer: str) -> list[Any]:
    found: Any = client().xreadgroup(GROUP, consumer, {stream(): ">"}, count=AT_ONCE)
    if isinstance(found, dict):  # as newer protocols answer
        found = list(found.items())
    return list(found[0][1]) if found else []


def _write(entries: Sequence[dict[str, Any]]) -> int:
    written = 0
    rows = [row for entry in entries for row in entry["rows"]]
    seen = {who: (lat, lng, entry["at"]) for entry in entries for who, lat, lng in entry["seen"]}
    with transaction.atomic(), connection.cursor() as cursor:
        if rows:
            riders, lats, lngs, accuracies, instants = (list(column) for column in zip(*rows, strict=True))
            # A rider who was deleted meanwhile takes nothing down with them.
            cursor.execute(
                "INSERT INTO delivery_position (rider_id, lat, lng, accuracy_metres, at)"
                " SELECT v.rider_id, v.lat, v.lng, v.accuracy, to_timestamp(v.at_ms / 1000.0)"
                " FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::bigint[])"
                " AS v(rider_id, lat, lng, accuracy, at_ms)"
                " WHERE EXISTS (SELECT 1 FROM delivery_rider r WHERE r.id = v.rider_id)"
                " ON CONFLICT DO NOTHING",
                [riders, lats, lngs, accuracies, instants],
            )
            written = cursor.rowcount
        if seen:
            # Whoever is locked (goes off duty this moment) is written the next time.
            cursor.execute(
                "WITH v AS (SELECT * FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[])"
                " AS v(rider_id, lat, lng, at)),"
                " free AS (SELECT r.id FROM delivery_rider r JOIN v ON v.rider_id = r.id"
                " ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED)"
                " UPDATE delivery_rider r SET lat = v.lat, lng = v.lng,"
                " seen_at = greatest(r.seen_at, to_timestamp(v.at))"
                " FROM v, free WHERE r.id = v.rider_id AND r.id = free.id",
                [list(seen), *(list(column) for column in zip(*seen.values(), strict=True))],
            )
    return written


# -- days


def partition_of(day: date) -> str:
    return f"delivery_position_{day:%Y%m%d}"


def keep_days(*, now: datetime) -> tuple[list[str], list[str]]:
    """Make the partitions of today and the next days, drop those older than POSITION_DAYS. Returns both lists of names.

    Rows that were taken before their partition was there wait in the default one and move with it. One at a time: a
    second caller finds the lock taken and does nothing.
    """
    today = now.astimezone(UTC).date()
    wanted = [today + timedelta(days=ahead) for ahead in range(-1, DAYS_AHEAD + 1)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, _LOCK_KEY])
        if not cursor.fetchone()[0]:
            return [], []
        cursor.execute("SET LOCAL lock_timeout = '3s'")  # the table is busy: the next hour does it
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'delivery_position'::regclass ORDER BY 1"
        )
        there = {name for (name,) in cursor.fetchall()}
        made = [day for day in wanted if partition_of(day) not in there]
        if made:
            # Who is writing meanwhile was sent to the default one, and would be refused there once the day is its own.
            cursor.execute("LOCK TABLE delivery_position IN SHARE ROW EXCLUSIVE MODE")
        for day in made:
            _make(cursor, day)
        oldest = partition_of(today - timedelta(days=settings.POSITION_DAYS))
        gone = sorted(name for name in there if name[-8:].isdigit() and name < oldest)
        for name in gone:
            cursor.execute(f"DROP TABLE {name}")
        before = _midnight(today) - timedelta(days=settings.POSITION_DAYS)
        cursor.execute("DELETE FROM delivery_position_default WHERE at < %s", [before])
    return [partition_of(day) for day in made], gone


def _make(cursor: Any, day: date) -> None:
    name, bounds = partition_of(day), [_midnight(day), _midnight(day + timedelta(days=1))]
    cursor.execute(f"CREATE TABLE {name} (LIKE delivery_position INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    cursor.execute(
        "WITH moved AS (DELETE FROM delivery_position_default WHERE at >= %s AND at < %s RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved",
        bounds,
    )
    low, high = (bound.isoformat() for bound in bounds)  # no parameters in DDL; these are our own
    cursor.execute(f"ALTER TABLE delivery_position ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
