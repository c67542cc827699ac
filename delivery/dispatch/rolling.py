"""The rolling horizon: all open jobs and all riders planned together, a few decisions taken, the rest planned again.

Source: Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil, "The Meal Delivery Routing Problem" (2018): rolling horizon,
bundles of one store, late commitment.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

from delivery.dispatch.board import Board
from delivery.dispatch.cost import Trip
from delivery.dispatch.improve import improve
from delivery.dispatch.problem import (
    NOT_READY,
    Assignment,
    FreeRider,
    Move,
    OpenJob,
    Plan,
    Policy,
    Route,
    TravelFn,
)
from delivery.dispatch.waiting import where_to_wait
from delivery.dispatch.why import asking, explain, nobody

QUEUE_EFFORT = 2.0
"""How much more is tried when every job waits behind another trip: who goes first then decides everything."""


def rolling(
    jobs: Sequence[OpenJob],
    riders: Sequence[FreeRider],
    now_s: float,
    travel: TravelFn,
    policy: Policy,
    before: Plan | None = None,
) -> Plan:
    """Plan trips of 1 to `policy.most_jobs` jobs of one store for all riders; decide what cannot wait a round.

    `before`: the plan of the round before, as a hint. Only who was to fetch what is taken from it: all times are
    reckoned anew, from the jobs and riders of now.
    """
    board = Board(jobs, riders, now_s, travel, policy)
    if board.riders:
        if before is not None:
            _take_over(board, before.routes)
        _insert_the_rest(board)
        improve(board, round(policy.effort * (1.0 + QUEUE_EFFORT * _queued(board))))
    return _decide(board)


def _queued(board: Board) -> float:
    """The share of jobs that wait for a rider to come back from another trip."""
    behind = sum(len(route) for trips in board.plan for _, route in trips[1:])
    return (behind + len(board.pool)) / len(board.jobs) if board.jobs else 0.0


# -- a first plan -----------------------------------------------------------------------------------------------------


def _take_over(board: Board, routes: Mapping[Hashable, Sequence[Route]]) -> None:
    """Give riders the trips planned in the round before, as far as they may and can still ride them."""
    number = {job.id: j for j, job in enumerate(board.jobs)}
    for r, rider in enumerate(board.riders):
        trips = [trip for route in routes.get(rider.id, ()) if (trip := _still(board, r, route, number)) is not None]
        while trips:
            total, end_s = board.value(r, tuple(trips))
            if total < math.inf:
                board.put(r, tuple(trips), total, end_s)
                break
            trips.pop()


def _still(board: Board, r: int, route: Route, number: Mapping[Hashable, int]) -> Trip | None:
    """What is left of a trip of the round before: jobs that are still open, that nobody has yet and this rider may
    have; None when nothing is, or when it is no trip from one store any more."""
    store, ids = route
    jobs = tuple(
        number[one] for one in ids if one in number and board.where[number[one]] < 0 and board.may(r, number[one])
    )
    if not jobs or store not in board.shelf or any(board.jobs[j].store != store for j in jobs):
        return None
    return board.shelf[store], jobs


def _insert_the_rest(board: Board) -> None:
    """Each job nobody has yet where it costs least more: first those whose bags are ready first."""
    todo = [j for j, r in enumerate(board.where) if r < 0]
    for j in sorted(todo, key=lambda j: (max(board.ready[j], board.now_s), board.jobs[j].due_s, j)):
        board.insert(j)


# -- from plan to decisions -------------------------------------------------------------------------------------------


def _decide(board: Board) -> Plan:
    plan = Plan(ask=asking(board))
    for r, rider in enumerate(board.riders):
        if trips := board.plan[r]:
            plan.routes[rider.id] = tuple(
                (board.stores[s], tuple(board.jobs[j].id for j in route)) for s, route in trips
            )
            if _cannot_wait(board, r):
                _give_out(board, r, plan)
    given = {j for one in plan.assignments for j in one.jobs}
    for j, job in enumerate(board.jobs):
        if job.id not in given:
            plan.left[job.id] = _why_it_waits(board, j)
    if board.policy.demand:
        plan.moves.extend(where_to_wait(board, busy={move.rider for move in plan.moves}))
    return plan


def _why_it_waits(board: Board, j: int) -> str:
    if board.where[j] < 0:
        return nobody(board, j)
    if board.ready[j] - board.now_s > board.policy.seek_ahead_s:
        return NOT_READY
    return "a rider is planned who need not leave yet"


def _cannot_wait(board: Board, r: int) -> bool:
    """Whether a rider's next trip must be decided now: its bags are ready soon enough, the rider is free before the
    next round, and leaving only then would have the bags in hand later, or after the shift."""
    policy, now, later = board.policy, board.now_s, board.now_s + board.policy.round_s
    s, route = board.plan[r][0]
    free_s, ready_s, is_there = board.free_s[r], board.ready_of(route), board.at[r] == s
    if ready_s - now > policy.seek_ahead_s or (free_s > later and not is_there):
        return False

    def at_shelf(leaves_s: float) -> float:
        begin_s = free_s if is_there else max(leaves_s, free_s) + board.first_rows[r][s]
        return begin_s + policy.pick_before_s

    pick_s, pick_later_s = max(at_shelf(now), now, ready_s), max(at_shelf(later), later, ready_s)
    early_s = 0.0 if is_there else policy.early_s
    return max(at_shelf(later) + early_s, pick_later_s) > pick_s or pick_later_s > board.off_s[r]


def _give_out(board: Board, r: int, plan: Plan) -> None:
    """Decide a rider's next trip; where its bags can stay open, only send the rider to the store."""
    policy, rider = board.policy, board.riders[r]
    s, route = board.plan[r][0]
    jobs = tuple(board.jobs[j].id for j in route)
    if policy.open_bundles and board.at[r] != s:
        plan.moves.append(Move(rider.id, board.stores[s], jobs))
        return
    if policy.open_bundles and not all(board.jobs[j].is_known for j in route):
        return  # the rider waits at the shelf until the bags are there
    for j in route:
        plan.why[board.jobs[j].id] = explain(board, j, r)
    plan.assignments.append(Assignment(rider.id, jobs, sum(plan.why[job][0].score for job in jobs)))
