"""Hints to screens that something changed, and small data that may be lost.

A hint says *that* an order changed, never *how*: the socket (or page) reads again. So a lost or doubled hint does no
harm. Hints go out after the commit, once per group, through the same Redis channels that channels_redis reads, written
here directly with the synchronous client: the async layer would need an event loop per call, which costs several times
the whole publish.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from blinkit.kernel import metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAILURE_S = 1.0
_try_again_at = 0.0


def touch(group: str, *, what: str, id: object = "") -> None:
    """Tell everyone who watches the group ("order.<uuid>", "store.<code>", "rider.<id>", "ops") to look again.

    Sent after the commit, once per group and kind however often it was called. Best effort, never raises.
    """
    gather(_send_hints, (group, what, str(id)))


def share(group: str, payload: dict[str, Any]) -> None:
    """Send data to everyone who watches the group right now (rider positions). Best effort, never raises."""
    _publish([(group, {"type": "live.data", "data": payload})])


def end(group: str) -> None:
    """Close every socket of the group ("user.<id>": of a person) after the commit. Best effort, never raises."""
    gather(_send_ends, group)


def remember(key_name: str, value: dict[str, Any], *, ttl_s: int) -> None:
    """Keep a small fact in Redis for a while (a last position). Best effort, never raises."""
    try:
        client().set(key(f"fact:{key_name}"), json.dumps(value, default=str), ex=ttl_s)
    except Exception as error:
        _note_failure(error)


def recall(key_name: str) -> dict[str, Any] | None:
    """The fact remembered under this key, if it is still known and Redis answers."""
    try:
        found = client().get(key(f"fact:{key_name}"))
    except Exception as error:
        _note_failure(error)
        return None
    return None if found is None else json.loads(found)  # type: ignore[arg-type]


def recall_many(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of the facts that are still known, in one round trip; none when Redis does not answer."""
    if not names:
        return {}
    try:
        found: list[Any] = client().mget([key(f"fact:{name}") for name in names])  # type: ignore[assignment]
    except Exception as error:
        _note_failure(error)
        return {}
    return {name: json.loads(kept) for name, kept in zip(names, found, strict=True) if kept is not None}


def channel_of(group: str) -> str:
    """The Redis channel of a group, as channels_redis.pubsub names it."""
    prefix = _layer_config().get("prefix", "asgi")
    return f"{prefix}__group__{group}"


def _layer_config() -> dict[str, Any]:
    default: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    return default.get("CONFIG", {})


def _send_hints(hints: list[tuple[str, str, str]]) -> None:
    by_group: dict[str, list[list[str]]] = {}
    for group, what, id in dict.fromkeys(hints):
        by_group.setdefault(group, []).append([what, id])
    _publish([(group, {"type": "live.hint", "what": what}) for group, what in by_group.items()])


def _send_ends(groups: list[str]) -> None:
    _publish([(group, {"type": "live.end"}) for group in dict.fromkeys(groups)])


def _publish(messages: list[tuple[str, dict[str, Any]]]) -> None:
    global _try_again_at
    if time.monotonic() < _try_again_at:
        return
    layer = get_channel_layer()
    if not hasattr(layer, "serialize"):  # the in-memory layer some tests choose
        from asgiref.sync import async_to_sync

        for group, message in messages:
            async_to_sync(layer.group_send)(group, message)
        return
    try:
        if len(messages) == 1:
            group, message = messages[0]
            client().publish(channel_of(group), layer.serialize(message))
        else:
            pipe = client().pipeline(transaction=False)
            for group, message in messages:
                pipe.publish(channel_of(group), layer.serialize(message))
            pipe.execute()
    except Exception as error:
        _try_again_at = time.monotonic() + PAUSE_AFTER_FAILURE_S
        _note_failure(error)


def _note_failure(error: Exception) -> None:
    metrics.count("live_failures_total")
    log.warning("live channel unreachable", error=repr(error))
