"""Whether a model is asked at all, and how much: settings ASK_MODEL_*; off by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx
import structlog
from django.conf import settings
from django.utils import timezone

from blinkit.kernel import metrics
from blinkit.kernel.breakers import ServiceDown, breaker
from blinkit.kernel.redis_client import client, key
from dashboard.ask import model
from dashboard.ask.layer import Layer
from dashboard.ask.query import Understood

log = structlog.get_logger(__name__)
HOUR_S = 3600

transport: httpx.BaseTransport | None = None
"""Tests put a stand-in here."""


def is_on() -> bool:
    return bool(settings.ASK_MODEL_URL and settings.ASK_MODEL_NAME)


def propose(
    question: str,
    *,
    layer: Layer,
    read: Callable[[dict[str, Any]], Understood],
    now: datetime,
    first: Sequence[str] = (),
) -> Understood | None:
    """What a model makes of a question nobody here understood, read by `read` against `layer` (what the caller may
    see). None where there is none, the hour's tokens are used up, it does not answer in time, or answers nonsense."""
    if not is_on():
        return None
    hour = key(f"ask-model:{int(now.timestamp()) // HOUR_S}")
    if _spent(hour) >= settings.ASK_MODEL_TOKENS_PER_HOUR:
        metrics.count("ask_model_total", outcome="cap")
        return None
    door = model.Door(
        url=settings.ASK_MODEL_URL, key=settings.ASK_MODEL_KEY, name=settings.ASK_MODEL_NAME,
        timeout_s=settings.ASK_MODEL_TIMEOUT_MS / 1000, most_tokens=settings.ASK_MODEL_TOKENS,
    )  # fmt: skip
    try:
        with breaker("ask-model", fail_max=3, reset_s=60):
            proposal = _asked(question, layer=layer, read=read, now=now, first=first, door=door, hour=hour)
    except ServiceDown:
        metrics.count("ask_model_total", outcome="down")
        return None
    except httpx.HTTPError as error:
        metrics.count("ask_model_total", outcome="failed")
        log.warning("the model did not answer", error=type(error).__name__)  # its text may carry the address with a key
        return None
    metrics.count("ask_model_total", outcome="useless" if proposal is None else "used")
    return None if proposal is None else proposal.of


def _asked(
    question: str,
    *,
    layer: Layer,
    read: Callable[[dict[str, Any]], Understood],
    now: datetime,
    first: Sequence[str],
    door: model.Door,
    hour: str,
) -> model.Proposal | None:
    try:
        return model.propose(
            question, layer=layer, read=read, door=door, today=f"{timezone.localtime(now):%A %Y-%m-%dT%H:%M%z}",
            first=first, spend=lambda tokens: _spend(hour, tokens), transport=transport,
        )  # fmt: skip
    except model.Nothing as nothing:  # it did answer: no fault of the line
        log.info("the model was of no use", why=str(nothing))
        return None


def _spent(hour: str) -> int:
    """Tokens of this hour. With Redis down nobody counts, so nobody spends."""
    try:
        return int(str(client().get(hour) or 0))
    except Exception as error:
        log.warning("the model's tokens are not counted: it is not asked", error=repr(error))
        return settings.ASK_MODEL_TOKENS_PER_HOUR


def _spend(hour: str, tokens: int) -> None:
    try:
        pipe = client().pipeline()
        pipe.incrby(hour, tokens)
        pipe.expire(hour, 2 * HOUR_S)
        pipe.execute()
    except Exception as error:
        log.warning("the model's tokens are not counted", error=repr(error))
