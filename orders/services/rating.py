"""What customers thought of an order and its rider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from orders.claims import Rating
from orders.errors import NoSuchOrder, RatingClosed
from orders.events import OrderRated
from orders.models import Order
from orders.services.mover import hint, lock, subject
from orders.states import Status

CHANGE_FOR = timedelta(days=1)
RATE_FOR = timedelta(days=14)
CHIPS = (
    "fresh", "in-time", "well-packed", "kind-rider", "good-prices",
    "not-fresh", "late", "badly-packed", "unkind-rider", "item-missing",
)  # fmt: skip


@transaction.atomic
def rate(
    *,
    order_id: UUID,
    customer_id: int,
    stars: int,
    rider_stars: int | None = None,
    chips: Sequence[str] = (),
    note: str = "",
    now: datetime,
) -> Rating:
    """Rate one's own delivered order once; again within a day changes it.

    Raises NoSuchOrder, RatingClosed, Invalid.
    """
    if not 1 <= stars <= 5 or (rider_stars is not None and not 1 <= rider_stars <= 5):
        raise Invalid("From one star to five.")
    if unknown := [chip for chip in chips if chip not in CHIPS]:
        raise Invalid("There is no such word to choose.", unknown=unknown[:5], known=list(CHIPS))
    order = lock(order_id)
    if order.customer_id != customer_id:
        raise NoSuchOrder
    rating = Rating.objects.filter(order=order).first()
    if refusal := why_not(order, rating, now=now):
        raise RatingClosed(refusal)
    rating = rating or Rating(order=order, created_at=now)
    rating.stars, rating.chips = stars, list(dict.fromkeys(chips))
    rating.rider_stars = rider_stars if order.rider_id_ref else None
    rating.rider_id_ref = order.rider_id_ref
    rating.note = " ".join(note.split())[:300]
    rating.changed_at = now
    rating.save()
    events.record(OrderRated(order.pk, stars, rating.rider_stars), subject=subject(order), actor=f"user:{customer_id}")
    hint(order)
    return rating


def why_not(order: Order, rating: Rating | None, *, now: datetime) -> str:
    """Why this order can't be rated now; "" when it can."""
    if order.delivered_at is None or order.status not in (Status.DELIVERED, Status.CLOSED):
        return "It can be rated once it is delivered."
    if rating is not None and now >= rating.created_at + CHANGE_FOR:
        return "You have rated it; that was more than a day ago."
    if rating is None and now >= order.delivered_at + RATE_FOR:
        return "That was a while ago: it can't be rated any more."
    return ""
