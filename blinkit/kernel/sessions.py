"""Sessions in the database, read from Redis while it answers: without it people stay signed in, and can sign in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore
from django.core.cache import caches
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class SessionStore(CachedStore):
    """Django's own reads the database when Redis fails, and then fails at keeping what it read there."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = _MayBeAway(caches[settings.SESSION_CACHE_ALIAS])


class _MayBeAway:
    """A cache of which nothing is known, and in which nothing is kept, while its server does not answer."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return _tried(lambda: self._cache.get(*args, **kwargs))

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return _tried(lambda: self._cache.set(*args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return _tried(lambda: self._cache.delete(*args, **kwargs))

    def __contains__(self, name: str) -> bool:
        return bool(_tried(lambda: name in self._cache))

    async def aget(self, *args: Any, **kwargs: Any) -> Any:
        return await _atried(lambda: self._cache.aget(*args, **kwargs))

    async def aset(self, *args: Any, **kwargs: Any) -> Any:
        return await _atried(lambda: self._cache.aset(*args, **kwargs))

    async def adelete(self, *args: Any, **kwargs: Any) -> Any:
        return await _atried(lambda: self._cache.adelete(*args, **kwargs))


def _tried(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except RedisError as error:
        log.warning("session not in redis", error=repr(error))
        return None


async def _atried(act: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await act()
    except RedisError as error:
        log.warning("session not in redis", error=repr(error))
        return None
