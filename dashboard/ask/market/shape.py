"""What answers about the market show, and how they are cut."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.ask.dates import ZONE, Span
from dashboard.ask.query import Filter, Intent, Order, Query, Window

ROWS = ("listing.name", "listing.pack", "listing.platform", "listing.price", "listing.unit_price")
PRICES = (
    "listing.name", "listing.pack", "listing.platform", "listing.price", "listing.mrp", "listing.discount",
    "listing.unit_price", "listing.available",
)  # fmt: skip
DEAL_ROWS = (
    "listing.name", "listing.pack", "listing.platform", "listing.price", "listing.mrp", "listing.discount",
)  # fmt: skip
OFFER_ROWS = (
    "market_offer.platform", "market_offer.title", "market_offer.kind", "market_offer.code", "market_offer.off",
    "market_offer.off_amount", "market_offer.minimum", "market_offer.ends_at",
)  # fmt: skip
SHORT, LONG = 20, 50


def figures_of(
    measures: tuple[str, ...], by: tuple[str, ...], filters: list[Filter], *, down: bool = False,
    intent: Intent = Intent.FIGURE, window: Window | None = None, limit: int = LONG,
) -> Query:  # fmt: skip
    """Aggregates, of each group where there are some, by the first of them."""
    order = (Order(measures[0], down=down),) if by else ()
    entity = measures[0].partition(".")[0]
    return Query(intent, entity, measures=measures, dimensions=by, filters=tuple(filters), window=window, order=order,
                 limit=limit)  # fmt: skip


def midnight(now: datetime) -> datetime:
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def window_of(path: str, span: Span) -> Window:
    """A period as a bound on a field. Prices are kept by the day: hours of one are that day."""
    start, end = span.start, span.end
    if path.endswith(".day"):
        start = midnight(start)
        end = max(midnight(end), start + timedelta(days=1))
    return Window(path, start, end, span.said)


def whole(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 3)
