"""How a plan is improved: ruin and recreate (Schrimpf et al., "Record breaking optimization results using the ruin and
recreate principle", 2000; Christiaens and Vanden Berghe, "Slack induction by string removals", 2020)."""

from __future__ import annotations

import random

import numpy as np

from delivery.dispatch.board import Board
from delivery.dispatch.cost import FAR_S
from delivery.dispatch.instance import Floats

TRIES_PER_JOB = 6
"""More tries than that find nothing in a small plan."""
FEWEST, MOST = 2, 7
"""So many jobs are taken off their riders in a try."""
FROM_POOL, RELATED, WHOLE_TRIP = 0.3, 0.75, 0.4
"""The chance that a try begins with a job nobody has; that a related job is taken off, too; and its whole trip."""
RELATED_JOBS = 14


def improve(board: Board, tries: int) -> None:
    """Take a few jobs that have to do with each other off their riders, put each back where it costs least, keep what
    is no worse. The same jobs and riders give the same plan: the dice are thrown from a fixed seed."""
    if not board.jobs:
        return
    dice = random.Random(4117)
    related = _related(board)
    for _ in range(min(tries, TRIES_PER_JOB * len(board.jobs))):
        _try(board, _torn(board, related, dice), dice)


def _try(board: Board, torn: list[int], dice: random.Random) -> None:
    pooled = [j for j in torn if j in board.pool]
    board.mark()
    for j in torn:
        board.take(j)
    gain = sum(board.unserved(j) for j in pooled)
    for j in _in_turn(board, torn, dice):
        board.insert(j)
        if j in board.pool:
            gain -= board.unserved(j)
    if gain + board.saved() < 0:
        board.undo(torn, pooled)


def _torn(board: Board, related: list[list[int]], dice: random.Random) -> list[int]:
    """Which jobs are taken off: one, and some of those that could change places with it, at times with their trips."""
    if board.pool and dice.random() < FROM_POOL:
        seed = dice.choice(list(board.pool))
    else:
        seed = dice.randrange(len(board.jobs))
    wanted = dice.randint(FEWEST, MOST)
    torn = {seed: None}
    for j in related[seed]:
        if len(torn) >= wanted:
            break
        if dice.random() < RELATED:
            torn[j] = None
            if board.where[j] >= 0 and dice.random() < WHOLE_TRIP:
                torn |= dict.fromkeys(board.route_of(j))
    return list(torn)


def _in_turn(board: Board, torn: list[int], dice: random.Random) -> list[int]:
    """Who is put back first: anybody, those whose bags are ready first, or those with the farthest doors."""
    order, way = list(torn), dice.random()
    if way < 0.4:
        dice.shuffle(order)
    elif way < 0.7:
        order.sort(key=lambda j: (board.ready[j], j))
    else:
        order.sort(key=lambda j: (-board.out[0][j], j))
    return order


def _related(board: Board) -> list[list[int]]:
    """Per job the others that could change places with it: near in ready time and shelves near each other."""
    count = len(board.jobs)
    keep = min(count - 1, RELATED_JOBS)
    if keep <= 0:
        return [[] for _ in range(count)]
    ready, store = np.maximum(np.array(board.ready), board.now_s), np.array(board.store)
    apart = np.abs(ready[:, None] - ready[None, :]) + _between_stores(board)[store[:, None], store[None, :]]
    np.fill_diagonal(apart, np.inf)
    nearest = np.argpartition(apart, keep - 1, axis=1)[:, :keep]
    rows = np.take_along_axis(apart, nearest, axis=1)
    return np.take_along_axis(nearest, np.argsort(rows, axis=1, kind="stable"), axis=1).tolist()


def _between_stores(board: Board) -> Floats:
    """How far the stores that have jobs are from each other, as far as the ways of their jobs tell, so that nothing but
    times is used: from a door to the other shelf, less the way out to the door, is at most the way between."""
    count = max(board.store) + 1  # stores without jobs come last
    out, back = np.array(board.out[0]), board.back[0][:, :count]
    back = np.where(np.isinf(back), FAR_S, back)
    far = np.array([(back[own] - out[own][:, None]).max(axis=0) for own in board.members[:count]])
    far = np.maximum(far, 0.0)
    return np.maximum(far, far.T)
