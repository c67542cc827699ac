"""What a promotion, a basket and a shopper are to the engine. Money in paise, shares in basis points (5 % = 500)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar


class Kind(StrEnum):
    PERCENT = "percent"
    FLAT = "flat"
    FREE_ITEM = "free_item"
    BUY_GET = "buy_get"
    BUNDLE = "bundle"
    FLASH = "flash"
    FREE_DELIVERY = "free_delivery"
    CASHBACK = "cashback"


class Group(StrEnum):
    """The stage a promotion belongs to; of every stage but ITEM at most one applies."""

    ITEM = "item"
    BASKET = "basket"
    BANK = "bank"
    DELIVERY = "delivery"
    CASHBACK = "cashback"


class Why(StrEnum):
    """Why a promotion did not apply."""

    NOT_STARTED = "not-started"
    ENDED = "ended"
    CODE_NEEDED = "code-needed"
    SIGN_IN = "sign-in"
    FIRST_ORDER = "first-order-only"
    NOT_FOR_YOU = "not-for-you"
    PAY_WITH = "pay-with"
    USED_UP = "used-up"
    BELOW_MINIMUM = "below-minimum"
    NOT_IN_BASKET = "not-in-basket"
    TOO_FEW = "too-few"
    NOTHING_TO_SAVE = "nothing-to-save"
    OUTDONE = "outdone"
    NOT_TOGETHER = "not-together"


@dataclass(frozen=True, slots=True)
class Rule:
    """One promotion. Without products, categories and brands it is on everything; several kinds of these must all hold.

    PERCENT `percent_bp`; FLAT `amount_paise` off; FREE_ITEM `get_qty` of `products`; BUY_GET `get_qty` at `percent_bp`
    off with each `buy_qty` (the cheapest ones); BUNDLE its `parts` together for `amount_paise`; FLASH a unit costs
    `amount_paise`; CASHBACK `percent_bp` of what is paid for the items, or `amount_paise`. `cap_paise` is the most per
    order, `most_times` the most applications (FLASH: units) per order. `min_items_paise` counts the lines it is on.
    """

    id: int
    kind: Kind
    name: str
    percent_bp: int = 0
    amount_paise: int = 0
    cap_paise: int | None = None
    buy_qty: int = 0
    get_qty: int = 1
    most_times: int | None = None
    parts: tuple[tuple[int, int], ...] = ()
    products: frozenset[int] = frozenset()
    categories: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    min_items_paise: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    first_order: bool = False
    segment: str = ""
    method: str = ""
    needs_code: bool = False
    alone: bool = False
    is_limited: bool = False  # uses, budget or units run out: `Shopper.left` must know how much is left
    is_scoped: bool = field(init=False, repr=False, compare=False)
    group: Group = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A rule lives for thousands of baskets: what follows from it is worked out once.
        object.__setattr__(self, "is_scoped", bool(self.products or self.categories or self.brands))
        object.__setattr__(self, "group", self._stage())

    def _stage(self) -> Group:
        if self.kind == Kind.FREE_DELIVERY:
            return Group.DELIVERY
        if self.kind == Kind.CASHBACK:
            return Group.CASHBACK
        if self.kind in (Kind.PERCENT, Kind.FLAT) and not self.is_scoped:
            return Group.BANK if self.method else Group.BASKET
        return Group.ITEM

    @property
    def asks_about_shopper(self) -> bool:
        """Whether it can only be judged with facts about the person, or with what is left of it."""
        return self.first_order or bool(self.segment) or self.is_limited

    def covers(self, item: Item) -> bool:
        return (
            (not self.products or item.product_id in self.products)
            and (not self.categories or item.category in self.categories)
            and (not self.brands or item.brand in self.brands)
        )


@dataclass(frozen=True, slots=True)
class Item:
    product_id: int
    qty: int
    unit_price_paise: int
    category: str = ""
    brand: str = ""


Name = TypeVar("Name", int, str)


def _places(index: Mapping[Name, list[int]], names: frozenset[Name]) -> list[int]:
    return [place for name in index.keys() & names for place in index[name]]


class Lines:
    """The items of a basket by place, with what each comes to, and an index of which a rule is on."""

    __slots__ = ("_brands", "_categories", "_products", "gross", "items", "total")

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.gross = [item.qty * item.unit_price_paise for item in items]
        self.total = sum(self.gross)
        self._products: dict[int, list[int]] = {}
        self._categories: dict[str, list[int]] = {}
        self._brands: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            self._products.setdefault(item.product_id, []).append(place)
            self._categories.setdefault(item.category, []).append(place)
            self._brands.setdefault(item.brand, []).append(place)

    def place_of(self, product_id: int) -> int | None:
        found = self._products.get(product_id)
        return found[-1] if found else None

    def on(self, rule: Rule) -> list[int]:
        """The places `rule.covers`, in order."""
        if not rule.is_scoped:
            return list(range(len(self.items)))
        if rule.products:
            found = _places(self._products, rule.products)
        elif rule.brands:
            found = _places(self._brands, rule.brands)
        else:
            found = _places(self._categories, rule.categories)
        if (rule.products and (rule.categories or rule.brands)) or (rule.brands and rule.categories):
            found = [place for place in found if rule.covers(self.items[place])]
        found.sort()
        return found


@dataclass(frozen=True, slots=True)
class Basket:
    """`delivery_paise` is the part of the delivery fee that a promotion may waive."""

    items: Sequence[Item]
    delivery_paise: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a limited promotion for this person; None is without limit."""

    uses: int | None = None
    paise: int | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """`first_order` is None while nobody has signed in; `method` is "" while no way to pay is chosen.

    `codes` are the promotions a coupon opens, by id, with the code.
    """

    first_order: bool | None = None
    segments: frozenset[str] = frozenset()
    method: str = ""
    codes: Mapping[int, str] = field(default_factory=dict)
    left: Mapping[int, Left] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stacking:
    """Which stages may not meet in one bill. A promotion with `alone` meets nothing."""

    apart: frozenset[frozenset[Group]] = frozenset()

    def allows(self, groups: frozenset[Group]) -> bool:
        return not any(pair <= groups for pair in self.apart)


TOGETHER = Stacking()
"""All stages may meet: the platform's rule unless told."""
