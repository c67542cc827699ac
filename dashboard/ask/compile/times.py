"""Periods and grains: days, weeks and hours are those of the shop's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from blinkit.kernel.said import say
from dashboard.ask.compile.expressions import after_colon, column_of
from dashboard.ask.compile.names import Names
from dashboard.ask.compile.values import ZONE, Places, is_this_century
from dashboard.ask.errors import CannotCompile
from dashboard.ask.layer import Dimension, Entity
from dashboard.ask.query import Query, Window

GRAINS = {
    "hour": "date_trunc('hour', {}, '" + ZONE + "')",
    "day": "date_trunc('day', {} AT TIME ZONE '" + ZONE + "')::date",
    "week": "date_trunc('week', {} AT TIME ZONE '" + ZONE + "')::date",
    "month": "date_trunc('month', {} AT TIME ZONE '" + ZONE + "')::date",
    "weekday": "extract(isodow FROM {} AT TIME ZONE '" + ZONE + "')::int",
    "hour_of_day": "extract(hour FROM {} AT TIME ZONE '" + ZONE + "')::int",
}
DAY_GRAINS = {
    "day": "{}",
    "week": "date_trunc('week', {}::timestamp)::date",
    "month": "date_trunc('month', {}::timestamp)::date",
    "weekday": "extract(isodow FROM {})::int",
}
GRAIN_KINDS = {
    "hour": "time",
    "day": "date",
    "week": "date",
    "month": "date",
    "weekday": "number",
    "hour_of_day": "number",
}


@dataclass(slots=True)
class Times:
    query: Query
    names: Names
    places: Places

    def within(self, window: Window) -> str:
        """The condition that a time lies in the window. Raises CannotCompile."""
        entity, dimension = self.names.dimension(window.field)
        column = column_of(entity, dimension.column)
        start, end = window.start, window.end
        if (
            start.tzinfo is None or end.tzinfo is None or start >= end
            or not (is_this_century(start) and is_this_century(end))
        ):  # fmt: skip
            raise CannotCompile("wrong-value", say("A period needs a beginning and a later end."))
        if dimension.kind == "date":
            zone = ZoneInfo(ZONE)
            last = end.astimezone(zone)
            until = last.date() if last.time() == time.min else last.date() + timedelta(days=1)
            first = self.places.of(start.astimezone(zone).date())
            return f"({column} >= {first} AND {column} < {self.places.of(until)})"
        if dimension.kind != "time":
            raise CannotCompile("wrong-value", say("{field} is no time.", field=dimension.label))
        return f"({column} >= {self.places.of(start)} AND {column} < {self.places.of(end)})"

    def grained(self, path: str, entity: Entity, dimension: Dimension, *, shifted: bool = False) -> str:
        """The column, by the grain its path names. `shifted` puts two periods that are compared beside each other."""
        column, grain = column_of(entity, dimension.column), after_colon(path)
        if not grain:
            return column
        forms = {"time": GRAINS, "date": DAY_GRAINS}.get(dimension.kind, {})
        if grain not in forms:
            raise CannotCompile("unknown", say("{field} can't be told by {grain}.", field=dimension.label, grain=grain))
        now, against = self.query.window, self.query.against
        if shifted and now and against and dimension.kind == "time" and path.partition(":")[0] == now.field:
            # The earlier one is moved onto the later.
            moved = self.places.of((now.start - against.start).total_seconds())
            column = f"CASE WHEN {self.within(against)} THEN {column} + {moved} * interval '1 second' ELSE {column} END"
        return forms[grain].format(column)
