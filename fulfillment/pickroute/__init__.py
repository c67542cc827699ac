"""In which order a picker walks past the bins. Plain Python: no Django.

The picker starts at the packing table, goes past every bin and comes back. Goods at room temperature come first, then
chilled, then frozen: never otherwise, so that what is picked last has been out of the cold for the shortest time.
Within that the walk is the shortest there is (`aisles`), except for a stated detour that puts heavy things below and
fragile ones on top (`stacking`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from fulfillment.pickroute import stacking
from fulfillment.pickroute.aisles import shortest
from fulfillment.pickroute.floor import TABLE, Layout, Spot, reach_metres

ZONE_ORDER = {"ambient": 0, "produce": 1, "chilled": 2, "frozen": 3}
"""The order in which zones are named and packed."""

STAGE = {"ambient": 0, "produce": 0, "chilled": 1, "frozen": 2}
"""The order in which they are picked, one stage after the other. Fruit and vegetables stand at room temperature."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line to be picked. `sequence`: place of its bin along the store's walk; `weight_g`: of all its units."""

    id: Hashable
    zone: str
    sequence: int
    weight_g: int = 0
    bin_code: str = ""
    fragile: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Ids in picking order; `metres` from the table past all bins and back, with the allowance for each bin."""

    ids: tuple[Hashable, ...]
    metres: float


def route(items: Sequence[Item], layout: Layout | None = None) -> Route:
    """The walk past all items: by stage, short, heavy before light and fragile last where that costs (nearly) nothing.

    Lines of one bin follow each other. Without a `layout` the floor is the smallest one that holds the items. An
    unknown zone counts as room temperature. The answer depends on the items alone, not on their order.
    """
    if not items:
        return Route((), 0.0)
    floor = _holding(layout, items)
    stops: dict[tuple[int, Spot], list[Item]] = {}
    for item in sorted(items, key=lambda item: (item.sequence, item.bin_code, str(item.id))):
        stops.setdefault((stage_of(item), floor.spot(item.bin_code, item.sequence)), []).append(item)
    places = sorted(stops, key=lambda place: place[0])
    spots = [TABLE] + [spot for _, spot in places]
    stages: list[list[int]] = [[] for _ in range(max(STAGE.values()) + 1)]
    for stop, (stage, _) in enumerate(places, start=1):
        stages[stage].append(stop)
    tour = shortest([(spot.x, spot.y) for spot in spots], [stage for stage in stages if stage], floor.depth)
    classes = [stacking.PLAIN] + [stacking.class_of_stop(stops[place]) for place in places]
    tour = stacking.stack(
        tour, first=len(stages[0]), classes=classes, way=lambda a, b: floor.metres(spots[a], spots[b])
    )
    walked = [item for stop in tour for item in _at_one_stop(stops[places[stop - 1]])]
    allowance = sum(reach_metres(code) for _, code, _ in sorted(set(map(_visit, items))))
    walk = [TABLE, *(spots[stop] for stop in tour), TABLE]
    return Route(tuple(item.id for item in walked), sum(map(floor.metres, walk, walk[1:])) + allowance)


def order(items: Sequence[Item], layout: Layout | None = None) -> list[Hashable]:
    """The ids of `route`."""
    return list(route(items, layout).ids)


def metres(items: Sequence[Item], layout: Layout | None = None) -> float:
    """How far it is past the bins in the order given, with the allowance of each bin each time one comes to it."""
    floor = _holding(layout, items)
    total, here, bin_before = 0.0, TABLE, None
    for item in items:
        spot, this_bin = floor.spot(item.bin_code, item.sequence), _visit(item)
        total += floor.metres(here, spot)
        if this_bin != bin_before:
            total += reach_metres(item.bin_code)
        here, bin_before = spot, this_bin
    return total + floor.metres(here, TABLE)


def stage_of(item: Item) -> int:
    return STAGE.get(item.zone, 0)


def layout_of(items: Sequence[Item]) -> Layout:
    """The smallest floor that holds these items."""
    return Layout.of((item.bin_code, item.sequence) for item in items)


def _visit(item: Item) -> tuple[int, str, int]:
    """One stop at one bin: its lines are picked together unless they belong to different stages."""
    return stage_of(item), item.bin_code, item.sequence


def _holding(layout: Layout | None, items: Sequence[Item]) -> Layout:
    """The layout, made deeper where a bin lies deeper than it says."""
    seen = layout_of(items)
    if layout is None:
        return seen
    return layout if seen.depth <= layout.depth else replace(layout, depth=seen.depth)


def _at_one_stop(items: list[Item]) -> list[Item]:
    """Bin by bin, the heavy bin first, one with something fragile last; the same within a bin."""
    if len(items) == 1:
        return items
    bins: dict[tuple[str, int], list[Item]] = {}
    for item in sorted(items, key=lambda item: (item.fragile, -item.weight_g)):
        bins.setdefault((item.bin_code, item.sequence), []).append(item)
    ranked = sorted(bins.values(), key=lambda lines: (lines[-1].fragile, -lines[0].weight_g))
    return [item for lines in ranked for item in lines]


__all__ = [
    "STAGE",
    "ZONE_ORDER",
    "Item",
    "Layout",
    "Route",
    "layout_of",
    "metres",
    "order",
    "route",
    "stage_of",
]
