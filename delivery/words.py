"""What a round weighed and why an order waits, for people who read it: at the desk and in the administration."""

from __future__ import annotations

from blinkit.kernel.said import say
from delivery.models import Decision

WEIGHED = {
    "busy": say("busy"),
    "ride_to_store": say("to the store"),
    "at_the_shelf": say("at the shelf"),
    "to_the_door": say("to the door"),
    "late": say("for being late"),
    "riding": say("for the riding"),
    "afterwards": say("for where it ends"),
    "fairness": say("for fairness"),
    "other_orders": say("for orders in the same trip"),
}
"""What a round weighs of a rider for an order, by its name in `delivery.dispatch`."""


def left_of(decision: Decision) -> str:
    """Why the order waits; who may not have it stands among the considered, each with their own reason."""
    barred = decision.why and decision.left.startswith("nobody may have it")
    return say("nobody may have it") if barred else decision.left
