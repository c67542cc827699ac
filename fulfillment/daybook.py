"""What a day on the floor was like: of a store for those who answer for it, of a picker for the picker. Reads only.

A day is one of the store's own calendar, and an order belongs to the day on which its bags were closed. An order of
which nothing was found has no bags: its missing lines belong to the day on which it was begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from catalog.models import Product, Store
from inventory import shelf
from inventory.shelf import WasteLine
from orders.promise import legs

LOOK_BACK = timedelta(days=366)
"""Older days have no page: the figures of a year are a matter for the warehouse of data."""
SHOWN_PRODUCTS = 30
OWN_DAYS = 7


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day. Seconds are of the middle order (p50) and the slow one of ten (p90); None when there was no order.

    `pick_pack`: from "started" to the bags on the shelf; `wait`: in the queue before that. `promised`: orders that were
    delivered and had a promise; `kept` of them came in time. `late_*`: where those that did not lost it.
    """

    orders: int = 0
    lines: int = 0
    units: int = 0
    short_units: int = 0
    pick_pack_p50_s: float | None = None
    pick_pack_p90_s: float | None = None
    wait_p50_s: float | None = None
    wait_p90_s: float | None = None
    promised: int = 0
    kept: int = 0
    late_queue: int = 0
    late_pick: int = 0
    late_rider: int = 0
    late_road: int = 0

    @property
    def kept_percent(self) -> int | None:
        return round(100 * self.kept / self.promised) if self.promised else None

    @property
    def found_percent(self) -> float | None:
        """Units found of those asked for."""
        asked = self.units + self.short_units
        return round(100 * self.units / asked, 1) if asked else None


@dataclass(frozen=True, slots=True)
class Hour:
    """Work of one clock hour. `percent`: its lines as a part of the busiest hour's."""

    hour: int
    orders: int
    lines: int
    units: int
    percent: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A product pickers did not find: in so many orders, so many units, and how many came of a substitute for it."""

    product: Product
    orders: int
    units: int
    substituted: int


@dataclass(frozen=True, slots=True)
class Counted:
    done: int
    off: int
    value_paise: int


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    figures: DayFigures
    yesterday: DayFigures
    last_week: DayFigures
    hours: list[Hour]
    missing: list[Missing]
    wastage: list[WasteLine]
    counts: Counted

    @property
    def wasted_paise(self) -> int:
        return sum(line.value_paise for line in self.wastage)


def today_of(store: Store, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(store.city.timezone)).date()


def bounds(day: date, store: Store) -> tuple[datetime, datetime]:
    """The instants between which it is this day at the store."""
    zone = ZoneInfo(store.city.timezone)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


_DAYS = """
WITH day (ago, since, until) AS (
    VALUES (0, %(s0)s::timestamptz, %(u0)s::timestamptz), (1, %(s1)s, %(u1)s), (7, %(s7)s, %(u7)s)
), done AS (
    SELECT d.ago, t.due_at, t.opened_at, t.packed_at, o.promised_by, o.picked_up_at, o.delivered_at,
        coalesce(t.started_at, t.packed_at) AS started_at, l.lines, l.units, l.short,
        %(base_s)s + %(line_s)s * l.lines + %(unit_s)s * greatest(0, l.units - l.lines) AS usual_s
    FROM day AS d JOIN fulfillment_picktask AS t
        ON t.store_id = %(store)s AND t.packed_at >= d.since AND t.packed_at < d.until
    JOIN orders_order AS o ON o.id = t.order_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS lines, coalesce(sum(picked_qty), 0) AS units, coalesce(sum(short_qty), 0) AS short
        FROM fulfillment_pickline WHERE task_id = t.id
    ) AS l
), told AS (
    SELECT *, extract(epoch FROM packed_at - started_at) AS work_s,
        extract(epoch FROM started_at - opened_at) AS wait_s,
        CASE WHEN delivered_at <= promised_by OR delivered_at IS NULL OR promised_by IS NULL THEN ''
            WHEN packed_at > due_at AND
                extract(epoch FROM started_at - opened_at) > extract(epoch FROM packed_at - started_at) - usual_s
                THEN 'queue'
            WHEN packed_at > due_at THEN 'pick'
            WHEN picked_up_at > due_at + %(handover_s)s * interval '1 second' THEN 'rider'
            ELSE 'road' END AS broken
    FROM done
)
SELECT ago, count(*)::int, sum(lines)::int, sum(units)::int, sum(short)::int,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY work_s)::float,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY work_s)::float,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY wait_s)::float,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY wait_s)::float,
    count(*) FILTER (WHERE delivered_at IS NOT NULL AND promised_by IS NOT NULL)::int,
    count(*) FILTER (WHERE delivered_at <= promised_by)::int,
    count(*) FILTER (WHERE broken = 'queue')::int, count(*) FILTER (WHERE broken = 'pick')::int,
    count(*) FILTER (WHERE broken = 'rider')::int, count(*) FILTER (WHERE broken = 'road')::int
