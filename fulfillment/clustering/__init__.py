"""Which waiting orders one picker takes together on one walk, each into its own tote. Plain Python.

The most urgent order is always taken. Another one joins when walking together saves time and everybody's promise still
holds by the time model of `Pace`: one walk past all bins (`pickroute`), then the orders are packed one after another,
the one that is due first being packed first.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from fulfillment import pickroute
from fulfillment.clustering.overlap import Footprint, rough_metres, shared_aisles
from fulfillment.clustering.pace import Pace

TROLLEY_G = 40_000
"""What one person pushes through the aisles without strain, all totes together."""
TOTE_ML = 38_000
"""What goes into one tote, 600 x 400 x 200 mm outside; an order that needs more is picked alone."""
LOOKED_AT = 16
"""So many of the most promising orders stay in question after the first has joined."""
ROUTES_TRIED = 3
"""Per place in the cluster: how many of the most promising orders get a walk worked out."""

_FROZEN = pickroute.STAGE["frozen"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that waits. `due_s`: seconds from now until its bags must stand on the shelf; `start_slack_s`: until it
    must be begun for that, by the queue's reckoning; weight and volume are of all its goods, 0 when unknown.
    `pinned` (a manager put it first) and `split` (several people pick it already) orders are picked alone.
    """

    id: Hashable
    due_s: float
    start_slack_s: float
    items: Sequence[pickroute.Item]
    units: int
    weight_g: int = 0
    volume_ml: int = 0
    pinned: bool = False
    split: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """Orders of one walk, the first one first; `metres` together, `metres_alone` one after another; seconds saved
    against picking them so; and why these, in words."""

    ids: tuple[Hashable, ...]
    metres: float
    metres_alone: float
    saved_s: float
    why: str


def choose(
    first: Candidate,
    others: Iterable[Candidate],
    *,
    pace: Pace | None = None,
    most: int = 4,
    layout: pickroute.Layout | None = None,
) -> Cluster:
    """The most urgent order and up to `most` - 1 others for the same walk.

    Promises: every order of a cluster of two or more is packed `pace.safety_s` before it is due; each that joined saves
    at least `pace.least_saved_s`; the goods weigh at most TROLLEY_G; frozen goods are out of the freezer for at most
    `pace.frozen_out_s` when packed, and fetched last. Orders join one by one, the one first that saves most seconds
    per second by which the others are done later.
    """
    pace = pace or Pace()
    waiting = [other for other in others if other.id != first.id]
    floor = layout or pickroute.layout_of([item for one in (first, *waiting) for item in one.items])
    alone = pickroute.route(first.items, floor).metres
    taken, walk, metres_alone = [first], alone, alone
    if reason := _must_go_alone(first, alone, pace):
        return Cluster((first.id,), walk, walk, 0.0, reason)
    prints = {other.id: Footprint.of(other.items, floor) for other in waiting}
    together = Footprint.of(first.items, floor)
    rough_alone = {number: rough_metres(prints[number], floor) for number in prints}
    room = [other for other in waiting if not (other.pinned or other.split) and other.volume_ml <= TOTE_ML]
    saved_s, words = 0.0, []
    while len(taken) < most and room:
        rough = rough_metres(together, floor)
        ranked: list[tuple[float, float, str, Candidate]] = []
        for other in room:
            if not _may_hold([*taken, other], walk, pace):
                continue
            longer = max(0.0, rough_metres(together | prints[other.id], floor) - rough)
            gain = pace.saved_s(rough_alone[other.id] - longer, lines_sorted=_lines_sorted(taken, other))
            later = pace.pick_s(longer, lines=len(other.items), units=other.units, totes=2)
            if gain > 0:
                ranked.append((-gain / later, other.start_slack_s, str(other.id), other))
        ranked.sort(key=lambda row: row[:3])
        room = [row[3] for row in ranked[:LOOKED_AT]]  # what cannot join now cannot join a fuller trolley
        joined = None
        for *_, other in ranked[:ROUTES_TRIED]:
            route = pickroute.route(_items([*taken, other]), floor)
            by_itself = pickroute.route(other.items, floor).metres
            gain = pace.saved_s(by_itself + walk - route.metres, lines_sorted=_lines_sorted(taken, other))
            if gain >= pace.least_saved_s and _holds([*taken, other], route, floor, pace):
                joined = other
                break
            room.remove(other)
        if joined is None:
            break
        words.append(_why(shared_aisles(together, prints[joined.id]), gain))
        taken.append(joined)
        room.remove(joined)
        together |= prints[joined.id]
        walk, metres_alone, saved_s = route.metres, metres_alone + by_itself, saved_s + gain
    why = "; ".join(words) or "no other order shares enough of the walk in time"
    return Cluster(tuple(one.id for one in taken), walk, metres_alone, saved_s, why)


