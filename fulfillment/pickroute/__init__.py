"""In which order a picker walks past the bins. Plain Python: no Django."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

# Room temperature first, cold last: what is picked last has been out of the cold for the shortest time.
ZONE_ORDER = {"ambient": 0, "produce": 1, "chilled": 2, "frozen": 3}


@dataclass(frozen=True, slots=True)
class Item:
    """One line to be picked. `sequence`: place of its bin along the store's walk; `weight_g`: of all its units."""

    id: Hashable
    zone: str
    sequence: int
    weight_g: int = 0


def order(items: Sequence[Item]) -> list[Hashable]:
    """Ids in picking order: by zone (ambient, produce, chilled, frozen), then along the walk, then heavy before light.

    Light things lie on top then. Items of an unknown zone come before the cold ones.
    """
    ranked = sorted(items, key=lambda item: (ZONE_ORDER.get(item.zone, 1), item.sequence, -item.weight_g, str(item.id)))
    return [item.id for item in ranked]
