"""Doors of catalog, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from catalog.api import compare
from catalog.api.market import market_urls
from catalog.ws import MarketConsumer

api_urls: list[Any] = [
    *market_urls,
    path("products/compare/", compare.CompareView.as_view(), name="api-market-compare"),
    path("products/search/", compare.MarketSearchView.as_view(), name="api-market-search"),
    path("products/<str:sku>/prices/", compare.ProductPricesView.as_view(), name="api-market-prices"),
    path("deals/", compare.DealsView.as_view(), name="api-market-deals"),
    path("platforms/", compare.PlatformsView.as_view(), name="api-market-platforms"),
    path("baskets/compare/", compare.BasketsView.as_view(), name="api-market-baskets"),
]
web_urls: list[Any] = []
ws_urls: list[Any] = [path("market/<slug:city>/", MarketConsumer.as_asgi())]
