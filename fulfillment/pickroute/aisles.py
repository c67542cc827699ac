"""The shortest walk through parallel aisles between two cross aisles, by dynamic programming over the aisles.

Ratliff & Rosenthal, "Order-Picking in a Rectangular Warehouse", Operations Research 31 (1983): from left to right one
decides per aisle how its stops are reached (through it, in and out from the front, from the back, from both ends around
the largest gap, or through it twice) and keeps, for each way in which the part to the left may hang together, the
cheapest. Here the walk is not a round: it has an entry and an exit, the two places with an odd number of edges. Stages
are chained from the last to the first: what remains after a stage depends only on the end of the aisle by which it is
left or, where the next stage has stops in the same aisle, on the last stop. The walk found is a shortest one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Spot = tuple[float, float]
"""Metres to the right of the table, metres into the aisle."""
FRONT, BACK, INSIDE = 1, 2, 3
Node = tuple[float, int]
"""An end of an aisle: metres to the right, FRONT or BACK."""
Place = Node | int
"""Where a stage begins or ends: an end of an aisle, or a stop."""

_FAR = 1e9
_EPS = 1e-6
_NO_WAY = 1e6
"""How far off the back end of a line is: it has none."""

# Between two aisles: edges along the front, along the back, in how many pieces, and whether the exit is chosen.
_State = tuple[int, int, int, bool]
_START: _State = (0, 0, 0, False)
_END: _State = (0, 0, 1, True)
# How an aisle is served: edges at its front end, at its back end, whether it links the two.
_Kind = tuple[int, int, bool]


def _next(state: _State, kind: _Kind, entry: int, leave: int) -> Iterator[_State]:
    """What may follow: every node but entry and exit is left as often as come to; no piece is left behind unlinked."""
    front, back, pieces, chosen = state
    at_front, at_back, links = kind
    chosen = chosen or leave > 0
    odd_front = (front + at_front + (entry == FRONT) + (leave == FRONT)) % 2
    odd_back = (back + at_back + (entry == BACK) + (leave == BACK)) % 2
    has_front = front > 0 or at_front > 0 or FRONT in (entry, leave)
    has_back = back > 0 or at_back > 0 or BACK in (entry, leave)
    linked = links or (front > 0 and back > 0 and pieces == 1)
    for f in (1,) if odd_front else (0, 2) if has_front else (0,):
        for b in (1,) if odd_back else (0, 2) if has_back else (0,):
            if has_front and has_back and not linked:
                if f and b:
                    yield f, b, 2, chosen
            elif f or b or chosen:
                yield f, b, 1, chosen


_COUNTS, _EITHER = (0, 1, 2), (False, True)
_STATES = [_START, *((f, b, p, c) for c in _EITHER for f in _COUNTS for b in _COUNTS for p in (1, 2) if f or b), _END]
_OPEN = sum(not chosen for *_, chosen in _STATES)
"""So many states stand first in which the exit is not chosen yet."""
_KINDS = [(f, b, links) for f in _COUNTS for b in _COUNTS for links in _EITHER]
_NUMBER = {state: number for number, state in enumerate(_STATES)}
_KIND = {kind: number for number, kind in enumerate(_KINDS)}
_FIRST, _LAST = _NUMBER[_START], _NUMBER[_END]
_Move = tuple[int, int, int]
"""The next state by its number, the exit taken, edges to the right."""


def _moves(state: _State, kind: _Kind, entry: int, exits: Sequence[int]) -> list[_Move]:
    return [
        (_NUMBER[new], leave, new[0] + new[1])
        for leave in exits
        if not (leave and state[3])
        for new in _next(state, kind, entry, leave)
    ]


_MOVES = [
    [
        [_moves(state, kind, entry, exits) for kind in _KINDS for exits in ((0, FRONT, BACK), (INSIDE,))]
        for state in _STATES
    ]
    for entry in (0, FRONT, BACK)
]
"""By entry (0: not by an end of this aisle), state, and twice the kind, plus one when the exit is a stop of this aisle.

They are made once, when the module is read.
"""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to serve an aisle: `move` its index in the moves, `turns` how often each piece is walked, from front to
    back, `leave` the stop where the stage ends, if it ends here."""

    move: int
    metres: float
    turns: tuple[int, ...]
    leave: int = -1


@dataclass(frozen=True, slots=True)
class _Aisle:
    x: float
    stops: list[int]  # from front to back
    ways: list[_Way]
    least: float  # metres in this aisle, whichever way


