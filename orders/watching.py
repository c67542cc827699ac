"""Who looks at a store's shelf in this process, and telling them what changes on it.

One subscription and one read per store and moment, however many look; none while nobody does. The first change is read
and told at once, what follows within LEAST_GAP_S comes together in the next message, as it is by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import structlog
from channels.layers import get_channel_layer

from blinkit.kernel import ws
from blinkit.kernel.api import dumps
from orders.queries.watched import MOST_AT_ONCE, watched

log = structlog.get_logger(__name__)

LEAST_GAP_S = 0.1
"""A shelf tells at most ten times a second, even of a product that sells fifty times a second."""
REMEMBERED_S = 60.0
"""So long a change is kept for pages that were drawn before it and open their socket after it."""
SLOW_SOCKET_S = 2.0
RETRY_S = 1.0


class Watcher(Protocol):
    async def tell(self, kind: str, data: bytes) -> None: ...

    async def close(self, code: int) -> None: ...


class ShelfWatch:
    """The watchers of one store in one event loop."""

    def __init__(self, code: str, store_id: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.code, self.store_id = code, store_id
        self.watchers: set[Watcher] = set()
        self.since = 0.0
        self._clock = clock
        self._pending: set[int] = set()
        self._told: dict[int, tuple[float, dict[str, Any]]] = {}
        self._last = 0.0
        self._flush: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self.ready: asyncio.Task[None] = asyncio.create_task(self._subscribe())

    async def _subscribe(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(f"shelf.{self.code}", channel)
        self.since = self._clock()
        self._listener = asyncio.create_task(self._listen(layer, channel))

    async def _listen(self, layer: Any, channel: str) -> None:
        try:
            while True:
                message = await layer.receive(channel)
                if message["type"] == "live.hint":
                    await self.note([id for _what, id in message["what"]])
        finally:
            with contextlib.suppress(Exception):
                await layer.group_discard(f"shelf.{self.code}", channel)

    async def note(self, ids: list[str]) -> None:
        """These products may have changed; "" stands for everything: whoever looks reads its own products again."""
        if "" in ids or len(self._pending) + len(ids) > MOST_AT_ONCE * 2:
            self._told.clear()
            await self._tell("stale", b"{}")
            return
        self._pending.update(int(id) for id in ids)
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._keep_up())

    def remembered(self) -> bytes:
        """The snapshot: what changed lately, and for how long this shelf has been listened to, in seconds."""
        now = self._clock()
        items = [item for at, item in self._told.values() if now - at <= REMEMBERED_S]
        return dumps({"items": items, "since_s": round(min(now - self.since, REMEMBERED_S), 3)})

    def stop(self) -> None:
        for task in (self.ready, self._listener, self._flush):
            if task is not None:
                task.cancel()

    async def _keep_up(self) -> None:
        while self._pending:
            await asyncio.sleep(max(0.0, self._last + LEAST_GAP_S - self._clock()))
            ids, self._pending = self._pending, set()
            self._last = self._clock()
            try:
                found = await ws.in_thread(partial(watched, store_id=self.store_id, product_ids=ids))
            except Exception as error:
                log.warning("watched shelf not read, will be read again", store=self.code, error=repr(error))
                self._pending |= ids
                await asyncio.sleep(RETRY_S)
                continue
            news = self._news({row.product_id: row.as_dict() for row in found})
            if news:
                await self._tell("shelf", dumps(news))

    def _news(self, found: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
        """What differs from what was said last; told changes are forgotten after REMEMBERED_S."""
        now = self._clock()
        self._told = {pk: said for pk, said in self._told.items() if now - said[0] <= REMEMBERED_S}
        news = {pk: item for pk, item in found.items() if pk not in self._told or self._told[pk][1] != item}
        self._told |= {pk: (now, item) for pk, item in news.items()}
        return list(news.values())

    async def _tell(self, kind: str, data: bytes) -> None:
        await asyncio.gather(*(self._tell_one(watcher, kind, data) for watcher in list(self.watchers)))

    async def _tell_one(self, watcher: Watcher, kind: str, data: bytes) -> None:
        """A socket that does not take its messages is closed: it comes back and reads again."""
        try:
            async with asyncio.timeout(SLOW_SOCKET_S):
                await watcher.tell(kind, data)
        except Exception as error:
            self.watchers.discard(watcher)
            log.debug("watcher dropped", error=repr(error))
            with contextlib.suppress(Exception):
                await watcher.close(ws.CLOSE_TRY_LATER)


_watches: dict[tuple[int, str], ShelfWatch] = {}


async def join(watcher: Watcher, *, code: str, store_id: int) -> ShelfWatch:
    """Look at this store's shelf from now on. Raises what the channel layer raises when it cannot be reached."""
    key = (id(asyncio.get_running_loop()), code)
    watch = _watches.get(key)
    if watch is None:
        watch = _watches[key] = ShelfWatch(code, store_id)
    watch.watchers.add(watcher)
    try:
        await asyncio.shield(watch.ready)
    except BaseException:
        leave(watcher, watch)
        raise
    return watch


def leave(watcher: Watcher, watch: ShelfWatch) -> None:
    """Look no more; the last one who leaves ends the subscription. Silent when it has left."""
    watch.watchers.discard(watcher)
    if not watch.watchers:
        for key in [key for key, it in _watches.items() if it is watch]:
            del _watches[key]
            watch.stop()
