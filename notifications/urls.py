"""Doors of notifications, mounted by blinkit.urls and blinkit.asgi."""

from __future__ import annotations

from typing import Any

from django.urls import path

from notifications import api, web

api_urls: list[Any] = [
    path("me/messages/", api.MessagesView.as_view(), name="api-messages"),
    path("me/messages/unread/", api.MessagesUnreadView.as_view(), name="api-messages-unread"),
    path("me/messages/read/", api.MessagesReadView.as_view(), name="api-messages-read"),
    path("me/messages/<uuid:message_id>/read/", api.MessageReadView.as_view(), name="api-message-read"),
    path("me/message-preferences/", api.PreferencesView.as_view(), name="api-message-preferences"),
]
web_urls: list[Any] = [
    path("account/messages/", web.preferences, name="message-preferences"),
    path("demo/inbox/", web.demo_inbox, name="demo-inbox"),
    path("demo/inbox.json", web.demo_inbox_json, name="demo-inbox-json"),
]
ws_urls: list[Any] = []
