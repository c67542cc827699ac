"""The one Redis connection pool of a process, made to fail fast: nothing kept in Redis is needed to be correct."""

import os
from functools import cache

import redis
from django.conf import settings


@cache
def client() -> redis.Redis:
    """Text in, text out. Half a second at most per call, no retries: every caller has an answer for "Redis is down"."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
        retry=None,
        max_connections=100,
    )


def key(name: str) -> str:
    """A key under this installation's prefix (tests have one of their own)."""
    return f"{getattr(settings, 'REDIS_PREFIX', 'blinkit')}:{name}"


# A forked worker must not share its parent's sockets.
os.register_at_fork(after_in_child=client.cache_clear)
