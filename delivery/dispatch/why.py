"""Why this rider, and why nobody: who was considered for a job, in figures and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from delivery.dispatch.board import Board
from delivery.dispatch.cost import Trips
from delivery.dispatch.problem import HOME_LATE, PLANNED_ELSEWHERE, SHIFT_OVER, TOO_FAR, Candidate, misfit, why_nobody


def asking(board: Board) -> Callable[[Hashable], list[Candidate]]:
    """Answers who was considered for a job that waits: reckoned when somebody asks, for few ever do."""
    number = {job.id: j for j, job in enumerate(board.jobs)}
    return lambda job: explain(board, number[job], board.where[number[job]])


def nobody(board: Board, j: int) -> str:
    """Why nobody is planned for this job, in words."""
    number = {rider.id: r for r, rider in enumerate(board.riders)}
    return why_nobody(board.jobs[j], board.riders, board.policy, lambda rider: why_not(board, j, number[rider.id]))


def why_not(board: Board, j: int, r: int) -> str | None:
    """Why this rider cannot have this job even if they drop everything else, or None."""
    s = board.store[j]
    if why := misfit(board.jobs[j], board.riders[r], board.policy):
        return why
    if board.at[r] != s and board.first_rows[r][s] == math.inf:
        return TOO_FAR
    alone = board.alone(j)
    if board.value(r, alone)[0] < math.inf:
        return None
    return SHIFT_OVER if board.costs.reckon(r, alone).picked_s > board.off_s[r] else HOME_LATE


def explain(board: Board, j: int, chosen: int = -1) -> list[Candidate]:
    """The chosen or planned rider first, in the trip they have it in; then others, as if they had this job and nothing
    else, by score; then those who cannot have it, and why. `chosen` -1: nobody."""
    mine = [] if chosen < 0 else [_candidate(board, j, chosen)]
    others, barred = [], []
    for r in board.soonest(board.store[j]):
        if r == chosen:
            continue
        if why := why_not(board, j, r):
            barred.append(Candidate(board.riders[r].id, math.inf, {}, why))
        else:
            others.append(_candidate(board, j, r))
    others.sort(key=lambda one: one.score)
    return [*mine, *others, *barred]


def _candidate(board: Board, j: int, r: int) -> Candidate:
    """What the job costs with this rider: what their trips cost with it, less what they cost without it. The seconds
    before now, which are lost with everybody, are left out."""
    now = board.now_s
    trips = _up_to(board, j) if board.where[j] == r else board.alone(j)
    has, without = board.costs.reckon(r, trips), board.costs.reckon(r, _without(j, trips))
    busy = max(0.0, has.at_shelf_s - board.policy.pick_before_s - has.way_s - now)
    parts = {
        "busy": busy,
        "ride_to_store": has.way_s,
        "at_the_shelf": has.picked_s - now - busy - has.way_s,
        "to_the_door": has.doors[j] - has.picked_s,
        "late": has.late_s[j],
        "riding": has.ride - without.ride,
        "afterwards": has.end - without.end,
        "fairness": has.fair - without.fair,
        "other_orders": sum(
            has.doors[one] + has.late_s[one] - without.doors[one] - without.late_s[one] for one in without.doors
        ),
    }
    note = PLANNED_ELSEWHERE if board.plan[r] and board.where[j] != r else ""
    return Candidate(board.riders[r].id, sum(parts.values()), parts, note)


def _up_to(board: Board, j: int) -> Trips:
    """The trips of the rider who has this job, up to the one it is in."""
    trips = board.plan[board.where[j]]
    return trips[: trips.index((board.store[j], board.route_of(j))) + 1]


def _without(j: int, trips: Trips) -> Trips:
    """The same without a job of the last of them."""
    *earlier, (s, route) = trips
    rest = tuple(one for one in route if one != j)
    return (*earlier, (s, rest)) if rest else tuple(earlier)
