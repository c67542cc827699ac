"""An order as its customer (and the order desk) sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext

from blinkit.kernel import events, pictures
from blinkit.kernel.events import TimelineRow
from blinkit.kernel.prepared import Prepared
from catalog.pricing.tax import TaxSplit, split
from orders.errors import NoSuchOrder
from orders.models import Order, OrderLine, OrderQuerySet
from orders.queries.carts import gift_json
from orders.queries.money import late_credit_of
from orders.queries.outlook import Outlook, outlook_of
from orders.queries.shown import Facts, facts_of, position_of, rating_of, rider_at, route_of, shown_of
from orders.states import BEFORE_PICKUP, CUSTOMER_MAY_CANCEL, FINISHED, ON_ROAD, Status
from orders.steady import WHY, Shown
from orders.words import sentence_of
from payments.models import Payment

CODE_SHOWN = BEFORE_PICKUP | ON_ROAD
STEPS: tuple[tuple[str, str, frozenset[Status]], ...] = (
    ("placed", "Placed", frozenset({Status.PENDING})),
    ("confirmed", "Confirmed", frozenset({Status.CONFIRMED, Status.ASSIGNED_TO_STORE})),
    ("picking", "Being packed", frozenset({Status.PICKING, Status.PACKED, Status.ASSIGNED_TO_PARTNER})),
    ("riding", "On the way", ON_ROAD),
    ("delivered", "Delivered", frozenset({Status.DELIVERED, Status.CLOSED})),
)


_orders = Prepared(
    lambda order_id: Order.objects.select_related("store", "store__load", "store__city", "late_credit").filter(
        pk=order_id
    )
)
_lines = Prepared(lambda order_id: OrderLine.objects.filter(order=order_id))
_payments = Prepared(
    lambda order_id: Payment.objects.filter(ref=order_id).annotate(
        into_wallet_paise=Sum("refunds__amount_paise", filter=Q(refunds__to_wallet=True))
    )
)


def order_of(*, order_id: UUID, customer_id: int | None) -> Order:
    """The order with its store; with a customer only theirs. Raises NoSuchOrder."""
    order = _orders.first(order_id)
    if order is None or (customer_id is not None and order.customer_id != customer_id):
        raise NoSuchOrder
    return order


def orders_of(customer_id: int) -> OrderQuerySet:
    """The customer's orders, newest first, with store and lines: three statements for a page."""
    return Order.objects.of(customer_id).select_related("store").prefetch_related("lines").order_by("-placed_at", "-id")


def tracking(*, order_id: UUID, customer_id: int | None = None, now: datetime | None = None) -> dict[str, Any]:
    """All the tracking page shows, JSON-able, in three statements (measured legs are kept for a minute, a rider's
    rating for a quarter of an hour). `customer_id` None is for staff: no door code then. Raises NoSuchOrder.

    Times are aware instants; the arrival range `eta_from_m`–`eta_to_m` counts from `as_of`, None when it is over; it
    narrows, and `eta_why` says why when it had to move. Customers are told who brings it, `rider.position`
    {lat, lng, at, ...} and `rider.route` {id, polyline, metres}, only while their bags are on the road; before it there
    is `rider_is_coming`.
    """
    order = order_of(order_id=order_id, customer_id=customer_id)
    return tracking_of(order, for_customer=customer_id is not None, now=now or timezone.now())


