"""Where the phone says a rider stands who says "I am there".

Riders are believed: positions are wrong at times. What a good position contradicts is written down, and nobody is paid
or credited by it before a position or a scan shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from blinkit.kernel import events
from blinkit.kernel.geo import Point
from blinkit.kernel.said import Said, say
from catalog.travel import street_metres
from delivery.events import ArrivalDoubted
from delivery.models import Position, Rider, Trip
from delivery.services.positions import last_fix
from orders import services as orders
from orders.services.at_door import DOOR, STORE, UNPROVEN, unproven

FRESH = timedelta(seconds=60)
"""An older position contradicts nothing."""
STANDS_STILL = timedelta(minutes=15)
"""An older one shows nothing either."""
AT_STORE_WITHIN_M = 300
AT_DOOR_WITHIN_M = 400
"""By street, with the phone's accuracy on top. Pins of doors are drawn less well than those of stores."""
RIDES_MPS = 8
"""So much of the way may have been ridden since the position was taken: that far it contradicts nothing."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The position does not show the rider there: `metres` away by one that contradicts it, None when none does."""

    metres: int | None


def doubt_of(rider_id: int, place: Point, *, within_m: int, now: datetime) -> Doubt | None:
    """What speaks against the rider standing at this place; None when the last position shows it, also some minutes
    later: a phone that lies still tells nothing new. One look into Redis."""
    fix = last_fix(rider_id)
    if fix is None or fix.at < now - STANDS_STILL:
        return Doubt(None)
    metres = street_metres(fix.point, place)
    near = within_m + fix.accuracy_metres
    if metres <= near:
        return None
    age = max(timedelta(0), now - fix.at)
    return Doubt(metres if age <= FRESH and metres > near + age.total_seconds() * RIDES_MPS else None)


def far(metres: int) -> Said:
    """A distance as a figure of a sentence: "850 m", "2.4 km"."""
    return say("{n} m", n=metres) if metres < 1000 else say("{n} km", n=f"{metres / 1000:.1f}")


def note_doubt(
    *, order_ids: Sequence[UUID], rider_id: int, where: str, doubt: Doubt, store_code: str, now: datetime
) -> None:
    """Write it down on these orders, at the instant of the arrival; what a good position contradicts is told to
    operations, once, with the first of them."""
    detail = {"where": where, "metres": doubt.metres}
    for order_id in order_ids:
        orders.evidence(order_id=order_id, kind=UNPROVEN, detail=detail, actor=f"rider:{rider_id}", now=now)
    if doubt.metres is None or not order_ids:
        return
    rider = Rider.objects.select_related("user").get(pk=rider_id)
    told = ArrivalDoubted(
        order_id=order_ids[0], store_code=store_code, rider_id=rider_id, rider=str(rider), where=where,
        metres=doubt.metres,
    )  # fmt: skip
    events.record(told, subject=f"order:{order_ids[0]}", actor=f"rider:{rider_id}")


def doubt_at_door(order_id: UUID, arrived_at: datetime) -> Doubt | None:
    """What spoke against the arrival of that instant; None when the position showed it. One statement."""
    detail = unproven(arrived_at, DOOR).filter(order=order_id).values_list("detail", flat=True).first()
    return None if detail is None else Doubt(detail["metres"])


def came_to_store(trip: Trip, *, until: datetime) -> datetime | None:
    """Since when the rider stood at the shelf: when they said so, but where a good position contradicted, when one
    first showed them there; None when none did before `until`. At most two statements."""
    said_at = trip.at_store_at
    if said_at is None:
        return None
    if not unproven(said_at, STORE).filter(order__delivery_job__stops__trip=trip).exists():
        return said_at
    rows = Position.objects.filter(rider_id=trip.rider_id, at__gte=said_at, at__lte=until).order_by("at")
    for lat, lng, at, accuracy in rows.values_list("lat", "lng", "at", "accuracy_metres"):
        if street_metres(Point(lat, lng), trip.store.point) <= AT_STORE_WITHIN_M + accuracy:
            return at
    return None
