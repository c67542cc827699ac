"""What a rider's trips cost, in seconds of one customer's waiting (`Weights`; docs/dispatch.md gives the reasons)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from delivery.dispatch.instance import Floats, Instance

Trip = tuple[int, tuple[int, ...]]
"""A store and the jobs fetched there together, in the order of their doors; by number."""
Trips = tuple[Trip, ...]

NEXT_WITHIN_S = 900.0
FAR_S = 3600.0
"""What a way counts that is not to be ridden, where a figure is needed."""
USABLE_S = 1800.0
"""A rider with so much of the shift left after a route is worth the full price of riding; one who goes home is not."""
AFTER_HOURS = 0.3
"""The share of that price which remains when the shift is over: of two who could go, the nearer."""
NOT_ALLOWED = (math.inf, 0.0)
"""The value of trips that break a limit."""


@dataclass(slots=True)
class Reckoning:
    """What a rider's trips cost, by cause: the parts of `Costs.value`. `doors`: when each job is handed over;
    `late_s`: what its lateness weighs. `way_s`, `at_shelf_s`, `picked_s`: of the last trip."""

    fair: float = 0.0
    ride: float = 0.0
    end: float = 0.0
    doors: dict[int, float] = field(default_factory=dict)
    late_s: dict[int, float] = field(default_factory=dict)
    way_s: float = 0.0
    at_shelf_s: float = 0.0
    picked_s: float = 0.0


class Costs:
    """`value` and `reckon` are one rule told twice: quickly as a sum, and at leisure by cause. Whoever changes one
    changes the other (`test_what_is_shown_is_what_was_weighed`).

    Per job click-to-door and what its lateness weighs; per rider the riding, where the last trip ends, and fairness.
    """

    def __init__(self, given: Instance) -> None:
        self.given = given
        self.ride_price = given.policy.weights.ride * _busy_share(given) ** 2
        """What a second of riding costs: little while riders are idle."""
        self.fair = _fairness(given)
        self.homeward = [_to_next(given, back) for back in given.back]
        """Per vehicle and job: the way in seconds from its door to the next order, as far as one can guess."""
        self.stay = [
            given.policy.weights.end * way * usable(off_s - start_s)
            for way, start_s, off_s in zip(_to_next(given, given.from_rider.T), given.start_s, given.off_s, strict=True)
        ]
        """Per rider: what it costs that they stay where they are, without work."""
        policy, weights = given.policy, given.policy.weights
        # What `value` reads, in tuples that become its local names.
        self._service_s = policy.pick_before_s, policy.pick_after_s, policy.drop_before_s, policy.drop_after_s
        self._prices = weights.late, weights.late_growth_s**2, self.ride_price, weights.end
        self._of_jobs = (
            [max(given.now_s, ready_s) for ready_s in given.ready],  # nothing is picked up before now
            [max(given.now_s, ready_s) for ready_s in given.together],
            given.placed, [job.due_s for job in given.jobs], given.place,
        )  # fmt: skip
        self._of_rider = [
            (
                given.start_s[r], given.free_s[r], given.off_s[r], given.home_s[r] + policy.drop_after_s, given.at[r],
                given.first_rows[r], given.back_rows[v], given.out[v], given.between[v], self.homeward[v], self.fair[r],
            )
            for r, v in enumerate(given.vehicle)
        ]  # fmt: skip

    def value(self, r: int, trips: Trips) -> tuple[float, float]:
        """What these trips cost with this rider (infinite when not allowed), and when the last of them ends.

        All in one piece and with local names only: twenty thousand calls in a round of 200 jobs, a third of its time.
        """
        if not trips:
            return self.stay[r], self.given.start_s[r]
        if self.given.is_tight and self.is_overloaded(r, trips):
            return NOT_ALLOWED
        pick_before, pick_after, drop_before, drop_after = self._service_s
        late, growth, ride, end = self._prices
        single, together, placed, due, place = self._of_jobs
        clock, free, off, home, at, first, back, out, between, homeward, total = self._of_rider[r]
        rides, last = 0.0, -1
        for s, route in trips:
            # To the shelf: from the door before, or the first time from where the rider is (maybe there already).
            if last >= 0:
                way = back[last][s]
                pick = clock + way + pick_before
            elif at == s:
                way = 0.0
                pick = free + pick_before
            else:
                way = first[s]
                pick = clock + way + pick_before
            # All bags in hand.
            ready = single if len(route) == 1 else together
            for j in route:
                if ready[j] > pick:
                    pick = ready[j]
            if pick > off or way == math.inf:
                return NOT_ALLOWED
            # From door to door.
            rides += way
            clock = pick + pick_after
            last = -1
            for j in route:
                leg = out[j] if last < 0 else between[last][place[j]]
                rides += leg
                clock += leg + drop_before
                total += clock - placed[j]
                over = clock - due[j]
                if over > 0:
                    total += over * late + over * over * over / growth
                clock += drop_after
                last = j
        if clock > home:
            return NOT_ALLOWED
        left = (off - clock) / USABLE_S
        left = 1.0 if left > 1.0 else 0.0 if left < 0.0 else left
        riding = ride * (AFTER_HOURS + (1.0 - AFTER_HOURS) * left) * rides
        return total + riding + end * left * homeward[last], clock

    def reckon(self, r: int, trips: Trips) -> Reckoning:
        """The same as `value`, by cause and at leisure, for who asks why; of trips that are allowed."""
        given, policy, made = self.given, self.given.policy, Reckoning(end=self.stay[r])
        if not trips:
            return made
        v, clock, rides, last = given.vehicle[r], given.start_s[r], 0.0, -1
        for s, route in trips:
            is_there = last < 0 and given.at[r] == s
            made.way_s = 0.0 if is_there else given.back_rows[v][last][s] if last >= 0 else given.first_rows[r][s]
            made.at_shelf_s = (given.free_s[r] if is_there else clock + made.way_s) + policy.pick_before_s
            made.picked_s = max(made.at_shelf_s, given.now_s, given.ready_of(route))
            clock, last, rides = made.picked_s + policy.pick_after_s, -1, rides + made.way_s
            for j in route:
                leg = given.out[v][j] if last < 0 else given.between[v][last][given.place[j]]
                clock, rides, last = clock + leg + policy.drop_before_s, rides + leg, j
                made.doors[j], made.late_s[j] = clock, self.lateness(j, clock)
                clock += policy.drop_after_s
        left = usable(given.off_s[r] - clock)
        made.fair = self.fair[r]
        made.ride = self.ride_price * (AFTER_HOURS + (1.0 - AFTER_HOURS) * left) * rides
        made.end = policy.weights.end * left * self.homeward[v][last]
        return made

    def lateness(self, j: int, door_s: float) -> float:
        """What it weighs that a job is handed over then: nothing up to its promise."""
        over, weights = max(0.0, door_s - self.given.jobs[j].due_s), self.given.policy.weights
        return over * weights.late + over**3 / weights.late_growth_s**2

    def unserved(self, j: int) -> float:
        """The cost of not fetching a job: always more, and more with every second it has waited."""
        job, weights = self.given.jobs[j], self.given.policy.weights
        wait = self.given.now_s - job.placed_s + weights.unserved_s
        over = max(0.0, self.given.now_s + weights.unserved_s - job.due_s)
        return wait + over * weights.late + over**3 / weights.late_growth_s**2

    def is_overloaded(self, r: int, trips: Trips) -> bool:
        """Whether a trip is more bags or litres than the rider carries, or all of them more cash than they may hold."""
        given = self.given
        bags, litres, cash = given.bags, given.litres, given.cash
        money = 0
        for _, route in trips:
            load, room = 0, 0.0
            for j in route:
                load += bags[j]
                room += litres[j]
                money += cash[j]
            if load > given.max_bags[r] or room > given.max_litres[r] + 1e-9 or money > given.max_cash[r]:
                return True
        return False


def usable(left_s: float) -> float:
    """What a rider's time is worth with so much of the shift left: 1, falling to 0 in its last half hour."""
    return min(1.0, max(0.0, left_s / USABLE_S))


