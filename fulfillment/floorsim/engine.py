"""The floor in motion: orders come in, pickers take one or several, walk, scan, pack. Discrete events, seeded.

All that is random about an order (how long its lines take, what is short, how slow its packing is) is drawn with the
order and kept, so that every policy meets the very same orders at the very same times (common random numbers); a
picker's pace belongs to the picker. What differs between two runs is only what the policy decides.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fulfillment import pickroute
from fulfillment.clustering import Pace
from fulfillment.floorsim.policies import Policy
from fulfillment.floorsim.times import TimeModel
from fulfillment.pickroute import Item, Layout


@dataclass(frozen=True, slots=True)
class Line:
    """What is picked and where; `hand` multiplies the usual seconds at the bin. `item.id` is unique within a day."""

    item: Item
    units: int = 1
    hand: float = 1.0
    short: bool = False


@dataclass(frozen=True)
class Job:
    """One order as the floor sees it. Seconds count from the start of its day.

    `due_s`: when the bags must stand on the shelf for the promise to hold, with the street at its usual pace.
    `door_s`: what handover, ride and door really take this time; `by_s`: the end of what was promised.
    `work_s`: what the product reckons it takes; `rider_s`: when its rider stands at the shelf.
    """

    id: int
    at_s: float
    due_s: float
    work_s: float
    lines: tuple[Line, ...]
    rider_s: float = math.inf
    door_s: float = 0.0
    by_s: float = math.inf
    packing: float = 1.0

    @cached_property
    def units(self) -> int:
        return sum(line.units for line in self.lines)

    @cached_property
    def frozen(self) -> bool:
        return any(line.item.zone == "frozen" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Pick:
    """What became of one order; `together`: orders in the same walk, this one counted."""

    job: Job
    picker: int
    begun_s: float
    ready_s: float
    together: int


@dataclass(frozen=True, slots=True)
class Outcome:
    picks: tuple[Pick, ...]
    metres: float
    walk_s: float
    busy_s: float
    open_s: float  # pickers' seconds between the first order and the last one ready


def draw_paces(pickers: int, times: TimeModel, rng: random.Random) -> list[float]:
    """How many times the usual seconds each picker takes."""
    return [spread(times.pace_spread, rng) for _ in range(pickers)]


def mean_pace(paces: Sequence[float]) -> float:
    """Of a crew: orders per hour add up, not seconds."""
    return len(paces) / sum(1 / pace for pace in paces)


def spread(sigma: float, rng: random.Random) -> float:
    """A lognormal factor with mean 1."""
    return math.exp(rng.gauss(-sigma * sigma / 2, sigma))


def run(
    jobs: Sequence[Job], *, paces: Sequence[float], layout: Layout, times: TimeModel, policy: Policy, known: Pace
) -> Outcome:
    """Every job is picked and packed. `known`: the seconds the policy reckons with, whoever the picker is.

    A free picker is offered work at once; of several free ones the one who has waited longest. Raises RuntimeError when
    the policy hands out what does not wait.
    """
    waiting: dict[int, Job] = {}
    picks: list[Pick] = []
    metres = walk_s = busy_s = last_s = 0.0
    coming = sorted(jobs, key=lambda job: (job.at_s, job.id))
    at = 0
    free: list[tuple[float, int]] = [(0.0, picker) for picker in range(len(paces))]
    heapq.heapify(free)
    busy: list[tuple[float, int]] = []
    while at < len(coming) or waiting:
        next_s = coming[at].at_s if at < len(coming) else math.inf
        if busy and (busy[0][0] <= next_s):
            now, picker = heapq.heappop(busy)
            heapq.heappush(free, (now, picker))
        else:
            now = next_s
            waiting[coming[at].id] = coming[at]
            at += 1
        while free and waiting:
            _since, picker = heapq.heappop(free)
            taken = policy.take(list(waiting.values()), now, pace=known, layout=layout)
            if not taken or any(waiting.pop(job.id, None) is None for job in taken):
                raise RuntimeError("The policy handed out an order that does not wait.")
            walk = _walk(taken, now=now, pace=paces[picker], layout=layout, times=times, policy=policy)
            picks += [Pick(job, picker, now, ready_s, len(taken)) for job, ready_s in walk.ready]
            metres += walk.metres
            walk_s += walk.walk_s
            busy_s += walk.end_s - now
            last_s = max(last_s, walk.end_s)
            heapq.heappush(busy, (walk.end_s, picker))
    first_s = coming[0].at_s if coming else 0.0
    return Outcome(tuple(picks), metres, walk_s, busy_s, max(0.0, last_s - first_s) * len(paces))


@dataclass(frozen=True, slots=True)
class _Walk:
    ready: list[tuple[Job, float]]
    end_s: float
    metres: float
    walk_s: float


def _walk(taken: Sequence[Job], *, now: float, pace: float, layout: Layout, times: TimeModel, policy: Policy) -> _Walk:
    """One round through the store with all orders of `taken`, then packing them, the most urgent first."""
    clustered = len(taken) > 1
    lines = {line.item.id: line for job in taken for line in job.lines}
    route = pickroute.route([line.item for line in lines.values()], layout)
    hand_s = times.begin_s + times.tote_s * (len(taken) - 1)
    here = None
    for line in (lines[id] for id in route.ids):
        if line.item.bin_code != here:
            here = line.item.bin_code
            hand_s += times.stop_s * line.hand
        hand_s += times.line_hand_s(line.units, clustered=clustered) * line.hand
        if line.short:
            hand_s += times.short_s * line.hand
    walk_s = route.metres * times.metre_s * pace
    at = now + walk_s + hand_s * pace
    ready = []
    for job in policy.packing_order(taken, now):
        at += times.packing_s(len(job.lines), bags(job)) * job.packing * pace
        ready.append((job, at))
    return _Walk(ready, at, route.metres * times.scale, walk_s)


def bags(job: Job) -> int:
    """By zone, as they are packed: room temperature and produce together, chilled and frozen each alone."""
    return len({"dry" if line.item.zone in ("ambient", "produce") else line.item.zone for line in job.lines})


def alone_s(job: Job, *, layout: Layout, times: TimeModel, policy: Policy) -> float:
    """Seconds of picking and packing one order by itself at pace 1: what capacity is reckoned from."""
    return _walk([job], now=0.0, pace=1.0, layout=layout, times=times, policy=policy).end_s
