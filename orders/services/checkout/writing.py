"""The rows of a new order, as it was agreed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.db import connection

from accounts.models import Address
from catalog.pricing.tax import state_of_pincode
from orders import promise
from orders.landmarks import as_landmark
from orders.models import Cause, Order, OrderLine, Promise
from orders.queries.slots import VERSION
from orders.services.checkout.planning import Plan
from orders.services.showing import shown_before
from orders.states import Status
from payments.models import Method


def pay_window() -> timedelta:
    return timedelta(minutes=getattr(settings, "ORDER_PAY_WINDOW_M", 15))


def draft(plan: Plan, *, customer_id: int, method: Method, instructions: list[str], now: datetime) -> Order:
    bill, address, slot = plan.bill, plan.address, plan.slot
    return Order(
        number=plan.number,
        customer_id=customer_id,
        store=plan.store,
        status=Status.PENDING,
        address_text=_address_text(address),
        lat=address.lat,
        lng=address.lng,
        door_instructions=address.door_instructions,
        instructions=instructions,
        contact_name=address.user.name,
        contact_phone=address.user.phone,
        distance_metres=plan.place.distance_metres,
        items_paise=bill.items_paise,
        delivery_paise=bill.delivery_paise,
        handling_paise=bill.handling_paise,
        small_cart_paise=bill.small_cart_paise,
        surge_paise=bill.surge_paise,
        tip_paise=bill.tip_paise,
        discount_paise=bill.discount_paise,
        tax_paise=bill.tax_paise,
        total_paise=bill.total_paise,
        fee_gst_bp=bill.fee_gst_bp,
        promotions=[{"id": one.rule.id, **one.as_dict()} for one in bill.promotions.applied] or None,
        cashback_paise=bill.cashback_paise,
        supplier_state=plan.store.city.state_code,
        place_of_supply=state_of_pincode(address.pincode) or plan.store.city.state_code,
        payment_method=method.value,
        is_gift=plan.cart.is_gift,
        gift_note=plan.cart.gift_note,
        gift_from=plan.cart.gift_from,
        slot=slot,
        release_at=None if plan.later is None else plan.later.release_at,
        promised_from=None if slot is None else slot.starts_at,
        promised_by=None if slot is None else slot.ends_at,
        placed_at=now,
        status_at=now,
        pay_by=None if method == Method.COD else now + pay_window(),
        door_otp=f"{secrets.randbelow(10_000):04d}",
    )


def lines_of(order: Order, plan: Plan) -> list[OrderLine]:
    billed = {line.product_id: line for line in plan.bill.lines}
    lines = []
    for wanted in plan.wanted:
        row, bill = plan.rows[wanted.product_id], billed[wanted.product_id]
        lines.append(
            OrderLine(
                order=order,
                product_id=wanted.product_id,
                sku=row.sku,
                name=row.name,
                pack=row.pack,
                image=row.image,
                qty=wanted.qty,
                unit_price_paise=bill.unit_price_paise,
                price_source=bill.source,
                mrp_paise=bill.mrp_paise,
                gst_bp=bill.gst_bp,
                hsn=row.hsn,
                discount_paise=bill.discount_paise,
                tax_paise=bill.tax_paise,
                consent=wanted.consent,
                substitute_up_to_paise=wanted.substitute_up_to_paise,
            )
        )
    return lines


def promise_of(order: Order, plan: Plan, quote: promise.Quote, inputs: dict[str, object], *, now: datetime) -> Promise:
    assert order.promised_by is not None
    if plan.later is not None:
        return Promise(
            order=order,
            version=VERSION,
            made_at=now,
            p50_at=plan.later.p50_at,
            promised_by=order.promised_by,
            inputs=plan.later.inputs,
        )
    return Promise(
        order=order,
        version=quote.version,
        made_at=now,
        p50_at=quote.middle_at(now),
        promised_by=order.promised_by,
        **shown_before(order, inputs),
    )


def keep_choice(order: Order, plan: Plan, *, now: datetime) -> None:
    """Write down which stores were judged, and take out of the cart what was ordered, a line put in meanwhile stays.
    One statement: the choice is kept for every order, and a purchase has not become dearer by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH ordered AS (DELETE FROM orders_cartline WHERE cart_id = %(cart)s AND product_id = ANY(%(products)s))"
            " INSERT INTO orders_sourcing (order_id, cause, store_id, candidates, why, made_at)"
            " VALUES (%(order)s, %(cause)s, %(store)s, %(candidates)s::jsonb, '', %(now)s)",
            {
                "cart": plan.cart.pk,
                "products": list(plan.rows),
                "order": order.pk,
                "cause": (Cause.CHECKOUT if plan.slot is None else Cause.SLOT).value,
                "store": plan.store.pk,
                "candidates": orjson.dumps([verdict.as_json() for verdict in plan.place.why]).decode(),
                "now": now,
            },
        )


def _address_text(address: Address) -> str:
    parts = [address.line1, address.line2, as_landmark(address.landmark), address.pincode]
    return ", ".join(part for part in parts if part)[:500]
