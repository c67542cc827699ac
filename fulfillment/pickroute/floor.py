"""The floor of a store in metres: parallel aisles between a front and a back cross aisle, the table in front."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

AISLE_METRES = 2.4
"""From the middle of one aisle to the middle of the next: two half shelves of 0.6 m and a passage of 1.2 m."""
BAY_METRES = 1.0
"""Width of a bay; bay 1 stands one width behind the front cross aisle, the back cross aisle one behind the last bay."""
STOP_METRES = 0.5
"""The step to the shelf and back at every bin, whatever the order."""
LEVEL_METRES = 0.2
"""On top of it per level away from the hand's height (level 2): a bend or a stretch, counted as way."""
HAND_LEVEL = 2

_CODE = re.compile(r"([A-Z]{1,3})-(\d{1,3})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one stands: metres to the right of the table and metres into the aisle. A `line` has no back way out."""

    x: float
    y: float
    line: bool = False


TABLE = Spot(0.0, 0.0)


@lru_cache(maxsize=4096)
def parsed(code: str) -> tuple[str, int, int] | None:
    """Aisle, bay, level of a bin like "A-03-2" ("A-03" is level 2); None for a code of another form."""
    found = _CODE.fullmatch(code)
    return (found[1], int(found[2]), int(found[3] or HAND_LEVEL)) if found else None


@dataclass(frozen=True, slots=True)
class Layout:
    """Which aisle stands where, how deep they are, and the walking order of bins whose codes say no place.

    Bins with codes of another form stand in one line beside the table, a bay's width apart, in order of `sequence`.
    """

    aisles: dict[str, int]
    depth: float
    line: tuple[int, ...] = ()

    @classmethod
    def of(cls, bins: Iterable[tuple[str, int]]) -> Layout:
        """From (code, sequence) of bins: aisles stand in the order of their lowest sequence.

        All bins of a store give its true layout; so do, per aisle, the code of the deepest bay with the lowest
        sequence. From the bins of a few lines alone comes the smallest floor that holds them.
        """
        first: dict[str, int] = {}
        deepest, line = 0, set()
        for code, sequence in bins:
            place = parsed(code)
            if place is None:
                line.add(sequence)
                continue
            aisle, bay, _ = place
            first[aisle] = min(first.get(aisle, sequence), sequence)
            deepest = max(deepest, bay)
        ranked = sorted(first, key=lambda aisle: (first[aisle], aisle))
        return cls({aisle: rank for rank, aisle in enumerate(ranked)}, (deepest + 1) * BAY_METRES, tuple(sorted(line)))

    def spot(self, code: str, sequence: int) -> Spot:
        """An aisle the layout does not know stands behind the last one."""
        place = parsed(code)
        if place is None:
            return Spot(-AISLE_METRES, (bisect_left(self.line, sequence) + 1) * BAY_METRES, line=True)
        aisle, bay, _ = place
        return Spot(self.aisles.get(aisle, len(self.aisles)) * AISLE_METRES, bay * BAY_METRES)

    def metres(self, a: Spot, b: Spot) -> float:
        """The shortest way from one spot to another: along the aisle, or round its front or its back end."""
        if a.x == b.x:
            return abs(a.y - b.y)
        over_front = a.y + b.y
        if a.line or b.line:
            return abs(a.x - b.x) + over_front
        return abs(a.x - b.x) + min(over_front, max(0.0, 2 * self.depth - over_front))


def reach_metres(code: str) -> float:
    """The allowance for one bin: the step to it, and its level."""
    place = parsed(code)
    return STOP_METRES + (abs(place[2] - HAND_LEVEL) * LEVEL_METRES if place else 0.0)
