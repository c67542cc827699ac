"""What a basket is answered with: orders at platforms, the best split, and the steps that led there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.basketing import Bill
from catalog.market_queries.rows import Listed


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces of one listing."""

    listing: Listed
    pieces: int
    paise: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What covers a line: its number in the list, the parts, what they cost and how much that is."""

    line: int
    parts: tuple[Part, ...]
    paise: int
    amount: float
    measure: str

    @property
    def is_stale(self) -> bool:
        return any(part.listing.is_stale for part in self.parts)


@dataclass(frozen=True, slots=True)
class UsedOffer:
    id: int
    kind: str
    title: str
    code: str
    bank: str


@dataclass(frozen=True, slots=True)
class Order:
    """One order at one platform."""

    platform: str
    platform_name: str
    is_ours: bool
    hue: int
    taken: tuple[Taken, ...]
    missing: tuple[int, ...]
    bill: Bill
    offers: tuple[UsedOffer, ...]
    with_bank: tuple[UsedOffer, ...]
    """Offers of banks nobody said they are with: told, not counted."""
    eta_low_minutes: int | None
    eta_high_minutes: int | None
    seen_at: datetime | None
    is_stale: bool
    knows_terms: bool
    """False: no fees are known here, so the total is the goods alone."""

    @property
    def total_paise(self) -> int:
        return self.bill.total_paise


@dataclass(frozen=True, slots=True)
class Split:
    orders: tuple[Order, ...]
    missing: tuple[int, ...]
    total_paise: int
    is_exact: bool
    saves_paise: int | None
    """Against the best single order of the same lines; None where no single platform has them all."""

    @property
    def eta_high_minutes(self) -> int | None:
        known = [order.eta_high_minutes for order in self.orders]
        return max((it for it in known if it is not None), default=None) if None not in known else None


@dataclass(frozen=True, slots=True)
class AskedLine:
    number: int
    said: str
    amount: float | None
    measure: str
    is_assumed: bool
    """No amount was said: it is what most packs hold."""
    not_used: tuple[str, ...] = ()
    """Conditions that baskets don't know: said, never dropped in silence."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """A named step of the plan and what came of it, as a sentence."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BasketAnswer:
    """`orders`: the whole list at each platform, the most complete and then the cheapest first. `split`: the best way
    to share it (within the budget, where one was named). `left_out`: lines of the list that are not in the split."""

    city: str
    at: datetime
    lines: tuple[AskedLine, ...]
    orders: tuple[Order, ...]
    split: Split | None
    budget_paise: int | None
    left_out: tuple[LeftOut, ...]
    steps: tuple[Step, ...]
    seen_at: datetime | None
    is_stale: bool

    @property
    def best(self) -> Order | None:
        """The best single order: complete as any other, takes it, cheapest."""
        return next((order for order in self.orders if order.taken and not order.bill.short_paise), None)

    @property
    def nowhere(self) -> frozenset[int]:
        """Lines that no platform has."""
        return frozenset(line.number for line in self.lines) - {it.line for order in self.orders for it in order.taken}

    @property
    def left_paise(self) -> int | None:
        """Of the budget."""
        if self.budget_paise is None or self.split is None:
            return None
        return self.budget_paise - self.split.total_paise
