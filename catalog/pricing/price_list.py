"""Which price counts: the rule of the price list, in plain Python. `catalog.services.shelf` says the same in SQL.

Of the prices in force at an instant, one that ends beats one that does not; then the store's before the city's before
everywhere's; then the one that began last; then the one said last. A store's own price is one of its standing prices.
Without any price a product costs its MRP, and no price is ever above it. Tiers (from so many units, for members) are
decided by the same rule each for themselves, and count only where they are below the price of everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.pricing.tiers import Tier

STORE, CITY, EVERYWHERE, OWN, MRP = "store", "city", "everywhere", "own", "mrp"


@dataclass(frozen=True, slots=True)
class ListPrice:
    """In force from `starts_at` up to, not including, `ends_at`."""

    id: int
    paise: int
    starts_at: datetime
    ends_at: datetime | None = None
    store_id: int | None = None
    city_id: int | None = None
    min_qty: int = 1
    members_only: bool = False
    reason: str = ""
    actor: str = ""

    @property
    def source(self) -> str:
        return STORE if self.store_id is not None else CITY if self.city_id is not None else EVERYWHERE

    @property
    def is_tier(self) -> bool:
        return self.min_qty > 1 or self.members_only


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where: a store in its city, the MRP there, and the store's own standing price, if it has one."""

    store_id: int
    city_id: int
    mrp_paise: int
    own_paise: int | None = None
    own_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What one unit costs everybody, where that comes from, and the tiers below it."""

    price_paise: int
    source: str
    tiers: tuple[Tier, ...] = ()


_NEARNESS = {STORE: 2, CITY: 1, EVERYWHERE: 0}


def in_force(price: ListPrice, *, shelf: Shelf, now: datetime) -> bool:
    here = (price.store_id is None or price.store_id == shelf.store_id) and (
        price.city_id is None or price.city_id == shelf.city_id
    )
    return here and price.starts_at <= now and (price.ends_at is None or now < price.ends_at)


def count(prices: Iterable[ListPrice], *, shelf: Shelf, now: datetime) -> Counted:
    """What a product costs on this shelf at this instant."""
    best: dict[tuple[bool, int], ListPrice] = {}
    for price in prices:
        if in_force(price, shelf=shelf, now=now):
            kind = (price.members_only, price.min_qty)
            if kind not in best or _strength(price) > _strength(best[kind]):
                best[kind] = price
    base = best.pop((False, 1), None)
    if base is not None and _beats_own(base, shelf):
        paise, source = min(base.paise, shelf.mrp_paise), base.source
    elif shelf.own_paise is not None:
        paise, source = min(shelf.own_paise, shelf.mrp_paise), OWN
    else:
        paise, source = shelf.mrp_paise, MRP
    return Counted(paise, source, _tiers([best[kind] for kind in sorted(best)], paise))


def _tiers(prices: Sequence[ListPrice], base_paise: int) -> tuple[Tier, ...]:
    return tuple(
        Tier(price.min_qty, price.paise, price.members_only, price.source)
        for price in prices
        if price.paise < base_paise
    )


def _strength(price: ListPrice) -> tuple[bool, int, datetime, int]:
    return (price.ends_at is not None, _NEARNESS[price.source], price.starts_at, price.id)


def _beats_own(price: ListPrice, shelf: Shelf) -> bool:
    if shelf.own_paise is None or price.ends_at is not None:
        return True
    return price.source == STORE and (shelf.own_since is None or price.starts_at >= shelf.own_since)
