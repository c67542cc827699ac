"""The words of the dispatch problem: jobs, riders, plans."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Place = Any
"""Whatever the travel function understands: a `Point` on the globe, metres on a plane in the public benchmark. The
engine itself never looks at coordinates, only at times: nothing depends on axes, names or where zero is."""

TravelFn = Callable[[Place, Place, str], float]
"""Seconds from one place to another with a vehicle ("ebike", ...). May have a method `table(origins, targets, vehicle)`
that answers all pairs at once as an array with a row per origin (see `times`); engines for many jobs need it."""


class Table(Protocol):
    def table(self, origins: Sequence[Place], targets: Sequence[Place], vehicle: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class OpenJob:
    """An order that needs a rider. `ready_s`: when its bags are (expected) on the shelf; `due_s`: the promise.

    `is_known` is False while `ready_s` is a guess: a rider may be sent to wait, but the bags are not yet promised to
    that rider where `Policy.open_bundles` allows it. `together_s`: a later guess, to be reckoned with where other bags
    would wait for these (`ready_s` when None). `vehicles`: those that may be sent so far, all when None.
    """

    id: Hashable
    store: Hashable
    pickup: Place
    drop: Place
    placed_s: float
    ready_s: float
    due_s: float
    bags: int = 1
    cash_paise: int = 0
    refused_by: frozenset[Hashable] = frozenset()
    is_known: bool = True
    litres: float = 0.0
    is_cold: bool = False
    vehicles: frozenset[str] | None = None
    together_s: float | None = None


@dataclass(frozen=True, slots=True)
class FreeRider:
    """A rider on duty. `at` is where the rider is (or will be) when free at `free_s`; `off_s` ends the shift.

    `heading`: the store at which the rider stands, or to which the rider is on the way (then `at` is that store and
    `free_s` the arrival). `stores`: the zone, when the rider may fetch from these stores only. `idle_s` and
    `earned_paise_h` (this shift) are for fairness. `needs_help`: called for help, and nobody has said that it is over.
    """

    id: Hashable
    store: Hashable
    at: Place
    free_s: float
    vehicle: str = "ebike"
    max_bags: int = 4
    cash_room_paise: int | None = None
    off_s: float | None = None
    heading: Hashable | None = None
    stores: frozenset[Hashable] | None = None
    max_litres: float | None = None
    has_cold_bag: bool = True
    idle_s: float = 0.0
    earned_paise_h: float = 0.0
    needs_help: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """What a plan costs, in seconds of one customer's waiting. docs/dispatch.md gives the reasons.

    A job costs its click-to-door time, plus `late` per second beyond the promise, plus the cube of the lateness over
    the square of `late_growth_s`: being late always gets dearer, so that no job is overtaken for ever. Riding costs
    `ride` per second (less while riders are idle, and less for a rider who goes home), the way from a route's end to
    the next order's store `end` per second, a ride only to wait elsewhere `wander` per second. A job nobody can fetch
    costs `unserved_s` on top of what it waited. A rider who waited longer or earned less is preferred by at most
    `fair_s`.
    """

    late: float = 0.2
    late_growth_s: float = 9000.0
    ride: float = 0.4
    end: float = 0.4
    wander: float = 0.3
    unserved_s: float = 7200.0
    fair_s: float = 30.0


WEIGHTS: Mapping[str, Weights] = {"waiting": Weights(), "promise": Weights(late=2.0)}
"""By name, for a city to choose from. `waiting`: restaurants, whose guests feel the whole time from the order on.
`promise`: a dark store that says "12 minutes": a second beyond the promise weighs three times a second before it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A store's near future: orders per hour, and how long its bags usually take from the order on."""

    at: Place
    per_hour: float
    lead_s: float