def _ways(depths: Sequence[float], depth: float, odd: Sequence[int] = (), *, alone: bool = False) -> Iterator[_Way]:
    """All ways that can be part of a shortest walk past stops at these depths; `odd`: those where it begins or ends.

    Between odd stops a piece is walked once or twice by turns; one that would be walked twice may be left out, one per
    aisle, the longest inside; with `alone` (nothing but this aisle) the pieces to both its ends may be.
    """
    pieces = [b - a for a, b in zip([0.0, *depths], [*depths, depth], strict=True)]
    last = len(pieces) - 1
    for begin in (1, 2):
        turns, now = [begin], begin
        for k in range(last):
            if k in odd:
                now = 3 - now
            turns.append(now)
        metres = sum(n * piece for n, piece in zip(turns, pieces, strict=True))
        yield _Way(2 * _KIND[turns[0], turns[-1], True], metres, tuple(turns))
        inside = max((k for k in range(1, last) if turns[k] == 2), key=lambda k: pieces[k], default=0)
        for gap in {k for k in (0, inside, last) if turns[k] == 2}:
            left = [*turns[:gap], 0, *turns[gap + 1 :]]
            yield _Way(2 * _KIND[left[0], left[-1], False], metres - 2 * pieces[gap], tuple(left))
        if alone and last and turns[0] == turns[-1] == 2:
            left = [0, *turns[1:-1], 0]
            yield _Way(2 * _KIND[0, 0, False], metres - 2 * (pieces[0] + pieces[-1]), tuple(left))


_Choice = tuple[_Aisle, _Way, _State, int]


class _Stage:
    """The stops of one stage by aisle. `rest`: metres from an exit to the end of the walk, past all later stages."""

    def __init__(self, stops: Sequence[int], at: Sequence[Spot], depth: float, rest: dict[Place, float]) -> None:
        self.at, self.depth, self.rest = at, depth, rest
        by_x: dict[float, list[int]] = {}
        for stop in sorted(stops, key=lambda stop: at[stop]):
            by_x.setdefault(at[stop][0], []).append(stop)
        self.nearest = min(rest.values())
        self.aisles = [self._aisle(x, inside, -1, alone=len(by_x) == 1) for x, inside in by_x.items()]

    def _aisle(self, x: float, stops: list[int], entry: int, *, alone: bool) -> _Aisle:
        depths = [self.at[stop][1] for stop in stops]
        deep = _deep(x, self.depth)
        begin = [stops.index(entry)] if entry >= 0 else []
        best = {way.move: way for way in _ways(depths, deep, begin)}
        for k, stop in enumerate(stops):
            if (rest := self.rest.get(stop)) is not None and stop != entry:
                for way in _ways(depths, deep, [*begin, k], alone=alone):
                    known = best.get(way.move + 1)
                    if known is None or way.metres + rest < known.metres:
                        best[way.move + 1] = _Way(way.move + 1, way.metres + rest, way.turns, stop)
        ways = list(best.values())
        return _Aisle(x, stops, ways, min(way.metres - self.rest.get(way.leave, 0.0) for way in ways))

    def aisles_from(self, entry: Place) -> list[_Aisle]:
        x = self.at[entry][0] if isinstance(entry, int) else entry[0]
        here = next((aisle for aisle in self.aisles if aisle.x == x), None)
        if here is not None and not isinstance(entry, int):
            return self.aisles
        others = [aisle for aisle in self.aisles if aisle is not here]
        stops = here.stops if here else []
        if isinstance(entry, int):
            stops = sorted([*stops, entry], key=lambda stop: (self.at[stop], stop))
        mine = self._aisle(x, stops, entry if isinstance(entry, int) else -1, alone=not others)
        return sorted([*others, mine], key=lambda aisle: aisle.x)

    def walk(self, entry: Place, at_most: float = _FAR) -> tuple[float, list[_Choice]]:
        """Metres from `entry` past all stops to the best exit and on to the end; the choices from left to right.

        `at_most`: a length known to be possible; what cannot become as short is not followed.
        """
        aisles = self.aisles_from(entry)
        side, x_in = (0, _FAR) if isinstance(entry, int) else (entry[1], entry[0])
        now = [(_FIRST, 0.0)]
        trace: list[dict[int, tuple[int, _Way, int]]] = []
        last = len(aisles) - 1
        ahead = sum(aisle.least for aisle in aisles) + aisles[last].x - aisles[0].x
        for number, aisle in enumerate(aisles):
            moves = _MOVES[side if aisle.x == x_in else 0]
            exits = (0.0, self.rest.get((aisle.x, FRONT), _FAR), self.rest.get((aisle.x, BACK), _FAR), 0.0)
            step = aisles[number + 1].x - aisle.x if number < last else _FAR
            ahead -= aisle.least + (step if number < last else 0.0)
            limit = at_most - ahead + _EPS
            then = [limit - self.nearest] * _OPEN + [limit] * (len(_STATES) - _OPEN)
            how: dict[int, tuple[int, _Way, int]] = {}
            for state, so_far in now:
                of_state = moves[state]
                for way in aisle.ways:
                    costs = so_far + way.metres
                    for new, leave, edges in of_state[way.move]:
                        total = costs + exits[leave] + edges * step
                        if total < then[new]:
                            then[new] = total
                            how[new] = (state, way, leave)
            if number < last:
                how.pop(_LAST, None)
            now = [(state, then[state]) for state in how]
            trace.append(how)
        state, choices = _LAST, []
        for number in range(last, -1, -1):
            before, way, leave = trace[number][state]
            choices.append((aisles[number], way, _STATES[state], leave))
            state = before
        return then[_LAST], choices[::-1]

    def lengths(self, entries: Sequence[Place]) -> dict[Place, float]:
        """The length of `walk` from each entry. From the one before one can go over to the next: a bound for it."""
        found: dict[Place, float] = {}
        known: dict[int, tuple[float, float]] = {}
        for place in entries:
            if isinstance(place, int):
                x, y = self.at[place]
                bound = min(y + found[x, FRONT], _deep(x, self.depth) - y + found[x, BACK])
            else:
                x, side = place
                bound = known[side][1] + x - known[side][0] if side in known and known[side][0] >= 0 else _FAR
                if side == BACK:
                    bound = min(bound, found[x, FRONT] + _deep(x, self.depth))
            found[place] = self.walk(place, bound)[0]
            if not isinstance(place, int):
                known[side] = (x, found[place])
        return found


