"""One round's problem in numbers: its jobs, riders and stores, the seconds between them, and who may have what.

Numbers instead of ids (j a job, r a rider, s a store, v a vehicle), nested lists instead of arrays where single
figures are read. Jobs and riders are put in an order of their own (times first, ids last), so that a plan does not
depend on the order in which they are given.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from delivery.dispatch.problem import Expected, FreeRider, OpenJob, Place, Policy, TravelFn, last_door, shift_end, times

Floats = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Spots = Mapping[Hashable, Place]
"""Where each store is: those of the jobs in their order, then those where orders are only expected."""

CASH_JOBS = 50
"""Cash is counted where so many of the dearest job would be too much for somebody: more jobs than that nobody has
before a later round plans them anew."""


class Instance:
    """What a round is given and does not change. All `_s`: seconds on the clock of `now_s`; ways: seconds of travel.

    - `jobs`, `riders`, `stores` by number; `shelf[store]` is the number of a store, `members[s]` its jobs.
    - Of a job: `store`, `ready` (its bags), `together` (its bags where others would wait for them), `placed`, what it
      takes (`bags`, `litres`, `cash`), and `place[j]`, its place among the members of its store.
    - Of a rider: `start_s` (not before now) and `free_s`, `off_s` (the shift's end), `home_s` (the last door's end),
      `at` (the store they stand at or ride to, -1: none), `vehicle`, what they can take (`max_...`).
    - Ways: `from_rider[s, r]` and the same as `first_rows[r][s]`; per vehicle `out[v][j]` from shelf to door,
      `back[v][j, s]` and the same as `back_rows[v][j][s]` from door to shelf, `between[v][j][place]` from door to door
      of one store. A way to a shelf is infinite where it is too far or the rider may not fetch there.
    - `shut[j]`: a mask of the riders who may not have this job; None when everybody may. `is_tight`: a trip could be
      too much for somebody.
    """

    def __init__(
        self, jobs: Sequence[OpenJob], riders: Sequence[FreeRider], now_s: float, travel: TravelFn, policy: Policy
    ) -> None:
        self.policy, self.now_s = policy, now_s
        vehicles = sorted({rider.vehicle for rider in riders}) or ["ebike"]
        spots = _spots(jobs, policy.demand)
        to_shelf = _from_riders(riders, spots, vehicles, travel)
        to_door = [_to_doors(jobs, spots, vehicle, travel) for vehicle in vehicles]
        job_order, rider_order = _order_of_jobs(jobs, to_door[0]), _order_of_riders(riders, to_shelf)
        self.jobs = [jobs[i] for i in job_order]
        self.riders = [riders[i] for i in rider_order]
        self.shelf = _numbers_of_stores(self.jobs, policy.demand)
        self.stores = list(self.shelf)
        self._read_jobs()
        self._read_riders(vehicles)
        self.out: list[list[float]] = [ways[job_order].tolist() for ways in to_door]
        self.back = [self._doors_to_stores(spots, vehicle, travel) for vehicle in vehicles]
        self.between = [self._doors_to_doors(vehicle, travel) for vehicle in vehicles]
        column = {store: i for i, store in enumerate(spots)}
        self.from_rider: Floats = to_shelf[rider_order][:, [column[store] for store in self.stores]].T.copy()
        for r, s in enumerate(self.at):
            if s >= 0:
                self.from_rider[s, r] = 0.0
        banned = self._other_stores()
        self._close_ways(banned)
        self.is_tight = self._can_overload()
        self.shut = self._who_may_not(banned, vehicles)

    def ready_of(self, route: tuple[int, ...]) -> float:
        """When the last bags of a trip are to be expected."""
        ready = self.ready if len(route) == 1 else self.together
        return max(ready[j] for j in route)

    # -- jobs and riders ----------------------------------------------------------------------------------------------

    def _read_jobs(self) -> None:
        self.store = [self.shelf[job.store] for job in self.jobs]
        self.ready = [job.ready_s for job in self.jobs]
        self.together = [job.ready_s if job.together_s is None else job.together_s for job in self.jobs]
        self.placed = [job.placed_s for job in self.jobs]
        self.bags = [job.bags for job in self.jobs]
        self.litres = [job.litres for job in self.jobs]
        self.cash = [job.cash_paise for job in self.jobs]
        self.members: list[list[int]] = [[] for _ in self.stores]
        self.place = []
        for j, s in enumerate(self.store):
            self.place.append(len(self.members[s]))
            self.members[s].append(j)

    def _read_riders(self, vehicles: Sequence[str]) -> None:
        self.vehicle = [vehicles.index(rider.vehicle) for rider in self.riders]
        self.free_s = [rider.free_s for rider in self.riders]
        self.start_s = [max(self.now_s, free_s) for free_s in self.free_s]
        self.off_s = [shift_end(rider) for rider in self.riders]
        self.home_s = [last_door(rider, self.policy) for rider in self.riders]
        self.at = [-1 if rider.heading is None else self.shelf.get(rider.heading, -1) for rider in self.riders]
        self.max_bags = [rider.max_bags for rider in self.riders]
        self.max_litres = [math.inf if rider.max_litres is None else rider.max_litres for rider in self.riders]
        self.max_cash = [math.inf if rider.cash_room_paise is None else rider.cash_room_paise for rider in self.riders]

    # -- ways ---------------------------------------------------------------------------------------------------------

    def _doors_to_stores(self, spots: Spots, vehicle: str, travel: TravelFn) -> Floats:
        if not self.jobs:
            return np.zeros((0, 0))
        doors, shelves = [job.drop for job in self.jobs], [spots[store] for store in self.stores]
        return np.asarray(times(travel, doors, shelves, vehicle), float)

    def _doors_to_doors(self, vehicle: str, travel: TravelFn) -> list[list[float]]:
        """Per job a row of the ways to the doors of its store's jobs; empty where nobody has two jobs in hand."""
        rows: list[list[float]] = [[] for _ in self.jobs]
        if self.policy.most_jobs == 1:
            return rows
        for group in self.members:
            if len(group) == 1:
                rows[group[0]] = [0.0]
            elif group:
                doors = [self.jobs[j].drop for j in group]
                ways = np.asarray(times(travel, doors, doors, vehicle), float).tolist()
                for j, row in zip(group, ways, strict=True):
                    rows[j] = row
        return rows

    # -- limits -------------------------------------------------------------------------------------------------------

    def _other_stores(self) -> Mask:
        """Stores by riders: where a rider may not fetch, because another store is theirs or their zone ends before."""
        banned = np.zeros((len(self.stores), len(self.riders)), dtype=bool)
        at_home = self.policy.home_store_only
        if at_home or any(rider.stores is not None for rider in self.riders):
            for r, rider in enumerate(self.riders):
                for s, store in enumerate(self.stores):
                    outside = rider.stores is not None and store not in rider.stores
                    banned[s, r] = outside or (at_home and rider.store != store)
        return banned

    def _close_ways(self, banned: Mask) -> None:
        """A way to a shelf that is too far, or to a store that is not theirs, is infinite."""
        far_s = self.policy.farthest_pickup_s
        self.from_rider[(self.from_rider > far_s) | banned] = math.inf
        for back in self.back:
            back[back > far_s] = math.inf
        self.first_rows: list[list[float]] = self.from_rider.T.tolist()
        self.back_rows: list[list[list[float]]] = [back.tolist() for back in self.back]

    def _can_overload(self) -> bool:
        """Whether any trip could be too much for any rider: else nothing is counted."""
        if not self.jobs or not self.riders:
            return False
        most = self.policy.most_jobs
        return bool(
            max(self.bags) * most > min(self.max_bags)
            or max(self.litres) * most > min(self.max_litres)
            or max(self.cash) * CASH_JOBS > min(self.max_cash)
        )

    def _who_may_not(self, banned: Mask, vehicles: Sequence[str]) -> list[Mask | None]:
        """`shut`: the rule of `problem.misfit`, of all riders at once."""
        bags, litres, cash = (np.array(values) for values in (self.max_bags, self.max_litres, self.max_cash))
        warm = np.array([not rider.has_cold_bag for rider in self.riders], dtype=bool)
        helpless = np.array([rider.needs_help for rider in self.riders], dtype=bool)
        kind = np.array(self.vehicle, dtype=int)
        number = {rider.id: r for r, rider in enumerate(self.riders)}
        shut: list[Mask | None] = []
        for j, job in enumerate(self.jobs):
            mask = helpless | banned[self.store[j]]
            if self.is_tight:
                mask |= (bags < job.bags) | (litres < job.litres - 1e-9) | (cash < job.cash_paise)
            if job.is_cold:
                mask |= warm
            if job.vehicles is not None:
                mask |= np.array([vehicle not in job.vehicles for vehicle in vehicles])[kind]
            for who in job.refused_by:
                if who in number:
                    mask[number[who]] = True
            shut.append(mask if mask.any() else None)
        return shut


