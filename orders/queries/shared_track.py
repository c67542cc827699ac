"""What a shared tracking link shows: how far, how long, which step. No name, no phone, no address, no bill, no code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from blinkit.kernel.geo import Point, distance_metres
from orders.models import Order
from orders.queries.tracking import tracking_of
from orders.words import shared_sentence_of

DOOR_DIGITS = 3
"""The door's place is rounded to about 100 metres: a neighbourhood, no house."""
NEAR_DOOR_METRES = 200
"""Nearer than this the rider is not shown: where they stop would be the house."""
OF_THE_ROUTE = frozenset({"route_id", "along_metres"})
"""The line of the way ends at the house: it is not shown either."""
KEPT = (
    "status", "status_label", "step", "steps", "is_live", "eta_from_m", "eta_to_m", "eta_why", "promised_from",
    "promised_by", "late_s", "expected_late_s", "as_of",
)  # fmt: skip


def shared_view(order: Order, *, now: datetime) -> dict[str, Any]:
    """Of an order loaded with its store, load and city; two statements.

    `door` is rounded, `rider` {lat, lng, at, ...} only while the bags are on the road and not near the door
    (`is_near`), both None once it is over.
    """
    facts = tracking_of(order, for_customer=True, now=now)
    rider, live = facts["rider"], facts["is_live"]
    position = rider["position"] if rider else None
    if position is not None:
        position = {word: value for word, value in position.items() if word not in OF_THE_ROUTE}
    near = facts["rider_at_door_at"] is not None or (
        position is not None
        and distance_metres(Point(position["lat"], position["lng"]), order.point) < NEAR_DOOR_METRES
    )
    door = {"lat": round(order.lat, DOOR_DIGITS), "lng": round(order.lng, DOOR_DIGITS)}
    return {
        **{word: facts[word] for word in KEPT},
        "sentence": shared_sentence_of(order, near=near, coming=facts["rider_is_coming"]),
        "store": {"lat": order.store.lat, "lng": order.store.lng} if live else None,
        "door": door if live else None,
        "rider": None if near else position,
        "is_near": near,
    }
