"""How the pretend gateway reaches its merchant: signed webhooks over HTTP, repeated until they are taken."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx
import orjson
import structlog
from django.conf import settings
from django.db.models import F

from payments.gateways.sandbox import SIGNATURE_HEADER, sign
from payments.models import SandboxEvent

log = structlog.get_logger(__name__)

PATH = "/api/v1/payments/webhooks/sandbox/"
TIMEOUT_S = 5.0
MAX_TRIES = 12
FIRST_PAUSE_S = 2
LONGEST_PAUSE_S = 300

Post = Callable[[bytes, dict[str, str]], int]


def post_over_http(body: bytes, headers: dict[str, str]) -> int:
    """The status the merchant answered with."""
    url = settings.PAYMENT_SANDBOX_WEBHOOK_URL or f"http://127.0.0.1:{os.environ.get('PORT', '8000')}{PATH}"
    return httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S, trust_env=False).status_code


def send_due(*, now: datetime, ids: Sequence[str] | None = None, limit: int = 100, post: Post | None = None) -> int:
    """Post what is due (of these ids only, when given). Returns how many were taken.

    Each is leased first by moving its due time, so two workers do not send the same one together; a repeat would be
    harmless.
    """
    due = SandboxEvent.objects.filter(sent_at=None, due_at__lte=now, tries__lt=MAX_TRIES).order_by("due_at")
    if ids is not None:
        due = due.filter(pk__in=ids)
    taken = 0
    for event in list(due[:limit]):
        pause_s = min(FIRST_PAUSE_S * 2**event.tries, LONGEST_PAUSE_S)
        leased = SandboxEvent.objects.filter(pk=event.pk, sent_at=None, due_at=event.due_at).update(
            due_at=now + timedelta(seconds=max(pause_s, 2 * TIMEOUT_S)), tries=F("tries") + 1
        )
        if leased and _send(event, now=now, post=post or post_over_http):
            SandboxEvent.objects.filter(pk=event.pk).update(sent_at=now)
            taken += 1
    return taken


def _send(event: SandboxEvent, *, now: datetime, post: Post) -> bool:
    body = orjson.dumps(event.body)
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: sign(body, now=now)}
    try:
        status = post(body, headers)
    except httpx.HTTPError as error:
        log.warning("sandbox webhook not delivered", webhook=event.pk, error=repr(error))
        return False
    if status >= 300:
        log.warning("sandbox webhook refused", webhook=event.pk, status=status)
    return status < 300
