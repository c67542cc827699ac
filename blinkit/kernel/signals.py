"""Celery's own hooks: request ids travel with tasks, workers give signs of life."""

import contextlib
import threading
import time
from typing import Any

import structlog
from celery import signals
from django.db import connections

from blinkit.kernel import metrics
from blinkit.kernel.context import request_id
from blinkit.kernel.health import WORKER_BEATS_EVERY_S, worker_beat, worker_gone
from blinkit.kernel.ids import uuid7
from blinkit.kernel.memory import settle_in

_over = threading.Event()


@signals.before_task_publish.connect
def carry_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and (current := request_id.get()):
        headers.setdefault("request_id", current)


@signals.task_prerun.connect
def take_request_id(task: Any = None, **_: Any) -> None:
    carried = getattr(task.request, "request_id", None) if task is not None else None
    request_id.set(str(carried or uuid7()))


_last_task_ended = 0.0
TRUST_CONNECTION_S = 1.0
"""A kept connection that was used this short a time ago is not asked again whether it still works."""


@signals.task_prerun.connect
def look_after_connections(**_: Any) -> None:
    """For workers that keep connections between tasks (CELERY_DB_REUSE_MAX): drop broken and old ones first."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
        if time.monotonic() - _last_task_ended < TRUST_CONNECTION_S:
            connection.health_check_done = True  # type: ignore[attr-defined]  # the stub does not know it


@signals.task_postrun.connect
def note_end_of_task(**_: Any) -> None:
    global _last_task_ended
    _last_task_ended = time.monotonic()


@signals.task_postrun.connect
def count_task(task: Any = None, state: str | None = None, **_: Any) -> None:
    metrics.count("tasks_total", task=getattr(task, "name", ""), state=state or "")
    request_id.set("")


@signals.worker_process_init.connect
def settle_child(**_: Any) -> None:
    settle_in()


@signals.worker_ready.connect
def start_beating(sender: Any = None, **_: Any) -> None:
    """A small thread in the worker's main process, so that a long task does not look like a lost worker."""
    _over.clear()
    settle_in()
    name = str(getattr(sender, "hostname", "worker"))
    threading.Thread(target=_beat, args=(name,), name="heartbeat", daemon=True).start()


@signals.worker_shutdown.connect
def stop_beating(sender: Any = None, **_: Any) -> None:
    _over.set()
    with contextlib.suppress(Exception):
        worker_gone(str(getattr(sender, "hostname", "worker")))


def _beat(name: str) -> None:
    while not _over.is_set():
        try:
            worker_beat(name)
        except Exception as error:  # Redis is away: the health page says so itself
            structlog.get_logger(__name__).debug("heartbeat not written", error=repr(error))
        _over.wait(WORKER_BEATS_EVERY_S)
