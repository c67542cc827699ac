"""How good `pickroute` is: random floors, and their shortest walks found by a mixed-integer solver (scipy's HiGHS).

The solver knows nothing of aisles: it has the metres between any two stops and the order of the stages.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, maximum_flow

from fulfillment import pickroute
from fulfillment.pickroute import Item, Layout
from fulfillment.pickroute.floor import TABLE, reach_metres

SIZES = (20, 30, 40, 50, 60)
_STEP_METRES = 0.2
"""Every length is a multiple of it: bays are 1 m and aisles 2.4 m apart."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One floor: walking metres without the allowance per bin, which is the same for all."""

    bins: int
    best: float
    found: float
    by_sequence: float
    cpu_ms: float

    @property
    def gap(self) -> float:
        return self.found / self.best - 1

    @property
    def gap_by_sequence(self) -> float:
        return self.by_sequence / self.best - 1


def random_floor(rng: random.Random, bins: int) -> tuple[Layout, list[Item]]:
    """Four to eight aisles of 7 to 14 bays on three levels, `bins` of them to be gone to.

    One aisle chilled, one frozen, anywhere; in every other store a tenth of the bays of an aisle belongs to another
    zone (a cabinet among the shelves). One in eight lines is fragile; weights go up to 6 kg.
    """
    aisles, bays = rng.randint(4, 8), rng.randint(7, 14)
    zones = ["ambient"] * (aisles - 3) + ["produce", "chilled", "frozen"]
    rng.shuffle(zones)
    cabinets = rng.random() < 0.5
    places, sequence = [], 0
    for number, zone in enumerate(zones):
        for bay in range(1, bays + 1) if number % 2 == 0 else range(bays, 0, -1):
            here = rng.choice(["ambient", "chilled", "frozen"]) if cabinets and rng.random() < 0.1 else zone
            for level in (1, 2, 3):
                sequence += 10
                places.append((f"{chr(65 + number)}-{bay:02d}-{level}", here, sequence))
    items = [
        Item(number, zone, turn, rng.choice((100, 250, 500, 1000, 3000, 6000)), code, rng.random() < 0.125)
        for number, (code, zone, turn) in enumerate(rng.sample(places, bins))
    ]
    return Layout.of((code, turn) for code, _, turn in places), items


def measure(floor: Layout, items: Sequence[Item]) -> Measured:
    began = time.process_time()
    route = pickroute.route(items, floor)
    cpu_ms = (time.process_time() - began) * 1000
    allowance = sum(reach_metres(item.bin_code) for item in items)
    in_sequence = sorted(items, key=lambda item: (pickroute.stage_of(item), item.sequence))
    return Measured(
        bins=len(items),
        best=best_metres(floor, items),
        found=route.metres - allowance,
        by_sequence=pickroute.metres(in_sequence, floor) - allowance,
        cpu_ms=cpu_ms,
    )


def measure_many(*, floors: int, seed: int) -> Iterator[Measured]:
    """`floors` random floors for each size."""
    rng = random.Random(seed)
    for bins in SIZES:
        for _ in range(floors):
            yield measure(*random_floor(rng, bins))


def best_metres(floor: Layout, items: Sequence[Item]) -> float:
    """The exact optimum: a shortest path over all stops, with degrees, one edge from stage to stage, subtour cuts.

    Dantzig, Fulkerson & Johnson (1954): cuts are added to the relaxation, then to the integer problem, until none is
    violated. The solver may stop within half a step of the optimum, a step being the least difference of two lengths.
    """
    stops = sorted({(pickroute.stage_of(item), floor.spot(item.bin_code, item.sequence)) for item in items}, key=str)
    stages = sorted({stage for stage, _ in stops})
    stage = [-1, *(stages.index(of) for of, _ in stops), len(stages)]
    spots = [TABLE, *(spot for _, spot in stops), TABLE]
    nodes = len(spots)
    edges = [(a, b) for a in range(nodes) for b in range(a + 1, nodes) if abs(stage[a] - stage[b]) <= 1]
    costs = [floor.metres(spots[a], spots[b]) for a, b in edges]
    rows: list[list[int]] = [[e for e, ends in enumerate(edges) if node in ends] for node in range(nodes)]
    low = [1 if node in (0, nodes - 1) else 2 for node in range(nodes)]
    high: list[float] = list(low)
    for before in range(-1, len(stages)):
        rows.append([e for e, (a, b) in enumerate(edges) if {stage[a], stage[b]} == {before, before + 1}])
        low.append(1)
        high.append(1)

    def solve(*, whole: bool, bound: float) -> tuple[float, np.ndarray]:
        numbers = [e for row in rows for e in row]
        starts = np.cumsum([0, *(len(row) for row in rows)])
        matrix = csr_array((np.ones(len(numbers)), numbers, starts), shape=(len(rows), len(edges)))
        if whole:
            found = milp(
                costs, constraints=LinearConstraint(matrix, low, high), integrality=np.ones(len(edges)),
                bounds=Bounds(0, 1), options={"mip_rel_gap": _STEP_METRES / 2 / bound},
            )  # fmt: skip
        else:
            equal, least = np.isfinite(high), ~np.isfinite(high)
            found = linprog(
                costs, A_eq=matrix[equal], b_eq=np.array(low)[equal], bounds=(0, 1), method="highs",
                A_ub=-matrix[least] if least.any() else None, b_ub=-np.array(low)[least] if least.any() else None,
            )  # fmt: skip
        if found.status != 0:
            raise ArithmeticError(found.message)
        return float(found.fun), found.x

    whole, length = False, 1.0
    while True:
        length, x = solve(whole=whole, bound=length)
        cuts = _violated(x, edges, nodes)
        for inside in cuts:
            rows.append([e for e, (a, b) in enumerate(edges) if (a in inside) != (b in inside)])
            low.append(2)
            high.append(np.inf)
        if not cuts:
            if whole:
                return length
            whole = True


def _violated(x: np.ndarray, edges: Sequence[tuple[int, int]], nodes: int) -> list[frozenset[int]]:
    """Sets of stops that fewer than two edges join to the rest: pieces, else minimal cuts against the table."""
    scale, last = 10_000, nodes - 1
    flow = np.rint(x * scale).astype(np.int32)
    pairs = [(a, 0 if b == last else b, n) for (a, b), n in zip(edges, flow, strict=True) if n]
    capacity = np.zeros((last, last), dtype=np.int32)
    for a, b, n in pairs:
        capacity[a, b] += n
        capacity[b, a] += n
    graph = csr_array(capacity)
    pieces, label = connected_components(graph, directed=False)
    found = {frozenset(np.flatnonzero(label == piece).tolist()) for piece in range(pieces) if piece != label[0]}
    if not found and not np.allclose(x, np.rint(x), atol=1e-4):
        for stop in range(1, last):
            if any(stop in inside for inside in found):
                continue
            cut = maximum_flow(graph, 0, stop)
            if cut.flow_value < 2 * scale * 0.999:
                left = csr_array(np.maximum(capacity - cut.flow.toarray(), 0))
                reached = set(_reached(left, 0))
                found.add(frozenset(range(last)) - reached)
    return list(found)


def _reached(graph: csr_array, start: int) -> list[int]:
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for there in graph.indices[graph.indptr[here] : graph.indptr[here + 1]].tolist():
            if there not in seen:
                seen.add(there)
                ahead.append(there)
    return list(seen)
