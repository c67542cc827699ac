"""How far and how long by street. Plain Python; a routing engine can take its place behind the same two functions."""

from catalog.travel.field import BadField, Field, field_from
from catalog.travel.street import STANDARD, VEHICLES, Streets, street_metres, streets_from, travel_seconds

__all__ = [
    "STANDARD",
    "VEHICLES",
    "BadField",
    "Field",
    "Streets",
    "field_from",
    "street_metres",
    "streets_from",
    "travel_seconds",
]
