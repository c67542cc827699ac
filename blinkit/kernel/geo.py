"""Points on the globe: degrees WGS84 in, metres out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

EARTH_RADIUS_METRES = 6_371_008.8  # IUGG mean radius R1


@dataclass(frozen=True, slots=True)
class Point:
    lat: float
    lng: float

    def __post_init__(self) -> None:
        # NaN fails both comparisons too.
        if not (-90 <= self.lat <= 90 and -180 <= self.lng <= 180):
            raise ValueError(f"Not a place on earth: lat {self.lat}, lng {self.lng}.")


def distance_metres(a: Point, b: Point) -> float:
    """Great-circle distance by the haversine formula, in metres."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b.lng - a.lng) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(half)))


def contains(ring: Sequence[Sequence[float]], p: Point) -> bool:
    """Whether a point lies inside a ring given in GeoJSON order ([[lng, lat], ...]), by the even-odd rule.

    The ring may be open or closed; fewer than three corners contain nothing. Half-open at the edges, so of two areas
    that share a border exactly one contains a point on it. Not meant for rings across the date line.
    """
    if len(ring) < 3:
        return False
    inside = False
    x1, y1 = ring[-1][0], ring[-1][1]
    for corner in ring:
        x2, y2 = corner[0], corner[1]
        if (y1 > p.lat) != (y2 > p.lat) and p.lng < (x2 - x1) * (p.lat - y1) / (y2 - y1) + x1:
            inside = not inside
        x1, y1 = x2, y2
    return inside


def step_towards(a: Point, b: Point, metres: float) -> Point:
    """The point `metres` from a on the straight way to b; b itself when that is nearer. City distances only."""
    whole = distance_metres(a, b)
    if whole <= metres or whole == 0:
        return b
    part = max(0.0, metres) / whole
    return Point(lat=a.lat + (b.lat - a.lat) * part, lng=a.lng + (b.lng - a.lng) * part)
