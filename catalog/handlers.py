"""Reactions to events: one function each."""

from __future__ import annotations

from blinkit.kernel.events import EventMeta
from catalog.events import MarketChanged
from catalog.models import Platform
from catalog.services import market_alerts, matching


def look_at_alerts(event: MarketChanged, meta: EventMeta) -> None:
    """Who asked to be told of what a feed has changed."""
    market_alerts.look(changes=event.changes, now=meta.at)


def match_what_is_new(event: MarketChanged, meta: EventMeta) -> None:
    """Listings seen for the first time are compared with our products."""
    if any(before_paise == 0 for _, before_paise, *_ in event.changes):
        matching.match_new(Platform.objects.get(slug=event.platform).pk, now=meta.at)
