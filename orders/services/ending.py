"""Paid, cancelled, refunded, closed: the beginning and the ends of an order that money decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from catalog import queries as goods
from catalog import services as promotions
from inventory import services as stock
from inventory.errors import HoldGone
from orders.errors import NoSuchOrder, ReasonNeeded, TooLateToCancel
from orders.events import OrderCancelled, OrderClosed, OrderConfirmed
from orders.models import Order, Promise
from orders.queries import claims
from orders.queries.places import promise_for
from orders.queries.slots import VERSION, schedule_for
from orders.services import slots
from orders.services.mover import joining, lock, step
from orders.services.showing import shown_before
from orders.states import CUSTOMER_MAY_CANCEL, NEXT, STAFF_MAY_CANCEL, Status
from payments import services as money
from payments.models import Payment, PaymentState

WINDOW_OVER = "Not paid in time"
SOLD_MEANWHILE = "The items were sold before the payment arrived"


@transaction.atomic
def confirm(*, order_id: UUID, now: datetime, actor: str = "system") -> Order:
    """The order is paid: PENDING → CONFIRMED, the hold made firm, the promise written. Silent unless it is PENDING.

    When its stock was given back meanwhile (paid at the very end of the window), it is cancelled and refunded instead.
    A store that was switched off meanwhile is its store all the same: `sweep_offline` finds it another one.
    """
    order = lock(order_id)
    if order.status != Status.PENDING:
        return order
    try:
        stock.firm(ref=order.pk, now=now)
    except HoldGone:
        return cancel_locked(order, reason=SOLD_MEANWHILE, actor=actor, now=now)
    store = goods.store_by_id(order.store_id)
    size = order.lines.aggregate(lines=Count("pk"), units=Sum("qty"))
    order.confirmed_at = now
    lines, units = size["lines"], size["units"] or 0
    if order.slot is None:
        quote, inputs = promise_for(store, to=order.point, lines=lines, units=units, now=now)
        order.promised_from, order.promised_by = quote.from_at(now), quote.by(now)
        version, p50_at, kept = quote.version, quote.middle_at(now), shown_before(order, inputs)
    else:
        later = schedule_for(order.slot, store, to=order.point, lines=lines, units=units, now=now)
        order.release_at = later.release_at
        version, p50_at, kept = VERSION, later.p50_at, {"inputs": later.inputs}
    assert order.promised_by is not None
    Promise.objects.create(
        order=order, version=version, made_at=now, p50_at=p50_at, promised_by=order.promised_by, **kept
    )
    ready = OrderConfirmed(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)
    fields = ("confirmed_at", "promised_from", "promised_by", "release_at")
    return step(order, Status.CONFIRMED, actor=actor, now=now, why="Paid", fields=fields, also=[ready])


@transaction.atomic
def cancel(*, order_id: UUID, by: str, reason: str, actor: str, now: datetime, customer_id: int | None = None) -> Order:
    """End an order before it leaves the store: stock given back, money refunded. Silent when it is cancelled already.

    `by` is "customer" (until picking starts), "staff" (with a reason, until the bags leave) or "system" (the same reach
    as staff). With `customer_id` only that customer's order is found. Raises NoSuchOrder, ReasonNeeded,
    TooLateToCancel.
    """
    order = lock(order_id)
    if customer_id is not None and order.customer_id != customer_id:
        raise NoSuchOrder
    if order.status == Status.CANCELLED or (order.status == Status.REFUNDED and order.picked_up_at is None):
        return order
    reason = reason.strip()
    if by != "customer" and not reason:
        raise ReasonNeeded("Say why it is cancelled: the customer will read it.")
    if order.status not in (CUSTOMER_MAY_CANCEL if by == "customer" else STAFF_MAY_CANCEL):
        raise TooLateToCancel(_too_late(order, by), status_now=order.status)
    return cancel_locked(order, reason=reason or "Cancelled by the customer", actor=actor, now=now)


def cancel_locked(order: Order, *, reason: str, actor: str, now: datetime) -> Order:
    """The cancellation itself, for acts that hold the order's lock."""
    order.cancel_reason = reason[:160]
    gone = OrderCancelled(
        order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id, reason=order.cancel_reason
    )
    step(order, Status.CANCELLED, actor=actor, now=now, why=order.cancel_reason, fields=("cancel_reason",), also=[gone])
    give_back_promotions(order, now=now)
    money.cancel(ref=order.pk, reason=order.cancel_reason, now=now)
    stock.release(ref=order.pk, reason=order.cancel_reason, actor=actor, now=now)
    slots.give_back(order)
    return order


