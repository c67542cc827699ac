"""The first strategy: most urgent job first, each to the rider who can have its bags in hand soonest."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.dispatch.problem import (
    Assignment,
    Candidate,
    FreeRider,
    OpenJob,
    Plan,
    Policy,
    TravelFn,
    misfit,
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

    Jobs whose bags are not ready within `policy.seek_ahead_s` wait for a later round. Jobs that no rider may take are
    left with a reason; they never starve, because the most urgent job chooses first in every round.
    """
    plan = Plan()
    free = {rider.id: rider for rider in riders}
    for job in sorted(jobs, key=lambda job: (job.due_s, job.placed_s, str(job.id))):
        if job.ready_s - now_s > policy.seek_ahead_s:
            plan.left[job.id] = "the bags are not ready soon enough"
            continue
        candidates: list[Candidate] = []
        for rider in free.values():
            if misfit(job, rider, policy):
                continue
            busy = max(0.0, rider.free_s - now_s)
            ride = travel(rider.at, job.pickup, rider.vehicle)
            if ride > policy.farthest_pickup_s or (rider.off_s is not None and now_s + busy + ride > rider.off_s):
                continue
            candidates.append(Candidate(rider.id, busy + ride, {"busy": busy, "ride_to_store": ride}))
        candidates.sort(key=lambda candidate: (candidate.score, str(candidate.rider)))
        plan.why[job.id] = candidates[:10]
        if not candidates:
            plan.left[job.id] = why_nobody(job, riders, policy)
            continue
        chosen = candidates[0]
        del free[chosen.rider]
        plan.assignments.append(Assignment(chosen.rider, (job.id,), chosen.score))
    return plan
