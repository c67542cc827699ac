"""The words of the dispatch problem: jobs, riders, plans."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from blinkit.kernel.geo import Point

TravelFn = Callable[[Point, Point, str], float]
"""Seconds from one point to another with a vehicle ("ebike", ...)."""


@dataclass(frozen=True, slots=True)
class OpenJob:
    """An order that needs a rider. `ready_s`: when its bags are (expected) on the shelf; `due_s`: the promise."""

    id: Hashable
    store: Hashable
    pickup: Point
    drop: Point
    placed_s: float
    ready_s: float
    due_s: float
    bags: int = 1
    cash_paise: int = 0
    refused_by: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True)
class FreeRider:
    """A rider on duty. `at` is where the rider is (or will be) when free at `free_s`; `off_s` ends the shift."""

    id: Hashable
    store: Hashable
    at: Point
    free_s: float
    vehicle: str = "ebike"
    max_bags: int = 4
    cash_room_paise: int | None = None
    off_s: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a city allows. `seek_ahead_s`: how long before the bags are ready a rider may be sent."""

    seek_ahead_s: float = 600.0
    farthest_pickup_s: float = 1200.0
    home_store_only: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """One rider considered for one job; lower scores win. `parts` sum to the score, in seconds."""

    rider: Hashable
    score: float
    parts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A rider to a store's jobs, in the order of their doors."""

    rider: Hashable
    jobs: tuple[Hashable, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Plan:
    assignments: list[Assignment] = field(default_factory=list)
    why: dict[Hashable, list[Candidate]] = field(default_factory=dict)
    left: dict[Hashable, str] = field(default_factory=dict)
    """Jobs without a rider in this round, and the reason in words."""


Strategy = Callable[[Sequence[OpenJob], Sequence[FreeRider], float, TravelFn, Policy], Plan]


def misfit(job: OpenJob, rider: FreeRider, policy: Policy) -> str | None:
    """Why this rider may not have this job at all, or None."""
    if rider.id in job.refused_by:
        return "said no to it"
    if policy.home_store_only and rider.store != job.store:
        return "belongs to another store"
    if job.bags > rider.max_bags:
        return "cannot carry so many bags"
    if rider.cash_room_paise is not None and job.cash_paise > rider.cash_room_paise:
        return "would hold too much cash"
    return None
