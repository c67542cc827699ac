"""A process's own breaker around Redis: who hangs once is not waited for again.

A server that is down refuses at once. One that hangs (stopped, swapping, cut off by a firewall) lets every call wait
its timeout, and a page makes a dozen. So the first call of a process that runs into its timeout shuts the gate: all
others are refused at once, as if Redis were down, for which every caller has an answer. Every PAUSE_S one of them asks
with a PING that waits PROBE_S at most; the first answer opens the gate.

It cannot be one of `breakers`: their state is in Redis.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import redis
import structlog
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection

log = structlog.get_logger(__name__)

PAUSE_S = 1.0
PROBE_S = 0.15


class RedisHangs(redis.ConnectionError):
    """Refused without waiting: a call ran into its timeout a moment ago."""


class Gate:
    """Shut or open, for one server and this process. Threads share it."""

    def __init__(self) -> None:
        self._ask_at: float | None = None  # None: open
        self._lock = threading.Lock()

    @property
    def is_shut(self) -> bool:
        return self._ask_at is not None

    def shut(self) -> None:
        with self._lock:
            if self._ask_at is None:
                log.warning("redis hangs: it is not waited for until it answers again")
            self._ask_at = time.monotonic() + PAUSE_S

    def open(self) -> None:
        with self._lock:
            if self._ask_at is not None:
                log.warning("redis answers again")
            self._ask_at = None

    def pass_through(self, connection: Any) -> None:
        """Silent when open. Shut it raises RedisHangs, but for the one whose turn it is to ask and who is answered."""
        if self._ask_at is None:
            return
        with self._lock:
            if self._ask_at is None:
                return
            if time.monotonic() < self._ask_at:
                raise RedisHangs("Redis hangs.")
            self._ask_at = time.monotonic() + PAUSE_S  # the others are refused meanwhile
        if not connection.answers():
            self.shut()
            raise RedisHangs("Redis hangs.")
        self.open()


class _Gated:
    """Mixed into a connection: asks the gate before it is used, and shuts it when the server kept it waiting."""

    gate: Gate
    plain: type[Any]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._given = given

    def answers(self) -> bool:
        """Whether the server answers a PING on a connection of its own within PROBE_S. One that refuses does: it is
        down, which is found out without waiting."""
        short = {"socket_timeout": PROBE_S, "socket_connect_timeout": PROBE_S, "retry": None}
        probe = self.plain(**(self._given | short))
        try:
            probe.connect()
            probe.send_command("PING", check_health=False)
            probe.read_response()
        except redis.TimeoutError:
            return False
        except (redis.RedisError, OSError):
            return True
        finally:
            probe.disconnect()
        return True

    def connect_check_health(self, *args: Any, **given: Any) -> Any:
        self.gate.pass_through(self)
        return self._timed(super().connect_check_health, *args, **given)  # type: ignore[misc]

    def send_packed_command(self, *args: Any, **given: Any) -> Any:
        return self._timed(super().send_packed_command, *args, **given)  # type: ignore[misc]

    def read_response(self, *args: Any, **given: Any) -> Any:
        return self._timed(super().read_response, *args, **given)  # type: ignore[misc]

    def _timed(self, act: Any, *args: Any, **given: Any) -> Any:
        try:
            return act(*args, **given)
        except redis.TimeoutError:
            self.gate.shut()
            raise


_gates: dict[str, Gate] = {}


def _begin_anew() -> None:
    for gate in _gates.values():
        gate.__init__()  # type: ignore[misc]  # the lock may have been held by a thread that is not here


os.register_at_fork(after_in_child=_begin_anew)


def gate_of(url: str) -> Gate:
    return _gates.setdefault(url, Gate())


def gated(url: str) -> dict[str, Any]:
    """Options of a connection pool for this address: half a second per call, no second try, and one gate for all pools
    of the process."""
    scheme = url.partition(":")[0]
    plain: type[Any] = {"unix": UnixDomainSocketConnection, "rediss": SSLConnection}.get(scheme, Connection)
    return {
        "connection_class": type(f"Gated{plain.__name__}", (_Gated, plain), {"gate": gate_of(url), "plain": plain}),
        "socket_timeout": 0.5,
        "socket_connect_timeout": 0.5,
        "retry": None,
    }
