"""What is asked of a basket: lines, a budget, conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MOST_LINES = 40
MOST_PLATFORMS = 6


class Condition(Protocol):
    """A filter of a question: `field` "listing.brand", `op` "eq", `values` ("Amul",)."""

    @property
    def field(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def values(self) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class WantedLine:
    """ "2 kg onions" is item "onion", amount 2000, measure "g". With a `sku` it is that product (or another pack of its
    family). Without an amount it is as much as most packs hold, times `pieces`."""

    item: str = ""
    amount: float | None = None
    measure: str = ""
    pieces: int = 1
    sku: str = ""
    filters: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class BasketAsk:
    """`categories` (or aisles) without lines: as many different things of them as the budget allows. `banks`: whose
    offers may be used (folded names); others are only told. `most_orders`: at most so many platforms in the split."""

    wanted: Sequence[WantedLine] = ()
    budget_paise: int | None = None
    categories: Sequence[str] = ()
    platforms: Sequence[str] = ()
    banks: frozenset[str] = frozenset()
    most_orders: int | None = None
