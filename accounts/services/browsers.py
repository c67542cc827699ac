"""Browsers that are pushed to (Web Push): who may be written to, and the key they know us by."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import socket
from datetime import datetime
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction

from accounts.errors import BadSubscription
from accounts.models import Device
from accounts.services.people import MOST_DEVICES

LONGEST_ENDPOINT = 1000
POINT_BYTES, AUTH_BYTES = 65, 16
"""Of RFC 8291: an uncompressed point of P-256, and the shared secret."""


@transaction.atomic
def register_browser(*, user_id: int, endpoint: str, p256dh: str, auth: str, now: datetime) -> Device:
    """Push to this browser from now on; `endpoint`, `p256dh` and `auth` (base64url) as its subscription says. One that
    was somebody else's is theirs no more. Raises BadSubscription for a push service that is not one of
    WEB_PUSH_HOSTS, and for keys that are none."""
    if not may_push_to(endpoint) or len(endpoint) > LONGEST_ENDPOINT:
        raise BadSubscription()
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(p256dh, POINT_BYTES))
        _bytes(auth, AUTH_BYTES)
    except ValueError:
        raise BadSubscription("The keys of this subscription cannot be read.") from None
    kept = {"user_id": user_id, "platform": "web", "endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    device, _ = Device.objects.update_or_create(
        push_token=f"web-push:{hashlib.sha256(endpoint.encode()).hexdigest()}", defaults={**kept, "last_seen_at": now}
    )
    surplus = Device.objects.filter(user_id=user_id).order_by("-last_seen_at", "-pk").values_list("pk", flat=True)
    Device.objects.filter(pk__in=list(surplus[MOST_DEVICES:])).delete()
    return device


def may_push_to(endpoint: str, *, look_up: bool = False) -> bool:
    """Whether this is an address of a push service we know: https, its own port, no user. With `look_up` its name must
    also stand for public addresses alone (a blocking look-up). Tests may push to this machine, without https."""
    try:
        parts = urlsplit(endpoint)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if parts.username or parts.password or not endpoint.isascii() or any(c.isspace() for c in endpoint):
        return False
    if not any(host == known or host.endswith(f".{known}") for known in settings.WEB_PUSH_HOSTS):
        return False
    if settings.TESTING and host == "127.0.0.1":
        return parts.scheme in ("http", "https")
    if parts.scheme != "https" or port not in (None, 443):
        return False
    return not look_up or _is_public(host)


@cache
def push_public_key() -> str:
    """What browsers know us by (base64url); "" where there is no web push."""
    if not settings.VAPID_PRIVATE_KEY:
        return ""
    key = ec.derive_private_key(int.from_bytes(_bytes(settings.VAPID_PRIVATE_KEY, 32)), ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def _bytes(text: str, size: int) -> bytes:
    """Raises ValueError unless the text is so many bytes in base64url."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(raw) != size:
        raise ValueError(f"{size} bytes are wanted.")
    return raw


def _is_public(host: str) -> bool:
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP)}
    except OSError:
        return True  # no answer: the call itself fails, and is tried again
    return all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)
