"""What a customer may see of a rider who carries their order, and the orders of others.

While somebody else's door comes first the place is only told by blocks of about 200 metres, and within 300 metres of
that door nothing new is told: the last place outside stays (100 metres once it was served and the rider is still
there). The way to one's own door is shown as it is, and its line once that door is next, but for where it leaves
somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.travel import Line
from delivery.tracing.plane import apart

HELD_METRES, SERVED_METRES = 300.0, 100.0
SAME_HOUSE_METRES = 1.0
BLOCK_DEGREES = 0.002
ROUNDED_METRES = 1.0
"""What the five decimals of a line are worth."""
LINE_STEP_METRES = 50.0
"""The line begins at a whole number of these, so that its end does not measure the way to a door."""


@dataclass(frozen=True, slots=True)
class Door:
    order: str
    lat: float
    lng: float
    served: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """`rough`: not the exact place."""

    lat: float
    lng: float
    rough: bool


def shown_to(order: str, doors: Sequence[Door], lat: float, lng: float) -> Seen | None:
    """What the customer of `order` sees of a rider here; None: nothing new. `doors` in the order of the trip.

    Somebody's own door hides nothing from them, so two orders of one house are no secret to each other.
    """
    mine = _mine(order, doors)
    if mine is None:
        return None
    others_first = False
    for door, comes_first in _others(mine, doors):
        if apart(lat, lng, door.lat, door.lng) <= (HELD_METRES if comes_first else SERVED_METRES):
            return None
        others_first = others_first or comes_first
    if not others_first:
        return Seen(lat, lng, rough=False)
    return Seen(_block(lat), _block(lng), rough=True)


def line_shown_to(order: str, doors: Sequence[Door], line: Line) -> tuple[Line, float] | None:
    """The part of the way to their own door that the customer of `order` sees, and the metres left out before it; None:
    nothing of it. It begins where nobody else's door, served before, is within 100 metres.
    """
    mine = _mine(order, doors)
    if mine is None:
        return None
    others = list(_others(mine, doors))
    if any(comes_first for _door, comes_first in others):
        return None
    cut = 0.0
    while any(apart(*line.place(cut), door.lat, door.lng) <= SERVED_METRES + ROUNDED_METRES for door, _ in others):
        cut += LINE_STEP_METRES
        if cut + LINE_STEP_METRES > line.metres:
            return None
    return (line if not cut else Line(line.cut(cut)[1])), cut


def _mine(order: str, doors: Sequence[Door]) -> int | None:
    return next((rank for rank, door in enumerate(doors) if door.order == order and not door.served), None)


def _others(mine: int, doors: Sequence[Door]) -> Iterator[tuple[Door, bool]]:
    """Doors whose place is to stay unknown, and whether the rider has still to go there first."""
    home = doors[mine]
    for rank, door in enumerate(doors):
        comes_first = rank < mine and not door.served
        if (comes_first or door.served) and apart(door.lat, door.lng, home.lat, home.lng) >= SAME_HOUSE_METRES:
            yield door, comes_first


def _block(degrees: float) -> float:
    return round(round(degrees / BLOCK_DEGREES) * BLOCK_DEGREES, 6)
