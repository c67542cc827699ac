"""The pages for machines that watch: /metrics (JSON) and /metrics/prometheus. For our own networks, or with a token."""

import ipaddress

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from redis.exceptions import RedisError

from blinkit.kernel import breakers, metrics
from blinkit.kernel.delivery import stuck_count, waiting_count
from blinkit.kernel.errors import NotAllowed
from blinkit.kernel.limits import client_address
from blinkit.kernel.redis_client import client

BREAKER_LEVEL = {"closed": 0, "half-open": 1, "open": 2}


def metrics_json(request: HttpRequest) -> JsonResponse:
    _refuse_strangers(request)
    return JsonResponse(metrics.as_json(_samples()), headers={"Cache-Control": "no-store"})


def metrics_prometheus(request: HttpRequest) -> HttpResponse:
    _refuse_strangers(request)
    text = metrics.as_prometheus(_samples())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _refuse_strangers(request: HttpRequest) -> None:
    """Let in who has settings.METRICS_TOKEN, or asks from settings.METRICS_NETWORKS. Raises NotAllowed."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and constant_time_compare(given, settings.METRICS_TOKEN):
        return
    # Behind a proxy nobody told us about, every stranger seems to be this machine.
    if settings.TRUSTED_PROXIES or "X-Forwarded-For" not in request.headers:
        address = client_address(request)
        if address == "unknown":  # a unix socket: a caller on this machine
            return
        asking = ipaddress.ip_address("::1" if address == "::" else address)
        if any(asking in network for network in settings.METRICS_NETWORKS):
            return
    raise NotAllowed("These figures are for our own networks, or with the token of METRICS_TOKEN.")


def _samples() -> list[metrics.Sample]:
    """Counters, and gauges read now. A part that does not answer is left out and shows as `up` 0."""
    samples: list[metrics.Sample] = []
    try:
        samples += metrics.read()
        samples += [
            ("breaker_state", (("breaker", name),), BREAKER_LEVEL[state]) for name, state in breakers.states().items()
        ]
        samples += [("queue_length", (("queue", queue),), length) for queue, length in _queues().items()]
        samples.append(("up", (("part", "redis"),), 1))
    except RedisError:
        samples.append(("up", (("part", "redis"),), 0))
    try:
        samples.append(("events_waiting", (), waiting_count()))
        samples.append(("event_reactions_failed", (), stuck_count()))
        samples.append(("up", (("part", "database"),), 1))
    except DatabaseError:
        samples.append(("up", (("part", "database"),), 0))
    return samples


def _queues() -> dict[str, int]:
    """Messages per Celery queue not yet taken by a worker."""
    from celery import current_app

    prefix = (current_app.conf.broker_transport_options or {}).get("global_keyprefix", "")
    routes = current_app.conf.task_routes or {}
    names = {current_app.conf.task_default_queue, *(route["queue"] for route in routes.values())}
    pipe = client().pipeline(transaction=False)
    for name in sorted(names):
        pipe.llen(f"{prefix}{name}")
    return dict(zip(sorted(names), pipe.execute(), strict=True))
