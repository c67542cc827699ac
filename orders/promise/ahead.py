"""What is still to do for an order under way, from what is done: the same legs as the promise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from orders.promise.legs import ACCEPT_S, Leg, PromiseInputs, quote

ON_SHELF = frozenset({"PACKED", "ASSIGNED_TO_PARTNER"})
ON_ROAD = frozenset({"PICKED_UP", "IN_TRANSIT"})
BEFORE_SHELF = frozenset({"accept", "backlog", "pick", "pack"})
STAGES = ("accept", "queue", "picking", "packing", "rider", "handover", "ride", "door")
"""The stages of a live order, in order: taken up by the store, waiting for a picker, picked, packed, waiting for a
rider on the shelf, the rider on the way to the shelf, on the road, at the door."""
Z90 = 1.2816
"""Standard deviations between the middle and the worst of ten cases, of a normal spread."""
DOORS_SPREAD = 1.6
"""At other doors the worst of ten cases takes so many times what is usual."""
STUCK_SPREAD = 0.5
"""Of a leg that has taken its usual time already, so much of its spread can still go wrong: nobody knows its end."""


@dataclass(frozen=True, slots=True)
class Underway:
    """A live order: `here_s` seconds in its present stage, `road_s` since the bags left (0 before).

    `picked`: all is in the totes, only packing is left. `ride_ahead_s`: the ride from where the rider is now, when that
    is known. `doors_before_s`: by how much other doors lengthen the ride. `measured`: (p50, p90) by leg, as the promise
    takes them.
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
    doors_before_s: float = 0
    picked: bool = False
    at_door: bool = False
    measured: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ahead:
    """Seconds until the door: usually, and in the worst of ten cases. Of the present `stage`: how long it usually takes
    in all (`usual_s`), and what usually follows it (`rest_s`): it should end so long before the promise. `ready_s`:
    usual seconds until the bags are on the shelf."""

    p50_s: float
    p90_s: float
    stage: str = ""
    usual_s: float = 0
    rest_s: float = 0
    ready_s: float = 0

    def breach(self, left_s: float) -> float:
        """How probable it is, 0 to 1, that the door is reached more than `left_s` seconds from now (normal spread)."""
        sigma_s = max(1.0, (self.p90_s - self.p50_s) / Z90)
        return 0.5 * math.erfc((left_s - self.p50_s) / (sigma_s * math.sqrt(2)))


def ahead(order: Underway) -> Ahead:
    """A leg that took longer than usual counts as ending now: nobody knows better. What has not begun (a rider who is
    not found yet, a ride) never shrinks while the order stands still."""
    legs = _legs(order)
    (here, here_left_s), rest = legs[0], legs[1:]
    rest_s = sum(left_s for _leg, left_s in rest)
    # Only what is left of a leg can still go wrong, and of the present one never less than STUCK_SPREAD.
    spreads = [(leg.p90_s / leg.p50_s - 1) * left_s for leg, left_s in rest if leg.p50_s]
    if here.p50_s:
        spreads.append((here.p90_s / here.p50_s - 1) * max(here_left_s, STUCK_SPREAD * here.p50_s))
    p50_s = here_left_s + rest_s
    spread_s = math.sqrt(sum(spread * spread for spread in spreads))
    ready_s = sum(left_s for leg, left_s in legs if leg.name in BEFORE_SHELF)
    return Ahead(p50_s, p50_s + spread_s, stage_of(order), here.p50_s, rest_s, ready_s)


def remaining_s(order: Underway) -> float:
    """Usual seconds until the door."""
    return ahead(order).p50_s


def stage_of(order: Underway) -> str:
    """One of STAGES."""
    if order.status in ON_ROAD:
        return "door" if order.at_door else "ride"
    if order.status in ON_SHELF:
        return "handover" if order.has_rider else "rider"
    if order.status == "PICKING":
        return "packing" if order.picked else "picking"
    return "queue" if order.status == "ASSIGNED_TO_STORE" else "accept"


def _legs(order: Underway) -> list[tuple[Leg, float]]:
    """What is left, in order, with the usual seconds still to go; the first is the present stage."""
    inputs = PromiseInputs(
        lines=order.lines,
        units=order.lines,
        ride_s=order.ride_s,
        backlog_s=order.backlog_s,
        rider_wait_s=order.rider_wait_s,
        measured=order.measured,
    )
    leg = {found.name: found for found in quote(inputs).legs}
    stage, here_s = stage_of(order), order.here_s
    door = (leg["door"], leg["door"].p50_s)
    if stage == "door":
        return [(leg["door"], max(0.0, leg["door"].p50_s - here_s))]
    ride = _longer(leg["ride"], order.doors_before_s)
    if stage == "ride":
        gone = max(0.0, ride.p50_s - order.road_s) if order.ride_ahead_s is None else order.ride_ahead_s
        return [(ride, gone), door]
    street = [(ride, ride.p50_s), door]
    handover_s = leg["handover"].p50_s
    if stage == "handover":
        return [(leg["handover"], max(0.0, handover_s - here_s)), *street]
    street = [(leg["handover"], handover_s), *street]
    late_s = order.measured.get("rider", (0.0, 0.0))[0]  # packed bags usually stand so long
    if stage == "rider":
        wait_s = max(float(ACCEPT_S), order.rider_wait_s, late_s - here_s)
        return [(Leg("rider", wait_s, 1.6 * wait_s), wait_s), *street]
    left = {name: leg[name].p50_s for name in ("accept", "backlog", "pick", "pack")}
    names = list(left)[{"accept": 0, "queue": 1, "picking": 2, "packing": 3}[stage] :]
    if stage == "picking":  # where nobody says when packing began, it begins when picking usually ends
        left["pack"] = max(0.0, left["pack"] - max(0.0, here_s - left["pick"]))
    left[names[0]] = max(0.0, left[names[0]] - here_s)
    ready = [(leg[name], left[name]) for name in names]
    # Riders are sought from the confirmation on: only the wait beyond picking and packing counts.
    wait_s = max(0.0, order.rider_wait_s - sum(left_s for _leg, left_s in ready), late_s)
    wait_s = 0.0 if order.has_rider else wait_s
    return [*ready, (Leg("rider", wait_s, 1.6 * wait_s), wait_s), *street]


def _longer(ride: Leg, by_s: float) -> Leg:
    """The ride with other doors on its way; what they take is as uncertain as a door."""
    return ride if by_s <= 0 else Leg(ride.name, ride.p50_s + by_s, ride.p90_s + DOORS_SPREAD * by_s)
