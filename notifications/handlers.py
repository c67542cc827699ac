"""Reactions to other apps' events: all of them come through one door."""

from __future__ import annotations

from django.utils import timezone

from blinkit.kernel.events import DomainEvent, EventMeta
from notifications import services


def tell(event: DomainEvent, meta: EventMeta) -> None:
    """Tell the people whom notifications.rules names for this event."""
    services.tell(event=event, event_id=meta.id, now=timezone.now())
