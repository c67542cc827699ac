"""First-fit decreasing: the big units first, each into the first bag that still has room; fragile ones last, on top.

First-fit decreasing needs at most 11/9 of the fewest bags possible plus 6/9 (Dósa, 2007, for one measure); with weight
and volume at once it is a heuristic, and the packer may change every count.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orders.bagging.goods import KINDS, Goods, Kind

BAG_CARRIES_G = 8_000
"""What one paper bag and one rider's arm carry well."""
BAG_HOLDS_ML = 17_000
"""A paper bag of 20 litres (32 × 17 × 38 cm), filled to 85 %."""
BAG_EMPTY_G = 60


@dataclass(frozen=True, slots=True)
class Part:
    """Units of one line in one bag."""

    id: Hashable
    name: str
    qty: int
    weight_g: int
    """Of one unit; 0 when unknown."""
    on_top: bool = False


@dataclass(frozen=True, slots=True)
class PackedBag:
    """One bag as planned: what lies in it from the bottom up. `expected_g` includes the bag itself."""

    kind: Kind
    parts: tuple[Part, ...]
    expected_g: int
    weight_known: bool
    volume_ml: int


@dataclass(slots=True)
class _Open:
    kind: Kind
    weight_g: int = 0
    volume_ml: int = 0
    units: dict[Hashable, list[Goods]] = field(default_factory=dict)

    def takes(self, unit: Goods) -> bool:
        empty = not self.units
        fits = self.weight_g + unit.weight_g <= BAG_CARRIES_G and self.volume_ml + unit.volume_ml <= BAG_HOLDS_ML
        return fits or empty  # what is larger than any bag has one to itself

    def put(self, unit: Goods) -> None:
        self.weight_g += unit.weight_g
        self.volume_ml += unit.volume_ml
        self.units.setdefault(unit.id, []).append(unit)

    @property
    def fullness(self) -> int:
        """In millionths of a bag, by the measure that is nearer its limit."""
        return _size(self.weight_g, self.volume_ml)

    def closed(self) -> PackedBag:
        lines = [units[0] for units in self.units.values()]
        return PackedBag(
            kind=self.kind,
            parts=tuple(
                Part(line.id, line.name, len(self.units[line.id]), line.weight_g, on_top=line.fragile) for line in lines
            ),
            expected_g=self.weight_g + BAG_EMPTY_G,
            weight_known=all(line.weight_g for line in lines),
            volume_ml=self.volume_ml,
        )


def suggest(goods: Iterable[Goods]) -> dict[Kind, int]:
    """How many bags of each kind these goods need."""
    by_kind = _by_kind(goods)
    return {kind: len(_first_fit(kind, by_kind[kind])) for kind in KINDS if kind in by_kind}


def fill(goods: Iterable[Goods], counts: Mapping[Kind, int] | None = None) -> list[PackedBag]:
    """Every unit in a bag, the bags in the order of `KINDS`.

    Without `counts` as suggested. With them exactly so many: fewer than suggested are filled beyond their limits,
    evenly; more share the load. Goods of a kind that was given no bag go to the emptiest bag of another kind, but what
    is not food never beside food: it gets a bag of its own then. Without any goods the bags are empty.
    """
    by_kind = _by_kind(goods)
    if counts is None:
        return [bag.closed() for kind in KINDS if kind in by_kind for bag in _first_fit(kind, by_kind[kind])]
    wanted = {kind: counts.get(kind, 0) for kind in KINDS}
    if "nonfood" in by_kind and not wanted["nonfood"] and (len(by_kind) > 1 or not any(wanted.values())):
        wanted["nonfood"] = 1
    if by_kind.keys() - {"nonfood"} and not any(wanted[kind] for kind in KINDS if kind != "nonfood"):
        wanted[next(kind for kind in KINDS if kind in by_kind and kind != "nonfood")] = 1
    made: list[_Open] = []
    homeless: list[Goods] = []
    for kind in KINDS:
        units = by_kind.get(kind, [])
        if not wanted[kind]:
            homeless += units
            continue
        tight = _first_fit(kind, units)
        made += tight if len(tight) == wanted[kind] else _evenly(kind, units, wanted[kind])
    for unit in homeless:
        hosts = [bag for bag in made if (bag.kind == "nonfood") == (unit.kind == "nonfood")] or made
        min(hosts, key=lambda bag: bag.fullness).put(unit)
    return [bag.closed() for bag in made]


def _by_kind(goods: Iterable[Goods]) -> dict[Kind, list[Goods]]:
    """Single units by kind, the big ones first and the fragile ones at the end."""
    found: dict[Kind, list[Goods]] = {}
    for line in goods:
        if line.qty > 0:
            found.setdefault(line.kind, []).extend([line] * line.qty)
    for units in found.values():
        units.sort(key=lambda unit: (unit.fragile, -_size(unit.weight_g, unit.volume_ml), str(unit.id)))
    return found


def _first_fit(kind: Kind, units: Sequence[Goods]) -> list[_Open]:
    bags: list[_Open] = []
    for unit in units:
        bag = next((bag for bag in bags if bag.takes(unit)), None)
        if bag is None:
            bags.append(bag := _Open(kind))
        bag.put(unit)
    return bags


def _evenly(kind: Kind, units: Sequence[Goods], count: int) -> list[_Open]:
    """Into so many bags, each unit into the emptiest (longest processing time first)."""
    bags = [_Open(kind) for _ in range(count)]
    for unit in units:
        min(bags, key=lambda bag: bag.fullness).put(unit)
    return bags


def _size(weight_g: int, volume_ml: int) -> int:
    return max(weight_g * 1_000_000 // BAG_CARRIES_G, volume_ml * 1_000_000 // BAG_HOLDS_ML)
