"""How well promises are kept: by fifths of the promised time, by store, by day, by version of what made them.

The one place for the dashboard, its file, `manage.py promise_report` and the metrics. An order is judged by the
promise it is held to (orders.models.JUDGED_FIRST): the first it was given, unless its customer moved the door; orders
for a slot are left out, their window is no forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.formats import date_format

from blinkit.kernel.said import say
from orders.models import JUDGED_FIRST

MOST_DAYS = 92
KEPT_BAR = (87.0, 93.0)
"""Per cent: nine in ten are meant."""
PADDING_BAR_M = 4.0
"""The promise, on average, so much over what it took at most."""

_ENDED = f"""
ended AS (
    SELECT DISTINCT ON (o.id) o.id, s.code AS store, s.name AS store_name, p.version,
        (p.made_at AT TIME ZONE %(zone)s)::date AS day,
        extract(epoch FROM p.promised_by - p.made_at) / 60 AS promised_m,
        extract(epoch FROM p.p50_at - p.made_at) / 60 AS middle_m,
        extract(epoch FROM o.delivered_at - p.made_at) / 60 AS actual_m,
        p.shown_key <> '' AS was_shown, (p.inputs->>'shown_to_m')::float AS shown_m,
        (p.inputs ? 'governor') AS governed
    FROM orders_order o
        JOIN orders_promise p ON p.order_id = o.id
        JOIN catalog_store s ON s.code = p.inputs->>'store'
    WHERE o.placed_at >= %(since)s AND o.placed_at < %(until)s AND o.slot_id IS NULL AND o.delivered_at IS NOT NULL
    ORDER BY o.id, {JUDGED_FIRST}
), asked AS (
    SELECT *, actual_m <= promised_m AS kept FROM ended
    WHERE (%(store)s = '' OR store = %(store)s) AND (%(version)s = '' OR version = %(version)s)
), ranked AS (
    SELECT *, ntile(5) OVER (ORDER BY promised_m, id) AS fifth FROM asked
)"""
_FIGURES = """count(*), 100.0 * avg(kept::int), avg(promised_m), avg(actual_m), avg(abs(actual_m - middle_m)),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY actual_m - promised_m), min(promised_m), max(promised_m)"""
_TABLES = f"""
WITH {_ENDED}
SELECT grouping(fifth, store, day, version), fifth, store, max(store_name), day, version, {_FIGURES},
    count(*) FILTER (WHERE shown_m IS NOT NULL), count(*) FILTER (WHERE promised_m <= shown_m),
    count(*) FILTER (WHERE governed)
FROM ranked GROUP BY GROUPING SETS ((), (fifth), (store), (day), (version))
ORDER BY 1, fifth, day, store, version
"""
_SHOWN = """
SELECT count(*), count(p.id), count(*) FILTER (WHERE h.page = 'checkout'),
    count(p.id) FILTER (WHERE h.page = 'checkout'), avg(h.to_m)
FROM orders_shownpromise h JOIN catalog_store s ON s.id = h.store_id
    LEFT JOIN orders_promise p ON p.shown_key = h.key AND p.made_at >= %(since)s
WHERE h.shown_at >= %(since)s AND h.shown_at < %(until)s
    AND (%(store)s = '' OR s.code = %(store)s) AND (%(version)s = '' OR h.version = %(version)s)
"""
_SETS = {0b1111: "all", 0b0111: "fifths", 0b1011: "stores", 0b1101: "days", 0b1110: "versions"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Delivered orders of one group; minutes. `padding_m`: promise minus actual, mean. `p90_over_m`: nine of ten came
    at most so long after the promise (negative: before it)."""

    name: str
    label: str
    orders: int
    kept: float
    promised_m: float
    actual_m: float
    mae_m: float
    p90_over_m: float
    least_m: float
    most_m: float

    @property
    def padding_m(self) -> float:
        return self.promised_m - self.actual_m

    @property
    def error_percent(self) -> float:
        """Half the width of the 95 % interval of `kept` (Wald); how much of a difference is chance."""
        share = self.kept / 100
        return 196 * (max(share * (1 - share), 0.01) / self.orders) ** 0.5 if self.orders else 100.0


