"""What a customer may see of a rider who carries their order, and the orders of others.

While somebody else's door comes first the place is only told by blocks of about 200 metres, and within 300 metres of
that door nothing new is told: the last place outside stays (100 metres once it was served and the rider is still
there). The way to one's own door is shown as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.tracing.plane import apart

HELD_METRES, SERVED_METRES = 300.0, 100.0
SAME_HOUSE_METRES = 1.0
BLOCK_DEGREES = 0.002


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
    mine = next((rank for rank, door in enumerate(doors) if door.order == order and not door.served), None)
    if mine is None:
        return None
    home = doors[mine]
    others_first = False
    for rank, door in enumerate(doors):
        comes_first = rank < mine and not door.served
        if not (comes_first or door.served) or apart(door.lat, door.lng, home.lat, home.lng) < SAME_HOUSE_METRES:
            continue
        if apart(lat, lng, door.lat, door.lng) <= (HELD_METRES if comes_first else SERVED_METRES):
            return None
        others_first = others_first or comes_first
    if not others_first:
        return Seen(lat, lng, rough=False)
    return Seen(_block(lat), _block(lng), rough=True)


def _block(degrees: float) -> float:
    return round(round(degrees / BLOCK_DEGREES) * BLOCK_DEGREES, 6)
