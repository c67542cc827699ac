"""When an order will probably be at the door, from what is done and what is still to do. Plain Python.

The same legs as the promise (orders.promise), so that "at risk" and "promised" speak one language.
"""

from __future__ import annotations

from orders.promise.ahead import ON_ROAD, ON_SHELF, Underway, remaining_s

__all__ = ["Underway", "remaining_s", "why"]

BEFORE_PICKING = frozenset({"CONFIRMED", "ASSIGNED_TO_STORE"})


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
