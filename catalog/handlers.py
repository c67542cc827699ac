"""Reactions to events: one function each."""

from __future__ import annotations

from blinkit.kernel.events import EventMeta
from catalog.events import MarketChanged
from catalog.services import market_alerts


def look_at_alerts(event: MarketChanged, meta: EventMeta) -> None:
    """Who asked to be told of what a feed has changed."""
    market_alerts.look(changes=event.changes, now=meta.at)
