"""What delivery holds on a customer: proofs at their door, what riders said of it, what they wrote to riders.

Riders are staff; their accounts are not removed here.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from delivery.chats import ChatMessage, Side
from delivery.models import DropRating, GateNote, ProofOfDelivery
from orders.models import Order


def held(*, user_id: int) -> dict[str, Any]:
    return {
        "proofs": list(_proofs(user_id).order_by("at").values("kind", "photo", "lat", "lng", "at")),
        "chat": list(_words(user_id).order_by("at").values("order__number", "text", "at")),
        "ways_in": list(_ways_in(user_id).order_by("at").values("lat", "lng", "gate_lat", "gate_lng", "text", "at")),
        "door_notes": list(_door_notes(user_id).order_by("made_at").values("is_easy", "tags", "made_at")),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """That it was proven, how and when stays; the picture of the door goes, the place, what riders said of it and of
    the way in, and what the customer wrote. Before the orders forget where their doors were."""
    _ways_in(user_id).delete()
    _words(user_id).delete()
    for name in _proofs(user_id).exclude(photo="").values_list("photo", flat=True):
        transaction.on_commit(partial(default_storage.delete, name))
    _proofs(user_id).update(photo="", lat=None, lng=None)
    _door_notes(user_id).delete()


def _door_notes(user_id: int) -> QuerySet[DropRating]:
    return DropRating.objects.filter(stop__job__order__customer_id=user_id)


def _ways_in(user_id: int) -> QuerySet[GateNote]:
    """Notes on the gate at exactly their doors; what was noted at a neighbour's door is the neighbour's."""
    here = Order.objects.filter(customer_id=user_id, lat=OuterRef("lat"), lng=OuterRef("lng"))
    return GateNote.objects.filter(Exists(here))


def _words(user_id: int) -> QuerySet[ChatMessage]:
    return ChatMessage.objects.filter(order__customer_id=user_id, side=Side.CUSTOMER)


def _proofs(user_id: int) -> QuerySet[ProofOfDelivery]:
    orders = Order.objects.filter(customer_id=user_id).values("pk")
    return ProofOfDelivery.objects.filter(stop__job__order_id__in=orders)
