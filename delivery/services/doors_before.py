"""By how much a bundle's earlier doors lengthen the ride to a later one: kept on its order, for its range."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from catalog.ways import leg_seconds
from delivery.models import Stop, StopState
from delivery.services.positions import DOOR_S
from orders import services as orders

ON_TRIP = (StopState.TO_PICK_UP, StopState.ON_BOARD)


def tell_after_commit(rider_id: int, *, now: datetime) -> None:
    """The doors of this rider's trip have changed."""
    transaction.on_commit(lambda: tell_doors_before(rider_id=rider_id, now=now))


def tell_doors_before(*, rider_id: int, now: datetime) -> int:
    """Write on every order of the rider's trip by how many seconds the doors before it lengthen its ride. One
    statement to read, one per order that changes; each is an act of its own, so no order is locked beside another.
    Returns how many changed."""
    stops = (
        Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state__in=ON_TRIP)
        .select_related("job__order", "trip__store__city", "trip__rider")
        .order_by("rank", "pk")
    )
    changed, before, gone_s = 0, None, 0
    for stop in stops:
        store, order = stop.trip.store, stop.job.order
        ride = partial(leg_seconds, store, vehicle=stop.trip.rider.vehicle, at=now)
        gone_s += ride(before or store.point, order.point)
        longer_s = 0 if before is None else max(0, gone_s - ride(store.point, order.point))
        changed += orders.doors_before(order_id=order.pk, rider_id=rider_id, longer_s=longer_s)
        before, gone_s = order.point, gone_s + DOOR_S
    return changed