# -- before there are numbers: in the order given ---------------------------------------------------------------------


def _spots(jobs: Sequence[OpenJob], demand: Mapping[Hashable, Expected]) -> Spots:
    spots: dict[Hashable, Place] = {}
    for job in jobs:
        spots.setdefault(job.store, job.pickup)
    for store, expected in demand.items():
        spots.setdefault(store, expected.at)
    return spots


def _from_riders(riders: Sequence[FreeRider], spots: Spots, vehicles: Sequence[str], travel: TravelFn) -> Floats:
    """Riders by stores: the ways to the shelves."""
    ways = np.zeros((len(riders), len(spots)))
    for vehicle in vehicles:
        own = [i for i, rider in enumerate(riders) if rider.vehicle == vehicle]
        if own and spots:
            ways[own] = np.asarray(times(travel, [riders[i].at for i in own], list(spots.values()), vehicle), float)
    return ways


def _to_doors(jobs: Sequence[OpenJob], spots: Spots, vehicle: str, travel: TravelFn) -> Floats:
    """Per job the way from its shelf to its door: one question per store."""
    members: dict[Hashable, list[int]] = {}
    for i, job in enumerate(jobs):
        members.setdefault(job.store, []).append(i)
    ways = np.zeros(len(jobs))
    for store, group in members.items():
        ways[group] = np.asarray(times(travel, [spots[store]], [jobs[i].drop for i in group], vehicle), float)[0]
    return ways


def _order_of_jobs(jobs: Sequence[OpenJob], to_door: Floats) -> list[int]:
    """By times, then by how far, and by id only for twins."""
    return sorted(
        range(len(jobs)),
        key=lambda i: (jobs[i].placed_s, jobs[i].ready_s, jobs[i].due_s, to_door[i], str(jobs[i].id)),
    )


def _order_of_riders(riders: Sequence[FreeRider], to_shelf: Floats) -> list[int]:
    """By times, then by their three nearest shelves, and by id only for twins."""
    nearest = np.sort(to_shelf, axis=1)[:, :3].tolist()
    return sorted(
        range(len(riders)),
        key=lambda i: (riders[i].free_s, shift_end(riders[i]), *nearest[i], str(riders[i].id)),
    )


def _numbers_of_stores(jobs: Sequence[OpenJob], demand: Mapping[Hashable, Expected]) -> dict[Hashable, int]:
    """In the order of their first jobs; then those where orders are only expected, the busiest first."""
    stores = dict.fromkeys(job.store for job in jobs)
    only_expected = (store for store in demand if store not in stores)
    stores |= dict.fromkeys(sorted(only_expected, key=lambda store: (-demand[store].per_hour, str(store))))
    return {store: s for s, store in enumerate(stores)}
