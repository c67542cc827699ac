"""The map of an order on its way: what the script draws, and the same as a plain picture for whoever has no script.

Pure: places in, figures out. The picture has no streets and does not pretend to: store, door, rider, rings of distance
around the door, north on top. Where a router knows the way it is a line, its ridden part lighter; else a straight
dashed one, which nobody can take for a street.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

from blinkit.kernel.geo import Point, distance_metres
from catalog.travel import BadLine, Line, line_from

WIDE, HIGH, EDGE = 360, 300, 46
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the sphere of blinkit.kernel.geo."""
RINGS_METRES = (50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000)
LEAST_SPAN_METRES = 250


@dataclass(frozen=True, slots=True)
class Ring:
    r: float
    label: str
    top: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything in the units of a viewBox of WIDE × HIGH. `ridden` and `ahead` are of the road, `line` is none."""

    store: tuple[float, float]
    door: tuple[float, float]
    rider: tuple[float, float] | None
    line: str
    ridden: str
    ahead: str
    rings: tuple[Ring, ...]
    wide: int = WIDE
    high: int = HIGH


@dataclass(frozen=True, slots=True)
class Road:
    """The line of the rider's way, and how much of it is ridden."""

    line: Line
    ridden_metres: float = 0.0


def road_of(rider: Mapping[str, Any] | None, route: Mapping[str, Any] | None) -> Road | None:
    if rider is None or route is None:
        return None
    try:
        return Road(line_from(route["polyline"]), rider.get("along_metres") or 0.0)
    except BadLine:
        return None


def picture_of(
    store: Point, door: Point, rider: Point | None, road: Road | None = None, *, hides_way: bool = False
) -> Picture:
    """North is up and both axes have one scale, so that distances read true. All places are inside the edge.
    `hides_way`: the rider goes somewhere else first, so that no line is true."""
    on_road = [Point(*place) for place in road.line.places] if road else []
    places = [place for place in (store, door, rider, *on_road) if place is not None]
    along = cos(radians(door.lat))
    xs = [place.lng * along for place in places]
    ys = [place.lat for place in places]
    least = LEAST_SPAN_METRES / METRES_PER_DEGREE
    scale = min((WIDE - 2 * EDGE) / max(max(xs) - min(xs), least), (HIGH - 2 * EDGE) / max(max(ys) - min(ys), least))
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def put(place: Point) -> tuple[float, float]:
        x = WIDE / 2 + (place.lng * along - middle_x) * scale
        return round(x, 1), round(HIGH / 2 - (place.lat - middle_y) * scale, 1)

    at_store, at_door = put(store), put(door)
    at_rider = None if rider is None else put(rider)
    begin = at_rider or at_store
    line = ridden = ahead = ""
    if road is not None:
        done, to_go = ([put(Point(*place)) for place in part] for part in road.line.cut(road.ridden_metres))
        ridden, ahead = _drawn(done if road.ridden_metres else []), _drawn(to_go)
        line = _drawn([to_go[-1], at_door])  # from the street to the door
    elif not hides_way:
        line = _drawn([begin, at_door])
    per_metre = scale / METRES_PER_DEGREE
    rings = []
    for metres in rings_of(store, door, rider):
        r = round(metres * per_metre, 1)
        rings.append(Ring(r, ring_words(metres), round(at_door[1] - r, 1)))
    return Picture(at_store, at_door, at_rider, line, ridden, ahead, tuple(rings))


def _drawn(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places) if places else ""


def rings_of(store: Point, door: Point, rider: Point | None) -> list[int]:
    """At most three distances around the door that are worth a ring, in metres."""
    far = max([distance_metres(store, door), *([distance_metres(rider, door)] if rider else [])])
    within = [metres for metres in RINGS_METRES if metres <= max(far * 1.1, RINGS_METRES[0])]
    return within[-3:]


def ring_words(metres: int) -> str:
    return f"{metres} m" if metres < 1_000 else f"{metres / 1_000:g} km"


def facts_of(
    store: Point,
    door: Point,
    rider: Mapping[str, Any] | None,
    *,
    words: Mapping[str, str],
    route: Mapping[str, Any] | None = None,
    about: bool = False,
) -> dict[str, Any]:
    """What static/js/map.js and track.js read. `about`: the door is a neighbourhood, drawn as such."""
    points: list[dict[str, Any]] = [
        {"id": "store", "kind": "store", "lat": store.lat, "lng": store.lng, "label": words["store"], "named": True},
        {"id": "home", "kind": "home", "lat": door.lat, "lng": door.lng, "label": words["door"], "named": True},
    ]
    if about:
        points[1]["about"] = 120
    where = None if rider is None else Point(rider["lat"], rider["lng"])
    if rider is not None:
        points.append(
            {
                "id": "rider",
                "kind": "rider",
                "lat": rider["lat"],
                "lng": rider["lng"],
                "label": words["rider"],
                "show": False,
                "glide": False,
            }
        )
    rings = [{"metres": metres, "label": ring_words(metres)} for metres in rings_of(store, door, where)]
    return {
        "points": points,
        "rings": {"lat": door.lat, "lng": door.lng, "of": rings},
        "rider": dict(rider) if rider is not None else None,
        "route": dict(route) if route is not None else None,
        "zoomControl": False,
    }
