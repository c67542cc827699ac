"""The rolling horizon: all open jobs and all riders planned together, a few decisions taken, the rest planned again.

Sources: Reyes, Erera, Savelsbergh, Sahasrabudhe and O'Neil, "The Meal Delivery Routing Problem" (2018) for the rolling
horizon with bundles of one store and late commitment; Schrimpf et al., "Record breaking optimization results using the
ruin and recreate principle" (2000) and Christiaens and Vanden Berghe, "Slack induction by string removals" (2020) for
how the plan is improved.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from delivery.dispatch.board import Board, Trips
from delivery.dispatch.problem import (
    PLANNED_ELSEWHERE,
    Assignment,
    Candidate,
    FreeRider,
    Move,
    OpenJob,
    Plan,
    Policy,
    TravelFn,
    why_nobody,
)
from delivery.dispatch.waiting import where_to_wait

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
        _begin(board, before)
        improve(board, round(policy.effort * (1.0 + QUEUE_EFFORT * _queued(board))))
    return _decide(board)


def _queued(board: Board) -> float:
    """The share of jobs that wait for a rider to come back from another trip."""
    behind = sum(len(route) for trips in board.plan for _, route in trips[1:])
    return (behind + len(board.pool)) / len(board.jobs) if board.jobs else 0.0


def _begin(board: Board, before: Plan | None) -> None:
    todo = dict.fromkeys(range(len(board.jobs)))
    if before is not None and before.routes:
        number = {job.id: j for j, job in enumerate(board.jobs)}
        for r, rider in enumerate(board.riders):
            trips: list[tuple[int, tuple[int, ...]]] = []
            for store, ids in before.routes.get(rider.id, ()):
                route = tuple(
                    number[one] for one in ids if one in number and number[one] in todo and _may(board, r, number[one])
                )
                if route and store in board.shelf and all(board.jobs[j].store == store for j in route):
                    trips.append((board.shelf[store], route))
            while trips:
                total, end_s = board.value(r, tuple(trips))
                if total < math.inf:
                    board.put(r, tuple(trips), total, end_s)
                    for _, route in trips:
                        for j in route:
                            del todo[j]
                    break
                trips.pop()
    for j in sorted(todo, key=lambda j: (max(board.ready[j], board.now_s), board.jobs[j].due_s, j)):
        board.insert(j)


def _may(board: Board, r: int, j: int) -> bool:
    shut = board.shut[j]
    return shut is None or not shut[r]


def improve(board: Board, rounds: int) -> None:
    """Ruin and recreate: take a few jobs that have to do with each other off their riders, put each back where it costs
    least, keep what is better. The same jobs and riders give the same plan: the dice are thrown from a fixed seed."""
    count = len(board.jobs)
    if not count:
        return
    dice = random.Random(4117)
    related = _related(board)
    for _ in range(min(rounds, 6 * count)):
        if board.pool and dice.random() < 0.3:
            seed = dice.choice(list(board.pool))
        else:
            seed = dice.randrange(count)
        wanted = dice.randint(2, 7)
        torn: dict[int, None] = {seed: None}
        for j in related[seed]:
            if len(torn) >= wanted:
                break
            if dice.random() < 0.75:
                torn[j] = None
                r = board.where[j]
                if r >= 0 and dice.random() < 0.4:  # the whole trip
                    for _, route in board.plan[r]:
                        if j in route:
                            torn.update(dict.fromkeys(route))
        saved: dict[int, tuple[Trips, float, float]] = {}
        pooled = [j for j in torn if j in board.pool]

        def keep(r: int, saved: dict[int, tuple[Trips, float, float]] = saved) -> None:
            if r >= 0 and r not in saved:
                saved[r] = (board.plan[r], board.cost[r], float(board.end_s[r]))

        cost = sum(board.unserved(j) for j in pooled)
        for j in torn:
            keep(board.where[j])
        for j in torn:
            board.take(j)
        order = list(torn)
        way = dice.random()
        if way < 0.4:
            dice.shuffle(order)
        elif way < 0.7:
            order.sort(key=lambda j: (board.ready[j], j))
        else:
            order.sort(key=lambda j: (-board.out[0][j], j))
        for j in order:
            more, r, trips, total, end_s = board.best_place(j)
            alone = board.unserved(j)
            if more >= alone:
                board.pool[j] = None
                cost -= alone
            else:
                keep(r)
                board.put(r, trips, total, end_s)
        was = sum(old for _, old, _ in saved.values())
        cost += was - sum(board.cost[r] for r in saved)
        if cost < 0:
            for j in torn:
                board.pool.pop(j, None)
            for r in saved:
                board.put(r, (), 0.0, 0.0)
            for j in torn:
                board.where[j] = -1
            for r, (trips, total, end_s) in saved.items():
                board.put(r, trips, total, end_s)
            for j in pooled:
                board.pool[j] = None
                board.where[j] = -1


def _related(board: Board) -> list[list[int]]:
    """Per job the others that could change places with it: near in ready time and shelves near each other."""
    count = len(board.jobs)
    ready = np.maximum(np.array(board.ready), board.now_s)
    store = np.array(board.store)
    # How far two stores are: by the riders' ways when no better is known, so only times are used.
    far = _between_stores(board)
    keep = min(count - 1, 14)
    if keep <= 0:
        return [[] for _ in range(count)]
    score = np.abs(ready[:, None] - ready[None, :]) + far[store[:, None], store[None, :]]
    np.fill_diagonal(score, np.inf)
    nearest = np.argpartition(score, keep - 1, axis=1)[:, :keep]
    rows = np.take_along_axis(score, nearest, axis=1)
    return np.take_along_axis(nearest, np.argsort(rows, axis=1, kind="stable"), axis=1).tolist()


def _between_stores(board: Board) -> np.ndarray:
    count = max(board.store) + 1  # stores without jobs come last
    far = np.zeros((count, count))
    back, out = board.back[0][:, :count], np.array(board.out[0])
    finite = np.where(np.isinf(back), 3600.0, back)
    for s in range(count):
        there = [j for j, mine in enumerate(board.store) if mine == s]
        if not there:
            continue
        # From the shelf over its nearest door back to the other shelf, less the way out: a bound on the way between.
        far[s] = np.maximum((finite[there] - out[there][:, None]).max(axis=0), 0.0)
    return np.maximum(far, far.T)


# -- from plan to decisions -------------------------------------------------------------------------------------------


def _decide(board: Board) -> Plan:
    policy, now = board.policy, board.now_s
    plan = Plan(ask=asking(board))
    for r, rider in enumerate(board.riders):
        trips = board.plan[r]
        if trips:
            plan.routes[rider.id] = tuple(
                (board.stores[s], tuple(board.jobs[j].id for j in route)) for s, route in trips
            )
            _first_step(board, r, plan)
    given = {j for one in plan.assignments for j in one.jobs}
    for j, job in enumerate(board.jobs):
        if job.id in given:
            continue
        if board.where[j] < 0 or not board.riders:
            plan.left[job.id] = nobody(board, j)
        elif job.ready_s - now > policy.seek_ahead_s:
            plan.left[job.id] = "the bags are not ready soon enough"
        else:
            plan.left[job.id] = "a rider is planned who need not leave yet"
    if policy.demand:
        plan.moves.extend(where_to_wait(board, busy={move.rider for move in plan.moves}))
    return plan


def _first_step(board: Board, r: int, plan: Plan) -> None:
    """Decide a rider's next trip now if waiting for the next round would cost time; send the rider off when the bags
    can stay open."""
    policy, now = board.policy, board.now_s
    rider = board.riders[r]
    s, route = board.plan[r][0]
    is_there = board.at[r] == s
    later = now + policy.round_s
    if rider.free_s > later and not is_there:
        return
    way = 0.0 if is_there else board.first_rows[r][s]
    ready = board.ready_of(route)
    begin = rider.free_s if is_there else max(now, rider.free_s)
    pick = max(begin + way + policy.pick_before_s, now, ready)
    if ready - now > policy.seek_ahead_s:
        return
    again = rider.free_s if is_there else max(later, rider.free_s)
    pick_later = max(again + way + policy.pick_before_s, later, ready)
    early = 0.0 if is_there else policy.early_s
    if max(again + way + policy.pick_before_s + early, pick_later) <= pick and pick_later <= board.off_s[r]:
        return
    jobs = tuple(board.jobs[j].id for j in route)
    if policy.open_bundles and not is_there:
        plan.moves.append(Move(rider.id, board.stores[s], jobs))
        return
    if policy.open_bundles and not all(board.jobs[j].is_known for j in route):
        return  # the rider waits at the shelf until the bags are there
    score = 0.0
    for j in route:
        candidates = explain(board, j, r)
        plan.why[board.jobs[j].id] = candidates
        score += candidates[0].score
    plan.assignments.append(Assignment(rider.id, jobs, score))


def asking(board: Board) -> Callable[[Hashable], list[Candidate]]:
    """Answers who was considered for a job that waits: reckoned when somebody asks, for few ever do."""
    number = {job.id: j for j, job in enumerate(board.jobs)}
    return lambda job: explain(board, number[job], board.where[number[job]])


def nobody(board: Board, j: int) -> str:
    """Why nobody is planned for this job, in words."""
    number = {rider.id: r for r, rider in enumerate(board.riders)}
    return why_nobody(board.jobs[j], board.riders, board.policy, lambda rider: board.why_not(j, number[rider.id]))


def explain(board: Board, j: int, chosen: int = -1) -> list[Candidate]:
    """The chosen or planned rider first, in the trip they have it in; then others, as if they had this job and nothing
    else, by score; then those who cannot have it, and why. `chosen` -1: nobody."""
    mine = [] if chosen < 0 else [_candidate(board, j, chosen)]
    others, barred = [], []
    for r in board.soonest(board.store[j]):
        if r == chosen:
            continue
        if why := board.why_not(j, r):
            barred.append(Candidate(board.riders[r].id, math.inf, {}, why))
        else:
            others.append(_candidate(board, j, r))
    others.sort(key=lambda one: one.score)
    return [*mine, *others, *barred]


def _candidate(board: Board, j: int, r: int) -> Candidate:
    """What the job costs with this rider: what their trips cost with it, less what they cost without it. The seconds
    before now, which are lost with everybody, are left out."""
    s, now = board.store[j], board.now_s
    trips: Trips = ((s, (j,)),)
    note = ""
    if board.where[j] == r:
        number = next(n for n, (_, route) in enumerate(board.plan[r]) if j in route)
        trips = board.plan[r][: number + 1]
    elif board.plan[r]:
        note = PLANNED_ELSEWHERE
    rest = tuple(one for one in trips[-1][1] if one != j)
    has = board.reckon(r, trips)
    without = board.reckon(r, (*trips[:-1], (s, rest)) if rest else trips[:-1])
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
    return Candidate(board.riders[r].id, sum(parts.values()), parts, note)
