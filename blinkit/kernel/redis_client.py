"""The one Redis connection pool of a process, made to fail fast: nothing kept in Redis is needed to be correct."""

import os
from functools import cache

import redis
from django.conf import settings

from blinkit.kernel.redis_gate import gated


@cache
def client() -> redis.Redis:
    """Text in, text out. Half a second at most per call, no retries: every caller has an answer for "Redis is down".
    After one that ran into it the process waits no more (`redis_gate`)."""
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL, decode_responses=True, max_connections=100, **gated(settings.REDIS_URL)
    )
    return redis.Redis(connection_pool=pool)


def require() -> None:
    """Before work is handed to the broker, which has longer timeouts of its own. Raises what redis raises when Redis
    does not answer; one small round trip."""
    client().ping()


def key(name: str) -> str:
    """A key under this installation's prefix (tests have one of their own)."""
    return f"{getattr(settings, 'REDIS_PREFIX', 'blinkit')}:{name}"


# A forked worker must not share its parent's sockets.
os.register_at_fork(after_in_child=client.cache_clear)
