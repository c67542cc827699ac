"""What one process hears: one Redis subscription and a table of who wants what.

Channels' own layer gives every socket a queue, a task that waits on it and a subscription of its own name; with
thousands of sockets that is most of the work. Here a message is looked up in a dictionary and handed to whoever
listens, by a plain call. Senders do not notice: `blinkit.kernel.live` publishes under the same names.

Sharing many small things at once (positions) takes one message on the channel SHARED for all processes: a list of
[group, payload].
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Iterable
from typing import Any, Protocol

import orjson
import redis.asyncio
import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from blinkit.kernel import live

log = structlog.get_logger(__name__)

SHARED = "shared"
JOIN_TIMEOUT_S = 5.0
GATHER_S = 0.005
"""How long the first that joins waits for others: a thousand sockets that come back are a few SUBSCRIBEs."""
MOST_AT_ONCE = 500
RETRY_S = 0.5
AGAIN_OVER_S = 5.0
"""After Redis was away everybody reads again, spread over so many seconds."""


class Listener(Protocol):
    def hear(self, group: str, message: dict[str, Any]) -> None:
        """Must not wait, and must not raise."""

    def look_again(self, within_s: float) -> None:
        """Something may have been missed."""


class Hub:
    """The listeners of one event loop."""

    def __init__(self) -> None:
        self.listeners: dict[str, set[Listener]] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._to_subscribe: list[str] = []
        self._to_leave: list[str] = []
        self._wire: asyncio.Task[None] | None = None
        self._flush: asyncio.Task[None] | None = None
        self._pubsub: Any = None
        self._loop = asyncio.get_running_loop()

    async def join(self, listener: Listener, groups: Iterable[str]) -> None:
        """When it returns, nothing said to these groups is missed. Raises TimeoutError when Redis does not answer."""
        waits = []
        for group in groups:
            members = self.listeners.setdefault(group, set())
            members.add(listener)
            if len(members) == 1 and group not in self._waiting:
                self._waiting[group] = self._loop.create_future()
                self._to_subscribe.append(group)
            if group in self._waiting:
                waits.append(self._waiting[group])
        if self._wire is None:
            self._wire = self._loop.create_task(self._listen())
        if self._to_subscribe and (self._flush is None or self._flush.done()):
            self._flush = self._loop.create_task(self._subscribe_soon())
        if waits:
            async with asyncio.timeout(JOIN_TIMEOUT_S):
                await asyncio.shield(asyncio.gather(*waits))

    def leave(self, listener: Listener, groups: Iterable[str]) -> None:
        """Silent when it never joined. The last one of all ends the subscription."""
        empty = []
        for group in groups:
            members = self.listeners.get(group)
            if members is None:
                continue
            members.discard(listener)
            if not members:
                del self.listeners[group]
                waiting = self._waiting.pop(group, None)
                if waiting is not None and not waiting.done():
                    waiting.cancel()
                empty.append(group)
        if not self.listeners:
            self.close()
        elif empty and self._pubsub is not None:
            if not self._to_leave:
                self._loop.call_later(GATHER_S, lambda: self._loop.create_task(self._unsubscribe()))
            self._to_leave += empty

    def deliver(self, group: str, message: dict[str, Any]) -> None:
        for listener in tuple(self.listeners.get(group, ())):
            listener.hear(group, message)

    def deliver_shared(self, items: Iterable[tuple[str, dict[str, Any]]]) -> None:
        for group, payload in items:
            if group in self.listeners:
                self.deliver(group, {"type": "live.data", "data": payload})

    def deliver_from_thread(self, items: list[tuple[str, dict[str, Any]]]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.deliver_shared, items)

    def close(self) -> None:
        for task in (self._wire, self._flush):
            if task is not None:
                task.cancel()
        self._wire = self._flush = None
        _hubs.pop(self._loop, None)

    # -- Redis

    async def _listen(self) -> None:
        layer = get_channel_layer()
        if not hasattr(layer, "serialize"):
            await _listen_to_layer(self, layer)
            return
        broken = False
        while True:
            connection = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, retry=None)
            try:
                pubsub = connection.pubsub()
                await pubsub.subscribe(live.channel_of(SHARED))
                self._pubsub = pubsub
                groups = list(self.listeners)
                for start in range(0, len(groups), MOST_AT_ONCE):
                    await pubsub.subscribe(*map(live.channel_of, groups[start : start + MOST_AT_ONCE]))
                if broken:
                    self._everyone_looks_again()
                broken = False
                await self._read(pubsub, layer)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if not broken:
                    log.warning("live channel lost, will be opened again", error=repr(error))
                broken = True
                self._pubsub = None
                await asyncio.sleep(RETRY_S)
            finally:
                self._pubsub = None
                with contextlib.suppress(Exception):
                    await connection.aclose(close_connection_pool=True)

    async def _read(self, pubsub: Any, layer: Any) -> None:
        prefix, shared = live.channel_of(""), live.channel_of(SHARED)
        while True:
            message = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            channel = message["channel"].decode()
            kind = message["type"]
            if kind == "message":
                if channel == shared:
                    self.deliver_shared(orjson.loads(message["data"]))
                else:
                    self.deliver(channel.removeprefix(prefix), layer.deserialize(message["data"]))
            elif kind == "subscribe":
                waiting = self._waiting.pop(channel.removeprefix(prefix), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)

    async def _subscribe_soon(self) -> None:
        await asyncio.sleep(GATHER_S)
        while self._to_subscribe:
            wanted, self._to_subscribe = self._to_subscribe[:MOST_AT_ONCE], self._to_subscribe[MOST_AT_ONCE:]
            pubsub, wanted = self._pubsub, [group for group in wanted if group in self.listeners]
            if pubsub is not None and wanted:  # else the new connection asks for all
                with contextlib.suppress(redis.RedisError, OSError):  # the reader notices too
                    await pubsub.subscribe(*map(live.channel_of, wanted))

    async def _unsubscribe(self) -> None:
        groups, self._to_leave = self._to_leave, []
        gone = [live.channel_of(group) for group in groups if group not in self.listeners]
        if gone and self._pubsub is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                await self._pubsub.unsubscribe(*gone)
        back = [group for group in groups if group in self.listeners]
        if back and self._pubsub is not None:  # came back while we were leaving
            with contextlib.suppress(redis.RedisError, OSError):
                await self._pubsub.subscribe(*map(live.channel_of, back))

    def _everyone_looks_again(self) -> None:
        for listener in {one for members in self.listeners.values() for one in members}:
            listener.look_again(AGAIN_OVER_S)


async def _listen_to_layer(hub: Hub, layer: Any) -> None:
    """Any other channel layer (in memory): a queue of its own per group, as Channels does it."""
    heard: dict[str, asyncio.Task[None]] = {}

    async def follow(group: str, channel: str) -> None:
        try:
            while True:
                hub.deliver(group, await layer.receive(channel))
        finally:
            with contextlib.suppress(Exception):
                await layer.group_discard(group, channel)

    try:
        while True:
            for group in set(hub.listeners) - heard.keys():
                channel = await layer.new_channel()
                await layer.group_add(group, channel)
                heard[group] = asyncio.create_task(follow(group, channel))
                waiting = hub._waiting.pop(group, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(None)
            for group in heard.keys() - set(hub.listeners):
                heard.pop(group).cancel()
            await asyncio.sleep(GATHER_S)
    finally:
        for task in heard.values():
            task.cancel()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found


def deliver_here(items: list[tuple[str, dict[str, Any]]]) -> None:
    """To the listeners of this process alone, from any thread: Redis does not answer."""
    for one in list(_hubs.values()):
        one.deliver_from_thread(items)
