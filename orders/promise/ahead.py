"""What is still to do for an order under way, from what is done: the same legs as the promise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orders.promise.legs import ACCEPT_S, Leg, PromiseInputs, quote

ON_SHELF = frozenset({"PACKED", "ASSIGNED_TO_PARTNER"})
ON_ROAD = frozenset({"PICKED_UP", "IN_TRANSIT"})


@dataclass(frozen=True, slots=True)
class Underway:
    """A live order: `here_s` seconds in its present status, `road_s` since the bags left (0 before).

    `ride_ahead_s`: the ride from where the rider is now, when that is known.
    """

    status: str
    lines: int
    ride_s: float
    here_s: float
    road_s: float = 0
    backlog_s: float = 0
    rider_wait_s: float = 0
    has_rider: bool = False
    ride_ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Seconds until the door: usually, and in the worst of ten cases."""

    p50_s: float
    p90_s: float


def ahead(order: Underway) -> Ahead:
    """A leg that took longer than usual counts as ending now: nobody knows better. What has not begun (a rider who is
    not found yet, a ride) never shrinks while the order stands still."""
    legs = _legs(order)
    p50_s = sum(left_s for _leg, left_s in legs)
    # Only what is left of a leg can still go wrong.
    spread = math.sqrt(sum(((leg.p90_s / leg.p50_s - 1) * left_s) ** 2 for leg, left_s in legs if leg.p50_s))
    return Ahead(p50_s, p50_s + spread)


def remaining_s(order: Underway) -> float:
    """Usual seconds until the door."""
    return ahead(order).p50_s


def _legs(order: Underway) -> list[tuple[Leg, float]]:
    inputs = PromiseInputs(
        lines=order.lines,
        units=order.lines,
        ride_s=order.ride_s,
        backlog_s=order.backlog_s,
        rider_wait_s=order.rider_wait_s,
    )
    leg = {found.name: found for found in quote(inputs).legs}
    door = (leg["door"], leg["door"].p50_s)
    if order.status in ON_ROAD:
        gone = max(0.0, order.ride_s - order.road_s) if order.ride_ahead_s is None else order.ride_ahead_s
        return [(leg["ride"], gone), door]
    street = [(leg["ride"], leg["ride"].p50_s), door]
    handover_s = leg["handover"].p50_s
    if order.status in ON_SHELF:
        if order.has_rider:
            return [(leg["handover"], max(0.0, handover_s - order.here_s)), *street]
        wait_s = max(float(ACCEPT_S), order.rider_wait_s)
        return [(Leg("rider", wait_s, 1.6 * wait_s), wait_s), (leg["handover"], handover_s), *street]
    street = [(leg["handover"], handover_s), *street]
    pick, pack = leg["pick"], leg["pack"]
    if order.status == "PICKING":
        pack_s = max(0.0, pack.p50_s - max(0.0, order.here_s - pick.p50_s))
        return [(pick, max(0.0, pick.p50_s - order.here_s)), (pack, pack_s), *street]
    begin_s = max(0.0, leg["accept"].p50_s + leg["backlog"].p50_s - order.here_s)
    begin = Leg("backlog", max(begin_s, 1.0), 1.5 * max(begin_s, 1.0))
    return [(begin, begin_s), (pick, pick.p50_s), (pack, pack.p50_s), (leg["rider"], leg["rider"].p50_s), *street]
