"""One round of joint assignment: no job is served first, all pairs of jobs and riders are weighed together.

A linear assignment problem (Kuhn 1955; scipy's solver is that of Crouse 2016). No bundles, nothing beyond this round:
the plain yardstick between `nearest` and `rolling`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from delivery.dispatch.board import Board
from delivery.dispatch.problem import Assignment, FreeRider, OpenJob, Plan, Policy, TravelFn
from delivery.dispatch.rolling import asking, explain, nobody


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
    soon = range(len(board.riders))
    todo = []
    for j, job in enumerate(board.jobs):
        if job.ready_s - now_s > policy.seek_ahead_s:
            plan.left[job.id] = "the bags are not ready soon enough"
        else:
            todo.append(j)
    cost = np.full((len(todo), len(soon) + len(todo)), math.inf)
    for row, j in enumerate(todo):
        s, shut = board.store[j], board.shut[j]
        for column, r in enumerate(soon):
            if shut is None or not shut[r]:
                cost[row, column] = board.value(r, ((s, (j,)),))[0] - board.cost[r]
        cost[row, len(soon) + row] = board.unserved(j)
    if todo:
        finite = np.where(np.isfinite(cost), cost, 1e12)
        from scipy.optimize import linear_sum_assignment  # takes half a second to load

        rows, columns = linear_sum_assignment(finite)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            j = todo[row]
            job = board.jobs[j]
            if column >= len(soon):
                plan.left[job.id] = nobody(board, j)
                continue
            r = soon[column]
            board.put(r, ((board.store[j], (j,)),), *board.value(r, ((board.store[j], (j,)),)))
        for j in todo:
            job, r = board.jobs[j], board.where[j]
            if r >= 0:
                plan.why[job.id] = explain(board, j, r)
                plan.assignments.append(Assignment(board.riders[r].id, (job.id,), plan.why[job.id][0].score))
    return plan