@dataclass(frozen=True, slots=True)
class Shown:
    """Ranges shown, those of them that were the last before an order, the same at checkout, and their mean end."""

    shown: int = 0
    ordered: int = 0
    checkouts: int = 0
    checkouts_ordered: int = 0
    to_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    since: datetime
    until: datetime
    all: Kept | None = None
    fifths: list[Kept] = field(default_factory=list)
    stores: list[Kept] = field(default_factory=list)
    days: list[Kept] = field(default_factory=list)
    versions: list[Kept] = field(default_factory=list)
    shown: Shown = Shown()
    seen_before: int = 0
    not_longer: int = 0
    """Of the orders whose customer had seen a range (`seen_before`): those not promised anything later than it."""
    governed: int = 0
    """Promises lengthened so that nobody need ride faster than the law."""

    @property
    def is_kept(self) -> bool | None:
        return None if self.all is None else KEPT_BAR[0] <= self.all.kept <= KEPT_BAR[1]

    @property
    def is_tight(self) -> bool | None:
        return None if self.all is None else self.all.padding_m <= PADDING_BAR_M

    def rows(self) -> list[tuple[str, Kept]]:
        """(table, row) of everything, as the file has it."""
        head = [] if self.all is None else [("all", self.all)]
        tables = (("fifth", self.fifths), ("store", self.stores), ("day", self.days), ("version", self.versions))
        return head + [(name, row) for name, rows in tables for row in rows]


def calibration(
    *, since: datetime, until: datetime, store: str = "", version: str = "", zone: str = "Asia/Kolkata"
) -> Calibration:
    """Of the orders placed in the half-open time and delivered since, at one store or all, by one version or all. Two
    statements. `zone` says where a day begins."""
    asked: dict[str, Any] = {"since": since, "until": until, "store": store, "version": version, "zone": zone}
    tables: dict[str, list[Kept]] = {name: [] for name in _SETS.values()}
    seen = not_longer = governed = 0
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, asked)
        for group, fifth, code, store_name, day, made_by, *figures, was_seen, kept_word, slowed in cursor.fetchall():
            if figures[0] == 0:
                continue
            name = _SETS[group]
            if name == "all":
                seen, not_longer, governed = was_seen, kept_word, slowed
            tables[name].append(_kept(name, fifth, code, store_name, day, made_by, figures))
        cursor.execute(_SHOWN, asked)
        shown, ordered, checkouts, checkouts_ordered, to_m = cursor.fetchone()
    return Calibration(
        since=since, until=until, all=tables["all"][0] if tables["all"] else None, fifths=tables["fifths"],
        stores=sorted(tables["stores"], key=lambda row: (row.kept, row.name)), days=tables["days"],
        versions=tables["versions"], shown=Shown(shown, ordered, checkouts, checkouts_ordered, float(to_m or 0)),
        seen_before=seen, not_longer=not_longer, governed=governed,
    )  # fmt: skip


def lately(*, now: datetime, days: int = 1) -> Calibration:
    return calibration(since=now - timedelta(days=days), until=now)


def _kept(name: str, fifth: Any, code: str, store_name: str, day: Any, version: str, figures: list[Any]) -> Kept:
    count, *others = figures
    numbers = [float(one) for one in others]
    least_m, most_m = numbers[5], numbers[6]
    spanned = f"{least_m:.0f}" if round(least_m) == round(most_m) else f"{least_m:.0f}–{most_m:.0f}"
    names = {
        "all": ("all", ""),
        "fifths": (str(fifth), say("{n} min", n=spanned)),
        "stores": (code, store_name or ""),
        "days": (str(day), date_format(day, "j M") if day else ""),
        "versions": (version, version),
    }
    return Kept(*names[name], count, *numbers)
