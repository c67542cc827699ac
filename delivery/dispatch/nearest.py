"""The first strategy: most urgent job first, each to the rider who can have its bags in hand soonest."""

from __future__ import annotations

import math
from collections.abc import Sequence

from delivery.dispatch.problem import (
    NOT_READY,
    PLANNED_ELSEWHERE,
    SHOWN,
    Assignment,
    Candidate,
    FreeRider,
    OpenJob,
    Plan,
    Policy,
    TravelFn,
    misfit,
    out_of_reach,
    reach,
    why_nobody,
)


def nearest(
    jobs: Sequence[OpenJob],
    riders: Sequence[FreeRider],
    now_s: float,
    travel: TravelFn,
    policy: Policy,
    before: Plan | None = None,
) -> Plan:
    """One job per rider. Score: seconds until the rider can stand at the shelf (busy time + ride); ties by rider id.
    Nobody gets what they cannot fetch and finish in their shift (`out_of_reach`).

    Jobs whose bags are not ready within `policy.seek_ahead_s` wait for a later round. Jobs that no rider may take are
    left with a reason; they never starve, because the most urgent job chooses first in every round.
    """
    plan = Plan()
    free = {rider.id: rider for rider in riders}
    for job in sorted(jobs, key=lambda job: (job.due_s, job.placed_s, str(job.id))):
        if job.ready_s - now_s > policy.seek_ahead_s:
            plan.left[job.id] = NOT_READY
            continue
        candidates: list[Candidate] = []
        barred: list[Candidate] = []
        for rider in riders:
            if why := misfit(job, rider, policy):
                barred.append(Candidate(rider.id, math.inf, {}, why))
                continue
            way = reach(job, rider, now_s, travel, policy)
            if why := out_of_reach(way, rider, policy):
                barred.append(Candidate(rider.id, math.inf, {}, why))
                continue
            busy = max(0.0, rider.free_s - now_s)
            note = "" if rider.id in free else PLANNED_ELSEWHERE
            parts = {"busy": busy, "ride_to_store": way.ride_s}
            candidates.append(Candidate(rider.id, busy + way.ride_s, parts, note))
        candidates.sort(key=lambda one: (bool(one.note), one.score, str(one.rider)))
        plan.why[job.id] = [*candidates[:SHOWN], *barred[: max(0, SHOWN - len(candidates))]]
        if not candidates or candidates[0].note:
            reasons = {one.rider: one.note for one in barred}
            plan.left[job.id] = why_nobody(job, riders, policy, lambda rider, why=reasons: why.get(rider.id))  # type: ignore[misc]
            continue
        chosen = candidates[0]
        del free[chosen.rider]
        plan.assignments.append(Assignment(chosen.rider, (job.id,), chosen.score))
    return plan
