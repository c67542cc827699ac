"""What delivery holds on a customer: proofs at their door. Riders are staff; their accounts are not removed here."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from delivery.models import ProofOfDelivery
from orders.models import Order


def held(*, user_id: int) -> dict[str, Any]:
    return {"proofs": list(_proofs(user_id).order_by("at").values("kind", "photo", "lat", "lng", "at"))}


def forget(*, user_id: int, now: datetime) -> None:
    """That it was proven, how and when stays; the picture of the door goes, and the place."""
    for name in _proofs(user_id).exclude(photo="").values_list("photo", flat=True):
        transaction.on_commit(partial(default_storage.delete, name))
    _proofs(user_id).update(photo="", lat=None, lng=None)


def _proofs(user_id: int) -> QuerySet[ProofOfDelivery]:
    orders = Order.objects.filter(customer_id=user_id).values("pk")
    return ProofOfDelivery.objects.filter(stop__job__order_id__in=orders)
