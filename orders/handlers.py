"""How orders react to what other rooms announce."""

from __future__ import annotations

from django.utils import timezone

from blinkit.kernel import events
from blinkit.kernel.events import EventMeta
from inventory.events import BatchBlocked, HoldExpired
from inventory.recall_queries import MUST_NOT_LEAVE
from orders import services
from orders.events import (
    ClaimApproved,
    OrderClosed,
    OrderDelivered,
    OrderPickedUp,
    OrderUndelivered,
    RecalledUnitsHeld,
)
from orders.models import Order
from orders.services.invoices import keep_documents
from orders.services.judging import count_promise
from orders.states import Status
from payments.events import PaymentCaptured, RefundCompleted


def payment_captured(event: PaymentCaptured, meta: EventMeta) -> None:
    """Paid: confirm. A capture after a cancellation is payments' to send back; cash at the door finds nothing to do."""
    if Order.objects.filter(pk=event.ref, status=Status.PENDING).exists():
        services.confirm(order_id=event.ref, now=timezone.now())


def order_closed(event: OrderClosed, meta: EventMeta) -> None:
    """The time for claims is over: its cashback is paid."""
    if Order.objects.filter(pk=event.order_id, cashback_paise__gt=0).exists():
        services.pay_cashback(order_id=event.order_id, now=timezone.now())


def order_delivered(event: OrderDelivered, meta: EventMeta) -> None:
    """Perhaps the first order of somebody who came by a friend's code."""
    services.reward_referral(order_id=event.order_id, now=timezone.now())


def came_late(event: OrderDelivered, meta: EventMeta) -> None:
    """What the table gives for a late delivery, measured by the promise ledger; and the ledger's figures."""
    count_promise(order_id=event.order_id)
    services.credit_late(order_id=event.order_id, now=timezone.now())


def hold_expired(event: HoldExpired, meta: EventMeta) -> None:
    """The stock is no longer set aside: an order still waiting for its payment ends."""
    if Order.objects.filter(pk=event.ref, status=Status.PENDING).exists():
        services.end_window(order_id=event.ref, now=timezone.now())


def refund_completed(event: RefundCompleted, meta: EventMeta) -> None:
    """Money is back with the customer: a cancelled or undelivered order may be REFUNDED now."""
    if Order.objects.filter(pk=event.ref, status__in=[Status.CANCELLED, Status.UNDELIVERED]).exists():
        services.refund_done(order_id=event.ref, now=timezone.now())


def tax_documents(event: OrderPickedUp | OrderDelivered | OrderUndelivered | ClaimApproved, meta: EventMeta) -> None:
    """The goods have left, came back, or cost less than was invoiced: the invoice, or a credit note."""
    keep_documents(order_id=event.order_id, now=timezone.now())


def batch_blocked(event: BatchBlocked, meta: EventMeta) -> None:
    """A lot was recalled or has expired: each order stuck with units of it is seen to in its own transaction."""
    if event.state not in MUST_NOT_LEAVE:
        return
    for order in Order.objects.filter(pk__in=event.stuck).select_related("store").order_by("pk"):
        stuck = RecalledUnitsHeld(order_id=order.pk, store_code=order.store.code)
        events.record(stuck, subject=f"order:{order.pk}", actor="system")