def give_back_promotions(order: Order, *, now: datetime) -> None:
    """The order counts against no limit any more. Promotions are locked after orders, before payments and stock."""
    if order.promotions:
        promotions.give_back(ref=order.pk, now=now)


@joining
def refund_done(*, order_id: UUID, now: datetime, actor: str = "system") -> Order:
    """A refund of this order has completed: CANCELLED or UNDELIVERED → REFUNDED once nothing is owed. Else silent."""
    order = lock(order_id)
    if order.status in (Status.CANCELLED, Status.UNDELIVERED) and money.refund_settled(order.pk):
        step(order, Status.REFUNDED, actor=actor, now=now, why="Everything was refunded")
    return order


@joining
def close(*, order_id: UUID, now: datetime, actor: str = "system") -> Order:
    """DELIVERED → CLOSED: the time for claims is over. Silent when it is not DELIVERED (any more)."""
    order = lock(order_id)
    if order.status != Status.DELIVERED:
        return order
    closed = OrderClosed(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)
    return step(order, Status.CLOSED, actor=actor, now=now, why="The time for claims is over", also=[closed])


def sweep_unpaid(*, now: datetime, limit: int = 200) -> int:
    """Cancel what was not paid in time; confirm what was paid although nobody told us yet. Returns how many moved.

    Each order is an act of its own: one that fails does not hold up the others.
    """
    due = Order.objects.filter(status=Status.PENDING, pay_by__lte=now).order_by("pay_by").values_list("pk", flat=True)
    return one_by_one(list(due[:limit]), lambda order_id: end_window(order_id=order_id, now=now), sweep="unpaid")


def close_delivered(*, now: datetime, limit: int = 500) -> int:
    """Close what was delivered so long ago that nothing of it can be claimed any more, and at least ORDER_CLOSE_AFTER_H
    ago. Returns how many. Each is an act of its own."""
    policy = claims.policy()
    hours = max(getattr(settings, "ORDER_CLOSE_AFTER_H", 24), policy.window_h, policy.perishable_window_h)
    before = now - timedelta(hours=hours)
    due = Order.objects.filter(status=Status.DELIVERED, delivered_at__lte=before).order_by("delivered_at")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return one_by_one(ids, lambda order_id: close(order_id=order_id, now=now), sweep="close")


@transaction.atomic
def end_window(*, order_id: UUID, now: datetime) -> bool:
    """The time to pay is over: cancel, or confirm what was paid already. False when it was not PENDING any more."""
    order = lock(order_id)
    if order.status != Status.PENDING:
        return False
    # The payment is read after the order's lock: a capture that was committed wins over the clock.
    if Payment.objects.filter(ref=order.pk, state=PaymentState.CAPTURED).exists():
        confirm(order_id=order.pk, now=now)
    else:
        cancel_locked(order, reason=WINDOW_OVER, actor="system", now=now)
    return True


def _too_late(order: Order, by: str) -> str:
    status = Status(order.status)
    if by == "customer" and status in STAFF_MAY_CANCEL:
        return "Your order is being packed already, so it can't be cancelled here. Call us if something is wrong."
    if not NEXT[status] or status == Status.DELIVERED:
        return say("This order is over ({status}).", status=str(status.label).lower())
    return "The bags have left the store, so this order can't be cancelled any more."
