"""Which rider fetches which orders. Plain Python: no Django, no clock, no database.

A strategy is a function `(jobs, riders, now_s, travel, policy) -> Plan`, found by name in `STRATEGIES`. Times are
seconds on one clock (Unix time in production), so that a plan can be replayed. The plan carries, per job, the scored
candidates: the answer to "why this rider?".
"""

from __future__ import annotations

from delivery.dispatch.along import Along, Coming, along
from delivery.dispatch.matching import matching
from delivery.dispatch.nearest import nearest
from delivery.dispatch.problem import (
    WEIGHTS,
    Assignment,
    Candidate,
    Expected,
    FreeRider,
    Move,
    OpenJob,
    Plan,
    Policy,
    Strategy,
    TravelFn,
    Weights,
)
from delivery.dispatch.rolling import rolling

STRATEGIES: dict[str, Strategy] = {"nearest": nearest, "matching": matching, "rolling": rolling}


def assign(
    jobs: list[OpenJob],
    riders: list[FreeRider],
    *,
    now_s: float,
    travel: TravelFn,
    policy: Policy | None = None,
    strategy: str = "nearest",
    before: Plan | None = None,
) -> Plan:
    """One round of dispatch. Raises KeyError for an unknown strategy name."""
    return STRATEGIES[strategy](jobs, riders, now_s, travel, policy or Policy(), before)


__all__ = [
    "STRATEGIES",
    "WEIGHTS",
    "Along",
    "Assignment",
    "Candidate",
    "Coming",
    "Expected",
    "FreeRider",
    "Move",
    "OpenJob",
    "Plan",
    "Policy",
    "Strategy",
    "TravelFn",
    "Weights",
    "along",
    "assign",
]
