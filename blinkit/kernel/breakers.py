"""Circuit breakers: after a run of failures an outside service is left alone for a while.

The state is in Redis, so that all processes agree. With Redis down each process falls back to letting calls through.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from blinkit.kernel import metrics
from blinkit.kernel.errors import Refusal, Unavailable
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)


class ServiceDown(Unavailable):
    """A service of somebody else is away, and nobody asks it for a moment."""

    code = "service-down"


@contextmanager
def breaker(name: str, *, fail_max: int = 5, reset_s: int = 30) -> Iterator[None]:
    """`with breaker("sms"): ...` or `@breaker("sms")` around one call of an outside service.

    After `fail_max` failures in a row (any exception but a refusal, which is an answer) it raises ServiceDown at
    once for `reset_s` seconds; then one call at a time tries again, and the first success closes it.
    """
    _refuse_when_open(name, reset_s)
    try:
        yield
    except Refusal:
        _succeeded(name)
        raise
    except Exception:
        _failed(name, fail_max, reset_s)
        raise
    _succeeded(name)


def states() -> dict[str, str]:
    """Every breaker that ever failed: "closed", "open" or "half-open"."""
    names: set[str] = client().smembers(key("breakers"))  # type: ignore[assignment]
    out: dict[str, str] = {}
    for name in sorted(names):
        opened_at = client().hget(key(f"breaker:{name}"), "retry_at")
        out[name] = "closed" if not opened_at else "open" if float(str(opened_at)) > time.time() else "half-open"
    return out


def is_open(name: str) -> bool:
    """Whether a call would be refused now; False when nobody knows."""
    try:
        retry_at = client().hget(key(f"breaker:{name}"), "retry_at")
    except Exception as error:
        log.warning("breaker state unknown", breaker=name, error=repr(error))
        return False
    return bool(retry_at) and float(str(retry_at)) > time.time()


def _refuse_when_open(name: str, reset_s: int) -> None:
    try:
        retry_at = client().hget(key(f"breaker:{name}"), "retry_at")
        if not retry_at:
            return
        wait_s = float(str(retry_at)) - time.time()
        if wait_s <= 0 and client().set(key(f"breaker:{name}:probe"), "1", nx=True, ex=max(1, reset_s)):
            return  # this call is the one that tries
    except Exception as error:
        log.warning("breaker state unknown", breaker=name, error=repr(error))
        return
    metrics.count("breaker_refused_total", breaker=name)
    raise ServiceDown("This service is having trouble. Try again in a moment.", retry_after_s=max(1, int(wait_s) or 1))


def _failed(name: str, fail_max: int, reset_s: int) -> None:
    metrics.count("breaker_failures_total", breaker=name)
    try:
        failures = int(client().hincrby(key(f"breaker:{name}"), "failures", 1))  # type: ignore[arg-type]
        if failures < fail_max:
            return
        pipe = client().pipeline()
        pipe.hset(key(f"breaker:{name}"), "retry_at", repr(time.time() + reset_s))
        pipe.sadd(key("breakers"), name)
        pipe.delete(key(f"breaker:{name}:probe"))
        pipe.execute()
        if failures == fail_max:
            log.warning("breaker opened", breaker=name, failures=failures)
    except Exception as error:
        log.warning("breaker state lost", breaker=name, error=repr(error))


def _succeeded(name: str) -> None:
    try:
        # The common case costs one round trip: nothing to delete.
        if client().delete(key(f"breaker:{name}")):
            client().delete(key(f"breaker:{name}:probe"))
    except Exception as error:
        log.warning("breaker state lost", breaker=name, error=repr(error))
