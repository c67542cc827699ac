"""A product on a page: the shelf's row, what is free, and how many are in the cart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalog.pricing.tiers import Tier
from catalog.pricing.unit_price import UnitPrice, unit_price
from catalog.queries import ShelfRow
from orders.queries import CartLineView, ShelfCard, Suggestion
from orders.queries.shelves import FEW_LEFT, Pack, faced


@dataclass(frozen=True, slots=True)
class Card:
    """`free` units can be sold now; `qty` are in the cart already. Money in paise."""

    row: ShelfRow
    free: int
    qty: int = 0
    consent: str = ""
    cap_paise: int = 0
    """How much dearer a substitute may be."""
    unit_paise: int = 0
    """What one unit costs in this quantity, for this buyer; 0 where no cart has said."""
    nudge: Tier | None = None
    packs: tuple[Pack, ...] = ()

    @property
    def gone(self) -> bool:
        return self.free <= 0

    @property
    def low(self) -> bool:
        return 0 < self.free <= FEW_LEFT

    @property
    def short(self) -> bool:
        """More in the cart than there is."""
        return self.qty > max(self.free, 0)

    @property
    def at_most(self) -> bool:
        """No more can be added."""
        return self.qty >= min(self.free, self.row.max_per_order)

    @property
    def saving_paise(self) -> int:
        return self.row.mrp_paise - self.row.price_paise

    @property
    def saving_percent(self) -> int:
        return self.saving_paise * 100 // self.row.mrp_paise

    @property
    def line_paise(self) -> int:
        return (self.unit_paise or self.row.price_paise) * self.qty

    @property
    def line_mrp_paise(self) -> int:
        return self.row.mrp_paise * self.qty

    @property
    def unit_price(self) -> UnitPrice | None:
        return unit_price(self.row.price_paise, self.row.pack_size, self.row.pack_unit)


def of_shelf(cards: Iterable[ShelfCard], quantities: Mapping[int, int]) -> list[Card]:
    return [of_card(card, quantities) for card in cards]


def of_card(card: ShelfCard, quantities: Mapping[int, int]) -> Card:
    return Card(card.row, card.free, quantities.get(card.row.product_id, 0), packs=card.packs)


def of_rows(rows: Iterable[ShelfRow], free: Mapping[int, int], quantities: Mapping[int, int]) -> list[Card]:
    return of_shelf([faced(row, free) for row in rows], quantities)


def of_cart(lines: Iterable[CartLineView]) -> list[Card]:
    """The lines still listed; what is no longer sold is told apart by the cart's problems."""
    return [
        Card(line.row, line.free, line.qty, line.consent, line.substitute_up_to_paise, line.unit_paise, line.nudge)
        for line in lines
        if line.row is not None
    ]


def where_from(suggestions: Sequence[Suggestion]) -> str:
    """Where suggestions come from, the first source first: nobody shall take a rule of thumb for knowledge."""
    words = {
        "staff": _("chosen by us"),
        "orders": _("learned from what is ordered together"),
        "category": _("a guess by kind of food, not learned from orders"),
        "popular": _("best sellers of your store"),
    }
    return " · ".join(words[source] for source in dict.fromkeys(it.source for it in suggestions))