def _busy_share(given: Instance) -> float:
    """The share of riders who have something to do now: what their time is worth to the next customer."""
    idle = sum(free_s <= given.now_s for free_s in given.free_s)
    return 1.0 - idle / len(given.riders) if given.riders else 1.0


def _fairness(given: Instance) -> list[float]:
    """What using a rider costs besides: nothing for who waited longest and earned least, `fair_s` for the rest."""
    most = given.policy.weights.fair_s
    idle = [rider.idle_s for rider in given.riders]
    paid = [rider.earned_paise_h for rider in given.riders]
    longest, least, richest = max(idle, default=0), min(paid, default=0), max(paid, default=0)
    return [
        most
        * (
            (0.5 * (1 - mine / longest) if longest > 0 else 0.0)
            + (0.5 * (pay - least) / (richest - least) if richest > least else 0.0)
        )
        for mine, pay in zip(idle, paid, strict=True)
    ]


def _to_next(given: Instance, ways: Floats) -> list[float]:
    """What the end of a route is worth: seconds from each row's place to the store whose order is likely to be next
    for a rider there. The nearest store has it with the probability that it gets an order within
    `NEXT_WITHIN_S`, else the second nearest, ...; without expectations simply the nearest."""
    rows, columns = ways.shape
    if not columns:
        return [0.0] * rows
    far = np.where(np.isinf(ways), FAR_S, ways)
    demand = given.policy.demand
    rates = [demand[s].per_hour if s in demand else 0.0 for s in given.stores]
    chance = 1.0 - np.exp(-np.array(rates) * NEXT_WITHIN_S / 3600.0)
    if not chance.any():
        return far.min(axis=1).tolist()
    nearest = np.argsort(far, axis=1, kind="stable")
    way, here = np.take_along_axis(far, nearest, axis=1), chance[nearest]
    none_nearer = np.cumprod(np.hstack([np.ones((rows, 1)), 1.0 - here]), axis=1)
    return ((way * here * none_nearer[:, :-1]).sum(axis=1) + none_nearer[:, -1] * way[:, -1]).tolist()
