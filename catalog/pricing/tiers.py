"""What one unit of a line costs, by how many there are and whether the buyer is a member. Plain Python, whole paise.

The list of a product (its price and its tiers) is the same for every customer of a store; quantity and membership only
decide which of its rows counts: the lowest that applies. So another unit never makes a unit dearer, and a member never
pays more than somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson


@dataclass(frozen=True, slots=True)
class Tier:
    """`paise` for each unit of a line of at least `min_qty` units, for members only or for everybody."""

    min_qty: int
    paise: int
    members_only: bool = False
    source: str = ""

    def as_dict(self) -> dict[str, object]:
        return {
            "min_qty": self.min_qty,
            "price_paise": self.paise,
            "members_only": self.members_only,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Charged:
    """What a unit costs in this line, beside the price everybody pays for one. `tier` is None when that is it."""

    paise: int
    base_paise: int
    tier: Tier | None = None


@lru_cache(maxsize=4096)
def read(text: str | None) -> tuple[Tier, ...]:
    """The tiers as `ShelfItem.tiers` keeps them, smallest quantity first, without those another one outdoes."""
    if not text:
        return ()
    rows = orjson.loads(text)
    tiers = sorted(
        (Tier(row["min_qty"], row["paise"], row["members"], row["source"]) for row in rows),
        key=lambda tier: (tier.min_qty, tier.paise, tier.members_only),
    )
    kept: list[Tier] = []
    for tier in tiers:
        if not any(other.paise <= tier.paise and other.members_only <= tier.members_only for other in kept):
            kept.append(tier)
    return tuple(kept)


def charged(base_paise: int, tiers: Sequence[Tier], *, qty: int, is_member: bool = False) -> Charged:
    """What a unit costs in a line of `qty` units."""
    best: Tier | None = None
    for tier in tiers:
        applies = tier.min_qty <= qty and (is_member or not tier.members_only)
        if applies and tier.paise < (base_paise if best is None else best.paise):
            best = tier
    return Charged(base_paise if best is None else best.paise, base_paise, best)


def asks_membership(base_paise: int, tiers: Sequence[Tier], *, qty: int) -> bool:
    """Whether it makes a difference to this line if the buyer is a member."""
    if not any(tier.members_only for tier in tiers):
        return False
    return (
        charged(base_paise, tiers, qty=qty, is_member=True).paise
        < charged(base_paise, tiers, qty=qty, is_member=False).paise
    )


def next_tier(tiers: Sequence[Tier], *, qty: int, paid_paise: int, most: int, is_member: bool = False) -> Tier | None:
    """The nearest quantity above this one, at most `most`, that makes a unit cheaper than it is now."""
    better = (
        tier
        for tier in tiers
        if qty < tier.min_qty <= most and tier.paise < paid_paise and (is_member or not tier.members_only)
    )
    return min(better, key=lambda tier: (tier.min_qty, tier.paise), default=None)


def source_of(base_source: str, tier: Tier | None) -> str:
    """Where a charged price comes from, in a word or three: "own", "city from 3", "everywhere members from 2"."""
    if tier is None:
        return base_source
    return " ".join(
        [
            tier.source,
            *(["members"] if tier.members_only else []),
            *([f"from {tier.min_qty}"] if tier.min_qty > 1 else []),
        ]
    )