def tracking_of(order: Order, *, for_customer: bool, now: datetime) -> dict[str, Any]:
    """The same of an order that is loaded with its store, load and city, in two statements."""
    lines = _lines(order.pk)
    payment = _payments.first(order.pk)
    status = Status(order.status)
    facts = facts_of(order) if status not in FINISHED else {}
    seen = outlook_of(order, lines=len(lines), now=now, position=rider_at(order, facts))
    shown = _shown(order, seen, facts, now=now)
    eta_from_m, eta_to_m = shown.minutes(now) if shown else (None, None)
    late_s, expected_late_s = _late_s(order, now), _expected_late_s(order, seen)
    credit = late_credit_of(order)
    credit_paise = 0 if credit is None else credit.paise
    return {
        **summary(order, lines),
        "sentence": sentence_of(
            order, eta_from_m, eta_to_m, late_s, now=now, expected_late_s=expected_late_s, credit_paise=credit_paise
        ),
        "schedule": schedule_of(order),
        "step": step_of(order),
        "steps": steps_of(order),
        "is_live": status not in FINISHED,
        "can_cancel": status in CUSTOMER_MAY_CANCEL,
        "cancel_reason": order.cancel_reason,
        "eta_from_m": eta_from_m,
        "eta_to_m": eta_to_m,
        "eta_why": {"code": shown.why, "sentence": WHY[shown.why]} if shown and shown.why in WHY else None,
        "late_s": late_s,
        "expected_late_s": expected_late_s,
        "late_credit_paise": credit_paise,
        "confirmed_at": order.confirmed_at,
        "packed_at": order.packed_at,
        "picked_up_at": order.picked_up_at,
        "store_place": {"lat": order.store.lat, "lng": order.store.lng, "phone": order.store.phone},
        "to": {
            "lat": order.lat,
            "lng": order.lng,
            "address": order.address_text,
            "door_instructions": order.door_instructions,
            "instructions": order.instructions,
            "contact_name": order.contact_name,
        },
        "lines": [line_json(line) for line in lines],
        "bill": order_bill_json(order, lines),
        "payment": _payment_json(payment, order),
        "gift": gift_json(order),
        "rider": _rider_json(order, facts, for_customer=for_customer, now=now),
        "rider_is_coming": status in BEFORE_PICKUP and order.rider_id_ref is not None,
        "rider_at_door_at": order.rider_at_door_at if status in ON_ROAD else None,
        "otp": order.door_otp if for_customer and status in CODE_SHOWN else None,
        "leave_at_door": "leave_at_door" in order.instructions,
        "as_of": now,
    }


