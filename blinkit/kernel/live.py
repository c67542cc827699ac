"""Hints to screens that something changed, and small data that may be lost.

A hint says *that* an order changed, never *how*: the socket (or page) reads again. So a lost or doubled hint does no
harm. Hints go out after the commit, once per group, through the same Redis channels that channels_redis reads, written
here directly with the synchronous client: the async layer would need an event loop per call, which costs several times
the whole publish.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any

import orjson
import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from blinkit.kernel import metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAILURE_S = 1.0
_try_again_at = 0.0
MOST_KEPT_HERE = 20_000
_kept_here: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
"""Facts of this process while Redis does not answer: (good until, fact)."""
_keeping = Lock()
SET_ALL = "local n = #KEYS for i = 1, n do redis.call('SET', KEYS[i], ARGV[i], 'EX', ARGV[n + i]) end"
"""Many facts in one command: to write and read hundreds costs more here than in Redis."""


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


class Batch:
    """Small facts and data for many groups, sent to Redis in one round trip. Best effort: `send` never raises.

    Without Redis the facts are kept, and the data shown, in this process alone: a laptop's single process goes on.
    """

    def __init__(self) -> None:
        self._facts: list[tuple[str, dict[str, Any], int]] = []
        self._shares: list[tuple[str, dict[str, Any]]] = []
        self._commands: list[tuple[Any, ...]] = []

    def remember(self, key_name: str, value: dict[str, Any], *, ttl_s: int) -> None:
        self._facts.append((key_name, value, ttl_s))

    def share(self, group: str, payload: dict[str, Any]) -> None:
        """As the function `share`, for sockets that hear the hub (blinkit.kernel.hub): all in one message."""
        self._shares.append((group, payload))

    def command(self, *words: Any) -> None:
        """Any Redis command; its key comes from `redis_client.key`."""
        self._commands.append(words)

    def send(self) -> bool:
        """Whether Redis has it."""
        if not (self._facts or self._shares or self._commands):
            return True
        try:
            pipe = client().pipeline(transaction=False)
            if self._facts:
                prefix = key("fact:")
                names = [prefix + name for name, *_ in self._facts]
                values = [_dumped(value) for _, value, _ in self._facts]
                pipe.eval(SET_ALL, len(names), *names, *values, *(ttl_s for *_, ttl_s in self._facts))
            for words in self._commands:
                pipe.execute_command(*words)
            if self._shares:
                pipe.publish(channel_of("shared"), orjson.dumps(self._shares, default=str))
            pipe.execute()
        except Exception as error:
            note_failure(error)
            from blinkit.kernel import hub  # late: the hub speaks of our channels

            for name, value, ttl_s in self._facts:
                _keep_here(name, value, ttl_s)
            hub.deliver_here(self._shares)
            return False
        _redis_has([name for name, *_ in self._facts])
        return True


def remember(key_name: str, value: dict[str, Any], *, ttl_s: int) -> None:
    """Keep a small fact in Redis for a while (a last position); in this process while Redis is away. Never raises."""
    try:
        client().set(key(f"fact:{key_name}"), _dumped(value), ex=ttl_s)
    except Exception as error:
        note_failure(error)
        _keep_here(key_name, value, ttl_s)
    else:
        _redis_has([key_name])


def recall(key_name: str) -> dict[str, Any] | None:
    """The fact remembered under this key, if it is still known; of this process while Redis does not answer."""
    return recall_many([key_name]).get(key_name)


def recall_many(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of the facts that are still known, in one round trip."""
    if not names:
        return {}
    try:
        prefix = key("fact:")
        found: list[Any] = client().mget([prefix + name for name in names])  # type: ignore[assignment]
    except Exception as error:
        note_failure(error)
        now = time.monotonic()
        with _keeping:
            here = {name: _kept_here.get(name) for name in names}
        return {name: dict(kept[1]) for name, kept in here.items() if kept is not None and kept[0] > now}
    return {name: orjson.loads(kept) for name, kept in zip(names, found, strict=True) if kept is not None}


def _dumped(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a key that is no text, a Decimal
        return json.dumps(value, default=str).encode()


def _keep_here(name: str, value: dict[str, Any], ttl_s: int) -> None:
    with _keeping:
        _kept_here[name] = (time.monotonic() + ttl_s, orjson.loads(_dumped(value)))
        _kept_here.move_to_end(name)
        while len(_kept_here) > MOST_KEPT_HERE:
            _kept_here.popitem(last=False)


def _redis_has(names: Sequence[str]) -> None:
    """What this process kept of them while Redis was away is old now."""
    if _kept_here:
        with _keeping:
            for name in names:
                _kept_here.pop(name, None)


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
        note_failure(error)


def note_failure(error: Exception) -> None:
    """Counted and logged: something in Redis was wanted and did not answer."""
    metrics.count("live_failures_total")
    log.warning("live channel unreachable", error=repr(error))
