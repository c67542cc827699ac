"""Heavy below, fragile on top: a preference with a price limit, on a walk that is the shortest already.

Which goods lie below is decided first of all by where their bins stand (slotting). Among the goods at room temperature
the walk may then be changed, as long as all changes together make it at most DETOUR_SHARE longer than the shortest one,
DETOUR_METRES for short walks: the whole part walked the other way round, or single stops moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Protocol

DETOUR_SHARE = 0.03
DETOUR_METRES = 1.0
HEAVY_G = 2000
"""A line that weighs as much belongs at the bottom: a big bag of flour, a pack of bottles."""
HEAVY, PLAIN, FRAGILE = 0, 1, 2
_EPS = 1e-7


class Carried(Protocol):
    @property
    def weight_g(self) -> int: ...
    @property
    def fragile(self) -> bool: ...


def class_of_stop(items: Iterable[Carried]) -> int:
    """Heavy, fragile or neither; a stop with both is neither."""
    fragile = heavy = False
    for item in items:
        if item.fragile:
            fragile = True
        elif item.weight_g >= HEAVY_G:
            heavy = True
    return PLAIN if heavy == fragile else FRAGILE if fragile else HEAVY


def misplaced(tour: Sequence[int], classes: Sequence[int]) -> int:
    """Pairs of stops in which the one that belongs on top comes first; a heavy one on a fragile one counts twice."""
    fragile = plain = wrong = 0
    for stop in tour:
        kind = classes[stop]
        if kind == FRAGILE:
            fragile += 1
        elif kind == PLAIN:
            wrong += fragile
            plain += 1
        else:
            wrong += 2 * fragile + plain
    return wrong


def stack(tour: Sequence[int], *, first: int, classes: Sequence[int], way: Callable[[int, int], float]) -> list[int]:
    """The same stops; among the `first` ones fewer pairs lie wrongly, for at most the allowed detour.

    `way` gives the metres between two stops; stop 0 is the table.
    """
    path = [0, *tour, 0]
    wrong = misplaced(tour[:first], classes)
    if first < 2 or not wrong:
        return list(tour)
    metres = cache(way)
    left = max(DETOUR_METRES, DETOUR_SHARE * sum(map(metres, path, path[1:])))
    head, tail, after = path[1], path[first], path[first + 1]
    costs = metres(0, tail) + metres(head, after) - metres(0, head) - metres(tail, after)
    turned = path[first:0:-1]
    if costs <= left + _EPS and misplaced(turned, classes) < wrong:
        path[1 : first + 1] = turned
        left -= costs
    for stop in sorted(path[1 : first + 1], key=lambda stop: -classes[stop]):
        if classes[stop] == PLAIN:
            continue
        at = path.index(stop)
        rest = path[:at] + path[at + 1 :]
        gain = metres(path[at - 1], stop) + metres(stop, path[at + 1]) - metres(path[at - 1], path[at + 1])
        best, where = (0, 0.0), -1
        # Fragile stops move later, heavy ones earlier. A pair that changes places changes `misplaced` by the difference
        # of its classes.
        is_fragile = classes[stop] == FRAGILE
        less = 0
        for k in range(at, first) if is_fragile else range(at - 2, -1, -1):
            less += classes[rest[k]] - FRAGILE if is_fragile else HEAVY - classes[rest[k + 1]]
            costs = metres(rest[k], stop) + metres(stop, rest[k + 1]) - metres(rest[k], rest[k + 1]) - gain
            if costs <= left + _EPS and (less, costs) < best:
                best, where = (less, costs), k
        if where >= 0:
            path = [*rest[: where + 1], stop, *rest[where + 1 :]]
            left -= best[1]
    return path[1:-1]
