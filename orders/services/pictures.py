"""Which pictures past orders still show."""

from __future__ import annotations

from datetime import datetime

from catalog.services import pictures
from orders.models import OrderLine


def sweep_unused_pictures(*, now: datetime) -> int:
    """Delete pictures that no product and no order line shows. How many."""
    return pictures.sweep_unused(
        now=now,
        used_elsewhere=lambda paths: (
            OrderLine.objects.filter(image__in=paths).values_list("image", flat=True).distinct()
        ),
    )
