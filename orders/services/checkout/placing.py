"""From a cart to an order, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events, metrics
from blinkit.kernel.events import DomainEvent
from orders.events import OrderConfirmed, OrderMoved, OrderPlaced
from orders.models import Cart, Order, OrderLine
from orders.queries.places import promise_for
from orders.services import slots
from orders.services.checkout.planning import plan_of
from orders.services.checkout.refusing import checked_instructions, refuse_unless_agreed, refuse_way_to_pay, slot_gone
from orders.services.checkout.taking import hold, pay_from_wallet, reserve
from orders.services.checkout.writing import draft, keep_choice, lines_of, promise_of
from orders.services.mover import hint, joining, subject
from orders.states import Status
from payments import services as money
from payments.models import Method

HOLD_GRACE_S = 120
"""The stock outlives the payment window by this much, so that a payment made in its last second still finds it."""


@joining
def checkout(
    *,
    customer_id: int,
    address_id: UUID,
    method: str,
    bill_fingerprint: str,
    now: datetime,
    instructions: Sequence[str] = (),
    tip_paise: int | None = None,
    slot_id: int | None = None,
    use_wallet: bool = False,
    wallet_paise: int | None = None,
) -> Order:
    """Order what is in the customer's cart for this address, at exactly the bill that was shown.

    The store is chosen again for the address: the cart's own when it can serve, else the best other one that has every
    line. Cash orders are CONFIRMED at once; online ones are PENDING with their stock held until `pay_by`; of either
    kind a customer may have only so many open (settings.ORDER_MOST_OPEN_UNPAID, ORDER_MOST_OPEN_CASH), so that nobody
    empties a store without paying. With a slot the order is its store's, closed or busy as that may be now, and waits
    until it is time (services/slots.py). `use_wallet` pays what the wallet can give first and only the rest by
    `method`; an order it pays alone, or a promotion made free, is paid and CONFIRMED at once, whatever `method` said.
    `wallet_paise` is what the customer was shown it gives.

    Refuses, and then nothing is written: TooManyOpenOrders(open, max), CartEmpty, NoSuchAddress, NotServed,
    StoreClosed(reason), SlotGone(slots) with those that are left, NotOnShelf, TooManyUnits, BelowMinimum,
    TooMuchToCarry(bags, litres) when no rider of the store could carry it, BillChanged(bill) when any figure is not the
    one shown, WalletChanged when the wallet gives another sum now, CashLimit(limit_paise), OutOfStock(short).
    """
    plan = plan_of(
        customer_id=customer_id, address_id=address_id, tip_paise=tip_paise, method=method, slot_id=slot_id,
        use_wallet=use_wallet, now=now,
    )  # fmt: skip
    refuse_unless_agreed(plan, fingerprint=bill_fingerprint)
    chips = checked_instructions(instructions)

    order = draft(plan, customer_id=customer_id, method=Method(method), instructions=chips, now=now)
    actor = f"user:{customer_id}"
    quote, inputs = promise_for(plan.store, to=plan.address.point, lines=len(plan.wanted), units=plan.units, now=now)
    # What is held must still be good at the door; an order that is not paid yet may begin its way when its time to pay
    # ends.
    arrives_at = plan.slot.ends_at if plan.slot else quote.by(order.pay_by or now)
    # The first writes, and the only ones that can still refuse. A refusal is kept as an answer: nothing reserved or
    # taken may stay behind it. Wallet before stock before slot, as everywhere.
    with transaction.atomic() if plan.offered.uses or use_wallet or plan.slot else nullcontext():
        if plan.offered.uses:
            reserve(plan, order, shown=bill_fingerprint, now=now)
        if use_wallet:
            pay_from_wallet(plan, order, shown_paise=wallet_paise, shown=bill_fingerprint, now=now)
        if not order.to_pay_paise:  # the wallet paid it all, or a promotion made it free
            order.payment_method, order.pay_by = Method.WALLET.value, None
        refuse_way_to_pay(plan, order)
        until = None if order.pay_by is None else order.pay_by + timedelta(seconds=HOLD_GRACE_S)
        hold(plan, order, until=until, arrives_at=arrives_at, actor=actor, now=now)
        if plan.slot and not slots.book(slot_id=plan.slot.pk, now=now):
            raise slot_gone(plan.slot.store_id, now=now)
    facts: list[DomainEvent] = [
        OrderPlaced(
            order_id=order.pk, store_code=plan.store.code, customer_id=customer_id, total_paise=order.total_paise
        )
    ]
    is_settled = order.payment_method != Method.ONLINE
    if is_settled:
        order.status = Status.CONFIRMED
        order.confirmed_at = now
        if plan.slot is None:
            order.promised_from, order.promised_by = quote.from_at(now), quote.by(now)
        why = "Cash on delivery" if order.payment_method == Method.COD else "Paid from the wallet"
        if not order.total_paise:
            why = "Nothing to pay"
        facts.append(OrderMoved(order_id=order.pk, old=Status.PENDING, new=Status.CONFIRMED, why=why))
        facts.append(OrderConfirmed(order_id=order.pk, store_code=plan.store.code, customer_id=customer_id))
    order.save(force_insert=True)
    money.open_payment(
        ref=order.pk,
        customer_id=customer_id,
        amount_paise=order.to_pay_paise,
        wallet_paise=order.wallet_paise,
        method=order.payment_method,
        due_by=order.pay_by,
        now=now,
    )
    OrderLine.objects.bulk_create(lines_of(order, plan))
    if is_settled:
        promise_of(order, plan, quote, inputs, now=now).save(force_insert=True)
    keep_choice(order, plan, now=now)
    if plan.cart.tip_paise or plan.cart.coupon_code or plan.cart.is_gift:
        Cart.objects.filter(pk=plan.cart.pk).update(
            tip_paise=0, coupon_code="", is_gift=False, gift_note="", gift_from=""
        )
    events.record_all(facts, subject=subject(order), actor=actor)
    hint(order)
    metrics.count("orders_placed_total", store=plan.store.code, method=order.payment_method)
    return order
