"""One more order for a rider who has not left the shelf: on the way to it, or waiting there for other bags.

Rounds that close a bundle when they offer it would else send somebody else for the next order of the same store, or let
it wait. The order goes to the last door of the trip, so that nobody's place in it is lost, and only where the bags of
the others hardly wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from delivery.dispatch.problem import FreeRider, OpenJob, Place, Policy, TravelFn, against, last_door, shift_end, unable

WAIT_S = 60.0
"""The bags of a trip wait so long for an order that comes along."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A rider who fetches orders of one store and has none of them in hand: the doors in their order, and when the last
    of their bags is ready. `rider` has the limits that are left beside them."""

    rider: FreeRider
    store: Hashable
    pickup: Place
    doors: tuple[Place, ...]
    ready_s: float


@dataclass(frozen=True, slots=True)
class Along:
    """A job that goes along: what its customer waits from now on, in parts."""

    job: Hashable
    rider: Hashable
    door_s: float
    parts: dict[str, float]


def along(
    jobs: Sequence[OpenJob],
    coming: Iterable[Coming],
    now_s: float,
    travel: TravelFn,
    policy: Policy,
    otherwise: Callable[[OpenJob], float],
) -> list[Along]:
    """The most urgent job chooses first: the trip that has it at its door soonest, if that is sooner than `otherwise`
    (when somebody else could be there). A trip grows by one job at a time."""
    left, found = list(coming), []
    for job in sorted(jobs, key=lambda job: (job.due_s, job.placed_s, str(job.id))):
        trips = [(made, trip) for trip in left if (made := _with(job, trip, now_s, travel, policy)) is not None]
        if not trips:
            continue
        best, trip = min(trips, key=lambda it: (it[0].door_s, str(it[0].rider)))
        if best.door_s < otherwise(job):
            found.append(best)
            left.remove(trip)
    return found


def _with(job: OpenJob, trip: Coming, now_s: float, travel: TravelFn, policy: Policy) -> Along | None:
    rider = trip.rider
    if job.store != trip.store or len(trip.doors) >= policy.most_jobs:
        return None
    if against(job, rider, policy) or unable([job], rider):
        return None
    way_s = 0.0 if rider.heading == trip.store else travel(rider.at, trip.pickup, rider.vehicle)
    shelf_s = now_s + way_s + policy.pick_before_s
    pick_s = max(shelf_s, trip.ready_s)
    if job.ready_s > pick_s + WAIT_S:
        return None
    pick_s = max(pick_s, job.ready_s)
    clock, at = pick_s + policy.pick_after_s, trip.pickup
    for door in (*trip.doors, job.drop):
        clock, at = clock + travel(at, door, rider.vehicle) + policy.drop_before_s + policy.drop_after_s, door
    door_s = clock - policy.drop_after_s
    if pick_s > shift_end(rider) or door_s > last_door(rider, policy):
        return None
    parts = {"ride_to_store": way_s, "at_the_shelf": pick_s - now_s - way_s, "to_the_door": door_s - pick_s}
    return Along(job.id, rider.id, door_s, parts)
