"""One round of joint assignment: no job is served first, all pairs of jobs and riders are weighed together.

A linear assignment problem (Kuhn 1955; scipy's solver is that of Crouse 2016). No bundles, nothing beyond this round:
the plain yardstick between `nearest` and `rolling`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from delivery.dispatch.board import Board
from delivery.dispatch.instance import Floats
from delivery.dispatch.problem import NOT_READY, Assignment, FreeRider, OpenJob, Plan, Policy, TravelFn
from delivery.dispatch.why import asking, explain, nobody

NEVER = 1e12
"""What a pair costs that is not allowed: more than leaving the job out."""


def matching(
    jobs: Sequence[OpenJob],
    riders: Sequence[FreeRider],
    now_s: float,
    travel: TravelFn,
    policy: Policy,
    before: Plan | None = None,
) -> Plan:
    """One job per rider, at the least cost by `policy.weights` in total. Jobs that are not ready within
    `policy.seek_ahead_s` wait."""
    board = Board(jobs, riders, now_s, travel, policy)
    plan = Plan(ask=asking(board))
    soon = [job.ready_s - now_s <= policy.seek_ahead_s for job in board.jobs]
    plan.left.update({job.id: NOT_READY for job, is_soon in zip(board.jobs, soon, strict=True) if not is_soon})
    todo = [j for j, is_soon in enumerate(soon) if is_soon]
    if not todo:
        return plan
    from scipy.optimize import linear_sum_assignment  # takes half a second to load

    rows, columns = linear_sum_assignment(_costs(board, todo))
    for row, r in zip(rows.tolist(), columns.tolist(), strict=True):
        j = todo[row]
        if r < len(board.riders):
            board.put(r, board.alone(j), *board.value(r, board.alone(j)))
        else:
            plan.left[board.jobs[j].id] = nobody(board, j)
    for j in todo:
        job, r = board.jobs[j], board.where[j]
        if r >= 0:
            plan.why[job.id] = explain(board, j, r)
            plan.assignments.append(Assignment(board.riders[r].id, (job.id,), plan.why[job.id][0].score))
    return plan


def _costs(board: Board, todo: Sequence[int]) -> Floats:
    """A row per job: what it costs more with each rider and, in a column of its own, what it costs to leave it out."""
    people = len(board.riders)
    cost = np.full((len(todo), people + len(todo)), NEVER)
    for row, j in enumerate(todo):
        for r in range(people):
            if board.may(r, j) and (value := board.value(r, board.alone(j))[0]) < math.inf:
                cost[row, r] = value - board.cost[r]
        cost[row, people + row] = board.unserved(j)
    return cost
