"""When a promise is at risk, where the time goes and what could help, in words. Plain: no tables."""

from __future__ import annotations

from datetime import timedelta

from blinkit.kernel.said import Said, say

RISK_FROM = 0.5
"""A promise is at risk from this probability of a breach on. Chosen from the table of `manage.py risk_eval`."""
CLEAR_BELOW = 0.3
"""It is kept again below this one: a gap, so that a figure that swings does not."""
WORSE_S = 120
"""An order at risk is warned of again in a later stage only when it got so much worse."""
LEAST_LOST_S = 30
"""Less than this is no reason."""


def why_slow(stage: str, *, lost_in: str = "", lost_s: float = 0, paused: bool = False) -> Said:
    """What the order waits for; where its time went, when that was an earlier stage."""
    if paused and stage in ("accept", "queue"):
        return say("The store is paused, nobody has begun with it")
    if lost_in and lost_in != stage and lost_s >= LEAST_LOST_S:
        return say("{minutes} min lost: {stage}", minutes=max(1, round(lost_s / 60)), stage=STAGE_WORDS[lost_in])
    return WHY[stage]


WHY: dict[str, Said] = {
    "accept": say("The store has not taken it up yet"),
    "queue": say("No picker has started yet"),
    "picking": say("Still being picked"),
    "packing": say("Picked, not packed yet"),
    "rider": say("Packed, and no rider has taken it"),
    "handover": say("The rider is not at the shelf yet"),
    "ride": say("On the road"),
    "door": say("The rider waits at the door"),
}
STAGE_LABELS: dict[str, Said] = {
    "accept": say("Taken up by the store"),
    "queue": say("Waiting for a picker"),
    "picking": say("Picking"),
    "packing": say("Packing"),
    "rider": say("Waiting for a rider"),
    "handover": say("Rider to the shelf"),
    "ride": say("Ride"),
    "door": say("At the door"),
}
STAGE_WORDS: dict[str, Said] = {
    "accept": say("before the store took it up"),
    "queue": say("waiting for a picker"),
    "picking": say("picking"),
    "packing": say("packing"),
    "rider": say("waiting for a rider"),
    "handover": say("until the rider was at the shelf"),
    "ride": say("on the road"),
    "door": say("at the door"),
}
HELP: dict[str, Said] = {
    "accept": say("Move it to another store"),
    "queue": say("Put it first"),
    "picking": say("Help the picker"),
    "packing": say("Help with packing"),
    "rider": say("Send a rider"),
    "handover": say("Take another rider"),
    "ride": say("Call the rider"),
    "door": say("Call the customer"),
}
KEPT_FOR = timedelta(days=60)
