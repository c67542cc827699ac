"""Where riders without work should wait: at the stores whose next orders they would otherwise reach too late.

A rider's ride to a store is lost time only as far as it is longer than the picking: with `lead_s` from order to packed
bags, a rider `way` seconds away makes the bags wait `way - lead_s`. A k-th rider at a store is needed with the
probability that at least k orders come within `WINDOW_S` (Poisson). All riders who are free within that time share
these seats, those still on a trip too: a store whose own riders come back soon needs nobody from afar. Who
has a seat and nothing to do is sent there when that saves more waiting than the ride is worth.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable

import numpy as np

from delivery.dispatch.board import Board
from delivery.dispatch.instance import Floats
from delivery.dispatch.problem import Move

WINDOW_S = 900.0
COVER_S = 1800.0
"""What it is worth that somebody can take an expected order at all."""
MOST_SEATS = 12
FARTHEST_S = 1500.0
"""Nobody rides longer only to wait."""
NEVER_S = 1e9
"""Where no way leads: far, but a figure one can reckon with."""


def where_to_wait(board: Board, *, busy: Collection[Hashable]) -> list[Move]:
    """Moves of riders who have nothing to do, are free before the next round and not where they should be."""
    now, soon, wander = board.now_s, board.now_s + board.policy.round_s, board.policy.weights.wander
    people = [r for r in range(len(board.riders)) if board.end_s[r] <= now + WINDOW_S and board.off_s[r] > soon]
    idle = {r for r in people if not board.plan[r] and board.free_s[r] <= soon and board.riders[r].id not in busy}
    seats = _seats(board)
    if not idle or not seats:
        return []
    way = np.minimum(board.to_store[[s for s, _ in seats]][:, people].T, NEVER_S)
    chance, late_now, late_when_free = _needed(board, people, seats, way)
    from scipy.optimize import linear_sum_assignment  # takes half a second to load

    rows, columns = linear_sum_assignment(wander * way - chance * (COVER_S - late_when_free))
    moves = []
    for i, c in zip(rows.tolist(), columns.tolist(), strict=True):
        rider, store = board.riders[people[i]], board.stores[seats[c][0]]
        if people[i] not in idle or rider.heading == store or way[i, c] > FARTHEST_S:
            continue
        if chance[i, c] * late_now[i, c] > wander * way[i, c]:
            moves.append(Move(rider.id, store))
    return moves


def _needed(
    board: Board, people: list[int], seats: list[tuple[int, float]], way: Floats
) -> tuple[Floats, Floats, Floats]:
    """Of riders by seats: the chance that an order needs this rider in this seat; and how many seconds its bags would
    wait for them when they leave now, and when they leave as soon as they are free."""
    policy, now = board.policy, board.now_s
    lead = np.array([policy.demand[board.stores[s]].lead_s for s, _ in seats])
    picked = np.maximum(policy.pick_before_s, lead)
    free = np.array([board.end_s[r] - now for r in people])[:, None]
    left = np.array([board.off_s[r] - now for r in people])[:, None]
    in_hand = free + way + policy.pick_before_s
    # What is ordered from now on must be in hand before the rider's shift is over.
    chance = np.where(left > np.maximum(lead, in_hand), np.array([p for _, p in seats]), 0.0)
    return chance, np.maximum(0.0, way + policy.pick_before_s - picked), np.maximum(0.0, in_hand - picked)


def _seats(board: Board) -> list[tuple[int, float]]:
    """(store, probability that this many orders come): the first seat of a store, the second, ..."""
    seats = []
    for store, expected in board.policy.demand.items():
        if store not in board.shelf:
            continue
        mean = expected.per_hour * WINDOW_S / 3600
        at_least, term = 1.0, math.exp(-mean)
        for k in range(1, MOST_SEATS + 1):
            at_least -= term  # P(N >= k)
            term *= mean / k
            if at_least < 0.05:
                break
            seats.append((board.shelf[store], at_least))
    return seats
