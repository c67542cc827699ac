"""Which promotions a basket gets at a store, for this customer, this coupon and this way to pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog import offers
from catalog import queries as goods
from catalog.models import Store
from catalog.pricing import base_delivery
from catalog.pricing.promotions import Basket, Decision, Item, Why, decide
from catalog.pricing.tiers import Charged, asks_membership, charged
from catalog.queries import ShelfRow
from catalog.services import Use
from orders.models import Order
from orders.states import Status

NONE = Decision()
UNTOLD = frozenset({Why.CODE_NEEDED, Why.NOT_FOR_YOU, Why.NOT_STARTED, Why.ENDED})
"""Promotions that are not offered to this person at all: nobody is told what others get."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """For whom a basket is priced. `method` is "" while no way to pay is chosen; `code` is the cart's coupon."""

    now: datetime
    customer_id: int | None = None
    code: str = ""
    method: str = ""
    later: bool = False
    """Ordered for a slot: the busy hour of now does not count."""
    use_wallet: bool = False
    """The wallet pays first: where it pays all, nothing is paid by `method`."""


@dataclass(frozen=True, slots=True)
class Offered:
    """`uses` are what an order must reserve: limited promotions and the one its coupon opened."""

    decision: Decision = NONE
    uses: tuple[Use, ...] = ()
    coupon: dict[str, Any] | None = None
    costs: Mapping[int, Charged] = field(default_factory=dict)
    """What a unit costs this buyer in this basket, by product id."""

    @property
    def asks_for_a_way(self) -> bool:
        """Something of it is only for those who pay in a certain way."""
        return any(applied.rule.method for applied in self.decision.applied)

    def as_dict(self) -> dict[str, Any]:
        told = [refused.as_dict() for refused in self.decision.refused if refused.why not in UNTOLD]
        return {"applied": [applied.as_dict() for applied in self.decision.applied], "not_applied": told}


def offered(basket: Mapping[int, int], rows: Mapping[int, ShelfRow], *, store: Store, buyer: Buyer) -> Offered:
    """What units cost, and the best legal combination of promotions on that, for these quantities by product id.

    No statement unless a promotion asks about the person or what is left of it, there is a code, or a member's price is
    in question.
    """
    costs = costs_of(basket, rows, buyer=buyer)
    items = [Item(pk, basket[pk], cost.paise, rows[pk].category_slug, rows[pk].brand) for pk, cost in costs.items()]
    rules = offers.relevant(offers.rules_of(store), items, now=buyer.now)
    if not items or not (rules or buyer.code):
        return Offered(costs=costs)
    first_order: bool | None = None
    if buyer.customer_id is not None:
        first_order = any(rule.first_order for rule in rules) and not _has_ordered(buyer.customer_id)
    known = offers.shopper_of(
        rules=rules,
        customer_id=buyer.customer_id,
        first_order=first_order,
        method=buyer.method,
        code=buyer.code,
        now=buyer.now,
    )
    policy = goods.fee_policy(store)
    fee = base_delivery(policy, sum(item.qty * item.unit_price_paise for item in items))
    made = decide(Basket(items, fee), rules, shopper=known.shopper, now=buyer.now)
    coupon_promotion = known.promotion_id if buyer.code and not known.refusal else None
    uses = tuple(
        Use(
            applied.rule.id,
            applied.discount_paise + applied.waived_paise + applied.credit_paise,
            applied.units,
            known.coupon_id if applied.rule.id == coupon_promotion else None,
        )
        for applied in made.applied
        if applied.rule.is_limited or applied.rule.id == coupon_promotion
    )
    return Offered(made, uses, _coupon(buyer.code, known, made), costs)


def costs_of(basket: Mapping[int, int], rows: Mapping[int, ShelfRow], *, buyer: Buyer) -> dict[int, Charged]:
    """What a unit of each product costs this buyer in these quantities. One statement where membership decides."""
    here = {pk: rows[pk] for pk in basket if pk in rows}
    is_member = (
        buyer.customer_id is not None
        and any(
            row.tiers_json and asks_membership(row.price_paise, row.tiers, qty=basket[pk]) for pk, row in here.items()
        )
        and offers.is_member(buyer.customer_id, now=buyer.now)
    )
    return {
        pk: charged(row.price_paise, row.tiers, qty=basket[pk], is_member=is_member)
        if row.tiers_json
        else Charged(row.price_paise, row.price_paise)
        for pk, row in here.items()
    }


def _coupon(code: str, known: offers.Known, made: Decision) -> dict[str, Any] | None:
    if not code:
        return None
    used = next((applied for applied in made.applied if applied.code), None)
    sentence = known.refusal
    if not used and not sentence:
        refused = (refused.sentence for refused in made.refused if refused.rule.id == known.promotion_id)
        sentence = next(refused, "This code saves nothing here.")
    exists = known.promotion_id is not None
    return {"code": code, "applied": used is not None, "exists": exists, "sentence": sentence}


def _has_ordered(customer_id: int) -> bool:
    return Order.objects.of(customer_id).exclude(status__in=NOT_ORDERED).exists()


NOT_ORDERED: Sequence[Status] = (Status.CANCELLED, Status.REFUNDED)
