"""What riders do to an order: accept it, carry it, hand it over at the door, or bring it back."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events, live
from blinkit.kernel.limits import check_limit
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from inventory import services as stock
from orders.errors import IllegalMove, ProofNeeded, ReasonNeeded, RiderTaken, WrongCash, WrongOtp
from orders.events import OrderDelivered, OrderUndelivered, RiderAtDoor
from orders.models import Evidence, Order, Promise
from orders.services import books, handover
from orders.services.at_door import LEAVING, all_bags_back
from orders.services.ending import give_back_promotions
from orders.services.mover import hint, joining, lock, step, subject
from orders.states import BEFORE_PICKUP, ON_ROAD, Status
from payments import services as money

DOOR_CODE_TRIES = 5
DOOR_CODE_WINDOW_S = 600
GOODS_BACK = "goods_back"


@joining
def rider_accepted(*, order_id: UUID, rider_id: int, rider_name: str, actor: str, now: datetime) -> Order:
    """A rider will fetch this order; ASSIGNED_TO_PARTNER at once when the bags are packed, else when they are.

    Silent when repeated. Raises IllegalMove when nobody can fetch it (any more), RiderTaken when another rider has it.
    """
    order = lock(order_id)
    if order.status not in BEFORE_PICKUP:
        raise IllegalMove("This order does not need a rider any more.", status_now=order.status)
    if order.rider_id_ref not in (None, rider_id):
        raise RiderTaken("Another rider has taken this order.")
    if order.rider_id_ref is None:
        order.rider_id_ref, order.rider_name, order.rider_accepted_at = rider_id, rider_name, now
        fields = ("rider_id_ref", "rider_name", "rider_accepted_at")
        if order.status == Status.PACKED:
            return step(order, Status.ASSIGNED_TO_PARTNER, actor=actor, now=now, fields=fields)
        order.save(update_fields=fields)
        hint(order)
    return order


def doors_before(*, order_id: UUID, rider_id: int, longer_s: int) -> int:
    """Other doors of the rider's trip come before this one: its ride takes so much longer. Returns 1 when that is new;
    nothing when this rider has it no more. One statement."""
    row = Order.objects.filter(pk=order_id, rider_id_ref=rider_id).exclude(doors_before_s=longer_s)
    changed = row.update(doors_before_s=longer_s)
    if changed:
        live.touch(f"order.{order_id}", what="order", id=order_id)
    return changed


@transaction.atomic
def rider_here(*, order_ids: Sequence[UUID], rider_id: int, now: datetime) -> None:
    """This rider stands at the shelf: the floor hurries with these orders. Silent when repeated or not theirs."""
    for order_id in sorted(order_ids):
        order = lock(order_id)
        if order.rider_id_ref == rider_id and order.rider_here_at is None:
            order.rider_here_at = now
            order.save(update_fields=["rider_here_at"])
            hint(order)


@joining
def rider_fell_away(*, order_id: UUID, actor: str, now: datetime, rider_id: int | None = None, why: str = "") -> Order:
    """The rider will not come: facts cleared, ASSIGNED_TO_PARTNER → PACKED. Silent when that rider has it no more.

    Raises IllegalMove once the bags have left the store.
    """
    order = lock(order_id)
    if order.rider_id_ref is None or (rider_id is not None and order.rider_id_ref != rider_id):
        return order
    if order.status in ON_ROAD:
        raise IllegalMove("The bags are with the rider already.", status_now=order.status)
    hint(order)  # the rider who falls away looks again too
    handover.forget_scans(order, actor=actor, now=now)
    order.rider_id_ref, order.rider_name, order.rider_accepted_at, order.rider_here_at = None, "", None, None
    order.doors_before_s = 0
    fields = ("rider_id_ref", "rider_name", "rider_accepted_at", "rider_here_at", "doors_before_s")
    if order.status == Status.ASSIGNED_TO_PARTNER:
        return step(order, Status.PACKED, actor=actor, now=now, why=why or "The rider fell away", fields=fields)
    order.save(update_fields=fields)
    return order


@joining
def in_transit(*, order_id: UUID, actor: str, now: datetime) -> Order:
    """PICKED_UP → IN_TRANSIT: the rider has left the store. Silent when repeated."""
    order = lock(order_id)
    if order.status == Status.IN_TRANSIT:
        return order
    return step(order, Status.IN_TRANSIT, actor=actor, now=now)


@joining
def at_the_door(*, order_id: UUID, actor: str, now: datetime) -> Order:
    """The rider stands at the door: the customer is told. Silent when repeated and when it is handed over already.

    Raises IllegalMove unless the bags are on the road.
    """
    order = lock(order_id)
    if order.rider_at_door_at is not None or order.status == Status.DELIVERED:
        return order
    if order.status not in ON_ROAD:
        raise IllegalMove("The bags are not on the road.", status_now=order.status)
    order.rider_at_door_at = now
    order.save(update_fields=["rider_at_door_at"])
    there = RiderAtDoor(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)
    events.record(there, subject=subject(order), actor=actor)
    hint(order)
    return order


@transaction.atomic
def delivered(
    *,
    order_id: UUID,
    rider_id: int,
    actor: str,
    now: datetime,
    otp: str = "",
    photo: str = "",
    cash_paise: int | None = None,
) -> Order:
    """PICKED_UP or IN_TRANSIT → DELIVERED, against the door code (or a photo where the customer chose "leave at door").

    Cash on delivery: `cash_paise` must be exactly what is due; it goes onto the rider's cash account. Silent when
    repeated. Raises ProofNeeded, WrongOtp, TooMany after five tries in ten minutes, WrongCash(due_paise), IllegalMove.
    """
    order = lock(order_id)
    if order.status == Status.DELIVERED:
        return order
    if order.status in ON_ROAD:
        _prove(order, otp=otp, photo=photo)
        if order.cash_due_paise and cash_paise != order.cash_due_paise:
            due = say("{amount} in cash is due.", amount=rupees(order.cash_due_paise))
            raise WrongCash(due, due_paise=order.cash_due_paise)
    order.delivered_at = now
    late_s = max(0, round((now - order.promised_by).total_seconds())) if order.promised_by else 0
    done = OrderDelivered(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id, late_s=late_s)
    step(order, Status.DELIVERED, actor=actor, now=now, fields=("delivered_at",), also=[done])
    if order.cash_due_paise:
        money.collect_cash(ref=order.pk, rider_ref=rider_id, amount_paise=order.cash_due_paise, now=now)
    books.recognise(order, now=now)
    Promise.objects.filter(order=order, actual_at=None).update(actual_at=now)
    if photo:
        Evidence.objects.create(order=order, kind="door_photo", detail={"photo": photo}, actor=actor, at=now)
    return order


@transaction.atomic
def undelivered(*, order_id: UUID, reason: str, actor: str, now: datetime, by_us: bool = False) -> Order:
    """It could not be handed over: the goods go back to the store, what was paid is refunded in full. Where that was
    `by_us` and not for the customer's sake, its coupon and promotions are given back too.

    Silent when repeated. Raises ReasonNeeded, IllegalMove.
    """
    order = lock(order_id)
    if order.status == Status.UNDELIVERED:
        return order
    if not reason.strip():
        raise ReasonNeeded("Say why it could not be delivered.")
    order.cancel_reason = reason.strip()[:160]
    sad = OrderUndelivered(
        order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id, reason=order.cancel_reason
    )
    step(
        order, Status.UNDELIVERED, actor=actor, now=now, why=order.cancel_reason, fields=("cancel_reason",), also=[sad]
    )
    if by_us:
        give_back_promotions(order, now=now)
    money.cancel(ref=order.pk, reason=order.cancel_reason, now=now)
    return order


@joining
def goods_back(*, order_id: UUID, actor: str, now: datetime) -> Order:
    """The bags of an undelivered order are back in the store: their units can be sold again. Silent when repeated."""
    order = lock(order_id)
    if order.status not in (Status.UNDELIVERED, Status.REFUNDED) or order.picked_up_at is None:
        raise IllegalMove("Only goods of an undelivered order come back.", status_now=order.status)
    if not Evidence.objects.filter(order=order, kind=GOODS_BACK).exists():
        stock.take_back(ref=order.pk, actor=actor, now=now)
        Evidence.objects.create(order=order, kind=GOODS_BACK, detail={}, actor=actor, at=now)
        all_bags_back(order, actor=actor, now=now)
        hint(order)
    return order


def _prove(order: Order, *, otp: str, photo: str) -> None:
    if not otp:
        may_leave = any(chip in order.instructions for chip in LEAVING)
        if may_leave and photo:
            return
        needed = "Take a photo at the door." if may_leave else "Ask for the 4-digit door code."
        raise ProofNeeded(needed)
    # Counted in Redis: a refusal rolls the caller's transaction back, and a count in the row with it.
    check_limit("door-code", str(order.pk), limit=DOOR_CODE_TRIES, per_s=DOOR_CODE_WINDOW_S)
    if not hmac.compare_digest(otp.encode(), order.door_otp.encode()):
        raise WrongOtp("That is not the door code. Ask the customer to look at their order page.")
