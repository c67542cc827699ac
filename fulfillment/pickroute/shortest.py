"""A short walk past all stops of several stages, one stage after the other. Plain lists of floats."""

from __future__ import annotations

from collections.abc import Sequence

Way = list[list[float]]
"""Metres between any two stops; 0 is the table."""
_EPS = 1e-7


def walk_metres(way: Way, tour: Sequence[int]) -> float:
    """From the table past all of `tour` and back to the table."""
    here, total = 0, 0.0
    for stop in tour:
        total += way[here][stop]
        here = stop
    return total + way[here][0]


def improve(way: Way, path: list[int], low: int, high: int) -> bool:
    """2-opt and Or-opt on path[low..high] with its neighbours fixed; every move makes the walk strictly shorter.

    2-opt turns a stretch round (Croes 1958), Or-opt moves one to three stops elsewhere (Or 1976).
    """
    changed, again = False, True
    while again:
        again = False
        for i in range(low, high):
            before, here = path[i - 1], path[i]
            from_before, from_here = way[before], way[here]
            step = from_before[here]
            for j in range(i + 1, high + 1):
                there, after = path[j], path[j + 1]
                if from_before[there] + from_here[after] - step - way[there][after] < -_EPS:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    again = changed = True
                    here = path[i]
                    from_here = way[here]
                    step = from_before[here]
        for length in (1, 2, 3):
            i = low
            while i + length - 1 <= high:
                last = i + length - 1
                head, tail = path[i], path[last]
                before, after = path[i - 1], path[last + 1]
                gain = way[before][head] + way[tail][after] - way[before][after]
                if gain > _EPS:
                    from_head, from_tail = way[head], way[tail]
                    best, where, turned = gain - _EPS, -1, False
                    for k in range(low - 1, high + 1):
                        if i - 1 <= k <= last:
                            continue
                        a, b = path[k], path[k + 1]
                        gap = way[a][b]
                        cost = from_head[a] + from_tail[b] - gap
                        if cost < best:
                            best, where, turned = cost, k, False
                        cost = from_tail[a] + from_head[b] - gap
                        if cost < best:
                            best, where, turned = cost, k, True
                    if where >= 0:
                        moved = path[i : last + 1]
                        if turned:
                            moved.reverse()
                        if where < i:
                            path[where + 1 : last + 1] = moved + path[where + 1 : i]
                        else:
                            path[i : where + 1] = path[last + 1 : where + 1] + moved
                        again = changed = True
                i += 1
    return changed


def shortest(way: Way, stages: Sequence[Sequence[int]]) -> list[int]:
    """The stops of all stages, each stage's in a short order; as given where another order would be no shorter."""
    path = [0, *(stop for stage in stages for stop in stage), 0]
    changed = len(path) > 3
    while changed:
        changed, low = False, 1
        for stage in stages:
            changed |= improve(way, path, low, low + len(stage) - 1)
            low += len(stage)
    return path[1:-1]
