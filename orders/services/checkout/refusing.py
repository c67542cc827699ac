"""What stands in the way of an order, said so that it helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings

from blinkit.kernel import metrics
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say, together
from blinkit.kernel.words import with_local
from catalog import queries as goods
from catalog.pricing import Bill, FeeRules, changes
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
    TooMuchToCarry,
)
from orders.models import Order
from orders.queries.carrying import too_much
from orders.queries.carts import Wanted, bill_json
from orders.queries.instead import near_substitutes, no_longer_listed
from orders.queries.places import NOT_YET_HERE, Serviceability
from orders.queries.quotes import remember, remembered
from orders.queries.slots import left_json, slots_left
from orders.queries.trusting import over_limit, too_many_open
from orders.services.at_door import LEAVING
from orders.sourcing import Reason
from payments.models import Method

if TYPE_CHECKING:
    from orders.services.checkout.planning import Plan

INSTRUCTIONS = ("leave_at_door", "no_bell", "call_on_arrival", "beware_of_pet", "leave_with_guard")
MOST_SENTENCES = 4
"""What changed is said in so many sentences; the answer's fields have all of it."""


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


def refuse_bad_lines(wanted: Sequence[Wanted], rows: Mapping[int, ShelfRow], *, store_id: int) -> None:
    gone = [line.product_id for line in wanted if line.product_id not in rows]
    if gone:
        left_shelf = no_longer_listed(store_id=store_id, product_ids=gone)
        raise NotOnShelf(
            "Something in your cart is no longer sold. Take it out and try again.",
            product_ids=gone,
            items=short_items(
                {line.product_id: line.qty for line in wanted}, left_shelf, dict.fromkeys(left_shelf, 0), store_id
            ),
        )
    for line in wanted:
        row = rows[line.product_id]
        if line.qty > row.max_per_order:
            raise TooManyUnits(
                say("{name}: at most {most} per order.", name=row.name, most=row.max_per_order),
                sku=row.sku,
                max=row.max_per_order,
            )


def short_items(
    basket: Mapping[int, int], rows: Mapping[int, ShelfRow], short: Mapping[int, int], store_id: int
) -> list[dict[str, Any]]:
    """The short lines for a refusal, each with the nearest things that are there. Two statements."""
    near = near_substitutes(store_id=store_id, rows=[rows[pk] for pk in short], without=set(basket))
    return [
        {
            "sku": rows[pk].sku,
            "name": rows[pk].name,
            "wanted": basket[pk],
            "available": left,
            "instead": [card.as_dict() for card in near[pk]],
        }
        for pk, left in short.items()
    ]


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
    if (heavy := too_much(plan.wanted, plan.rows, store=plan.store)) is not None:
        metrics.count("checkout_refused_total", reason="too-much-to-carry")
        raise TooMuchToCarry(heavy.sentence, **heavy.as_dict())
    if fingerprint != plan.bill.fingerprint():
        raise changed(plan, plan.bill, shown=fingerprint)


def changed(plan: Plan, bill: Bill, *, shown: str, because: str = "") -> BillChanged:
    """`shown` is the fingerprint of the bill the customer saw: what differs from it is told by name, where the house
    still remembers that bill."""
    before = remembered(shown)
    told = None if before is None else changes.differences(before, bill)
    names = {product_id: row.name for product_id, row in plan.rows.items()}
    elsewhere = _from_elsewhere(plan)
    sentences = [] if told is None else changes.sentences(told, names)
    total = say("The bill is now {total}. Please look at it once more.", total=rupees(bill.total_paise))
    remember(bill)
    metrics.count("checkout_refused_total", reason="bill-changed")
    return BillChanged(
        together([because, *([elsewhere] if elsewhere else []), *sentences[:MOST_SENTENCES], total]),
        bill=bill_json(bill),
        lines=[
            {"sku": plan.rows[line.product_id].sku, "qty": line.qty, "unit_price_paise": line.unit_price_paise}
            for line in bill.lines
        ],
        store=plan.store.code,
        changed=None if told is None else _changes_json(told, plan.rows),
        sentences=with_local([{"sentence": words} for words in (because, elsewhere, *sentences) if words]),
        moved=_moved_json(plan) if elsewhere else None,
    )


def _from_elsewhere(plan: Plan) -> str:
    """That the order comes from another store than the cart's, and when it is there; "" when it does not."""
    if plan.store.pk == plan.cart.store_id:
        return ""
    return together([say("It comes from {store} now.", store=plan.store.name), plan.place.sentence])


def _moved_json(plan: Plan) -> dict[str, Any]:
    own = next((verdict for verdict in plan.place.why if verdict.store_id == plan.cart.store_id), None)
    return {
        "from": None if own is None else own.code,
        "reason": None if own is None or own.reason is None else own.reason.value,
        "to": plan.store.code,
        "store": plan.store.name,
        "eta_from_m": plan.place.eta_from_m,
        "eta_to_m": plan.place.eta_to_m,
    }


def _changes_json(told: changes.Changes, rows: Mapping[int, ShelfRow]) -> dict[str, Any]:
    return {
        "parts": {part: {"old_paise": old, "new_paise": new} for part, old, new in told.parts},
        "lines": [
            {
                "sku": rows[line.product_id].sku,
                "name": rows[line.product_id].name,
                "old_paise": line.old_paise,
                "new_paise": line.new_paise,
                "old_qty": line.old_qty,
                "new_qty": line.new_qty,
            }
            for line in told.lines
            if line.product_id in rows
        ],
        "promotions": [one.as_dict() for one in told.promotions],
    }


def refuse_way_to_pay(plan: Plan, order: Order) -> None:
    """What the wallet left to pay can't be paid in this way."""
    city_paise = goods.fee_policy(plan.store).cod_limit_paise
    limit_paise = plan.trust.limit_paise(city_paise)
    if order.cash_due_paise > limit_paise:
        metrics.count("checkout_refused_total", reason="cash-limit")
        raise CashLimit(
            over_limit(plan.trust, city_paise=city_paise), limit_paise=limit_paise, city_limit_paise=city_paise
        )
    if order.payment_method == Method.COD and any(chip in LEAVING for chip in order.instructions):
        raise CashNeedsHand(
            "Cash can't be left at the door or with the guard. Pay by UPI or card, or take the bags yourself."
        )
    if order.payment_method != Method.WALLET:
        _refuse_too_many_open(plan, method=Method(order.payment_method))


def _refuse_too_many_open(plan: Plan, *, method: Method) -> None:
    if method == Method.COD:
        count, most = plan.trust.cash_open, settings.ORDER_MOST_OPEN_CASH
    else:
        count, most = plan.trust.unpaid, settings.ORDER_MOST_OPEN_UNPAID
    if most and count >= most:
        metrics.count("checkout_refused_total", reason="too-many-open-orders")
        raise TooManyOpenOrders(too_many_open(method, count), open=count, max=most)


def checked_instructions(instructions: Sequence[str]) -> list[str]:
    chips = list(dict.fromkeys(instructions))
    unknown = [chip for chip in chips if chip not in INSTRUCTIONS]
    if unknown:
        raise Invalid(f"Unknown delivery instruction: {unknown[0][:40]}.", known=list(INSTRUCTIONS))
    return chips
