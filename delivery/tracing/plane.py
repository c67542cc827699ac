"""A city is flat: metres north and east of a place, good to a centimetre per kilometre."""

from __future__ import annotations

from math import cos, hypot, radians

METRES_PER_DEGREE = 111_195.08
"""Of latitude, on a sphere of the mean radius (blinkit.kernel.geo)."""


def offset(lat0: float, lng0: float, lat: float, lng: float) -> tuple[float, float]:
    """(north, east) of the second place seen from the first, in metres."""
    return (lat - lat0) * METRES_PER_DEGREE, (lng - lng0) * METRES_PER_DEGREE * cos(radians(lat0))


def moved(lat0: float, lng0: float, north: float, east: float) -> tuple[float, float]:
    """The place so many metres away."""
    return lat0 + north / METRES_PER_DEGREE, lng0 + east / (METRES_PER_DEGREE * cos(radians(lat0)))


def apart(lat0: float, lng0: float, lat: float, lng: float) -> float:
    return hypot(*offset(lat0, lng0, lat, lng))
