"""Pieces of SQL without a value in them: columns, clauses, aggregates."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.ask.layer import Entity, Measure

PERCENTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95"}


def column_of(entity: Entity, column: str) -> str:
    return f'"{entity.name}"."{column}"'


def after_colon(path: str) -> str:
    """The grain of a time or the aggregate of a field: "order.placed_at:day" → day."""
    return path.partition(":")[2]


def clause(word: str, conditions: Sequence[str]) -> str:
    return f"\n{word} " + "\n  AND ".join(conditions) if conditions else ""


def part_of_all(figure: str) -> str:
    """Hundredths of a percent of all groups."""
    return f"round(10000.0 * {figure} / NULLIF(sum({figure}) OVER (), 0))::bigint"


def aggregate(entity: Entity, measure: Measure, condition: str = "") -> str:
    """The aggregate of whole numbers is a whole number; of amounts two digits are enough."""
    column = "*" if measure.column == "*" else column_of(entity, measure.column)
    conditions = [column_of(entity, measure.where) if measure.where else "", condition]
    held = " AND ".join(part for part in conditions if part)
    over = f" FILTER (WHERE {held})" if held else ""
    whole = "numeric, 2)" if measure.kind == "amount" else "numeric)::bigint"
    if measure.aggregate == "count":
        return f"count({column}){over}"
    if measure.aggregate == "distinct":
        return f"count(DISTINCT {column}){over}"
    if measure.aggregate in ("min", "max"):
        return f"{measure.aggregate}({column}){over}"
    if measure.aggregate in ("sum", "avg"):
        return f"round({measure.aggregate}({column}){over}::{whole}"
    if measure.aggregate == "rate":
        true = " AND ".join(part for part in (column, held) if part)
        return f"round(10000.0 * count(*) FILTER (WHERE {true}) / NULLIF(count({column}){over}, 0))::bigint"
    percentile = f"percentile_cont({PERCENTILES[measure.aggregate]}) WITHIN GROUP (ORDER BY {column})"
    return f"round(({percentile}{over})::{whole}"
