"""Whether one rider of the store can carry a basket, asked before it is an order: a bigger one would find nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from blinkit.kernel.said import say
from catalog.models import Store
from catalog.queries import ShelfRow
from orders import bagging
from orders.queries.places import load_of

if TYPE_CHECKING:
    from orders.queries.carts import Wanted


@dataclass(frozen=True, slots=True)
class TooMuch:
    """What the basket fills, in bags and litres, and what the strongest rider carries; 0 is no limit."""

    bags: int
    most_bags: int
    litres: int
    most_litres: int

    @property
    def sentence(self) -> str:
        if self.most_bags and self.bags > self.most_bags:
            return say(
                "This fills about {n} bags, and a rider carries {most}. Take something out, or order it in two parts.",
                n=self.bags,
                most=self.most_bags,
            )
        return say(
            "This fills about {n} litres, and a rider carries {most}. Take something out, or order it in two parts.",
            n=self.litres,
            most=self.most_litres,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def too_much(wanted: Sequence[Wanted], rows: Mapping[int, ShelfRow], *, store: Store) -> TooMuch | None:
    """None where a rider can carry it, or nobody knows what riders of this store carry (`StoreLoad.carries_bags`).

    Bags and litres as the floor will reckon them (`orders.bagging`); lines the shelf does not list take no room.
    """
    load = load_of(store)
    if not load.carries_bags:
        return None
    found = [
        bagging.goods(
            id=line.product_id,
            name="",
            qty=line.qty,
            zone=row.zone,
            hsn=row.hsn,
            category=row.category_slug,
            weight_g=row.weight_g,
            pack_size=row.pack_size,
            pack_unit=row.pack_unit,
        )
        for line in wanted
        if (row := rows.get(line.product_id)) is not None
    ]
    bags = sum(bagging.suggest(found).values())
    volume_ml = sum(one.volume_ml * one.qty for one in found)
    if bags <= load.carries_bags and not 0 < load.carries_litres * 1_000 < volume_ml:
        return None
    return TooMuch(bags, load.carries_bags, -(-volume_ml // 1_000), load.carries_litres)
