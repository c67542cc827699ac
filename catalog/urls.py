"""Doors of catalog, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from catalog.market_api import market_urls

api_urls: list[Any] = [*market_urls]
web_urls: list[Any] = []
ws_urls: list[Any] = []
