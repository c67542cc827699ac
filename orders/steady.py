"""The arrival range a customer looks at: it narrows, and moves only with a reason in words. Plain: no tables.

An estimate made anew with each look trembles by a minute or two, and people read that as not knowing. So what was said
last is kept: small changes are held back, a range may always become narrower, and one that has to move says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from blinkit.kernel.said import Said, say

LEEWAY = timedelta(seconds=60)
"""An end that would move later by less stays. Less than a minute is not seen by anybody."""
IN_HAND = 5
"""An end that moves earlier keeps one part in so many of the time that is left in hand, a minute at most: an estimate
trembles by that much from one position to the next."""
LEAST_WIDTH = timedelta(seconds=60)
WHY_FOR = timedelta(minutes=6)
"""How long a reason stays beside the range, unless the next stage begins."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """When it will be there, as known now: aware instants; `stage` is one of orders.promise.STAGES."""

    from_at: datetime
    to_at: datetime
    stage: str
    store_id: int
    rider_id: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What was last said about it. `why` is a key of WHY, "" when nothing had to be explained."""

    arrival: Arrival
    why: str = ""
    why_at: datetime | None = None

    def minutes(self, now: datetime) -> tuple[int, int]:
        """Whole minutes from `now`, rounded outwards, at least one."""
        from_s = (self.arrival.from_at - now).total_seconds()
        to_s = (self.arrival.to_at - now).total_seconds()
        to_m = max(1, -int(-to_s // 60))
        return min(max(1, int(from_s // 60)), to_m), to_m


def steady(fresh: Arrival, last: Shown | None, *, now: datetime) -> Shown:
    """What to say now, after what was said last.

    Without a reason the end never moves later, and the beginning only as far earlier as a narrower end takes it along.
    Later by more than LEEWAY is said with the stage that lasted; sooner with "sooner".
    """
    if last is None:
        return Shown(fresh)
    old = last.arrival
    in_hand = min(LEEWAY, (fresh.to_at - now) / IN_HAND)
    if fresh.to_at > old.to_at + LEEWAY:
        return Shown(fresh, _cause(fresh, old), now)
    if fresh.from_at < old.from_at - LEEWAY:
        to_at = min(old.to_at, fresh.to_at + in_hand)
        return Shown(replace(fresh, to_at=max(to_at, fresh.from_at + LEAST_WIDTH)), "sooner", now)
    to_at = min(old.to_at, max(fresh.to_at + in_hand, old.from_at))
    from_at = min(max(old.from_at, fresh.from_at - LEEWAY), to_at - LEAST_WIDTH)
    said_before = last.why_at is not None and now < last.why_at + WHY_FOR and fresh.stage == old.stage
    arrival = replace(fresh, from_at=from_at, to_at=to_at)
    return Shown(arrival, last.why, last.why_at) if said_before else Shown(arrival)


def _cause(fresh: Arrival, old: Arrival) -> str:
    """What made it later: another store or rider, else the stage that took the time."""
    if fresh.store_id != old.store_id:
        return "store"
    if fresh.stage in ("ride", "door") and old.rider_id is not None and fresh.rider_id != old.rider_id:
        return "other-rider"
    return old.stage if old.stage in WHY else "queue"


_BUSY = say("The store is busier than usual: a few minutes more.")
_PACKING = say("Packing takes longer than usual: a few minutes more.")
WHY: dict[str, Said] = {
    "accept": _BUSY,
    "queue": _BUSY,
    "picking": _PACKING,
    "packing": _PACKING,
    "rider": say("We are still looking for a rider: a few minutes more."),
    "handover": say("The rider needs longer to the store: a few minutes more."),
    "ride": say("The way takes longer than usual: a few minutes more."),
    "door": say("The way takes longer than usual: a few minutes more."),
    "store": say("Another store is packing it now: a few minutes more."),
    "other-rider": say("Another rider is bringing it now: a few minutes more."),
    "sooner": say("It is going faster than we thought."),
}
