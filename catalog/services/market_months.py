"""The months of catalog_listingprice: made ahead, dropped when they are old. As the days of riders' positions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction

log = structlog.get_logger(__name__)

MONTHS_AHEAD = 2
TABLE = "catalog_listingprice"
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('catalog.market.months'))"

Month = tuple[int, int]


def partition_of(month: Month) -> str:
    return f"{TABLE}_{month[0]:04}{month[1]:02}"


def month_of(at: datetime) -> Month:
    there = at.astimezone(UTC)
    return there.year, there.month


def shifted(month: Month, by: int) -> Month:
    number = month[0] * 12 + month[1] - 1 + by
    return number // 12, number % 12 + 1


def beginning(month: Month) -> datetime:
    return datetime(*month, 1, tzinfo=UTC)


def oldest_kept(now: datetime) -> datetime:
    """The first instant of the oldest month that is kept: MARKET_HISTORY_MONTHS whole months before this one."""
    return beginning(shifted(month_of(now), -settings.MARKET_HISTORY_MONTHS))


def keep_months(*, now: datetime) -> tuple[list[str], list[str]]:
    """Make the partitions of this month, the next ones and of what waits in the default one; drop those that ended more
    than MARKET_HISTORY_MONTHS ago. Returns the names of both.

    What was the last said of a listing before the oldest kept month is said again at its beginning, so that a price
    that never changed is not forgotten. One at a time: a second caller finds the lock taken and does nothing.
    """
    this = month_of(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return [], []
        cursor.execute("SET LOCAL lock_timeout = '3s'")  # the table is busy: the next hour does it
        cursor.execute(
            f"SELECT DISTINCT date_trunc('month', at, 'UTC') FROM {TABLE}_default WHERE at >= %s", [oldest_kept(now)]
        )
        wanted = {month_of(at) for (at,) in cursor.fetchall()}
        wanted |= {shifted(this, ahead) for ahead in range(MONTHS_AHEAD + 1)}
        there = _there(cursor)
        made = [month for month in sorted(wanted) if partition_of(month) not in there]
        for month in made:
            _make(cursor, month)
        oldest = partition_of(month_of(oldest_kept(now)))
        gone = sorted(name for name in there if name[-6:].isdigit() and name < oldest)
        for name in gone:
            _carry_over(cursor, name, oldest_kept(now))
            cursor.execute(f"DROP TABLE {name}")
        cursor.execute(f"DELETE FROM {TABLE}_default WHERE at < %s", [oldest_kept(now)])
    return [partition_of(month) for month in made], gone


def make_months(instants: Iterable[datetime]) -> None:
    """The partitions these instants need, before they are written. When the table is busy their rows wait in the
    default partition for `keep_months`."""
    wanted = {month_of(at) for at in instants}
    if not wanted:
        return
    with connection.cursor() as cursor:
        there = _there(cursor)
    missing = [month for month in sorted(wanted) if partition_of(month) not in there]
    if not missing:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOCK)
            if cursor.fetchone()[0]:
                cursor.execute("SET LOCAL lock_timeout = '3s'")
                there = _there(cursor)
                for month in missing:
                    if partition_of(month) not in there:
                        _make(cursor, month)
                cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        log.warning("no month made for prices", months=[partition_of(month) for month in missing], error=repr(error))


def _there(cursor: Any) -> set[str]:
    cursor.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
        [TABLE],
    )
    return {name for (name,) in cursor.fetchall()}


def _make(cursor: Any, month: Month) -> None:
    name, bounds = partition_of(month), [beginning(month), beginning(shifted(month, 1))]
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a caller's own rows must not wait for their check here
    cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    cursor.execute(
        f"WITH moved AS (DELETE FROM {TABLE}_default WHERE at >= %s AND at < %s RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved",
        bounds,
    )
    low, high = (bound.isoformat() for bound in bounds)  # no parameters in DDL; these are our own
    cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _carry_over(cursor: Any, name: str, cut: datetime) -> None:
    cursor.execute(
        f"""INSERT INTO {TABLE} (listing_id, at, price_paise, mrp_paise, member_paise, available)
        SELECT DISTINCT ON (p.listing_id) p.listing_id, %s, p.price_paise, p.mrp_paise, p.member_paise, p.available
        FROM {name} p
        WHERE NOT EXISTS (SELECT 1 FROM {TABLE} l WHERE l.listing_id = p.listing_id AND l.at > p.at AND l.at < %s)
        ORDER BY p.listing_id, p.at DESC
        ON CONFLICT (listing_id, at) DO NOTHING""",
        [cut, cut],
    )
