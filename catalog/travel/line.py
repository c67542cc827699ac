"""A way as a line of places: read from the text routers write, made as coarse as a map needs, measured, cut.

The text is Google's encoded polyline with five decimals (developers.google.com/maps/documentation/utilities/
polylinealgorithm), which OSRM writes for `geometries=polyline` and which map libraries of phones read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from math import cos, hypot, radians
from zlib import crc32

Places = Sequence[tuple[float, float]]
"""(lat, lng) each."""
UNIT = 1e5
METRES_PER_DEGREE = 111_195.08
"""Of latitude, on a sphere of the mean radius (blinkit.kernel.geo)."""
MOST_TEXT = 40_000
"""Some 10,000 places: no delivery is longer."""
COARSE_METRES = 3.0
"""Places that are nearer to the straight piece without them are left out: less than a street is wide."""
BEHIND_METRES, AHEAD_METRES = 60.0, 300.0
"""Around where somebody was, for where they are now: looked at before the whole line is."""
NEAR_METRES = 40.0


class BadLine(ValueError):
    """The text is no line."""


def decoded(text: str) -> list[tuple[float, float]]:
    """The places of an encoded polyline. Raises BadLine."""
    if len(text) > MOST_TEXT:
        raise BadLine("Too long.")
    numbers: list[int] = []
    number = shift = 0
    for letter in text:
        bits = ord(letter) - 63
        if not 0 <= bits < 64 or shift > 30:
            raise BadLine(f"{letter!r} does not belong there.")
        number |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(number >> 1) if number & 1 else number >> 1)
            number = shift = 0
    if shift or len(numbers) % 2:
        raise BadLine("Cut off.")
    places, lat, lng = [], 0, 0
    for step_lat, step_lng in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lng = lat + step_lat, lng + step_lng
        if abs(lat) > 90 * UNIT or abs(lng) > 180 * UNIT:
            raise BadLine("Not on earth.")
        places.append((lat / UNIT, lng / UNIT))
    return places


def encoded(places: Places) -> str:
    letters: list[str] = []
    last = (0, 0)
    for place in places:
        here = (round(place[0] * UNIT), round(place[1] * UNIT))
        for value, before in zip(here, last, strict=True):
            step = value - before
            bits = ~(step << 1) if step < 0 else step << 1
            while bits >= 32:
                letters.append(chr((bits & 31 | 32) + 63))
                bits >>= 5
            letters.append(chr(bits + 63))
        last = here
    return "".join(letters)


class Line:
    """At least two places, none twice in a row; `metres` long, by `mark` told from every other line. Raises BadLine.

    Lengths are measured on a plane at its beginning: good to a metre in a city.
    """

    __slots__ = ("_at", "_east", "_lat0", "_lng0", "_north", "_wide", "mark", "metres", "text")

    def __init__(self, places: Places) -> None:
        exact = [(round(lat, 5), round(lng, 5)) for lat, lng in places]
        kept = [place for rank, place in enumerate(exact) if not rank or place != exact[rank - 1]]
        if len(kept) < 2:
            raise BadLine("A place is no line.")
        self.text = encoded(kept)
        self.mark = f"{crc32(self.text.encode()):08x}"
        self._lat0, self._lng0 = kept[0]
        self._wide = METRES_PER_DEGREE * cos(radians(self._lat0))
        self._north = array("d", [(lat - self._lat0) * METRES_PER_DEGREE for lat, _ in kept])
        self._east = array("d", [(lng - self._lng0) * self._wide for _, lng in kept])
        self._at = array("d", [0.0])
        for rank in range(1, len(kept)):
            piece = hypot(self._north[rank] - self._north[rank - 1], self._east[rank] - self._east[rank - 1])
            self._at.append(self._at[-1] + piece)
        self.metres = self._at[-1]

    @property
    def places(self) -> list[tuple[float, float]]:
        return [self._degrees(north, east) for north, east in zip(self._north, self._east, strict=True)]

    def nearest(self, lat: float, lng: float, *, was: float | None = None) -> tuple[float, float]:
        """(metres along the line, metres away from it) of its place nearest to this one. `was`: along, a moment ago: a
        line that comes by twice is not mistaken for its other part."""
        north, east = (lat - self._lat0) * METRES_PER_DEGREE, (lng - self._lng0) * self._wide
        last = len(self._at) - 1
        if was is not None:
            first = max(0, bisect_right(self._at, was - BEHIND_METRES) - 1)
            found = self._nearest(north, east, first, min(last, bisect_right(self._at, was + AHEAD_METRES)))
            if found[1] <= NEAR_METRES:
                return found
        return self._nearest(north, east, 0, last)

    def _nearest(self, north: float, east: float, first: int, last: int) -> tuple[float, float]:
        norths, easts, at = self._north, self._east, self._at
        least, along = float("inf"), 0.0
        for rank in range(first, last):
            n, e = norths[rank], easts[rank]
            dn, de = norths[rank + 1] - n, easts[rank + 1] - e
            part = ((north - n) * dn + (east - e) * de) / (dn * dn + de * de)
            part = 0.0 if part < 0 else 1.0 if part > 1 else part
            gap_n, gap_e = north - n - part * dn, east - e - part * de
            gap = gap_n * gap_n + gap_e * gap_e
            if gap < least:
                least, along = gap, at[rank] + part * (at[rank + 1] - at[rank])
        return along, least**0.5

    def place(self, along: float) -> tuple[float, float]:
        """(lat, lng) so many metres from the beginning; one of its ends when that is not on it."""
        along = min(max(along, 0.0), self.metres)
        rank = min(bisect_right(self._at, along), len(self._at) - 1) - 1
        part = (along - self._at[rank]) / (self._at[rank + 1] - self._at[rank])
        n, e = self._north[rank], self._east[rank]
        return self._degrees(n + part * (self._north[rank + 1] - n), e + part * (self._east[rank + 1] - e))

    def cut(self, along: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Its places up to there and from there on, each with that place itself."""
        here, rank, places = self.place(along), bisect_right(self._at, along), self.places
        return [*places[:rank], here], [here, *places[rank:]]

    def coarse(self, metres: float = COARSE_METRES) -> Line:
        """With as few places as keep it so near to what it was (Douglas and Peucker, 1973)."""
        wanted = {0, len(self._at) - 1}
        open_ = [(0, len(self._at) - 1)]
        while open_:
            first, last = open_.pop()
            gaps = [self._gap(rank, first, last) for rank in range(first + 1, last)]
            if gaps and max(gaps) > metres:
                between = first + 1 + gaps.index(max(gaps))
                wanted.add(between)
                open_ += [(first, between), (between, last)]
        places = self.places
        return Line([places[rank] for rank in sorted(wanted)])

    def _gap(self, rank: int, first: int, last: int) -> float:
        """Of one place from the straight piece between two others."""
        n, e = self._north[first], self._east[first]
        dn, de = self._north[last] - n, self._east[last] - e
        pn, pe = self._north[rank] - n, self._east[rank] - e
        whole = dn * dn + de * de
        part = min(1.0, max(0.0, (pn * dn + pe * de) / whole)) if whole else 0.0
        return hypot(pn - part * dn, pe - part * de)

    def _degrees(self, north: float, east: float) -> tuple[float, float]:
        return round(self._lat0 + north / METRES_PER_DEGREE, 6), round(self._lng0 + east / self._wide, 6)


def line_from(text: str) -> Line:
    """The line a text describes. Raises BadLine."""
    return Line(decoded(text))