def summary(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """A card of the order list. Costs nothing where store and lines are loaded."""
    return {
        "id": order.pk,
        "number": order.number,
        "status": order.status,
        "status_label": gettext(Status(order.status).label),
        "store": {"code": order.store.code, "name": order.store.name},
        "placed_at": order.placed_at,
        "promised_from": order.promised_from,
        "promised_by": order.promised_by,
        "slot": slot_of_order(order),
        "delivered_at": order.delivered_at,
        "units": sum(line.qty - line.short_qty for line in lines),
        "first_items": [line.name for line in lines[:3]],
        "total_paise": order.total_paise,
        "payment_method": order.payment_method,
        "currency": "INR",
    }


def slot_of_order(order: Order) -> dict[str, Any] | None:
    """The window it was ordered for; None for an order for now. Costs nothing: the promise is the window."""
    if order.slot_id is None:
        return None
    return {"id": order.slot_id, "starts_at": order.promised_from, "ends_at": order.promised_by}


def schedule_of(order: Order) -> list[dict[str, Any]]:
    """What happens when, for an order that waits for its slot; empty otherwise."""
    if not order.is_for_later or order.status not in (Status.PENDING, Status.CONFIRMED):
        return []
    return [
        {"key": "packing", "label": "We begin to pack", "at": order.release_at},
        {"key": "window", "label": "At your door from", "at": order.promised_from},
        {"key": "until", "label": "At the latest", "at": order.promised_by},
    ]


def timeline(order_id: UUID) -> list[TimelineRow]:
    """Every event of the order, oldest first: who, when, what, why."""
    return events.timeline(f"order:{order_id}")


def _shown(order: Order, left: Outlook | None, facts: Facts, *, now: datetime) -> Shown | None:
    """The arrival range, from what is done and what is still to do; None when it is over, not promised yet, the rider
    is there, or the order has a slot and is not on the road.

    Never below what the remaining legs need. Before the ride the promised range is kept for as long as it can be; on
    the road only what is left of the way counts.
    """
    if left is None or order.promised_by is None or order.promised_from is None or order.rider_at_door_at:
        return None
    if order.slot_id is not None and order.status not in ON_ROAD:  # its window says when, not minutes
        return None
    from_at, to_at = now + timedelta(seconds=left.p50_s), now + timedelta(seconds=left.p90_s)
    if order.status not in ON_ROAD:
        from_at, to_at = max(from_at, order.promised_from), max(to_at, order.promised_by)
    return shown_of(order, left, facts, between=(min(from_at, to_at), to_at), now=now)


def step_of(order: Order) -> int:
    """0 placed, 1 confirmed, 2 being packed, 3 on the way, 4 delivered; how far a cancelled order came."""
    status = Status(order.status)
    for number, (_key, _label, statuses) in enumerate(STEPS):
        if status in statuses:
            return number
    if order.picked_up_at:
        return 3
    if order.packed_at:
        return 2
    return 1 if order.confirmed_at else 0


def steps_of(order: Order) -> list[dict[str, Any]]:
    """The five-step line: each step "done", "now" or "todo", with the time it was reached where that is known."""
    here = step_of(order)
    over = Status(order.status) in FINISHED
    reached = (order.placed_at, order.confirmed_at, order.packed_at, order.picked_up_at, order.delivered_at)
    steps = []
    for number, (key, label, _statuses) in enumerate(STEPS):
        state = "done" if number < here or (over and number == here) else "now" if number == here else "todo"
        steps.append({"key": key, "label": gettext(label), "state": state, "at": reached[number]})
    return steps


def line_json(line: OrderLine) -> dict[str, Any]:
    return {
        "id": line.pk,
        "sku": line.sku,
        "name": line.name,
        "pack": line.pack,
        "image": line.image,
        "images": pictures.sizes_dict(line.image),
        "qty": line.qty,
        "short_qty": line.short_qty,
        "unit_price_paise": line.unit_price_paise,
        "mrp_paise": line.mrp_paise,
        "gross_paise": line.unit_price_paise * (line.qty - line.short_qty),
        "discount_paise": line.discount_paise,
        "consent": line.consent,
        "substitute_up_to_paise": line.substitute_up_to_paise,
        "substitute_for": line.substitute_for_id,
    }


def order_bill_json(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    saved = sum((line.mrp_paise - line.unit_price_paise) * (line.qty - line.short_qty) for line in lines)
    return {
        "items_paise": order.items_paise,
        "delivery_paise": order.delivery_paise,
        "handling_paise": order.handling_paise,
        "small_cart_paise": order.small_cart_paise,
        "surge_paise": order.surge_paise,
        "tip_paise": order.tip_paise,
        "discount_paise": order.discount_paise,
        "tax_paise": order.tax_paise,
        "total_paise": order.total_paise,
        "saved_paise": saved + order.discount_paise,
        "cashback_paise": order.cashback_paise,
        "cashback_paid_paise": order.cashback_paid_paise,
        "promotions": order.promotions or [],
        "tax": tax_json(order, lines),
        "currency": "INR",
    }


def tax_json(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """The GST of the order by who gets it: of each line and of the fees together."""
    of_lines = [line.tax_paise for line in lines]
    parts = [*of_lines, order.tax_paise - sum(of_lines)]
    states = {"supplier_state": order.supplier_state, "place_of_supply": order.place_of_supply}
    return {**asdict(sum((split(part, **states) for part in parts), TaxSplit())), **states}


def _payment_json(payment: Any, order: Order) -> dict[str, Any] | None:
    if payment is None:
        return None
    return {
        "id": payment.pk,
        "method": payment.method,
        "state": payment.state,
        "amount_paise": payment.amount_paise,
        "captured_paise": payment.captured_paise,
        "refunded_paise": payment.refunded_paise,
        "wallet_paise": payment.wallet_paise,
        "wallet_returned_paise": payment.wallet_returned_paise,
        "into_wallet_paise": payment.into_wallet_paise or 0,
        "pay_by": order.pay_by,
    }


def _rider_json(order: Order, facts: Facts, *, for_customer: bool, now: datetime) -> dict[str, Any] | None:
    """Who brings it: for the customer from the pick-up on, for staff from the acceptance on; nobody once it is over."""
    if order.rider_id_ref is None or order.status in FINISHED or (for_customer and order.status not in ON_ROAD):
        return None
    rating = rating_of(order, facts)
    position = position_of(order, facts)
    return {"name": order.rider_name, "rating": rating, "position": position, "route": route_of(position, facts)}


def _late_s(order: Order, now: datetime) -> int:
    """Seconds behind the promise: so far while it runs, finally once delivered; 0 when in time or cancelled."""
    if order.promised_by is None:
        return 0
    status = Status(order.status)
    until = order.delivered_at or (None if status in FINISHED else now)
    return 0 if until is None else max(0, round((until - order.promised_by).total_seconds()))


def _expected_late_s(order: Order, seen: Outlook | None) -> int:
    """Seconds behind the promise that are probable now; 0 below ORDER_TELL_LATE_M, at the door and while it waits for
    its slot."""
    if seen is None or order.is_for_later or not seen.at_risk or order.rider_at_door_at:
        return 0
    return seen.expected_late_s if seen.expected_late_s >= 60 * settings.ORDER_TELL_LATE_M else 0