def _along(entry: Place, choices: Sequence[_Choice]) -> tuple[list[int], Place]:
    """The stops in the order of one walk over all chosen edges (Hierholzer 1873), and where it ends."""
    links: dict[Place, list[Place]] = {}

    def link(a: Place, b: Place, times: int) -> None:
        for _ in range(times):
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)

    leave = entry
    for number, (aisle, way, state, side) in enumerate(choices):
        if side:
            leave = way.leave if side == INSIDE else (aisle.x, side)
        chain: list[Place] = [(aisle.x, FRONT), *aisle.stops, (aisle.x, BACK)]
        for k, times in enumerate(way.turns):
            link(chain[k], chain[k + 1], times)
        if number + 1 < len(choices):
            x = choices[number + 1][0].x
            link((aisle.x, FRONT), (x, FRONT), state[0])
            link((aisle.x, BACK), (x, BACK), state[1])
    stack: list[Place] = [entry]
    walk: list[Place] = []
    while stack:
        if ahead := links.get(stack[-1]):
            there = ahead.pop()
            links[there].remove(stack[-1])
            stack.append(there)
        else:
            walk.append(stack.pop())
    return [stop for stop in dict.fromkeys(reversed(walk)) if isinstance(stop, int) and stop != entry], leave


def _deep(x: float, depth: float) -> float:
    return _NO_WAY if x < 0 else depth


def shortest(at: Sequence[Spot], stages: Sequence[Sequence[int]], depth: float) -> list[int]:
    """All stops, stage by stage, on the shortest walk from the table (0, 0) and back to it.

    `at`: each stop's spot, none deeper than `depth`; every stage has a stop. Left of the table stands a line: one goes
    in and out at its front.
    """
    rest: dict[Place, float] = {}
    for x in {at[stop][0] for stop in stages[-1]}:
        rest[x, FRONT], rest[x, BACK] = abs(x), abs(x) + _deep(x, depth)
    plans: list[_Stage] = []
    for number in range(len(stages) - 1, -1, -1):
        plan = _Stage(stages[number], at, depth, rest)
        plans.append(plan)
        if number:
            before = stages[number - 1]
            both = {aisle.x for aisle in plan.aisles}
            exits: list[Place] = [(x, side) for x in sorted({at[stop][0] for stop in before}) for side in (FRONT, BACK)]
            exits += [stop for stop in before if at[stop][0] in both]
            rest = plan.lengths(exits)
    tour: list[int] = []
    entry: Place = (0.0, FRONT)
    for plan in reversed(plans):
        stops, entry = _along(entry, plan.walk(entry)[1])
        tour += stops
    return tour
