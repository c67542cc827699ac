"""A Celery worker's sign of life for the health page: a small thread beside the worker."""

import contextlib
import threading
from typing import Any

from celery import bootsteps

from blinkit.kernel.health import WORKER_BEATS_EVERY_S, worker_beat


class Heartbeat(bootsteps.StartStopStep):
    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()

    def start(self, parent: Any) -> None:
        self._over.clear()
        threading.Thread(target=self._beat, args=(str(parent.hostname),), name="heartbeat", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self._over.set()

    def _beat(self, name: str) -> None:
        while True:
            with contextlib.suppress(Exception):  # Redis away: the health page says so itself
                worker_beat(name)
            if self._over.wait(WORKER_BEATS_EVERY_S):
                return
