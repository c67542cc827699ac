"""Doors of payments, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

api_urls: list[Any] = []
web_urls: list[Any] = []
ws_urls: list[Any] = []
