"""What is asked of an OSRM router and how its answers read (API v1: /route and /table). Plain Python; no network here.

Form of the answers: project-osrm.org/docs/v5.24.0/api. Coordinates go as "lng,lat". A router that finds no way says
code "NoRoute" or "NoTable", or null in a cell. One that has no streets where it is asked says neither: both places lie
on the nearest street it knows then, thousands of kilometres away, and the way is 0 metres (Project-OSRM/osrm-backend,
issues 6037 and 4740). So an answer for another place than the one that was asked for is no way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from blinkit.kernel.geo import Point, distance_metres
from catalog.travel.line import BadLine, Line, line_from

MOST_METRES = 200_000
"""A way longer than that is no delivery; the answer is not believed."""


MOST_OFF_METRES = 1_000
"""A place so far from the nearest street of the router lies off its streets."""


class BadAnswer(ValueError):
    """The router said something else than the documented form, or that it could not answer."""


@dataclass(frozen=True, slots=True)
class Way:
    """By street, as the router's own profile rides it."""

    metres: int
    seconds: float


def route_path(a: Point, b: Point, *, profile: str) -> str:
    return f"/route/v1/{quote(profile, safe='')}/{_places([a, b])}?overview=false&alternatives=false&steps=false"


def road_path(a: Point, b: Point, *, profile: str) -> str:
    """The same with the line of the way, all its corners: what OSRM calls simplified cuts them."""
    return (
        f"/route/v1/{quote(profile, safe='')}/{_places([a, b])}"
        "?overview=full&geometries=polyline&alternatives=false&steps=false"
    )


def table_path(origins: Sequence[Point], to: Point, *, profile: str) -> str:
    """From each of the origins to one place."""
    sources = ";".join(str(number) for number in range(len(origins)))
    return (
        f"/table/v1/{quote(profile, safe='')}/{_places([*origins, to])}"
        f"?sources={sources}&destinations={len(origins)}&annotations=duration,distance"
    )


def route_from(answer: Any, *, between: tuple[Point, Point]) -> Way | None:
    """The first route; None where the router knows there is no way, or has no streets there. Raises BadAnswer."""
    route = _first_route(answer)
    if route is None:
        return None
    way = _way(route.get("distance"), route.get("duration"))
    return way if all(_stands_there(answer.get("waypoints"), between)) else None


def road_from(answer: Any) -> Line | None:
    """The line of the first route, as coarse as a map needs; None where there is no way, or it is but a place. Raises
    BadAnswer."""
    route = _first_route(answer)
    if route is None:
        return None
    text = route.get("geometry")
    if not isinstance(text, str):
        raise BadAnswer("Its geometry is no text.")
    if route.get("distance") == 0:
        return None
    _way(route.get("distance"), route.get("duration"))
    try:
        return line_from(text).coarse()
    except BadLine as error:
        raise BadAnswer(f"Its geometry: {error}") from error


def _first_route(answer: Any) -> dict[str, Any] | None:
    if _code(answer) in ("NoRoute", "NoSegment"):
        return None
    _must_be_ok(answer)
    routes = answer.get("routes")
    if not isinstance(routes, list) or not routes or not isinstance(routes[0], dict):
        raise BadAnswer("No routes in it.")
    return routes[0]


def table_from(answer: Any, *, origins: Sequence[Point], to: Point) -> list[Way | None]:
    """One per origin, None where there is no way, or the router has no streets. Raises BadAnswer."""
    if _code(answer) in ("NoTable", "NoSegment"):
        return [None] * len(origins)
    _must_be_ok(answer)
    columns = []
    for name in ("distances", "durations"):
        rows = answer.get(name)
        if not isinstance(rows, list) or len(rows) != len(origins):
            raise BadAnswer(f"{name} is not a row per place.")
        if not all(isinstance(row, list) and len(row) == 1 for row in rows):
            raise BadAnswer(f"{name} has not one column.")
        columns.append([row[0] for row in rows])
    ways = [_way(metres, seconds) for metres, seconds in zip(*columns, strict=True)]
    ends = all(_stands_there(answer.get("destinations"), [to]))
    there = _stands_there(answer.get("sources"), origins)
    return [way if ends and begins else None for way, begins in zip(ways, there, strict=True)]


def _stands_there(waypoints: Any, asked: Sequence[Point]) -> list[bool]:
    """Of each place that was asked for: whether the router has a street there. Where it says nothing, it has."""
    if not isinstance(waypoints, list) or len(waypoints) != len(asked):
        return [True] * len(asked)
    return [_near(waypoint, point) for waypoint, point in zip(waypoints, asked, strict=True)]


def _near(waypoint: Any, point: Point) -> bool:
    try:
        lng, lat = waypoint["location"]
        return distance_metres(point, Point(float(lat), float(lng))) <= MOST_OFF_METRES
    except (KeyError, TypeError, ValueError):
        return True


def _places(points: Sequence[Point]) -> str:
    return ";".join(f"{point.lng:.6f},{point.lat:.6f}" for point in points)


def _code(answer: Any) -> str:
    return str(answer.get("code", "")) if isinstance(answer, dict) else ""


def _must_be_ok(answer: Any) -> None:
    if _code(answer) != "Ok":
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        raise BadAnswer(f"{_code(answer) or 'no code'}: {said}"[:200])


def _way(metres: Any, seconds: Any) -> Way | None:
    if metres is None or seconds is None:
        return None
    for value in (metres, seconds):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise BadAnswer(f"{value!r} is no length or time.")
    if metres > MOST_METRES:
        raise BadAnswer(f"{metres} metres is no delivery.")
    return Way(round(metres), float(seconds))
