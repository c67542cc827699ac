"""Heavy below, fragile on top: a preference with a price limit, on a walk that is short already.

Which goods lie below is decided first of all by where their bins stand (slotting). Among the goods at room temperature
the walk may then be changed, as long as all changes together make it at most DETOUR_SHARE longer than the shortest
one found, DETOUR_METRES for short walks: the whole part walked the other way round, or single stops moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from fulfillment.pickroute.shortest import Way, walk_metres

DETOUR_SHARE = 0.02
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


def stack(way: Way, tour: Sequence[int], *, first: int, classes: Sequence[int]) -> list[int]:
    """The same stops; among the `first` ones fewer pairs lie wrongly, for at most the allowed detour."""
    path = list(tour)
    wrong = misplaced(path[:first], classes)
    if first < 2 or not wrong:
        return path
    shortest = walk_metres(way, path)
    left = max(DETOUR_METRES, DETOUR_SHARE * shortest)
    turned = path[:first][::-1]
    costs = walk_metres(way, turned + path[first:]) - shortest
    if costs <= left and misplaced(turned, classes) < wrong:
        path[:first] = turned
        left -= max(0.0, costs)
    path = [0, *path, 0]
    for stop in sorted(path[1 : first + 1], key=lambda stop: -classes[stop]):
        if classes[stop] == PLAIN:
            continue
        at = path.index(stop)
        before, after = path[at - 1], path[at + 1]
        gain = way[before][stop] + way[stop][after] - way[before][after]
        rest = path[:at] + path[at + 1 :]
        best, best_costs, where = misplaced(path[1 : first + 1], classes), 0.0, -1
        # Fragile stops move later, heavy ones earlier.
        for k in range(at, first) if classes[stop] == FRAGILE else range(at - 1):
            costs = way[rest[k]][stop] + way[stop][rest[k + 1]] - way[rest[k]][rest[k + 1]] - gain
            if costs > left + _EPS:
                continue
            wrong = misplaced([*rest[1 : k + 1], stop, *rest[k + 1 : first]], classes)
            if (wrong, costs) < (best, best_costs):
                best, best_costs, where = wrong, costs, k
        if where >= 0:
            path = [*rest[: where + 1], stop, *rest[where + 1 :]]
            left -= best_costs
    return path[1:-1]
