"""What a feed says, row by row, before it is written. Plain Python; money in paise, instants aware."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from catalog.basketing import Terms
from catalog.search.folding import fold

LONGEST_KEY = 200


class State(NamedTuple):
    """What the history keeps of a listing at an instant."""

    price_paise: int
    mrp_paise: int | None
    member_paise: int | None
    available: bool


@dataclass(frozen=True, slots=True)
class MarketRow:
    """One listing as it was seen at `at` (None: when the feed is taken). `line` names it in a refusal.

    `key` is the platform's own id; without one it is the folded name and pack. What is None or empty of `brand` to
    `pieces` is read out of the name. `product_id` is given for our own shelf only: others are matched.
    """

    line: int
    name: str
    price_paise: int
    at: datetime | None = None
    key: str = ""
    pack: str = ""
    mrp_paise: int | None = None
    member_paise: int | None = None
    bulk_paise: int | None = None
    bulk_from: int | None = None
    surge_paise: int = 0
    available: bool = True
    url: str = ""
    brand: str = ""
    item: str = ""
    category_slug: str = ""
    amount: Decimal | None = None
    measure: str = ""
    pieces: int = 1
    source: str = ""
    product_id: int | None = None

    @property
    def listing_key(self) -> str:
        return self.key or key_of(self.name, self.pack)

    @property
    def state(self) -> State:
        return State(self.price_paise, self.mrp_paise, self.member_paise, self.available)

    @property
    def told(self) -> tuple[str, str, int | None, int | None, int]:
        """What it says beside: name, address, bulk price and from how many, surge."""
        return self.name, self.url, self.bulk_paise, self.bulk_from, self.surge_paise


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, and why."""

    line: int
    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class TermsRow(Terms):
    """A platform's terms and how soon it comes, as seen at `at` (None: when the feed is taken)."""

    eta_low_minutes: int | None = None
    eta_high_minutes: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A coupon, bank offer, bundle, flash sale or delivery offer; of everything, a category or one listing."""

    line: int
    key: str
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime | None = None
    code: str = ""
    bank: str = ""
    off_bp: int = 0
    off_paise: int = 0
    most_paise: int | None = None
    minimum_paise: int = 0
    pieces: int = 1
    category_slug: str = ""
    listing_key: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file or a request says: listings (readable or not), terms and offers."""

    rows: list[MarketRow | BadRow]
    terms: TermsRow | None = None
    offers: tuple[OfferRow | BadRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What a name and a pack say: `amount` of all of it in `measure` (g, ml or pc)."""

    brand: str = ""
    item: str = ""
    category_slug: str = ""
    pack: str = ""
    amount: Decimal | None = None
    measure: str = ""
    pieces: int = 1


def key_of(name: str, pack: str) -> str:
    """The folded name and pack; a long one is cut and carries a hash of all of it."""
    key = f"{fold(name)}|{fold(pack)}"
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 17]}#{hashlib.blake2s(key.encode(), digest_size=8).hexdigest()}"


def per_unit_paise(price_paise: int, amount: Decimal | None, measure: str) -> int | None:
    """Per kg, litre or piece, rounded; None when it is not known how much is in it."""
    if not amount or amount <= 0 or not measure:
        return None
    return round(price_paise * (1 if measure == "pc" else 1000) / amount)
