"""What two orders' ways have in common, roughly and at once: which aisles, how deep. Ranks; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fulfillment import pickroute
from fulfillment.pickroute.floor import Layout, parsed


@dataclass(frozen=True, slots=True)
class Footprint:
    """Per stage and aisle (metres to the right): the nearest and the deepest bin, in metres; names of the aisles."""

    reach: dict[tuple[int, float], tuple[float, float]]
    names: frozenset[str]

    @classmethod
    def of(cls, items: Iterable[pickroute.Item], floor: Layout) -> Footprint:
        reach: dict[tuple[int, float], tuple[float, float]] = {}
        names = set()
        for item in items:
            spot = floor.spot(item.bin_code, item.sequence)
            key = (pickroute.stage_of(item), spot.x)
            near, deep = reach.get(key, (spot.y, spot.y))
            reach[key] = (min(near, spot.y), max(deep, spot.y))
            if place := parsed(item.bin_code):
                names.add(place[0])
        return cls(reach, frozenset(names))

    def __or__(self, other: Footprint) -> Footprint:
        reach = dict(self.reach)
        for key, (near, deep) in other.reach.items():
            mine = reach.get(key)
            reach[key] = (min(mine[0], near), max(mine[1], deep)) if mine else (near, deep)
        return Footprint(reach, self.names | other.names)


def rough_metres(footprint: Footprint, floor: Layout) -> float:
    """Every aisle once through, or in and out where that is shorter; per stage once across its aisles; and back."""
    total, here = 0.0, 0.0
    for stage in sorted({stage for stage, _ in footprint.reach}):
        aisles = [(x, spread) for (of, x), spread in footprint.reach.items() if of == stage]
        left, right = min(x for x, _ in aisles), max(x for x, _ in aisles)
        for x, (near, deep) in aisles:  # a line (left of the table) has no way out at its end
            total += 2 * deep if x < 0 else min(floor.depth, 2 * deep, 2 * (floor.depth - near))
        total += min(abs(here - left), abs(here - right)) + right - left
        here = right if abs(here - left) <= abs(here - right) else left
    return total + abs(here)


def shared_aisles(a: Footprint, b: Footprint) -> list[str]:
    return sorted(a.names & b.names)