def is_lost(one: Candidate) -> bool:
    """Late even if it were begun now: there is no promise left that a shared walk could break."""
    return one.start_slack_s < 0


def packing_order(taken: Iterable[Candidate]) -> list[Candidate]:
    """As one is due before the other; what is lost after all that can still be in time."""
    return sorted(taken, key=lambda one: (is_lost(one), one.due_s, str(one.id)))


def done_s(taken: Sequence[Candidate], metres: float, pace: Pace) -> dict[Hashable, float]:
    """Seconds from now until each order is packed, when they are picked on one walk of so many metres."""
    clock = pace.pick_s(metres, lines=_lines(taken), units=sum(one.units for one in taken), totes=len(taken))
    done: dict[Hashable, float] = {}
    for one in packing_order(taken):
        clock += pace.pack_order_s(one.units)
        done[one.id] = clock
    return done


def _must_go_alone(first: Candidate, metres: float, pace: Pace) -> str:
    if first.pinned:
        return "pinned: goes alone"
    if first.split:
        return "split between pickers: goes alone"
    if first.volume_ml > TOTE_ML:
        return "needs more than one tote: goes alone"
    if not is_lost(first) and done_s([first], metres, pace)[first.id] > first.due_s - pace.safety_s:
        return "no time to wait for another order"
    return ""


def _may_hold(taken: Sequence[Candidate], metres: float, pace: Pace) -> bool:
    """Whether it could be in time and carried if the walk grew by nothing: a bound that needs no walk."""
    if sum(one.weight_g for one in taken) > TROLLEY_G:
        return False
    done = done_s(taken, metres, pace)
    return all(is_lost(one) or done[one.id] <= one.due_s - pace.safety_s for one in taken)


def _holds(taken: Sequence[Candidate], route: pickroute.Route, floor: pickroute.Layout, pace: Pace) -> bool:
    return _may_hold(taken, route.metres, pace) and frozen_out_s(taken, route, floor, pace) <= pace.frozen_out_s


def frozen_out_s(taken: Sequence[Candidate], route: pickroute.Route, floor: pickroute.Layout, pace: Pace) -> float:
    """For how long the first frozen thing is out of the freezer when the last order with frozen goods is packed.

    An upper bound: as if the picker came for the frozen goods from the table. Nothing is fetched after them.
    """
    by_name = {item.id: item for item in _items(taken)}
    walked = [by_name[name] for name in route.ids if pickroute.stage_of(by_name[name]) == _FROZEN]
    if not walked:
        return 0.0
    clock = pace.pick_s(pickroute.metres(walked, floor), lines=len(walked), units=len(walked), totes=len(taken))
    out = 0.0
    for one in packing_order(taken):
        clock += pace.pack_order_s(one.units)
        if any(pickroute.stage_of(item) == _FROZEN for item in one.items):
            out = clock
    return out


def _items(taken: Sequence[Candidate]) -> list[pickroute.Item]:
    """All lines under names that cannot meet: two orders may hold lines of one number."""
    return [
        pickroute.Item((rank, item.id), item.zone, item.sequence, item.weight_g, item.bin_code, item.fragile)
        for rank, one in enumerate(taken)
        for item in one.items
    ]


def _lines(taken: Sequence[Candidate]) -> int:
    return sum(len(one.items) for one in taken)


def _lines_sorted(taken: Sequence[Candidate], other: Candidate) -> int:
    """Lines that have to be put into the right tote only because this one joins: with the second order, all of them."""
    return len(other.items) + (len(taken[0].items) if len(taken) == 1 else 0)


def _why(aisles: Sequence[str], saved_s: float) -> str:
    if not aisles:
        return f"on the way, saves {saved_s:.0f} s"
    named = aisles[0] if len(aisles) == 1 else f"{', '.join(aisles[:-1])} and {aisles[-1]}"
    return f"shares aisle{'s' if len(aisles) > 1 else ''} {named}, saves {saved_s:.0f} s"


__all__ = ["TOTE_ML", "TROLLEY_G", "Candidate", "Cluster", "Pace", "choose", "done_s", "frozen_out_s"]
