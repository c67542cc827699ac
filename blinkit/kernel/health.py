"""Whether the house can serve: each dependency asked and timed."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse

from blinkit.kernel.delivery import stuck_count, waiting_count
from blinkit.kernel.redis_client import client, key, require

WORKER_BEATS_EVERY_S = 5
WORKER_IS_LOST_AFTER_S = 20
WORKERS_KEY = "workers"


def live(request: HttpRequest) -> JsonResponse:
    """This process answers. Asks nobody else, so that an outage elsewhere does not restart it."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def ready(request: HttpRequest) -> JsonResponse:
    """Every dependency with its time. 503 when one that is needed to serve is down.

    Needed: the database. Redis (cache, broker) and workers may be away for a while: orders are still taken and their
    reactions wait; the answer then says "degraded".
    """
    checks = {
        "database": _timed(_database),
        "cache": _timed(_cache),
        "broker": _timed(_broker),
        "workers": _timed(_workers),
    }
    down = [name for name, check in checks.items() if check["status"] != "ok"]
    needed = {"database", *getattr(settings, "HEALTH_NEEDS", ())}
    unready = not needed.isdisjoint(down)
    status = "down" if unready else "degraded" if down else "ok"
    return JsonResponse(
        {"status": status, "checks": checks}, status=503 if unready else 200, headers={"Cache-Control": "no-store"}
    )


def worker_beat(name: str) -> None:
    """A worker says that it is there."""
    client().zadd(key(WORKERS_KEY), {name: time.time()})


def worker_gone(name: str) -> None:
    client().zrem(key(WORKERS_KEY), name)


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"events_waiting": waiting_count(), "reactions_failed": stuck_count()}


def _cache() -> dict[str, Any]:
    client().ping()
    return {}


def _broker() -> dict[str, Any]:
    from celery import current_app

    require()
    with current_app.connection_for_write() as broker:
        options: dict[str, Any] = dict(broker.transport_options or {})
        broker.transport_options = {**options, "socket_timeout": 1, "socket_connect_timeout": 1}
        broker.ensure_connection(max_retries=0, timeout=1)
    return {}


def _workers() -> dict[str, Any]:
    now = time.time()
    client().zremrangebyscore(key(WORKERS_KEY), "-inf", now - 3600)
    alive: list[Any] = client().zrangebyscore(key(WORKERS_KEY), now - WORKER_IS_LOST_AFTER_S, "+inf")  # type: ignore[assignment]
    if not alive:
        raise RuntimeError("no worker has been heard of")
    return {"alive": len(alive)}


def _timed(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        found: dict[str, Any] = {"status": "ok", **check()}
    except Exception as error:
        # The kind of error only: addresses and credentials are none of a stranger's business.
        found = {"status": "down", "error": type(error).__name__}
        if isinstance(error, RuntimeError):
            found["error"] = str(error)
    return {**found, "ms": round((time.perf_counter() - started) * 1000, 1)}
