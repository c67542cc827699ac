"""The pages for machines that watch: /metrics (JSON) and /metrics/prometheus."""

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from blinkit.kernel import breakers, metrics
from blinkit.kernel.delivery import stuck_count, waiting_count
from blinkit.kernel.redis_client import client

BREAKER_LEVEL = {"closed": 0, "half-open": 1, "open": 2}


def metrics_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse(metrics.as_json(_samples()), headers={"Cache-Control": "no-store"})


def metrics_prometheus(request: HttpRequest) -> HttpResponse:
    text = metrics.as_prometheus(_samples())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


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
