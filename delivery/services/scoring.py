"""Stars of customers, added up per rider. Shown to riders and operations; nothing follows from them by itself."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from blinkit.kernel import live
from delivery.models import Rider
from delivery.services.duty import lock_rider
from orders.models import Rating
from orders.queries.rated import rider_stars


@transaction.atomic
def add_up_stars(*, order_id: UUID) -> None:
    """The rider of this order was rated, or it was changed: counted anew from the rows, so a repeat is harmless."""
    rider_id = Rating.objects.filter(order_id=order_id).values_list("rider_id_ref", flat=True).first()
    if rider_id is None or not Rider.objects.filter(pk=rider_id).exists():
        return
    lock_rider(rider_id)
    stars, count = rider_stars(rider_id)
    Rider.objects.filter(pk=rider_id).update(rating_sum=stars, rating_count=count)
    live.touch(f"rider.{rider_id}", what="pay")