FROM told GROUP BY ago
"""
_HOURS = """
SELECT extract(hour FROM t.packed_at AT TIME ZONE %(zone)s)::int, count(DISTINCT t.id)::int, count(l.id)::int,
    coalesce(sum(l.picked_qty), 0)::int
FROM fulfillment_picktask AS t LEFT JOIN fulfillment_pickline AS l ON l.task_id = t.id
WHERE t.store_id = %(store)s AND t.packed_at >= %(since)s AND t.packed_at < %(until)s GROUP BY 1 ORDER BY 1
"""
_MISSING = """
WITH task AS (
    SELECT id FROM fulfillment_picktask WHERE store_id = %(store)s AND packed_at >= %(since)s AND packed_at < %(until)s
    UNION ALL
    SELECT id FROM fulfillment_picktask WHERE store_id = %(store)s AND state = 'cancelled' AND packed_at IS NULL
        AND started_at >= %(since)s AND started_at < %(until)s
)
SELECT l.product_id, count(*)::int, sum(l.short_qty)::int, coalesce(sum(s.units), 0)::int
FROM task JOIN fulfillment_pickline AS l ON l.task_id = task.id AND l.short_qty > 0
LEFT JOIN LATERAL (
    SELECT sum(o.qty - o.short_qty) AS units FROM orders_orderline AS o WHERE o.substitute_for_id = l.order_line_id
) AS s ON true
GROUP BY l.product_id ORDER BY 3 DESC, 1 LIMIT %(shown)s
"""
_COUNTS = """
SELECT count(*)::int, count(*) FILTER (WHERE c.difference <> 0)::int,
    coalesce(sum(c.value_paise) FILTER (WHERE c.difference <> 0), 0)::bigint
FROM inventory_stock AS s JOIN inventory_counttask AS c ON c.stock_id = s.id
WHERE s.store_id = %(store)s AND c.closed_at >= %(since)s AND c.closed_at < %(until)s
"""


def day_of(*, store: Store, day: date) -> Day:
    """The day of a store, with the day before and the same weekday of the week before beside it. Six statements."""
    since, until = bounds(day, store)
    asked = {"store": store.pk, "since": since, "until": until, "zone": store.city.timezone, "shown": SHOWN_PRODUCTS}
    figures = _figures(store, day)
    hours = _rows(_HOURS, asked)
    busiest = max((row[2] for row in hours), default=0)
    missing = _rows(_MISSING, asked)
    products = Product.objects.in_bulk([row[0] for row in missing]) if missing else {}
    return Day(
        day=day,
        figures=figures.get(0, DayFigures()),
        yesterday=figures.get(1, DayFigures()),
        last_week=figures.get(7, DayFigures()),
        hours=[Hour(h, n, lines, u, round(100 * lines / busiest) if busiest else 0) for h, n, lines, u in hours],
        missing=[Missing(products[row[0]], *row[1:]) for row in missing],
        wastage=shelf.waste_by_reason(since=since, until=until, store_id=store.pk),
        counts=Counted(*_rows(_COUNTS, asked)[0]),
    )


def _figures(store: Store, day: date) -> dict[int, DayFigures]:
    asked: dict[str, Any] = {
        "store": store.pk,
        "base_s": legs.PICK_BASE_S + legs.PACK_S,
        "line_s": legs.PICK_PER_LINE_S + legs.PACK_PER_LINE_S,
        "unit_s": legs.PICK_PER_EXTRA_UNIT_S,
        "handover_s": legs.HANDOVER_S,
    }
    for ago in (0, 1, 7):
        asked[f"s{ago}"], asked[f"u{ago}"] = bounds(day - timedelta(days=ago), store)
    return {row[0]: DayFigures(*row[1:]) for row in _rows(_DAYS, asked)}


# -- a picker's own ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """One order somebody picked. `wrong`: units of it the customer was refunded for as missing or wrong."""

    packed_at: datetime
    work_s: float
    lines: int
    units: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody did in a time. `lines_per_hour`: of the time with an order in hand, None without any."""

    orders: int
    lines: int
    units: int
    lines_per_hour: int | None
    right_percent: float | None


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A picker's day beside their own last seven days. `best_hour`: (clock hour, lines); `streak`: orders in a row,
    up to now, of which nothing had to be refunded as missing or wrong."""

    today: Own
    before: Own
    days: list[tuple[date, Own]]
    best_hour: tuple[int, int] | None
    streak: int


_OWN = """
SELECT t.packed_at, extract(epoch FROM t.packed_at - coalesce(t.started_at, t.packed_at))::float, l.lines, l.units,
    coalesce(c.wrong, 0)::int
