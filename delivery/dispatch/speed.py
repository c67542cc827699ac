"""How long a round takes: made-up rounds of a given size, measured in processor time of one core."""

from __future__ import annotations

import random
import time
from collections.abc import Hashable
from typing import Any

import numpy as np

from delivery.dispatch.problem import Expected, FreeRider, OpenJob, Plan, Policy, Strategy

SIZES = ((200, 300, 250.0), (1000, 1500, 1500.0))
"""Jobs, riders, and the bar: milliseconds that 99 of 100 rounds must not exceed."""
SIDE_METRES = 20_000.0
METRES_PER_S = 4.7
PLACES_PER_STORE = 8


class Grid:
    """Metres on a plane, ridden at an e-bike's speed."""

    def __call__(self, a: tuple[float, float], b: tuple[float, float], vehicle: str) -> float:
        return (abs(a[0] - b[0]) + abs(a[1] - b[1])) / METRES_PER_S

    def table(self, origins: Any, targets: Any, vehicle: str) -> Any:
        a, b = np.array(origins, float), np.array(targets, float)
        return np.abs(a[:, None, :] - b[None, :, :]).sum(axis=2) / METRES_PER_S


def town(jobs: int, riders: int, *, seed: int) -> tuple[list[OpenJob], list[FreeRider], Policy]:
    """A rush hour: a store per eight jobs, doors within 3 km, half of the riders on a trip, a third at a store."""
    dice = random.Random(seed)
    stores = [
        (dice.uniform(0, SIDE_METRES), dice.uniform(0, SIDE_METRES)) for _ in range(max(1, jobs // PLACES_PER_STORE))
    ]
    near = lambda at: (at[0] + dice.uniform(-3000, 3000), at[1] + dice.uniform(-3000, 3000))  # noqa: E731
    todo = []
    for number in range(jobs):
        s = dice.randrange(len(stores))
        placed = dice.uniform(-900, 0)
        todo.append(
            OpenJob(number, s, stores[s], near(stores[s]), placed, placed + dice.uniform(120, 1200), placed + 1800)
        )
    people = []
    for number in range(riders):
        s = dice.randrange(len(stores))
        kind = dice.random()
        people.append(
            FreeRider(
                number,
                None,
                stores[s] if kind < 0.33 else near(stores[s]),
                dice.uniform(0, 900) if kind > 0.5 else -60.0,
                off_s=dice.uniform(1800, 14_400),
                heading=s if kind < 0.33 else None,
            )
        )
    demand: dict[Hashable, Expected] = {s: Expected(at, 20.0, 300.0) for s, at in enumerate(stores)}
    return todo, people, Policy(home_store_only=False, open_bundles=True, grace_s=300.0, demand=demand)


def measure(strategy: Strategy, jobs: int, riders: int, *, rounds: int) -> dict[str, float]:
    """Milliseconds of processor time per round: the median, the 99th percentile, the worst. Every second round follows
    the one before, as in production; the others begin with nothing. One round goes before, uncounted: the first of a
    process loads its libraries."""
    spent, grid = [], Grid()
    todo, people, policy = town(jobs, riders, seed=rounds)
    strategy(todo, people, 0.0, grid, policy, None)
    before: Plan | None = None
    for number in range(rounds):
        todo, people, policy = town(jobs, riders, seed=number // 2)
        began = time.process_time()
        before = strategy(todo, people, 0.0, grid, policy, before if number % 2 else None)
        spent.append(1000 * (time.process_time() - began))
    spent.sort()
    return {
        "p50_ms": round(spent[len(spent) // 2], 1),
        "p99_ms": round(spent[min(len(spent) - 1, int(0.99 * len(spent)))], 1),
        "max_ms": round(spent[-1], 1),
    }
