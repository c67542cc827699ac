"""Push to a browser: RFC 8030 (the protocol), 8291 (encryption, aes128gcm) and 8292 (who we are, VAPID)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from django.conf import settings

from accounts import services as accounts
from accounts.models import Device
from blinkit.kernel.breakers import breaker
from notifications.adapters.sms import TEMPORARY
from notifications.errors import Undeliverable
from notifications.models import Message

TIMEOUT_S = 5.0
LONGEST_BODY = 600
"""Characters. A push service takes 4096 encrypted bytes; Hindi needs three of them for a letter."""
JWT_S = 12 * 3600
"""RFC 8292 allows a day."""
GONE = (404, 410)

USUAL_TTL_S = 4 * 3600
NOW_OR_NEVER = {"rider_at_door": 600, "offer_made": 60}
"""Messages that are no use later: kept so many seconds by the push service, and delivered to a sleeping phone."""


def push(message: Message, device: Device) -> str:
    """Hand the message to the browser's push service; returns its name for it. A subscription that is over is
    forgotten. Raises Undeliverable, ServiceDown, or whatever else may pass."""
    if not accounts.may_push_to(device.endpoint, look_up=True):
        raise Undeliverable("The push service is not one we know.")
    ttl_s = NOW_OR_NEVER.get(message.template_code, USUAL_TTL_S)
    headers = {
        **_signed(device.endpoint),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(ttl_s),
        "Urgency": "high" if message.template_code in NOW_OR_NEVER else "normal",
        # The same message twice replaces itself while it waits. At most 32 characters.
        "Topic": message.pk.hex,
    }
    body = _encrypted(message, device)
    # A breaker per service: one that is down says nothing about the others.
    with (
        breaker(f"web-push:{urlsplit(device.endpoint).hostname}"),
        # Neither redirects nor an answer's body are of use: neither is followed or read.
        httpx.stream("POST", device.endpoint, content=body, headers=headers, timeout=TIMEOUT_S) as response,
    ):
        status, location = response.status_code, response.headers.get("location", "")
        if status >= 500 or status in TEMPORARY:
            response.raise_for_status()
    if status in (200, 201, 202, 204):
        return str(location)
    if status in GONE:
        accounts.forget_device(push_token=device.push_token)
        raise Undeliverable("The browser no longer wants messages.")
    if status in (401, 403):
        raise PermissionError("The push service does not accept our key.")
    raise Undeliverable(f"The push service refused it: {status}.")


def _signed(endpoint: str) -> dict[str, str]:
    from py_vapid import Vapid02

    parts = urlsplit(endpoint)
    claims: dict[str, Any] = {
        "sub": settings.VAPID_CONTACT,
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + JWT_S,
    }
    return dict(Vapid02.from_raw(settings.VAPID_PRIVATE_KEY.encode()).sign(claims))


def _encrypted(message: Message, device: Device) -> bytes:
    from pywebpush import WebPusher

    said = {"title": message.subject, "body": message.body[:LONGEST_BODY], "link": message.link, "tag": message.pk.hex}
    keys = {"p256dh": device.p256dh, "auth": device.auth}
    encoded = WebPusher({"endpoint": device.endpoint, "keys": keys}).encode(orjson.dumps(said), "aes128gcm")
    return bytes(encoded["body"])
