"""Cashback: what an order promised, paid into the wallet when the time for claims is over.

At CLOSED and not at the door, and not while a claim waits: what is refunded until then takes its share with it. What is
refunded later (a question about rider or payment) takes its share out of the wallet again, as far as it is not spent.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, Sum

from orders.claims import Claim, ClaimState
from orders.models import Order
from orders.services.mover import hint, joining, lock
from orders.states import Status
from payments import services as money
from payments.models import Payment, Source
from payments.services.wallet import CASHBACK_GOOD_FOR


@joining
def pay_cashback(*, order_id: UUID, now: datetime) -> int:
    """Pay a CLOSED order's cashback, once, when no claim waits. Returns the paise it comes to; repeating is silent.

    Its share of the goods that were kept: value found and not refunded over value ordered, rounded down to a paisa.
    """
    order = lock(order_id)
    if order.status != Status.CLOSED or not order.cashback_paise:
        return 0
    if order.cashback_paid_paise is not None:
        return order.cashback_paid_paise
    if Claim.objects.filter(order=order, state=ClaimState.WAITING).exists():
        return 0  # whoever decides the last one pays it
    paise = _due_paise(order)
    order.cashback_paid_paise = paise
    order.save(update_fields=["cashback_paid_paise"])
    if paise:
        money.credit_wallet(
            customer_id=order.customer_id,
            amount_paise=paise,
            source=Source.CASHBACK,
            key=_key(order),
            reason=f"Order {order.number}",
            ref=order.pk,
            expires_at=now + CASHBACK_GOOD_FOR,
            now=now,
        )
    hint(order)
    return paise


def take_cashback_back(order: Order, *, key: str, now: datetime) -> int:
    """A locked order was refunded after its cashback was paid: the share of what went back leaves the wallet, as far as
    it is not spent. Returns the paise; once per key."""
    if not order.cashback_paid_paise:
        return 0
    too_much_paise = order.cashback_paid_paise - _due_paise(order)
    paise = money.take_credit_back(
        customer_id=order.customer_id,
        credit_key=_key(order),
        most_paise=too_much_paise,
        kind="cashback_back",
        key=f"cashback_back:{key}",
        reason=f"Order {order.number}",
        ref=order.pk,
        now=now,
    )
    if paise:
        order.cashback_paid_paise -= paise
        order.save(update_fields=["cashback_paid_paise"])
    return paise


def _key(order: Order) -> str:
    return f"cashback:{order.pk}"


def _due_paise(order: Order) -> int:
    kept_paise, asked_paise = _kept(order)
    return order.cashback_paise * kept_paise // asked_paise if asked_paise else 0


def _kept(order: Order) -> tuple[int, int]:
    """Value of the goods that stayed with the customer, and of those that were ordered.

    A substitute was not ordered, but what was found of it stays.
    """
    ordered, short = F("unit_price_paise") * F("qty"), F("unit_price_paise") * F("short_qty")
    sums = order.lines.aggregate(
        asked=Sum(ordered, filter=Q(substitute_for=None)), kept=Sum(ordered, default=0) - Sum(short, default=0)
    )
    asked_paise = int(sums["asked"] or 0)
    payment = Payment.objects.select_for_update().get(ref=order.pk)
    paid_paise = payment.captured_paise - payment.refunded_paise + payment.wallet_paise - payment.wallet_returned_paise
    # Refunds that did not lower the order's own total: claims.
    refunded_paise = max(0, order.total_paise - paid_paise)
    found_paise = min(sums["kept"], order.items_paise)
    return max(0, found_paise - refunded_paise), asked_paise
