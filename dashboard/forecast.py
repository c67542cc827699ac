"""When an order will probably be at the door, from what is done and what is still to do. Plain Python.

The same legs as the promise (orders.promise), so that "at risk" and "promised" speak one language.
"""

from __future__ import annotations

from dataclasses import dataclass

from orders.promise import PromiseInputs, quote

BEFORE_PICKING = frozenset({"CONFIRMED", "ASSIGNED_TO_STORE"})
ON_SHELF = frozenset({"PACKED", "ASSIGNED_TO_PARTNER"})
ON_ROAD = frozenset({"PICKED_UP", "IN_TRANSIT"})


@dataclass(frozen=True, slots=True)
class Underway:
    """A live order: `here_s` seconds in its present status, `road_s` since the bags left (0 before)."""

    status: str
    lines: int
    ride_s: float
    here_s: float
    road_s: float = 0
    backlog_s: float = 0
    rider_wait_s: float = 0
    has_rider: bool = False


def remaining_s(order: Underway) -> float:
    """Usual seconds until the door. A leg that took longer than usual counts as ending now: nobody knows better."""
    inputs = PromiseInputs(
        lines=order.lines,
        units=order.lines,
        ride_s=order.ride_s,
        backlog_s=order.backlog_s,
        rider_wait_s=order.rider_wait_s,
    )
    leg = {found.name: found.p50_s for found in quote(inputs).legs}
    if order.status in ON_ROAD:
        return max(0.0, leg["ride"] - order.road_s) + leg["door"]
    street = leg["handover"] + leg["ride"] + leg["door"]
    if order.status in ON_SHELF:
        wait = 0.0 if order.has_rider else order.rider_wait_s
        return max(0.0, wait + leg["handover"] - order.here_s) + leg["ride"] + leg["door"]
    work = leg["pick"] + leg["pack"]
    if order.status == "PICKING":
        return max(0.0, work - order.here_s) + street
    return max(0.0, leg["accept"] + leg["backlog"] - order.here_s) + work + leg["rider"] + street


def why(status: str, *, has_rider: bool) -> str:
    """What the order waits for, in one short sentence."""
    if status in BEFORE_PICKING:
        return "No picker has started yet"
    if status == "PICKING":
        return "Still being picked"
    if status in ON_SHELF:
        return "The rider is not at the shelf yet" if has_rider else "Packed, and no rider has taken it"
    if status in ON_ROAD:
        return "On the road"
    return "Waiting for the payment"
