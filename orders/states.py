"""The life of an order: every status, and the only moves there are."""

from __future__ import annotations

from django.db import models

from orders.errors import IllegalMove


class Status(models.TextChoices):
    PENDING = "PENDING", "Waiting for payment"
    CONFIRMED = "CONFIRMED", "Confirmed"
    ASSIGNED_TO_STORE = "ASSIGNED_TO_STORE", "With the store"
    PICKING = "PICKING", "Being picked"
    PACKED = "PACKED", "Packed"
    ASSIGNED_TO_PARTNER = "ASSIGNED_TO_PARTNER", "Rider is coming to the shelf"
    PICKED_UP = "PICKED_UP", "Picked up"
    IN_TRANSIT = "IN_TRANSIT", "On the way"
    DELIVERED = "DELIVERED", "Delivered"
    CLOSED = "CLOSED", "Closed"
    CANCELLED = "CANCELLED", "Cancelled"
    UNDELIVERED = "UNDELIVERED", "Could not be delivered"
    REFUNDED = "REFUNDED", "Refunded"


S = Status

NEXT: dict[Status, frozenset[Status]] = {
    S.PENDING: frozenset({S.CONFIRMED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.ASSIGNED_TO_STORE, S.CANCELLED}),
    # Back to CONFIRMED when its store can't do it: another one takes it (services/resourcing.py).
    S.ASSIGNED_TO_STORE: frozenset({S.PICKING, S.CONFIRMED, S.CANCELLED}),
    S.PICKING: frozenset({S.PACKED, S.CANCELLED}),
    S.PACKED: frozenset({S.ASSIGNED_TO_PARTNER, S.CANCELLED}),
    # Back to PACKED when the rider falls away before the pickup: the bags still wait on their shelf.
    S.ASSIGNED_TO_PARTNER: frozenset({S.PICKED_UP, S.PACKED, S.CANCELLED}),
    S.PICKED_UP: frozenset({S.IN_TRANSIT, S.DELIVERED, S.UNDELIVERED}),
    S.IN_TRANSIT: frozenset({S.DELIVERED, S.UNDELIVERED}),
    S.DELIVERED: frozenset({S.CLOSED, S.REFUNDED}),
    S.CLOSED: frozenset(),
    S.CANCELLED: frozenset({S.REFUNDED}),
    S.UNDELIVERED: frozenset({S.REFUNDED}),
    S.REFUNDED: frozenset(),
}

# Nothing more happens on the street or on the floor; only money may still move (CANCELLED → REFUNDED).
FINISHED = frozenset({S.DELIVERED, S.CLOSED, S.CANCELLED, S.UNDELIVERED, S.REFUNDED})
LIVE = frozenset(S) - FINISHED
CALLED_OFF = frozenset({S.CANCELLED, S.REFUNDED})
ON_SHELF = frozenset({S.PACKED, S.ASSIGNED_TO_PARTNER})
ON_ROAD = frozenset({S.PICKED_UP, S.IN_TRANSIT})
"""While the customer may see who brings it, and where."""
BEFORE_PICKUP = frozenset({S.CONFIRMED, S.ASSIGNED_TO_STORE, S.PICKING}) | ON_SHELF
CUSTOMER_MAY_CANCEL = frozenset({S.PENDING, S.CONFIRMED, S.ASSIGNED_TO_STORE})
STAFF_MAY_CANCEL = CUSTOMER_MAY_CANCEL | {S.PICKING, S.PACKED, S.ASSIGNED_TO_PARTNER}


def check(old: Status, new: Status) -> None:
    """Raise IllegalMove unless an order may go from `old` to `new`."""
    if new not in NEXT[old]:
        raise IllegalMove(f"An order that is “{old.label}” cannot become “{new.label}”.", status_now=old.value)
