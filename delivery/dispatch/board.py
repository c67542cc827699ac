"""A plan in the making: every rider's trips, what they cost, and how to change them quickly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from delivery.dispatch.cost import Costs, Trips
from delivery.dispatch.instance import Floats, Instance, Mask
from delivery.dispatch.problem import SHOWN, FreeRider, OpenJob, Policy, TravelFn

Insertion = tuple[float, int, Trips, float, float]
"""A way to have a job fetched: what it costs more, the rider, their trips then, the cost of these and their end."""
NOWHERE: Insertion = (math.inf, -1, (), 0.0, 0.0)
WAY_WEIGHS = 0.3
"""When it is guessed who is worth a look: a second on the way, on top of being there a second later."""


class Board(Instance):
    """An instance with a plan.

    `plan[r]`: the trips of rider r; `cost[r]` and `end_s[r]`: what they cost, when the last ends; `where[j]`: the rider
    who has job j, -1 for nobody; `pool`: jobs that nobody can fetch; `to_store[s, r]`: the way to a store from where
    rider r ends; `holders[s]`: the riders with trips from a store (and how many), where a job may join a bundle.
    """

    def __init__(
        self, jobs: Sequence[OpenJob], riders: Sequence[FreeRider], now_s: float, travel: TravelFn, policy: Policy
    ) -> None:
        super().__init__(jobs, riders, now_s, travel, policy)
        self.costs = Costs(self)
        self.value, self.unserved = self.costs.value, self.costs.unserved  # asked all the time
        self.plan: list[Trips] = [() for _ in self.riders]
        self.cost = list(self.costs.stay)
        self.end_s: Floats = np.array(self.start_s, dtype=float)
        self.where = [-1] * len(self.jobs)
        self.pool: dict[int, None] = {}
        self.to_store: Floats = self.from_rider.copy()
        self.holders: list[dict[int, int]] = [{} for _ in self.stores]
        self._was: dict[int, tuple[Trips, float, float]] = {}
        self._soonest: list[list[int] | None] = [None] * len(self.stores)
        self._first_s: Floats = np.array(self.free_s, dtype=float)
        self._last_shelf_s: Floats = np.array(self.off_s, dtype=float) - policy.pick_before_s
        self._last_ride_s: Floats = np.array(self.home_s, dtype=float) - policy.pick_after_s - policy.drop_before_s
        self._must_finish = any(home_s < math.inf for home_s in self.home_s)
        self._kind = np.array(self.vehicle, dtype=int)

    def alone(self, j: int) -> Trips:
        """One trip with this job and no other."""
        return ((self.store[j], (j,)),)

    def may(self, r: int, j: int) -> bool:
        shut = self.shut[j]
        return shut is None or not shut[r]

    def route_of(self, j: int) -> tuple[int, ...]:
        """The jobs of the trip this job is in, in the order of their doors."""
        return next(route for _, route in self.plan[self.where[j]] if j in route)

    # -- change -------------------------------------------------------------------------------------------------------

    def put(self, r: int, trips: Trips, cost: float, end_s: float) -> None:
        """Give rider r these trips; jobs that leave the rider must be put elsewhere by the caller."""
        self._was.setdefault(r, (self.plan[r], self.cost[r], float(self.end_s[r])))
        holders = self.holders
        for s, _ in self.plan[r]:
            left = holders[s][r] - 1
            if left:
                holders[s][r] = left
            else:
                del holders[s][r]
        for s, route in trips:
            holders[s][r] = holders[s].get(r, 0) + 1
            for j in route:
                self.where[j] = r
        self.plan[r], self.cost[r], self.end_s[r] = trips, cost, end_s
        if trips:
            self.to_store[:, r] = self.back[self.vehicle[r]][trips[-1][1][-1]]
        else:
            self.to_store[:, r] = self.from_rider[:, r]

    def take(self, j: int) -> None:
        """Take a job off its rider, or out of the pool."""
        r = self.where[j]
        if r < 0:
            self.pool.pop(j, None)
            return
        rest = ((s, tuple(one for one in route if one != j)) for s, route in self.plan[r])
        trips = tuple((s, route) for s, route in rest if route)
        self.where[j] = -1
        self.put(r, trips, *self.value(r, trips))

    def insert(self, j: int) -> None:
        """Put a job that nobody has where it costs least more; into the pool when nobody can fetch it."""
        more, r, trips, cost, end_s = self.cheapest(j)
        if more < self.unserved(j):
            self.put(r, trips, cost, end_s)
        else:
            self.pool[j] = None

    def mark(self) -> None:
        """From here on it is written down what riders had before (`saved`, `undo`)."""
        self._was = {}

    def saved(self) -> float:
        """By how much the riders' trips cost less than at the mark."""
        return sum(cost for _, cost, _ in self._was.values()) - sum(self.cost[r] for r in self._was)

    def undo(self, jobs: Sequence[int], pooled: Sequence[int]) -> None:
        """Everything as it was at the mark. `jobs`: those that were moved since; `pooled`: those that nobody had."""
        for j in jobs:
            self.pool.pop(j, None)
        for r, had in self._was.items():
            self.put(r, *had)
        for j in pooled:
            self.pool[j] = None
            self.where[j] = -1

    # -- the cheapest insertion ---------------------------------------------------------------------------------------

    def cheapest(self, j: int) -> Insertion:
        """Where a job costs least more: in a bundle of its store, or as a trip of its own; NOWHERE when nobody can."""
        return self._as_a_trip(j, self._into_a_bundle(j))

    def _into_a_bundle(self, j: int) -> Insertion:
        """The cheapest place among the doors of a trip from this store."""
        plan, cost, value, most = self.plan, self.cost, self.value, self.policy.most_jobs
        s, shut, best = self.store[j], self.shut[j], NOWHERE
        for r in self.holders[s]:
            if shut is not None and shut[r]:
                continue
            trips, old = plan[r], cost[r]
            for k, (other, route) in enumerate(trips):
                if other != s or len(route) >= most:
                    continue
                before, after = trips[:k], trips[k + 1 :]
                for door in range(len(route) + 1):
                    new = (*before, (s, (*route[:door], j, *route[door:])), *after)
                    total, end_s = value(r, new)
                    if total - old < best[0]:
                        best = (total - old, r, new, total, end_s)
        return best

    def _as_a_trip(self, j: int, best: Insertion) -> Insertion:
        """The cheapest place of a trip of its own among the trips of the riders worth a look, if it beats `best`."""
        plan, cost, value, own = self.plan, self.cost, self.value, self.alone(j)
        for r in self._likely(j):
            trips, old = plan[r], cost[r]
            if not trips and self._at_least(j, r) - old >= best[0]:
                continue
            for k in range(len(trips) + 1):
                new = trips[:k] + own + trips[k:]
                total, end_s = value(r, new)
                if total - old < best[0]:
                    best = (total - old, r, new, total, end_s)
        return best

    def _at_least(self, j: int, r: int) -> float:
        """Click-to-door of a job whose bags rider r fetches first of all: a lower bound that is quick to have."""
        policy, s = self.policy, self.store[j]
        shelf = self.free_s[r] if self.at[r] == s else self.start_s[r] + self.first_rows[r][s]
        pick = max(shelf + policy.pick_before_s, self.now_s, self.ready[j])
        return pick + policy.pick_after_s + self.out[self.vehicle[r]][j] + policy.drop_before_s - self.placed[j]

    # -- riders worth a look ------------------------------------------------------------------------------------------

    def _likely(self, j: int) -> list[int]:
        """The riders worth a look for a trip of its own: those who could have the bags soonest after what they have to
        do, and those who could if they dropped everything."""
        s, count, shut = self.store[j], self.policy.candidates, self.shut[j]
        way = self.to_store[s]
        soon = np.maximum(self.end_s + way, self.ready[j] - self.policy.pick_before_s) + WAY_WEIGHS * way
        soon[self._goes_home(j)] = math.inf
        if shut is not None:
            soon[shut] = math.inf
        first = np.argpartition(soon, count - 1)[:count] if len(soon) > count else np.arange(len(soon))
        chosen = first[np.argsort(soon[first], kind="stable")].tolist()
        if shut is not None:
            chosen = [r for r in chosen if not shut[r]]
        known = set(chosen)
        near = self.soonest(s)[: max(3, count // 2)]
        return chosen + [r for r in near if r not in known and self.plan[r] and (shut is None or not shut[r])]

    def _goes_home(self, j: int) -> Mask:
        """A mask of the riders whose shift is over before they could have the bags, or be at the door in time, whatever
        else they dropped."""
        policy, ready_s = self.policy, self.ready[j]
        arrive = self._first_s + self.from_rider[self.store[j]]
        gone: Mask = np.maximum(arrive, ready_s - policy.pick_before_s) > self._last_shelf_s
        if self._must_finish:
            ride = np.array([out[j] for out in self.out])[self._kind]
            gone |= np.maximum(arrive + policy.pick_before_s, ready_s) + ride > self._last_ride_s
        return gone

    def soonest(self, s: int) -> list[int]:
        """The SHOWN riders who could be at the store first if they had nothing else to do; those who may not go there
        come last."""
        found = self._soonest[s]
        if found is None:
            arrive = np.asarray(self.start_s) + self.from_rider[s]
            found = self._soonest[s] = np.argsort(arrive, kind="stable")[:SHOWN].tolist()
        return found
