"""Doors of inventory, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from inventory import api

api_urls: list[Any] = [
    path("stock/", api.StockList.as_view(), name="stock-list"),
    path("stock/sync/", api.SyncView.as_view(), name="stock-sync"),
]
web_urls: list[Any] = []
ws_urls: list[Any] = []
