"""What orders hold on a person; and what of it is about nobody afterwards."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from orders.claims import Claim, ClaimPhoto, ClaimState, Rating
from orders.errors import OrderOpen
from orders.invoices import TaxDocument
from orders.models import Cart, CartLine, Evidence, LateCredit, Order, OrderLine, TrustOverride
from orders.services.at_door import PIN
from orders.services.invoices import forget_recipient
from orders.services.photos import private
from orders.states import LIVE, Status

GONE = "—"
ROUGH = 2
"""Decimals of a degree: about a kilometre, good enough to learn where a store is missing."""
LINE_FIELDS = ("sku", "name", "pack", "qty", "short_qty", "unit_price_paise", "discount_paise")
ORDER_FIELDS = (
    "number", "status", "placed_at", "delivered_at", "address_text", "lat", "lng", "door_instructions", "contact_name",
    "contact_phone", "total_paise", "payment_method", "wallet_paise", "cashback_paise", "cashback_paid_paise",
    "is_gift", "gift_note", "gift_from",
)  # fmt: skip


def held(*, user_id: int) -> dict[str, Any]:
    lines: dict[Any, list[dict[str, Any]]] = {}
    for order_id, *line in OrderLine.objects.filter(order__customer_id=user_id).values_list("order_id", *LINE_FIELDS):
        lines.setdefault(order_id, []).append(dict(zip(LINE_FIELDS, line, strict=True)))
    rows = Order.objects.filter(customer_id=user_id).order_by("placed_at").values("id", *ORDER_FIELDS)
    orders = [{**row, "lines": lines.get(row.pop("id"), [])} for row in rows]
    claims = Claim.objects.filter(customer_id=user_id)
    ratings = Rating.objects.filter(order__customer_id=user_id)
    late = LateCredit.objects.filter(order__customer_id=user_id)
    trusted = TrustOverride.objects.filter(customer_id=user_id)
    doors = Evidence.objects.filter(order__customer_id=user_id, kind=PIN).order_by("at")
    return {
        "orders": orders,
        "doors_moved": [
            {"order__number": number, "from": detail["from"], "to": detail["to"], "at": at}
            for number, detail, at in doors.values_list("order__number", "detail", "at")
        ],
        "claims": list(claims.values("order__number", "kind", "qty", "note", "state", "refund_paise", "created_at")),
        "cart": list(CartLine.objects.filter(cart__customer_id=user_id).values("product__sku", "qty", "added_at")),
        "invoices": list(
            TaxDocument.objects.filter(order__customer_id=user_id)
            .order_by("issued_at")
            .values("kind", "number", "issued_at", "recipient_name", "recipient_address", "total_paise")
        ),
        "late_credits": list(late.values("order__number", "late_m", "paise", "made_at")),
        "trusted_with_cash": list(trusted.values("level", "reason", "until", "made_at")),
        "ratings": list(ratings.values("order__number", "stars", "rider_stars", "chips", "note", "created_at")),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """Orders keep what was sold and paid; where to and for whom is blanked, the place only rough. Photos go.

    Raises OrderOpen while an order is on its way or a claim waits, and until a delivered one is closed: its claims
    and cashback would be about nobody.
    """
    mine = Order.objects.filter(customer_id=user_id)
    running = mine.filter(status__in=[*LIVE, Status.DELIVERED])
    if running.exists() or Claim.objects.filter(customer_id=user_id, state=ClaimState.WAITING):
        raise OrderOpen()
    for order in mine.only("pk", "lat", "lng"):
        Order.objects.filter(pk=order.pk).update(
            address_text=GONE, door_instructions="", contact_name="", contact_phone="",
            gift_note="", gift_from="",
            lat=round(order.lat, ROUGH), lng=round(order.lng, ROUGH),
        )  # fmt: skip
    _forget_evidence(user_id)
    forget_recipient(user_id=user_id)
    Claim.objects.filter(customer_id=user_id).update(note="")
    Rating.objects.filter(order__customer_id=user_id).update(note="")
    Cart.objects.filter(customer_id=user_id).delete()
    TrustOverride.objects.filter(customer_id=user_id).delete()
    photos = ClaimPhoto.objects.filter(order__customer_id=user_id)
    for name in photos.values_list("name", flat=True):
        transaction.on_commit(partial(private().delete, name))
    photos.delete()


def _forget_evidence(user_id: int) -> None:
    """That a door was moved, and bags were left at it, stays; where it is, and its picture, go. The other kinds are
    about bags, weights, scans, metres and the reasons of the house."""
    mine = Evidence.objects.filter(order__customer_id=user_id)
    for row in mine.filter(kind=PIN):
        places = {name: [round(it, ROUGH) for it in row.detail[name]] for name in ("from", "to")}
        Evidence.objects.filter(pk=row.pk).update(detail=row.detail | places)
    mine.filter(kind="door_photo").update(detail={"photo": ""})
