"""What an order takes of scarce things, in the order of the house: promotions, wallet, stock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from blinkit.kernel import metrics
from blinkit.kernel.said import say
from catalog import services as promotions
from catalog.errors import PromotionGone
from catalog.pricing import Bill
from inventory import services as stock
from inventory.errors import OutOfStock
from orders.models import Order
from orders.queries.carts import price
from orders.queries.offers import Buyer
from orders.services.checkout.planning import Plan
from orders.services.checkout.refusing import changed, short_items
from payments import services as money
from payments.models import Method


def reserve(plan: Plan, order: Order, *, shown: str, now: datetime) -> None:
    """Count what the order uses of promotions, before the stock is locked. Raises BillChanged when one just ran out."""
    customer_id = order.customer_id
    try:
        promotions.reserve(ref=order.pk, customer_id=customer_id, uses=plan.offered.uses, now=now)
    except PromotionGone as gone:
        metrics.count("checkout_refused_total", reason="promotion-gone")
        raise changed(plan, _priced_for(plan, plan.buyer), shown=shown, because=gone.detail) from None


def _priced_for(plan: Plan, buyer: Buyer) -> Bill:
    metres, tip_paise = plan.place.distance_metres, plan.tip_paise
    return price(plan.wanted, plan.rows, store=plan.store, metres=metres, tip_paise=tip_paise, buyer=buyer)[0]


def pay_from_wallet(plan: Plan, order: Order, *, shown_paise: int | None, shown: str, now: datetime) -> None:
    """Raises BillChanged when money came into the wallet since the plan was made, and it pays all of a bill with an
    offer for another way to pay."""
    order.wallet_paise = money.take_from_wallet(
        customer_id=order.customer_id,
        ref=order.pk,
        most_paise=order.total_paise,
        memo=f"Order {order.number}",
        shown_paise=shown_paise,
        now=now,
    )
    if order.wallet_paise and not order.to_pay_paise and plan.offered.asks_for_a_way:
        by_wallet = replace(plan.buyer, method=Method.WALLET.value)
        raise changed(plan, _priced_for(plan, by_wallet), shown=shown)


def hold(plan: Plan, order: Order, *, until: datetime | None, arrives_at: datetime, actor: str, now: datetime) -> None:
    basket = {line.product_id: line.qty for line in sorted(plan.wanted, key=lambda line: line.product_id)}
    try:
        stock.hold(
            ref=order.pk, store_id=plan.store.pk, basket=basket, until=until, arrives_at=arrives_at, actor=actor,
            now=now,
        )  # fmt: skip
    except OutOfStock as refusal:
        short: dict[int, int] = refusal.extra["short"]
        items = short_items(basket, plan.rows, short, plan.store.pk)
        metrics.count("checkout_refused_total", reason="out-of-stock")
        first = items[0]
        left = (
            say("Only {n} left of {name}", n=first["available"], name=first["name"])
            if first["available"]
            else say("{name} just sold out", name=first["name"])
        )
        words = (
            say("{left} and {n} more. Change your cart and try again.", left=left, n=len(items) - 1)
            if len(items) > 1
            else say("{left}. Change your cart and try again.", left=left)
        )
        raise OutOfStock(words, short=short, items=items) from None
