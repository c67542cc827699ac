"""What notifications hold on a person: what was said to them, and how they want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from notifications.models import Message, Preference


def held(*, user_id: int) -> dict[str, Any]:
    sent = Message.objects.filter(user_id=user_id).order_by("created_at")
    return {
        "messages": list(sent.values("channel", "to", "subject", "body", "state", "created_at")),
        "channels": list(Preference.objects.filter(user_id=user_id).values("channel", "is_on")),
    }


def forget(*, user_id: int, now: datetime) -> None:
    # Sign-in codes are addressed to a phone, not to an account.
    phone = User.objects.filter(pk=user_id).values("phone")
    Message.objects.filter(Q(user_id=user_id) | Q(to__in=phone)).delete()
    Preference.objects.filter(user_id=user_id).delete()
