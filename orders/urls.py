"""Doors of orders, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from orders.web.urls import web_urls as shop_urls

api_urls: list[Any] = []
web_urls: list[Any] = [*shop_urls]
ws_urls: list[Any] = []
