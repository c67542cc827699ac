"""What an order costs on one platform: goods, delivery, handling, small cart, busy hour, less one coupon, one delivery
offer and one offer of a bank. Thresholds look at the goods before any offer.

More goods never make the rest dearer: fees fall and offers grow with the basket. The search for the best split rests on
that (`catalog.basketing.split`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("coupon", "delivery", "bank")


@dataclass(frozen=True, slots=True)
class Offer:
    """`off_bp` of the goods it is for and `off_paise`, together at most `most_paise`, from `minimum_paise` of goods on.

    A delivery offer takes its off from the delivery fee. A coupon and a bank's offer add up, to the goods at most.
    """

    kind: str
    off_bp: int = 0
    off_paise: int = 0
    most_paise: int | None = None
    minimum_paise: int = 0
    key: int = 0

    def off(self, of_paise: int) -> int:
        found = of_paise * min(self.off_bp, 10_000) // 10_000 + self.off_paise
        if self.most_paise is not None:
            found = min(found, self.most_paise)
        return max(0, min(found, of_paise))


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order costs on a platform beside its goods."""

    minimum_paise: int = 0
    delivery_paise: int = 0
    free_from_paise: int | None = None
    handling_paise: int = 0
    small_cart_paise: int = 0
    small_cart_below_paise: int = 0
    surge_paise: int = 0

    @property
    def fees_paise(self) -> int:
        """All of them at once: no order is charged more."""
        return self.delivery_paise + self.handling_paise + self.small_cart_paise + self.surge_paise


@dataclass(frozen=True, slots=True)
class Cost:
    """A line at one platform: its goods, and how much of them each of the platform's offers is for."""

    paise: int
    within: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shop:
    """One platform: `costs` has a place for each line, None where it has nothing that covers it."""

    terms: Terms
    costs: tuple[Cost | None, ...]
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    goods_paise: int
    delivery_paise: int
    handling_paise: int
    small_cart_paise: int
    surge_paise: int
    off_paise: int
    used: tuple[int, ...]
    """Places of the offers that were taken, in the shop's `offers`."""
    short_paise: int
    """So much more goods until the platform takes the order; 0 when it does."""

    @property
    def fees_paise(self) -> int:
        return self.delivery_paise + self.handling_paise + self.small_cart_paise + self.surge_paise

    @property
    def total_paise(self) -> int:
        return self.goods_paise + self.fees_paise - self.off_paise


def bill(shop: Shop, lines: Iterable[int]) -> Bill:
    """Of these lines, all of which the shop covers. An empty order costs nothing."""
    goods, within = 0, [0] * len(shop.offers)
    taken = False
    for line in lines:
        cost = shop.costs[line]
        assert cost is not None, "a line this shop does not have"
        taken, goods = True, goods + cost.paise
        for place, part in enumerate(cost.within):
            within[place] += part
    if not taken:
        return Bill(0, 0, 0, 0, 0, 0, (), 0)
    return charged(shop, goods, within)


def charged(shop: Shop, goods: int, within: list[int]) -> Bill:
    """Of goods worth so much, of which so much is within each offer."""
    terms = shop.terms
    is_free = terms.free_from_paise is not None and goods >= terms.free_from_paise
    delivery = 0 if is_free else terms.delivery_paise
    small = terms.small_cart_paise if goods < terms.small_cart_below_paise else 0
    off = {}
    used = []
    for kind in KINDS:
        found, at = max(
            (
                (offer.off(delivery if kind == "delivery" else within[place]), -place)
                for place, offer in enumerate(shop.offers)
                if offer.kind == kind and goods >= offer.minimum_paise
            ),
            default=(0, 0),
        )
        off[kind] = found
        if found:
            used.append(-at)
    taken_off = min(off["coupon"] + off["bank"], goods) + off["delivery"]
    return Bill(
        goods, delivery, terms.handling_paise, small, terms.surge_paise, taken_off, tuple(used),
        max(0, terms.minimum_paise - goods),
    )  # fmt: skip
