"""The ways from one store, worked out once on the real streets and kept on a lattice around it: 6 kB, asked in 2 µs."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass

from blinkit.kernel.geo import Point, distance_metres

FORM = 1
_HEAD = struct.Struct("<HHHddddd")
MOST_SIDE = 400


class BadField(ValueError):
    """What was read is no field: another form, or damaged."""


@dataclass(frozen=True, slots=True)
class Field:
    """Metres by street from `origin` to the points of a lattice, row by row from the south-west; 0: not known."""

    origin: Point
    south: float
    west: float
    step: float
    """Degrees of latitude between rows; columns lie `step_lng` apart."""
    step_lng: float
    columns: int
    metres: array[int]

    @property
    def rows(self) -> int:
        return len(self.metres) // self.columns

    def to(self, place: Point) -> int | None:
        """Whole metres, between the four points around the place; None where one of them is not known."""
        down, along = (place.lat - self.south) / self.step, (place.lng - self.west) / self.step_lng
        if not (0 <= down < self.rows - 1 and 0 <= along < self.columns - 1):
            return None
        row, column = int(down), int(along)
        up, right = down - row, along - column
        at = row * self.columns + column
        low, low_right, high, high_right = (
            self.metres[at], self.metres[at + 1], self.metres[at + self.columns], self.metres[at + self.columns + 1],
        )  # fmt: skip
        if not (low and low_right and high and high_right):
            return None
        way = (1 - up) * ((1 - right) * low + right * low_right) + up * ((1 - right) * high + right * high_right)
        return round(max(way, distance_metres(self.origin, place)))

    def packed(self) -> bytes:
        head = _HEAD.pack(
            FORM, self.rows, self.columns, self.origin.lat, self.origin.lng, self.south, self.west, self.step
        )
        return head + struct.pack("<d", self.step_lng) + _little(self.metres).tobytes()


def field_from(packed: bytes) -> Field:
    """What `packed` wrote. Raises BadField."""
    try:
        form, rows, columns, lat, lng, south, west, step = _HEAD.unpack_from(packed)
        (step_lng,) = struct.unpack_from("<d", packed, _HEAD.size)
        origin = Point(lat, lng)
    except (struct.error, ValueError, TypeError) as error:
        raise BadField("No field.") from error
    body = packed[_HEAD.size + 8 :]
    if form != FORM or not (2 <= rows <= MOST_SIDE and 2 <= columns <= MOST_SIDE) or len(body) != 2 * rows * columns:
        raise BadField("A field of another form, or cut off.")
    if not (0 < step < 1 and 0 < step_lng < 1 and -90 <= south <= 90 and -180 <= west <= 180):
        raise BadField("A field that lies nowhere.")
    metres = array("H")
    metres.frombytes(body)
    return Field(origin, south, west, step, step_lng, columns, _little(metres))


def _little(metres: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return metres
    turned = array("H", metres)
    turned.byteswap()
    return turned
