"""The heat map of unmet demand: cells of about 500 m with who waits and how often somebody asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from catalog import queries
from catalog.models import Store
from catalog.services.demand import CELL_DEG, corners_of, waiting_in

MOST_CELLS = 400
WAIT_COUNTS = 5
"""Somebody who left a number weighs as much as so many who only asked."""
_CELLS = """
WITH waiting AS (
    SELECT floor(lat / %(cell)s)::int AS y, lng, lat FROM catalog_waitlist
    WHERE told_at IS NULL AND created_at >= %(since)s
), per_cell AS (
    SELECT y, floor(lng * cos(radians((y + 0.5) * %(cell)s)) / %(cell)s)::int AS x, count(*) AS people, 0 AS asked
    FROM waiting GROUP BY 1, 2
    UNION ALL
    SELECT cell_y, cell_x, 0, sum(asked) FROM catalog_unmetdemand WHERE day >= %(since)s::date GROUP BY 1, 2
)
SELECT y, x, sum(people)::int AS people, sum(asked)::int AS asked, sum(people * %(weight)s + asked)::int AS weight
FROM per_cell GROUP BY y, x ORDER BY weight DESC, y, x LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """`waiting` people left their number, `asked` times somebody looked; `weight` is what shades the cell."""

    y: int
    x: int
    waiting: int
    asked: int
    weight: int

    @property
    def corners(self) -> tuple[float, float, float, float]:
        return corners_of(self.y, self.x)

    @property
    def lat(self) -> float:
        south, _west, north, _east = self.corners
        return (south + north) / 2

    @property
    def lng(self) -> float:
        _south, west, _north, east = self.corners
        return (west + east) / 2


def unmet_cells(*, now: datetime, days: int) -> list[Cell]:
    """The cells of the last `days` days, the heaviest first, at most MOST_CELLS. One statement."""
    values: dict[str, Any] = {
        "cell": CELL_DEG,
        "since": now - timedelta(days=days),
        "weight": WAIT_COUNTS,
        "most": MOST_CELLS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CELLS, values)
        return [Cell(*row) for row in cursor.fetchall()]


def covered_now() -> list[tuple[Store, int]]:
    """Stores with people of the waiting list inside their area who have not heard, most first."""
    counted = [(store, waiting_in(store)) for store in queries.active_stores()]
    return sorted([it for it in counted if it[1]], key=lambda it: (-it[1], it[0].code))
