"""Which bin goods that came should be put into, and why. Plain Python: no Django.

A product goes home when it has a home; else to a bin of its zone that has room: beside its category, what sells fast
near the packing table, what sells slowly where there is most room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

MOST_PRODUCTS = 12
"""So many products live in one bin at most."""
FAST = 800
"""From this popularity on a product is a fast mover."""

HOME, SAME_LOT, BESIDE, NEAR, ROOM, NONE = "home", "same_lot", "beside", "near", "room", "none"

WHY = {
    HOME: "Its home place.",
    SAME_LOT: "More of this lot lies there.",
    BESIDE: "Others of its category live there.",
    NEAR: "Sells fast: near the packing table.",
    ROOM: "Right zone, and there is most room.",
    NONE: "No bin of its zone has room. Ask the manager where it goes.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A bin. `sequence`: its place on the walk; `products`: how many live in it; `categories`: of which they are."""

    code: str
    zone: str
    sequence: int
    products: int = 0
    categories: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Goods:
    """Units of one product and lot. `home`: where the product lives; `lot_in`: where more of the lot lies already."""

    product_id: int
    zone: str
    category_id: int
    popularity: int = 0
    home: str | None = None
    lot_in: str | None = None


class Suggestion(NamedTuple):
    bin_code: str | None
    why: str


def suggest(goods: Goods, places: Iterable[Place]) -> Suggestion:
    """The bin for these goods; none when no bin of the zone has room. `why` is a key of WHY.

    The walk begins and ends at the packing table, so near means near to either end of it.
    """
    places = list(places)
    right = {place.code: place for place in places if place.zone == goods.zone}
    if goods.lot_in in right:
        return Suggestion(goods.lot_in, SAME_LOT)
    if goods.home in right:
        return Suggestion(goods.home, HOME)
    free = [place for place in right.values() if place.products < MOST_PRODUCTS]
    if not free:
        return Suggestion(None, NONE)
    ends = min(place.sequence for place in places), max(place.sequence for place in places)

    def way(place: Place) -> int:
        return min(place.sequence - ends[0], ends[1] - place.sequence)

    is_fast = goods.popularity >= FAST
    beside = [place for place in free if goods.category_id in place.categories]
    rank = (lambda p: (way(p), p.products, p.code)) if is_fast else (lambda p: (p.products, way(p), p.code))
    best = min(beside or free, key=rank)
    return Suggestion(best.code, BESIDE if beside else NEAR if is_fast else ROOM)


def plan(goods: Sequence[Goods], places: Iterable[Place]) -> list[Suggestion]:
    """A suggestion for each, in their order. A product that gets a home here takes its room for those after it."""
    now = {place.code: place for place in places}
    homes: dict[int, str] = {}
    found = []
    for one in goods:
        if one.home is None and one.product_id in homes:
            one = replace(one, home=homes[one.product_id])
        suggestion = suggest(one, now.values())
        if one.home is None and suggestion.bin_code is not None:
            place = now[suggestion.bin_code]
            now[place.code] = replace(
                place, products=place.products + 1, categories=place.categories | {one.category_id}
            )
            homes[one.product_id] = place.code
        found.append(suggestion)
    return found
