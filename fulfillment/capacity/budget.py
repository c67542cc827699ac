"""Pick-seconds there are against pick-seconds that are wanted: the wait of a new order, the load per minute.

A pick-second is one second of a pair of hands of the store's usual pace. The floor is looked at as a fluid: what is to
be done flows off at the rate of the hands there are. Whole orders would make it a staircase: with m hands and n equal
orders of s seconds before it, a new one begins after floor(n / m) * s in list scheduling (Graham 1966). The straight
line through the middle of that staircase is s * (n - (m - 1) / 2) / m, so the fluid wait is taken for the work ahead
less half an order for each hand but one. That grows by s / m with each order and by nothing at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

HORIZON_S = 2 * 3600
"""How far ahead the plan is followed. After it, the floor goes on with the hands of its last second, one at least."""
RELEASE_SPREAD_S = 900
"""Orders for later flow in over so long from their release on: their windows end long after."""
NEW_SHARE = 0.5
"""So much of the hands is there for orders of now, whatever is released for later: those are due sooner."""
FULL_S = 900
"""A floor where a new order would wait so long is full."""


@dataclass(frozen=True, slots=True)
class Hand:
    """A person free to pick from `from_s` to `to_s` (seconds from now), at `speed` times the store's pace."""

    from_s: float
    to_s: float
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Later:
    """An order for a slot: its work comes into the queue in `in_s` seconds."""

    in_s: float
    work_s: float


@dataclass(frozen=True, slots=True)
class Floor:
    """Everything the budget is made from. `work_s`: pick-seconds of all that is open (waiting, and the rest of what is
    in hand); `order_s`: a usual order."""

    hands: Sequence[Hand]
    work_s: float
    order_s: float
    later: Sequence[Later] = field(default=())


@dataclass(frozen=True, slots=True)
class Minute:
    """Pick-seconds the hands have in one minute, that are wanted in it (left over from before included), and done."""

    available_s: float
    wanted_s: float
    done_s: float


def wait_s(floor: Floor) -> float:
    """Seconds until somebody would begin with an order that comes now.

    Never less with more work or fewer hands; it grows with the work without a jump as long as somebody is there. With
    nobody there now it is at least the time until somebody is. Nobody within HORIZON_S: HORIZON_S and on.
    """
    ahead_s = max(0.0, floor.work_s - _half_orders_in_hand(floor))
    rate = 0.0
    for since, until in _stretches(floor):
        hands = _rate(floor.hands, since, until)
        rate = max(hands - _releasing(floor.later, since, until), NEW_SHARE * hands)
        flows_s = rate * (until - since)
        if rate > 0 and ahead_s <= flows_s:
            return since + ahead_s / rate
        ahead_s -= flows_s
    return HORIZON_S + ahead_s / max(1.0, rate)


def begun_and_finished(floor: Floor, *, order_s: float) -> tuple[float, float]:
    """When an order of `order_s` pick-seconds that comes now would be begun, and be on the shelf; seconds from now."""
    begun_s = wait_s(floor)
    there = [hand.speed for hand in floor.hands if hand.from_s <= begun_s < hand.to_s]
    return begun_s, begun_s + order_s / (sum(there) / len(there) if there else 1.0)


def load_by_minute(floor: Floor, *, minutes: int = 60, arriving: float = 0.0) -> list[Minute]:
    """The next minutes, one by one. `arriving`: pick-seconds of new orders per second; 0 for what is known."""
    found: list[Minute] = []
    left_s = floor.work_s
    for minute in range(minutes):
        since, until = 60.0 * minute, 60.0 * (minute + 1)
        available_s = sum(_overlap(hand, since, until) * hand.speed for hand in floor.hands)
        wanted_s = left_s + _released(floor.later, since, until) + arriving * 60
        done_s = min(available_s, wanted_s)
        found.append(Minute(available_s, wanted_s, done_s))
        left_s = wanted_s - done_s
    return found


def full_in_m(load: Sequence[Minute]) -> int | None:
    """Minutes until a new order would wait FULL_S: what is left over then is more than the hands of the minutes after
    it do in that time. None when it never comes to that within what is known."""
    after = FULL_S // 60
    for minute, it in enumerate(load[: max(1, len(load) - after)]):
        can_s = sum(ahead.available_s for ahead in load[minute + 1 : minute + 1 + after])
        if it.wanted_s - it.done_s > can_s:
            return minute
    return None


# -- inside --------------------------------------------------------------------------------------------------------


def _half_orders_in_hand(floor: Floor) -> float:
    """Half an order for each hand but one, a hand counting by how much of the next order's time it is there."""
    if floor.order_s <= 0:
        return 0.0
    there = sum(_overlap(hand, 0.0, floor.order_s) for hand in floor.hands) / floor.order_s
    return max(0.0, there - 1) * floor.order_s / 2


def _stretches(floor: Floor) -> Iterable[tuple[float, float]]:
    """The horizon cut where the rate of hands or of releases changes."""
    cuts = {0.0, float(HORIZON_S)}
    cuts.update(at for hand in floor.hands for at in (hand.from_s, hand.to_s))
    begins = [max(0.0, it.in_s) for it in floor.later]
    cuts.update(at for in_s in begins for at in (in_s, in_s + RELEASE_SPREAD_S))
    inside = sorted(at for at in cuts if 0 <= at <= HORIZON_S)
    return pairwise(inside)


def _rate(hands: Iterable[Hand], since: float, until: float) -> float:
    return sum(hand.speed for hand in hands if hand.from_s <= since and until <= hand.to_s)


def _releasing(later: Iterable[Later], since: float, until: float) -> float:
    inside = (it for it in later if max(0.0, it.in_s) <= since and until <= max(0.0, it.in_s) + RELEASE_SPREAD_S)
    return sum(it.work_s / RELEASE_SPREAD_S for it in inside)


def _released(later: Iterable[Later], since: float, until: float) -> float:
    """The work that flows in between two instants; what was due before now flows in from now on."""
    total_s = 0.0
    for it in later:
        begins_s = max(0.0, it.in_s)
        flows = Hand(begins_s, begins_s + RELEASE_SPREAD_S)
        total_s += it.work_s / RELEASE_SPREAD_S * _overlap(flows, since, until)
    return total_s


def _overlap(hand: Hand, since: float, until: float) -> float:
    return max(0.0, min(hand.to_s, until) - max(hand.from_s, since))