@dataclass(frozen=True, slots=True)
class Policy:
    """What a city allows. Seconds.

    `seek_ahead_s`: how long before the bags are ready a rider may be bound to them. `round_s`: time to the next round;
    what can wait until then without anybody losing time is not decided now. `early_s`: how long before the last
    moment a rider is sent off. `pick_before_s` and `pick_after_s`: at the shelf until the bags are in hand, and from
    then until the wheels turn; `drop_before_s` and `drop_after_s`: likewise at the door.
    `open_bundles`: a rider may be sent to a store before it is final which bags they take. `grace_s`: every bag is
    handed over at its door at the latest so long after the shift's end; None: only the shelf is reached in the shift.
    """

    seek_ahead_s: float = 600.0
    farthest_pickup_s: float = 1200.0
    home_store_only: bool = True
    most_jobs: int = 4
    round_s: float = 5.0
    early_s: float = 0.0
    pick_before_s: float = 30.0
    pick_after_s: float = 0.0
    drop_before_s: float = 60.0
    drop_after_s: float = 30.0
    open_bundles: bool = False
    grace_s: float | None = None
    candidates: int = 8
    effort: int = 120
    weights: Weights = Weights()
    demand: Mapping[Hashable, Expected] = field(default_factory=dict)
    """What is expected of each store: where riders without work should wait. Empty: they stay where they are."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One rider considered for one job. `parts` sum to the score: what this job costs with this rider, in seconds.

    `note` says what no figure does: what bars the rider from it (the score is infinite then), or what else they are
    planned for. Of one job the lowest score is the best; a plan of many jobs is the best in sum.
    """

    rider: Hashable
    score: float
    parts: dict[str, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A rider to a store's jobs, in the order of their doors."""

    rider: Hashable
    jobs: tuple[Hashable, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Move:
    """A rider to a store, to wait there: for `jobs` that are not ready, or for jobs that are only expected."""

    rider: Hashable
    store: Hashable
    jobs: tuple[Hashable, ...] = ()


Route = tuple[Hashable, tuple[Hashable, ...]]
"""A store and the jobs fetched there together, in the order of their doors."""


@dataclass(frozen=True, slots=True)
class Plan:
    assignments: list[Assignment] = field(default_factory=list)
    why: dict[Hashable, list[Candidate]] = field(default_factory=dict)
    """Per job given out the riders considered: the chosen one first, then by score, those who are barred last."""
    left: dict[Hashable, str] = field(default_factory=dict)
    """Jobs without a rider in this round, and the reason in words."""
    moves: list[Move] = field(default_factory=list)
    routes: dict[Hashable, tuple[Route, ...]] = field(default_factory=dict)
    """What each rider is meant to do next, later trips included: a hint for the next round, bound to nothing."""
    ask: Callable[[Hashable], list[Candidate]] = field(default=lambda job: [], compare=False)
    """Who was considered for a job that waits, whoever is planned for it first."""

    def considered(self, job: Hashable) -> list[Candidate]:
        return self.why[job] if job in self.why else self.ask(job)


class Strategy(Protocol):
    def __call__(
        self,
        jobs: Sequence[OpenJob],
        riders: Sequence[FreeRider],
        now_s: float,
        travel: TravelFn,
        policy: Policy,
        before: Plan | None = None,
    ) -> Plan: ...


SAID_NO, OTHER_STORE, OTHER_ZONE = "said no to it", "belongs to another store", "rides in another zone"
TOO_FAR_BY, NO_COLD_BAG, NEEDS_HELP = "too far by", "has no cold bag", "called for help"
TOO_MANY_BAGS, NO_ROOM, TOO_MUCH_CASH = (
    "cannot carry so many bags",
    "has no room for so much",
    "would hold too much cash",
)
TOO_FAR, SHIFT_OVER, HOME_LATE = (
    "is too far from the store",
    "goes home before they could fetch it",
    "goes home before they could be at the door",
)
PLANNED_ELSEWHERE = "is planned for another order"
SHOWN = 10
"""So many riders are shown for a job."""
NOBODY_FREE = "no rider is free for it"
NOT_READY = "the bags are not ready soon enough"


def misfit(job: OpenJob, rider: FreeRider, policy: Policy) -> str | None:
    """Why this rider may not have this job at all, or None."""
    return against(job, rider, policy) or unable([job], rider)


def against(job: OpenJob, rider: FreeRider, policy: Policy) -> str | None:
    """What speaks against this rider for this job, although they could do it: a person may decide otherwise."""
    if rider.needs_help:
        return NEEDS_HELP
    if rider.id in job.refused_by:
        return SAID_NO
    if policy.home_store_only and rider.store != job.store:
        return OTHER_STORE
    if rider.stores is not None and job.store not in rider.stores:
        return OTHER_ZONE
    if job.vehicles is not None and rider.vehicle not in job.vehicles:
        return f"{TOO_FAR_BY} {rider.vehicle}"
    return None


def unable(jobs: Sequence[OpenJob], rider: FreeRider) -> str | None:
    """Why nobody may hand these jobs to this rider together, or None."""
    if not rider.has_cold_bag and any(job.is_cold for job in jobs):
        return NO_COLD_BAG
    return overload(jobs, rider)


def overload(jobs: Sequence[OpenJob], rider: FreeRider) -> str | None:
    """Why this rider may not have these jobs together, or None."""
    if sum(job.bags for job in jobs) > rider.max_bags:
        return TOO_MANY_BAGS
    if rider.max_litres is not None and sum(job.litres for job in jobs) > rider.max_litres + 1e-9:
        return NO_ROOM
    if rider.cash_room_paise is not None and sum(job.cash_paise for job in jobs) > rider.cash_room_paise:
        return TOO_MUCH_CASH
    return None


@dataclass(frozen=True, slots=True)
class Reach:
    """How soon a rider with nothing else to do has one job's bags in hand, and hands them over at its door."""

    ride_s: float
    pick_s: float
    door_s: float


def reach(job: OpenJob, rider: FreeRider, now_s: float, travel: TravelFn, policy: Policy) -> Reach:
    ride_s = 0.0 if rider.heading == job.store else travel(rider.at, job.pickup, rider.vehicle)
    begin_s = rider.free_s if rider.heading == job.store else max(now_s, rider.free_s)
    pick_s = max(begin_s + ride_s + policy.pick_before_s, now_s, job.ready_s)
    door_s = pick_s + policy.pick_after_s + travel(job.pickup, job.drop, rider.vehicle) + policy.drop_before_s
    return Reach(ride_s, pick_s, door_s)


def out_of_reach(way: Reach, rider: FreeRider, policy: Policy) -> str | None:
    """Why this rider cannot fetch and finish it in time, or None."""
    if way.ride_s > policy.farthest_pickup_s:
        return TOO_FAR
    if way.pick_s > shift_end(rider):
        return SHIFT_OVER
    if way.door_s > last_door(rider, policy):
        return HOME_LATE
    return None


def last_door(rider: FreeRider, policy: Policy) -> float:
    """Until when the last bags of this rider must be handed over."""
    return math.inf if policy.grace_s is None else shift_end(rider) + policy.grace_s


WhyNot = Callable[[FreeRider], str | None]
LOOKED_AT = 30
"""Of so many riders the way is reckoned, too, when it is said why nobody has a job."""


def why_nobody(job: OpenJob, riders: Sequence[FreeRider], policy: Policy, why_not: WhyNot | None = None) -> str:
    """Why a job stays without a rider: what bars each of them from it, where it bars all. `why_not` is asked of those
    nothing else bars, as long as they are few."""
    if not riders:
        return "nobody is on duty"
    barred = Counter(misfit(job, rider, policy) for rider in riders)
    if None in barred:
        if why_not is None or barred.pop(None) > LOOKED_AT:
            return NOBODY_FREE
        ways = Counter(why_not(rider) for rider in riders if misfit(job, rider, policy) is None)
        if None in ways:
            return NOBODY_FREE
        barred += ways
    return "nobody may have it: " + ", ".join(f"{reason} ({count})" for reason, count in barred.most_common())


def times(travel: TravelFn, origins: Sequence[Place], targets: Sequence[Place], vehicle: str) -> Any:
    """Seconds for all pairs as rows per origin: at once where the travel function can, else one by one."""
    table = getattr(travel, "table", None)
    if table is not None:
        return table(origins, targets, vehicle)
    return [[travel(a, b, vehicle) for b in targets] for a in origins]


def shift_end(rider: FreeRider) -> float:
    return math.inf if rider.off_s is None else rider.off_s
