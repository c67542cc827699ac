"""What riders say about doors: private, and a hint for the next rider once several agree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel.errors import Invalid
from delivery.errors import DropRatingClosed, NoSuchStop
from delivery.models import DropRating, Stop, StopState
from orders.models import Order

TAGS = ("gate", "stairs", "lift", "dog", "wrong-pin", "hard-to-find", "no-parking", "dark")
CHANGE_FOR = timedelta(days=1)
AGREE = 3
"""So many different riders have to say the same before the next one reads it."""
REMEMBER_FOR = timedelta(days=180)
PLACE_DIGITS = 4
"""Coordinates to some ten metres: one gate."""


@transaction.atomic
def rate_drop(*, stop_id: UUID, rider_id: int, is_easy: bool, tags: Sequence[str] = (), now: datetime) -> DropRating:
    """Say how a door of one's own was, once it is over; again within a day changes it.

    Raises NoSuchStop for another rider's, DropRatingClosed, Invalid for an unknown tag.
    """
    if unknown := [tag for tag in tags if tag not in TAGS]:
        raise Invalid("There is no such word to choose.", unknown=unknown[:5], known=list(TAGS))
    stop = (
        Stop.objects.select_for_update(of=("self",), no_key=True)
        .select_related("job__order")
        .filter(pk=stop_id, trip__rider_id=rider_id)
        .first()
    )
    if stop is None:
        raise NoSuchStop("This stop is not on a trip of yours.")
    if stop.state not in (StopState.DELIVERED, StopState.FAILED) or stop.done_at is None:
        raise DropRatingClosed("It can be rated once it is over.")
    if now >= stop.done_at + CHANGE_FOR:
        raise DropRatingClosed("That was more than a day ago.")
    made, _ = DropRating.objects.update_or_create(
        stop=stop,
        create_defaults={
            "rider_id": rider_id,
            "place": place_of(stop.job.order),
            "is_easy": is_easy,
            "tags": list(dict.fromkeys(tags)),
            "made_at": now,
            "changed_at": now,
        },
        defaults={"is_easy": is_easy, "tags": list(dict.fromkeys(tags)), "changed_at": now},
    )
    return made


def hints_for(order: Order, *, now: datetime) -> list[str]:
    """Tags of this customer's place that at least three different riders chose in the last 180 days, the most agreed
    first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tag FROM delivery_droprating d, jsonb_array_elements_text(d.tags) AS tag"
            " WHERE d.place = %(place)s AND d.made_at > %(since)s GROUP BY tag"
            " HAVING count(DISTINCT d.rider_id) >= %(agree)s ORDER BY count(DISTINCT d.rider_id) DESC, tag",
            {"place": place_of(order), "since": now - REMEMBER_FOR, "agree": AGREE},
        )
        return [tag for (tag,) in cursor.fetchall()]


def place_of(order: Order) -> str:
    """One customer's one door; a hash, so that a row alone names neither."""
    words = f"{order.customer_id}:{order.lat:.{PLACE_DIGITS}f}:{order.lng:.{PLACE_DIGITS}f}"
    return hashlib.sha256(words.encode()).hexdigest()