FROM fulfillment_picktask AS t
CROSS JOIN LATERAL (
    SELECT count(*)::int AS lines, coalesce(sum(picked_qty), 0)::int AS units
    FROM fulfillment_pickline WHERE task_id = t.id
) AS l
LEFT JOIN LATERAL (
    SELECT sum(qty) AS wrong FROM orders_claim
    WHERE order_id = t.order_id AND kind IN ('missing', 'wrong') AND state = 'refunded' AND line_id IS NOT NULL
) AS c ON true
WHERE t.picker_id = %(picker)s AND t.packed_at >= %(since)s AND t.packed_at < %(until)s ORDER BY t.packed_at
"""


def own_day(*, picker_id: int, store: Store, now: datetime) -> OwnDay:
    """What this person picked today and in the seven days before, wherever it was. One statement."""
    today = today_of(store, now=now)
    zone = ZoneInfo(store.city.timezone)
    since, _ = bounds(today - timedelta(days=OWN_DAYS), store)
    _, until = bounds(today, store)
    done = [Done(*row) for row in _rows(_OWN, {"picker": picker_id, "since": since, "until": until})]
    by_day: dict[date, list[Done]] = {today - timedelta(days=ago): [] for ago in range(OWN_DAYS, -1, -1)}
    hours: dict[int, int] = {}
    for one in done:
        local = one.packed_at.astimezone(zone)
        by_day[local.date()].append(one)
        if local.date() == today:
            hours[local.hour] = hours.get(local.hour, 0) + one.lines
    streak = next((n for n, one in enumerate(reversed(done)) if one.wrong), len(done))
    return OwnDay(
        today=_own(by_day[today]),
        before=_own([one for day, ones in by_day.items() if day != today for one in ones]),
        days=[(day, _own(ones)) for day, ones in by_day.items()],
        best_hour=max(hours.items(), key=lambda item: (item[1], -item[0])) if hours else None,
        streak=streak,
    )


def _own(done: Sequence[Done]) -> Own:
    lines, units, work_s = sum(o.lines for o in done), sum(o.units for o in done), _busy_s(done)
    wrong = min(units, sum(o.wrong for o in done))
    return Own(
        orders=len(done),
        lines=lines,
        units=units,
        lines_per_hour=round(lines * 3600 / work_s) if work_s else None,
        right_percent=round(100 * (units - wrong) / units, 1) if units else None,
    )


def _busy_s(done: Sequence[Done]) -> float:
    """Seconds with at least one order in hand: orders picked together count their time once."""
    busy_s, free_from = 0.0, None
    for begin, end in sorted((one.packed_at - timedelta(seconds=one.work_s), one.packed_at) for one in done):
        begin = begin if free_from is None else max(begin, free_from)
        if end > begin:
            busy_s += (end - begin).total_seconds()
            free_from = end
    return busy_s


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
