"""Orders and recalled goods: bags that must not leave, customers who have to know."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import RoleGrant
from blinkit.kernel import events
from blinkit.kernel.errors import NotFound
from blinkit.kernel.events import DomainEvent
from blinkit.kernel.models import Event
from inventory import recall_queries
from inventory import services as stock
from inventory.models import HoldState, Recall
from inventory.recall_queries import NotToLeave
from orders.events import HeldBackTold, OrderHeldBack, RecallNotice
from orders.models import Order
from orders.services.mover import hint, subject

NOTICES_AT_ONCE = 200


def hold_back(order: Order, it: NotToLeave, *, now: datetime) -> bool:
    """Recalled units are in a locked order's tote or bags: operations are told, once per lot. Returns whether now.

    The hand-over refuses by itself (`inventory.services.ship`).
    """
    before = Event.objects.filter(subject=subject(order), code=OrderHeldBack.code())
    if before.filter(payload__product_name=it.product, payload__lot=it.lot).exists():
        return False
    staff = RoleGrant.objects.filter(role="ops", user__is_active=True).order_by("user_id")
    fact = OrderHeldBack(
        order_id=order.pk, store_code=order.store.code, product_name=it.product, lot=it.lot, units=it.units
    )
    facts: list[DomainEvent] = [fact]
    facts += [
        HeldBackTold(order_id=order.pk, user_id=who, product_name=it.product, lot=it.lot)
        for who in staff.values_list("user_id", flat=True)
    ]
    events.record_all(facts, subject=subject(order), actor="system")
    hint(order)
    return True


def tell_recalled(*, recall_id: int, actor: str, now: datetime) -> int:
    """Tell the customer of each order whose recalled units have left the store: once per order and recall, however
    often it is asked. Returns how many are told now. Raises NotFound.
    """
    recall = Recall.objects.select_related("product").filter(pk=recall_id).first()
    if recall is None:
        raise NotFound("There is no such recall.")
    left = [
        it
        for it in recall_queries.received(product_id=recall.product_id, lot=recall.lot)
        if it.state == HoldState.SHIPPED
    ]
    lots = {it.ref: it.lot for it in left}
    refs, told = sorted(lots), 0
    for start in range(0, len(refs), NOTICES_AT_ONCE):
        with transaction.atomic():
            new = stock.note_told(recall_id=recall_id, refs=refs[start : start + NOTICES_AT_ONCE], now=now)
            for order in Order.objects.filter(pk__in=new).order_by("pk"):
                notice = RecallNotice(
                    order_id=order.pk, customer_id=order.customer_id, product_name=recall.product.name,
                    lot=lots[order.pk], reason=recall.reason,
                )  # fmt: skip
                events.record(notice, subject=subject(order), actor=actor)
                told += 1
    return told
