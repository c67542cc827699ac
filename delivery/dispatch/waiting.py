"""Where riders without work should wait: at the stores whose next orders they would otherwise reach too late.

A rider's ride to a store is lost time only as far as it is longer than the picking: with `lead_s` from order to packed
bags, a rider `way` seconds away makes the bags wait `way - lead_s`. A k-th rider at a store is needed with the
probability that at least k orders come within `WINDOW_S` (Poisson). Seats at stores are given out so that the expected
waiting saved, less the ride's own cost, is largest: a linear assignment.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from delivery.dispatch.problem import Move, TravelFn, times

if TYPE_CHECKING:
    from delivery.dispatch.board import Board

WINDOW_S = 900.0
MOST_SEATS = 12


def where_to_wait(board: Board, travel: TravelFn, *, busy: Collection[Hashable]) -> list[Move]:
    """Moves of riders who have nothing to do, are free before the next round and not where they should be."""
    policy = board.policy
    soon = board.now_s + policy.round_s
    idle = [
        r
        for r, rider in enumerate(board.riders)
        if not board.plan[r] and rider.free_s <= soon and rider.id not in busy and board.off_s[r] > soon
    ]
    stores = sorted(policy.demand, key=lambda store: (-policy.demand[store].per_hour, str(store)))
    coming = Counter(
        rider.heading
        for r, rider in enumerate(board.riders)
        if rider.heading is not None and rider.free_s > soon and not board.plan[r]
    )
    seats: list[tuple[int, float]] = []
    for i, store in enumerate(stores):
        mean = policy.demand[store].per_hour * WINDOW_S / 3600
        at_least, term = 1.0, math.exp(-mean)
        for k in range(1, MOST_SEATS + 1):
            at_least -= term  # P(N >= k)
            term *= mean / k
            if at_least < 0.02:
                break
            if k > coming[store]:  # a rider on the way there has the first seat
                seats.append((i, at_least))
    if not idle or not seats:
        return []
    places = [policy.demand[store].at for store in stores]
    way = np.zeros((len(idle), len(stores)))
    for vehicle in {board.riders[r].vehicle for r in idle}:
        own = [i for i, r in enumerate(idle) if board.riders[r].vehicle == vehicle]
        way[own] = np.asarray(times(travel, [board.riders[idle[i]].at for i in own], places, vehicle), float)
    column = {store: i for i, store in enumerate(stores)}
    for i, r in enumerate(idle):
        rider = board.riders[r]
        if rider.heading in column:
            way[i, column[rider.heading]] = 0.0
        for c, store in enumerate(stores):
            if (policy.home_store_only and rider.store != store) or (
                rider.stores is not None and store not in rider.stores
            ):
                way[i, c] = math.inf
    lead = np.array([policy.demand[store].lead_s for store in stores])
    which = np.array([i for i, _ in seats])
    chance = np.array([p for _, p in seats])
    reach = way[:, which] + policy.pick_before_s
    # What is lost if this seat's order comes while the rider is still where they are now; a seat filled from nearby
    # is worth as much as one filled from far, so all are compared with the farthest rider.
    lost = chance * np.maximum(0.0, reach - np.maximum(policy.pick_before_s, lead[which]))
    worth = np.where(np.isinf(lost), 0.0, lost).max(axis=0, initial=0.0)
    gain = np.where(np.isinf(reach), -1e9, worth - policy.weights.ride * np.minimum(reach, 1e9))
    rows, columns = linear_sum_assignment(-gain)
    moves = []
    for i, c in zip(rows.tolist(), columns.tolist(), strict=True):
        rider, store = board.riders[idle[i]], stores[which[c]]
        saved = lost[i, c] - policy.weights.ride * way[i, which[c]]
        if saved > 0 and math.isfinite(way[i, which[c]]) and rider.heading != store:
            moves.append(Move(rider.id, store))
    return moves
