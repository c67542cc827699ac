"""How customers rated a rider: counted here, for the customer's page and for the row the rider's room keeps."""

from __future__ import annotations

from django.db.models import Count, Sum

from orders.claims import Rating


def rider_stars(rider_id: int) -> tuple[int, int]:
    """All stars of this rider added up, and from how many ratings. One statement."""
    found = Rating.objects.filter(rider_id_ref=rider_id).aggregate(stars=Sum("rider_stars"), n=Count("rider_stars"))
    return found["stars"] or 0, found["n"]
