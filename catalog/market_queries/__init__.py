"""Reads of what others charge, for pages, the API and questions: each function is one statement unless it says more,
SQL written out, dataclasses out. Money in paise, `*_bp` in hundredths of a percent; only platforms in use count.

A listing last seen more than MARKET_STALE_AFTER_S ago is shown and marked (`is_stale`), never left out in silence.
"""

from catalog.market_queries.audit import Finding, audit
from catalog.market_queries.categories import CategoryIndex, category_indexes
from catalog.market_queries.deals import Deal, deals
from catalog.market_queries.history import Series, history, points_of
from catalog.market_queries.moves import Move, Undercut, changes, drops, undercuts
from catalog.market_queries.offers import MarketOfferRow, offers_alive
from catalog.market_queries.platforms import PlatformRow, StaleFeed, platforms, stale_feeds
from catalog.market_queries.products import Found, ProductPrices, product_prices, search
from catalog.market_queries.rows import Listed, MarketCity, market_city, stale_before

__all__ = [
    "CategoryIndex",
    "Deal",
    "Finding",
    "Found",
    "Listed",
    "MarketCity",
    "MarketOfferRow",
    "Move",
    "PlatformRow",
    "ProductPrices",
    "Series",
    "StaleFeed",
    "Undercut",
    "audit",
    "category_indexes",
    "changes",
    "deals",
    "drops",
    "history",
    "market_city",
    "offers_alive",
    "platforms",
    "points_of",
    "product_prices",
    "search",
    "stale_before",
    "stale_feeds",
    "undercuts",
]
