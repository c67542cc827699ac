"""Stars of customers, added up per rider. Shown to riders and operations; nothing follows from them by itself."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import live
from delivery.models import Rider
from delivery.paying import Score, score_of
from delivery.services.duty import lock_rider
from orders.models import Rating

_ADD_UP = """
    UPDATE delivery_rider r SET rating_sum = s.stars, rating_count = s.n
    FROM (SELECT coalesce(sum(rider_stars), 0)::int AS stars, count(rider_stars)::int AS n
          FROM orders_rating WHERE rider_id_ref = %(rider)s) s
    WHERE r.id = %(rider)s"""


@transaction.atomic
def add_up_stars(*, order_id: UUID) -> None:
    """The rider of this order was rated, or it was changed: counted anew from the rows, so a repeat is harmless."""
    rider_id = Rating.objects.filter(order_id=order_id).values_list("rider_id_ref", flat=True).first()
    if rider_id is None or not Rider.objects.filter(pk=rider_id).exists():
        return
    lock_rider(rider_id)
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, {"rider": rider_id})
    live.touch(f"rider.{rider_id}", what="pay")


def rider_score(rider: Rider) -> Score:
    return score_of(stars_sum=rider.rating_sum, count=rider.rating_count)
