"""What stands in the way of an order, said so that it helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from blinkit.kernel import metrics
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say, together
from catalog import queries as goods
from catalog.pricing import Bill, FeeRules
from catalog.queries import ShelfRow
from orders.errors import (
    BelowMinimum,
    BillChanged,
    CashLimit,
    CashNeedsHand,
    NotOnShelf,
    NotServed,
    SlotGone,
    StoreClosed,
    TooManyOpenOrders,
    TooManyUnits,
)
from orders.models import Order
from orders.queries.carts import Wanted, bill_json
from orders.queries.places import NOT_YET_HERE, Serviceability
from orders.queries.slots import left_json, slots_left
from orders.sourcing import Reason
from payments.models import Method

if TYPE_CHECKING:
    from orders.services.checkout.planning import Plan

INSTRUCTIONS = ("leave_at_door", "no_bell", "call_on_arrival", "beware_of_pet", "leave_with_guard")


def slot_gone(store_id: int, *, now: datetime) -> SlotGone:
    metrics.count("checkout_refused_total", reason="slot-gone")
    left = slots_left(store_id=store_id, now=now)
    others = "Choose one of the others." if left else "There is no other one left."
    return SlotGone(f"This time can't be ordered for any more. {others}", slots=left_json(left))


def refuse_unless_served(place: Serviceability) -> None:
    if not place.reason:
        return
    if place.reason == NOT_YET_HERE:
        raise NotServed("We don't deliver to this address yet. Choose another address.", reason=place.reason)
    if place.reason == Reason.MISSING_ITEMS:
        raise NotServed(
            together([place.sentence, say("Open the shop for this address and look for what it has instead.")]),
            reason=place.reason,
        )
    raise StoreClosed(place.sentence, reason=place.reason, opens_at=place.opens_at)


def refuse_bad_lines(wanted: Sequence[Wanted], rows: Mapping[int, ShelfRow]) -> None:
    gone = [line.product_id for line in wanted if line.product_id not in rows]
    if gone:
        raise NotOnShelf("Something in your cart is no longer sold. Take it out and try again.", product_ids=gone)
    for line in wanted:
        row = rows[line.product_id]
        if line.qty > row.max_per_order:
            raise TooManyUnits(
                say("{name}: at most {most} per order.", name=row.name, most=row.max_per_order),
                sku=row.sku,
                max=row.max_per_order,
            )


def refuse_unless_agreed(plan: Plan, *, fingerprint: str) -> None:
    policy: FeeRules = goods.fee_policy(plan.store)
    if plan.bill.items_paise < policy.minimum_order_paise:
        missing = policy.minimum_order_paise - plan.bill.items_paise
        raise BelowMinimum(
            say(
                "Add {more} more: orders start at {least}.",
                more=rupees(missing),
                least=rupees(policy.minimum_order_paise),
            ),
            minimum_paise=policy.minimum_order_paise,
            missing_paise=missing,
        )
    if fingerprint != plan.bill.fingerprint():
        raise changed(plan, plan.bill)


def changed(plan: Plan, bill: Bill, *, because: str = "") -> BillChanged:
    return BillChanged(
        together(
            [because, say("The bill is now {total}. Please look at it once more.", total=rupees(bill.total_paise))]
        ),
        bill=bill_json(bill),
        lines=[
            {"sku": plan.rows[line.product_id].sku, "qty": line.qty, "unit_price_paise": line.unit_price_paise}
            for line in bill.lines
        ],
        store=plan.store.code,
    )


def refuse_way_to_pay(plan: Plan, order: Order) -> None:
    """What the wallet left to pay can't be paid in this way."""
    limit_paise = goods.fee_policy(plan.store).cod_limit_paise
    if order.cash_due_paise > limit_paise:
        raise CashLimit(
            say("Cash is possible up to {limit}. Please pay this order by UPI or card.", limit=rupees(limit_paise)),
            limit_paise=limit_paise,
        )
    if order.payment_method == Method.COD and "leave_at_door" in order.instructions:
        raise CashNeedsHand("Cash can't be left at the door. Pay by UPI or card, or take the bags yourself.")
    if order.payment_method != Method.WALLET:
        _refuse_too_many_open(plan, method=Method(order.payment_method))


def _refuse_too_many_open(plan: Plan, *, method: Method) -> None:
    unpaid, cash = plan.open_orders
    if method == Method.COD:
        count, most = cash, settings.ORDER_MOST_OPEN_CASH
        sentence = say(
            "{n} cash orders are on their way to you. Pay this one by UPI or card, or wait for one of them.", n=count
        )
    else:
        count, most = unpaid, settings.ORDER_MOST_OPEN_UNPAID
        sentence = say("{n} of your orders wait for payment. Pay or cancel one of them first.", n=count)
    if most and count >= most:
        metrics.count("checkout_refused_total", reason="too-many-open-orders")
        raise TooManyOpenOrders(sentence, open=count, max=most)


def checked_instructions(instructions: Sequence[str]) -> list[str]:
    chips = list(dict.fromkeys(instructions))
    unknown = [chip for chip in chips if chip not in INSTRUCTIONS]
    if unknown:
        raise Invalid(f"Unknown delivery instruction: {unknown[0][:40]}.", known=list(INSTRUCTIONS))
    return chips
