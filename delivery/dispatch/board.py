"""A plan in the making: every rider's trips, what they cost, and how to change them quickly.

Indices instead of ids, nested lists instead of arrays where single figures are read: a trip is valued a hundred
thousand times per second. Jobs and riders are put in an order of their own (times first, ids last), so that a plan
does not depend on the order in which they are given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from delivery.dispatch.problem import (
    HOME_LATE,
    SHIFT_OVER,
    SHOWN,
    TOO_FAR,
    FreeRider,
    OpenJob,
    Policy,
    TravelFn,
    last_door,
    misfit,
    shift_end,
    times,
)

Trip = tuple[int, tuple[int, ...]]
Trips = tuple[Trip, ...]
Floats = np.ndarray[Any, np.dtype[np.float64]]


NEXT_WITHIN_S = 900.0
FAR_S = 3600.0
USABLE_S = 1800.0
"""A rider with so much of the shift left after a route is worth the full price of riding; one who goes home is not."""
AFTER_HOURS = 0.3
"""The share of that price which remains when the shift is over: of two who could go, the nearer."""


@dataclass(slots=True)
class Reckoning:
    """What a rider's trips cost, by cause: the parts of `Board.value`. `doors`: when each job is handed over;
    `late_s`: what its lateness weighs. `at_shelf_s`, `picked_s`: of the last trip."""

    fair: float = 0.0
    ride: float = 0.0
    end: float = 0.0
    doors: dict[int, float] = field(default_factory=dict)
    late_s: dict[int, float] = field(default_factory=dict)
    way_s: float = 0.0
    at_shelf_s: float = 0.0
    picked_s: float = 0.0


class Board:
    """`plan[r]`: the trips of rider r; `cost[r]`: what they cost; `pool`: jobs without a rider."""

    def __init__(
        self, jobs: Sequence[OpenJob], riders: Sequence[FreeRider], now_s: float, travel: TravelFn, policy: Policy
    ) -> None:
        self.policy, self.now_s = policy, now_s
        self._places(jobs, riders, travel)
        self._limits()
        self.holders: list[dict[int, int]] = [{} for _ in self.stores]
        """Per store the riders with trips from it (and how many): where a job may join a bundle."""
        self.value = self._valuer()
        self.plan: list[Trips] = [() for _ in self.riders]
        self.cost = [self.value(r, ())[0] for r in range(len(self.riders))]
        self.pool: dict[int, None] = {}
        self.where = [-1] * len(self.jobs)
        self._soonest: list[list[int] | None] = [None] * len(self.stores)
        self.end_s: Floats = np.array(self.start_s, dtype=float)
        self.to_store: Floats = self.from_rider.copy()
        self.first_s: Floats = np.array(self.free_s, dtype=float)
        self.last_s: Floats = np.array(self.off_s, dtype=float) - policy.pick_before_s
        self._kind = np.array(self.vehicle, dtype=int)
        self._done_s: Floats = np.array(self.home_s, dtype=float) - policy.pick_after_s - policy.drop_before_s

    # -- the map ------------------------------------------------------------------------------------------------------

    def _places(self, jobs: Sequence[OpenJob], riders: Sequence[FreeRider], travel: TravelFn) -> None:
        spots: dict[Hashable, Any] = {}
        for job in jobs:
            spots.setdefault(job.store, job.pickup)
        for store, expected in self.policy.demand.items():
            spots.setdefault(store, expected.at)
        stores = list(spots)
        vehicles = sorted({rider.vehicle for rider in riders}) or ["ebike"]
        doors = [job.drop for job in jobs]
        shelf = {store: i for i, store in enumerate(stores)}
        direct = np.zeros(len(jobs))
        first = np.zeros((len(riders), len(stores)))
        by_vehicle = []
        for number, vehicle in enumerate(vehicles):
            own = [i for i, rider in enumerate(riders) if rider.vehicle == vehicle]
            if own and stores:
                at = [riders[i].at for i in own]
                first[own] = np.asarray(times(travel, at, list(spots.values()), vehicle), float)
            legs = np.zeros(len(jobs))
            for store, spot in spots.items():
                there = [i for i, job in enumerate(jobs) if job.store == store]
                if there:
                    to_doors = times(travel, [spot], [doors[i] for i in there], vehicle)
                    legs[there] = np.asarray(to_doors, float)[0]
            by_vehicle.append(legs)
            if not number:
                direct = legs
        # An order of our own: by times, then by how far, and by id only for twins.
        rank_j = sorted(
            range(len(jobs)),
            key=lambda i: (jobs[i].placed_s, jobs[i].ready_s, jobs[i].due_s, direct[i], str(jobs[i].id)),
        )
        spread = np.sort(first, axis=1)
        rank_r = sorted(
            range(len(riders)),
            key=lambda i: (riders[i].free_s, shift_end(riders[i]), *spread[i, :3].tolist(), str(riders[i].id)),
        )
        self.jobs = [jobs[i] for i in rank_j]
        order: dict[Hashable, int] = {}
        for job in self.jobs:
            order.setdefault(job.store, len(order))
        for store in sorted(
            (s for s in stores if s not in order), key=lambda s: (-self.policy.demand[s].per_hour, str(s))
        ):
            order[store] = len(order)
        self.stores = list(order)
        self.shelf = order
        self.riders = [riders[i] for i in rank_r]
        back = [shelf[store] for store in self.stores]
        self.from_rider = first[rank_r][:, back].T.copy()
        self.vehicle = [vehicles.index(rider.vehicle) for rider in self.riders]
        self.store = [order[job.store] for job in self.jobs]
        self.ready = [job.ready_s for job in self.jobs]
        self.together = [job.ready_s if job.together_s is None else job.together_s for job in self.jobs]
        self.placed = [job.placed_s for job in self.jobs]
        self.start_s = [max(self.now_s, rider.free_s) for rider in self.riders]
        self.free_s = [rider.free_s for rider in self.riders]
        self.off_s = [shift_end(rider) for rider in self.riders]
        self.home_s = [last_door(rider, self.policy) for rider in self.riders]
        self.must_finish = any(home < math.inf for home in self.home_s)
        self.at = [order.get(rider.heading, -1) if rider.heading is not None else -1 for rider in self.riders]
        for r, s in enumerate(self.at):
            if s >= 0:
                self.from_rider[s, r] = 0.0
        # Doors to doors within a store, doors to stores, stores to doors: per vehicle.
        members: list[list[int]] = [[] for _ in self.stores]
        self.place = [0] * len(self.jobs)
        for j, s in enumerate(self.store):
            self.place[j] = len(members[s])
            members[s].append(j)
        spots_in_order = [spots[store] for store in self.stores]
        self.out: list[list[float]] = []
        self.back: list[Floats] = []
        self.back_rows: list[list[list[float]]] = []
        self.between: list[list[list[float]]] = []
        for number, vehicle in enumerate(vehicles):
            self.out.append(by_vehicle[number][rank_j].tolist())
            doors = [job.drop for job in self.jobs]
            back_s = np.asarray(times(travel, doors, spots_in_order, vehicle), float) if self.jobs else np.zeros((0, 0))
            self.back.append(back_s)
            rows: list[list[float]] = [[] for _ in self.jobs]
            for group in members:
                if not group or self.policy.most_jobs == 1:  # nobody rides from door to door
                    continue
                spots_of = [doors[j] for j in group]
                if len(group) == 1:
                    rows[group[0]] = [0.0]
                    continue
                for j, row in zip(
                    group, np.asarray(times(travel, spots_of, spots_of, vehicle), float).tolist(), strict=True
                ):
                    rows[j] = row
            self.between.append(rows)

    def _limits(self) -> None:
        """Who may not have what: as infinite ways per store, masks per job, and sums per trip."""
        policy = self.policy
        far = policy.farthest_pickup_s
        self.from_rider[self.from_rider > far] = math.inf
        self.banned = np.zeros(self.from_rider.shape, dtype=bool)
        if policy.home_store_only or any(rider.stores is not None for rider in self.riders):
            for r, rider in enumerate(self.riders):
                for s, store in enumerate(self.stores):
                    outside = rider.stores is not None and store not in rider.stores
                    self.banned[s, r] = outside or (policy.home_store_only and rider.store != store)
        self.from_rider[self.banned] = math.inf
        for back in self.back:
            back[back > far] = math.inf
        self.back_rows = [back.tolist() for back in self.back]
        self.first_rows = self.from_rider.T.tolist()
        self.bags = [job.bags for job in self.jobs]
        self.litres = [job.litres for job in self.jobs]
        self.cash = [job.cash_paise for job in self.jobs]
        self.cold = [job.is_cold for job in self.jobs]
        self.max_bags = [rider.max_bags for rider in self.riders]
        self.max_litres = [math.inf if rider.max_litres is None else rider.max_litres for rider in self.riders]
        self.max_cash = [math.inf if rider.cash_room_paise is None else rider.cash_room_paise for rider in self.riders]
        most = policy.most_jobs
        top = lambda values: max(values, default=0)  # noqa: E731
        self.is_tight = bool(
            self.riders
            and (
                top(self.bags) * most > min(self.max_bags)
                or top(self.litres) * most > min(self.max_litres)
                or top(self.cash) * 50 > min(self.max_cash)
            )
        )
        index = {rider.id: r for r, rider in enumerate(self.riders)}
        bags, litres, cash = (np.array(values) for values in (self.max_bags, self.max_litres, self.max_cash))
        cold = np.array([rider.has_cold_bag for rider in self.riders], dtype=bool)
        helpless = np.array([rider.needs_help for rider in self.riders], dtype=bool)
        self.shut: list[Any] = [None] * len(self.jobs)
        """Per job a mask of the riders who may not have it; None when everybody may."""
        for j, job in enumerate(self.jobs):
            mask = np.zeros(len(self.riders), dtype=bool)
            if self.is_tight:
                mask |= (bags < job.bags) | (litres < job.litres - 1e-9) | (cash < job.cash_paise)
            if job.is_cold:
                mask |= ~cold
            if job.vehicles is not None:
                mask |= np.array([rider.vehicle not in job.vehicles for rider in self.riders], dtype=bool)
            mask |= helpless
            for who in job.refused_by:
                if who in index:
                    mask[index[who]] = True
            mask |= self.banned[self.store[j]]
            if mask.any():
                self.shut[j] = mask

    def ready_of(self, route: tuple[int, ...]) -> float:
        """When the last bags of a trip are to be expected."""
        ready = self.ready if len(route) == 1 else self.together
        return max(ready[j] for j in route)

    # -- value --------------------------------------------------------------------------------------------------------

    def _valuer(self) -> Callable[[int, Trips], tuple[float, float]]:
        """A function of a rider and their trips: cost (infinite when not allowed), and when the last trip ends."""
        policy, now = self.policy, self.now_s
        weights = policy.weights
        late, growth, w_end = weights.late, weights.late_growth_s**2, weights.end
        w_ride = weights.ride * self._load() ** 2
        pick_before, pick_after = policy.pick_before_s, policy.pick_after_s
        drop_before, drop_after = policy.drop_before_s, policy.drop_after_s
        start_s, free_s, off_s, at, vehicle = self.start_s, self.free_s, self.off_s, self.at, self.vehicle
        first_rows, back_rows, out, between, place = (
            self.first_rows, self.back_rows, self.out, self.between, self.place,
        )  # fmt: skip
        single, together, placed, due = self.ready, self.together, self.placed, [j.due_s for j in self.jobs]
        tight, bags, litres, cash = self.is_tight, self.bags, self.litres, self.cash
        max_bags, max_litres, max_cash = self.max_bags, self.max_litres, self.max_cash
        homeward = [self._to_next(back) for back in self.back]
        after = AFTER_HOURS
        stay = [
            w_end * way * min(1.0, max(0.0, (end - start) / USABLE_S))
            for way, start, end in zip(self._to_next(self.from_rider.T), start_s, off_s, strict=True)
        ]
        fair = self.fair = self._fairness()
        self._w_ride, self._stay, self._homeward = w_ride, stay, homeward
        home_s = [end + drop_after for end in self.home_s]
        infinite = math.inf

        def value(r: int, trips: Trips) -> tuple[float, float]:
            if not trips:
                return stay[r], start_s[r]
            v = vehicle[r]
            backs, outs, betweens = back_rows[v], out[v], between[v]
            total, rides, clock, last, off = fair[r], 0.0, start_s[r], -1, off_s[r]
            money = 0
            for s, route in trips:
                if last >= 0:
                    way = backs[last][s]
                    pick = clock + way + pick_before
                elif at[r] == s:
                    way = 0.0
                    pick = free_s[r] + pick_before
                else:
                    way = first_rows[r][s]
                    pick = clock + way + pick_before
                if pick < now:
                    pick = now
                ready = single if len(route) == 1 else together
                for j in route:
                    if ready[j] > pick:
                        pick = ready[j]
                if pick > off or way == infinite:
                    return infinite, 0.0
                if tight:
                    load = room = 0.0
                    for j in route:
                        load += bags[j]
                        room += litres[j]
                        money += cash[j]
                    if load > max_bags[r] or room > max_litres[r] + 1e-9 or money > max_cash[r]:
                        return infinite, 0.0
                clock = pick + pick_after
                rides += way
                last = -1
                for j in route:
                    leg = outs[j] if last < 0 else betweens[last][place[j]]
                    rides += leg
                    clock += leg + drop_before
                    total += clock - placed[j]
                    over = clock - due[j]
                    if over > 0:
                        total += over * late + over * over * over / growth
                    clock += drop_after
                    last = j
            if clock > home_s[r]:
                return infinite, 0.0
            left = (off - clock) / USABLE_S
            if left >= 1.0:
                return total + w_ride * rides + w_end * homeward[v][last], clock
            if left < 0.0:
                left = 0.0
            return total + w_ride * (after + (1.0 - after) * left) * rides + w_end * left * homeward[v][last], clock

        return value

    def reckon(self, r: int, trips: Trips) -> Reckoning:
        """The same as `value`, by cause and at leisure, for who asks why; of trips that are allowed."""
        policy, made = self.policy, Reckoning(end=self._stay[r])
        if not trips:
            return made
        v, clock, rides, last = self.vehicle[r], self.start_s[r], 0.0, -1
        for s, route in trips:
            is_there = last < 0 and self.at[r] == s
            made.way_s = 0.0 if is_there else self.back_rows[v][last][s] if last >= 0 else self.first_rows[r][s]
            made.at_shelf_s = (self.free_s[r] if is_there else clock + made.way_s) + policy.pick_before_s
            made.picked_s = max(made.at_shelf_s, self.now_s, self.ready_of(route))
            clock, last, rides = made.picked_s + policy.pick_after_s, -1, rides + made.way_s
            for j in route:
                leg = self.out[v][j] if last < 0 else self.between[v][last][self.place[j]]
                clock, rides, last = clock + leg + policy.drop_before_s, rides + leg, j
                made.doors[j], made.late_s[j] = clock, self.lateness(j, clock)
                clock += policy.drop_after_s
        left = min(1.0, max(0.0, (self.off_s[r] - clock) / USABLE_S))
        made.fair = self.fair[r]
        made.ride = self._w_ride * (AFTER_HOURS + (1.0 - AFTER_HOURS) * left) * rides
        made.end = policy.weights.end * left * self._homeward[v][last]
        return made

    def lateness(self, j: int, door_s: float) -> float:
        """What it weighs that a job is handed over then: nothing up to its promise."""
        over, weights = max(0.0, door_s - self.jobs[j].due_s), self.policy.weights
        return over * weights.late + over**3 / weights.late_growth_s**2

    def why_not(self, j: int, r: int) -> str | None:
        """Why this rider cannot have this job even if they drop everything else, or None."""
        job, rider, s = self.jobs[j], self.riders[r], self.store[j]
        if why := misfit(job, rider, self.policy):
            return why
        if self.at[r] != s and self.first_rows[r][s] == math.inf:
            return TOO_FAR
        if self.value(r, ((s, (j,)),))[0] < math.inf:
            return None
        return SHIFT_OVER if self.reckon(r, ((s, (j,)),)).picked_s > self.off_s[r] else HOME_LATE

    def _load(self) -> float:
        """The share of riders who have something to do now: what their time is worth to the next customer."""
        idle = sum(rider.free_s <= self.now_s for rider in self.riders)
        return 1.0 - idle / len(self.riders) if self.riders else 1.0

    def _to_next(self, ways: Floats) -> list[float]:
        """What the end of a route is worth: seconds from each row's place to the store whose order is likely to be next
        for a rider there. The nearest store has it with the probability that it gets an order within
        `NEXT_WITHIN_S`, else the second nearest, ...; without expectations simply the nearest."""
        rows, columns = ways.shape
        if not columns:
            return [0.0] * rows
        far = np.where(np.isinf(ways), FAR_S, ways)
        rates = [self.policy.demand[s].per_hour if s in self.policy.demand else 0.0 for s in self.stores]
        chance = 1.0 - np.exp(-np.array(rates) * NEXT_WITHIN_S / 3600.0)
        if not chance.any():
            return far.min(axis=1).tolist()
        nearest = np.argsort(far, axis=1, kind="stable")
        way, here = np.take_along_axis(far, nearest, axis=1), chance[nearest]
        none_nearer = np.cumprod(np.hstack([np.ones((rows, 1)), 1.0 - here]), axis=1)
        return ((way * here * none_nearer[:, :-1]).sum(axis=1) + none_nearer[:, -1] * way[:, -1]).tolist()

    def _fairness(self) -> list[float]:
        """What using a rider costs besides: nothing for who waited longest and earned least, `fair_s` for the rest."""
        most = self.policy.weights.fair_s
        idle = [rider.idle_s for rider in self.riders]
        paid = [rider.earned_paise_h for rider in self.riders]
        longest, least, richest = max(idle, default=0), min(paid, default=0), max(paid, default=0)
        return [
            most
            * (
                (0.5 * (1 - mine / longest) if longest > 0 else 0.0)
                + (0.5 * (pay - least) / (richest - least) if richest > least else 0.0)
            )
            for mine, pay in zip(idle, paid, strict=True)
        ]

    # -- change -------------------------------------------------------------------------------------------------------

    def put(self, r: int, trips: Trips, cost: float, end_s: float) -> None:
        """Give rider r these trips; jobs that leave the rider must be put elsewhere by the caller."""
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
        trips = []
        for s, route in self.plan[r]:
            if j in route:
                route = tuple(one for one in route if one != j)
            if route:
                trips.append((s, route))
        self.where[j] = -1
        kept = tuple(trips)
        self.put(r, kept, *self.value(r, kept))

    def best_place(self, j: int) -> tuple[float, int, Trips, float, float]:
        """Where a job costs least more: (more, rider, their trips then, cost then, end then); infinite for nowhere."""
        policy, plan, cost, value = self.policy, self.plan, self.cost, self.value
        s, shut, most = self.store[j], self.shut[j], policy.most_jobs
        best = math.inf
        found: tuple[int, Trips, float, float] = (-1, (), 0.0, 0.0)
        for r in self.holders[s]:
            if shut is not None and shut[r]:
                continue
            trips, old = plan[r], cost[r]
            for k, (other, route) in enumerate(trips):
                if other != s or len(route) >= most:
                    continue
                before, after = trips[:k], trips[k + 1 :]
                for at in range(len(route) + 1):
                    new = (*before, (s, (*route[:at], j, *route[at:])), *after)
                    total, end_s = value(r, new)
                    if total - old < best:
                        best, found = total - old, (r, new, total, end_s)
        own = ((s, (j,)),)
        for r in self._likely(j, s, shut):
            trips, old = plan[r], cost[r]
            if not trips and self._at_least(j, s, r) - old >= best:
                continue
            for k in range(len(trips) + 1):
                new = trips[:k] + own + trips[k:]
                total, end_s = value(r, new)
                if total - old < best:
                    best, found = total - old, (r, new, total, end_s)
        return (best, *found)

    def _at_least(self, j: int, s: int, r: int) -> float:
        """Click-to-door of a job whose bags rider r fetches first of all: a lower bound that is quick to have."""
        policy = self.policy
        shelf = self.free_s[r] if self.at[r] == s else self.start_s[r] + self.first_rows[r][s]
        pick = max(shelf + policy.pick_before_s, self.now_s, self.ready[j])
        return pick + policy.pick_after_s + self.out[self.vehicle[r]][j] + policy.drop_before_s - self.placed[j]

    def _likely(self, j: int, s: int, shut: Any) -> list[int]:
        """The riders worth a look for a trip of its own: those who could have the bags soonest after what they have to
        do, and those who could if they dropped everything."""
        count = self.policy.candidates
        way = self.to_store[s]
        soon = np.maximum(self.end_s + way, self.ready[j] - self.policy.pick_before_s) + 0.3 * way
        soon[np.maximum(self.first_s + self.from_rider[s], self.ready[j] - self.policy.pick_before_s) > self.last_s] = (
            math.inf  # gone home by then
        )
        if self.must_finish:
            soon[self._too_late(j, s)] = math.inf
        if shut is not None:
            soon = np.where(shut, math.inf, soon)
        if len(soon) > count:
            first = np.argpartition(soon, count - 1)[:count]
        else:
            first = np.arange(len(soon))
        chosen = first[np.argsort(soon[first], kind="stable")].tolist()
        if shut is not None:
            chosen = [r for r in chosen if not shut[r]]
        known = set(chosen)
        chosen += [r for r in self.near(s) if r not in known and self.plan[r] and (shut is None or not shut[r])]
        return chosen

    def _too_late(self, j: int, s: int) -> Any:
        """A mask of the riders who could not be at this door in time, whatever else they dropped."""
        ride = np.array([out[j] for out in self.out])[self._kind]
        shelf = np.maximum(self.first_s + self.from_rider[s] + self.policy.pick_before_s, self.ready[j])
        return shelf + ride > self._done_s

    def near(self, s: int) -> list[int]:
        """The riders who could be at the store first if they had nothing else to do."""
        return self.soonest(s)[: max(3, self.policy.candidates // 2)]

    def soonest(self, s: int) -> list[int]:
        """The SHOWN riders who could be at the store first; those who may not go there come last."""
        found = self._soonest[s]
        if found is None:
            arrive = np.asarray(self.start_s) + self.from_rider[s]
            found = self._soonest[s] = np.argsort(arrive, kind="stable")[:SHOWN].tolist()
        return found

    def insert(self, j: int) -> float:
        """Put a job where it costs least more; into the pool when nobody can fetch it. Returns the cost added."""
        more, r, trips, cost, end_s = self.best_place(j)
        alone = self.unserved(j)
        if more >= alone:
            self.pool[j] = None
            self.where[j] = -1
            return alone
        self.put(r, trips, cost, end_s)
        return more

    def unserved(self, j: int) -> float:
        """The cost of not fetching a job: always more, and more with every second it has waited."""
        job, weights = self.jobs[j], self.policy.weights
        wait = self.now_s - job.placed_s + weights.unserved_s
        over = max(0.0, self.now_s + weights.unserved_s - job.due_s)
        return wait + over * weights.late + over**3 / weights.late_growth_s**2

    def total(self) -> float:
        return sum(self.cost) + sum(self.unserved(j) for j in self.pool)
