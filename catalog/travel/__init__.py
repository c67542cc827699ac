"""How far and how long by street. Plain Python; a routing engine can take its place behind the same two functions."""

from catalog.travel.field import BadField, Field, field_from
from catalog.travel.line import BadLine, Line, line_from
from catalog.travel.street import (
    LAWFUL_KMH,
    RIDDEN,
    SETTLE_S,
    STANDARD,
    VEHICLES,
    Streets,
    lawful_seconds,
    seconds_per_metre,
    street_metres,
    streets_from,
    travel_seconds,
)

__all__ = [
    "LAWFUL_KMH",
    "RIDDEN",
    "SETTLE_S",
    "STANDARD",
    "VEHICLES",
    "BadField",
    "BadLine",
    "Field",
    "Line",
    "Streets",
    "field_from",
    "lawful_seconds",
    "line_from",
    "seconds_per_metre",
    "street_metres",
    "streets_from",
    "travel_seconds",
]
