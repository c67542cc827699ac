"""Where promises break today: by store and stage, and how good the warnings were. Two statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from blinkit.kernel.said import Said
from dashboard.queries.board import midnight
from orders.promise import STAGES
from orders.risk import STAGE_LABELS

_STAGES = """
SELECT s.code, s.name, t.stage, count(*), count(*) FILTER (WHERE t.breached),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.ended_at - t.began_at))
FROM orders_stagetimer AS t JOIN catalog_store AS s ON s.id = t.store_id
WHERE t.began_at >= %(since)s AND t.ended_at IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 1
"""
_WARNINGS = """
WITH done AS (
    SELECT o.promised_by, o.delivered_at > o.promised_by AS late,
        (SELECT min(t.raised_at) FROM orders_stagetimer AS t WHERE t.order_id = o.id) AS raised_at
    FROM orders_order AS o WHERE o.delivered_at >= %(since)s AND o.promised_by IS NOT NULL
)
SELECT count(*), count(*) FILTER (WHERE late), count(raised_at), count(raised_at) FILTER (WHERE late),
    count(*) FILTER (WHERE late AND raised_at <= promised_by - interval '2 minutes'),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM promised_by - raised_at)) FILTER (WHERE late)
FROM done
"""


@dataclass(frozen=True, slots=True)
class StageToday:
    """`passed` orders left the stage today; `breached` of them crossed its due time in it."""

    stage: str
    passed: int = 0
    breached: int = 0
    median_s: float = 0

    @property
    def percent(self) -> int | None:
        return round(100 * self.breached / self.passed) if self.passed else None


@dataclass(frozen=True, slots=True)
class StoreToday:
    code: str
    name: str
    stages: tuple[StageToday, ...]

    @property
    def breached(self) -> int:
        return sum(stage.breached for stage in self.stages)

    @property
    def worst(self) -> str:
        """The stage that broke most promises; "" when none did."""
        most = max(self.stages, key=lambda stage: stage.breached)
        return most.stage if most.breached else ""


@dataclass(frozen=True, slots=True)
class WarningsToday:
    """Of the orders `delivered` today: how many came late, were warned of, both, and both with two minutes to spare."""

    delivered: int = 0
    late: int = 0
    warned: int = 0
    right: int = 0
    in_time: int = 0
    lead_s: float | None = None

    @property
    def right_percent(self) -> int | None:
        return round(100 * self.right / self.warned) if self.warned else None

    @property
    def in_time_percent(self) -> int | None:
        return round(100 * self.in_time / self.late) if self.late else None

    @property
    def lead_m(self) -> float | None:
        return None if self.lead_s is None else round(self.lead_s / 60, 1)


@dataclass(frozen=True, slots=True)
class PromisesToday:
    stores: list[StoreToday] = field(default_factory=list)
    warnings: WarningsToday = field(default_factory=WarningsToday)
    labels: tuple[Said, ...] = tuple(STAGE_LABELS[stage] for stage in STAGES)


def promises_today(*, now: datetime) -> PromisesToday:
    """Since local midnight, the store where most broke first."""
    since = {"since": midnight(now)}
    found: dict[tuple[str, str], dict[str, StageToday]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_STAGES, since)
        for code, name, stage, passed, breached, median_s in cursor.fetchall():
            found.setdefault((code, name), {})[stage] = StageToday(stage, passed, breached, float(median_s))
        cursor.execute(_WARNINGS, since)
        delivered, late, warned, right, in_time, lead_s = cursor.fetchone()
    stores = [
        StoreToday(code, name, tuple(stages.get(stage, StageToday(stage)) for stage in STAGES))
        for (code, name), stages in found.items()
    ]
    stores.sort(key=lambda store: (-store.breached, store.code))
    lead_s = None if lead_s is None else float(lead_s)
    return PromisesToday(stores, WarningsToday(delivered, late, warned, right, in_time, lead_s))
