"""An embedded PostgreSQL and Valkey, so that a machine with Python alone can run and test the whole platform.

    with embedded.ensure():          # uses the running servers, else starts them
        ...                          # the last user to leave stops them, unless `embedded up` keeps them

Users are counted with file locks, which the system gives back when a process dies, however it dies: nothing is left
to clean after kill -9, and the next start simply uses whatever still runs. With DATABASE_URL / REDIS_URL set the
server in question is not embedded.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from blinkit import env
from blinkit.embedded import postgres, valkey
from blinkit.embedded.places import (
    Places,
    broker_url,
    current_profile,
    data_dir,
    database_url,
    derived_secret,
    places,
    push_key,
    redis_url,
    secret_key,
)
from blinkit.embedded.process import EmbeddedError, Runner, own_directory

__all__ = [
    "EmbeddedError",
    "Handle",
    "broker_url",
    "current_profile",
    "data_dir",
    "database_url",
    "derived_secret",
    "down",
    "ensure",
    "places",
    "push_key",
    "redis_url",
    "secret_key",
    "status",
    "up",
    "wanted",
]


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Handle:
    """A claim on the servers: while it is open nobody stops them."""

    where: Places
    say: Callable[[str], None]
    lease: int = -1
    started: list[str] = field(default_factory=list)

    def revive(self) -> list[str]:
        """Starts again what has died (after kill -9 of a server) and returns the names; empty when all is well."""
        if self.lease < 0:
            return []
        with _only_me(self.where):
            return _start_missing(self.where, self.say)

    def close(self) -> None:
        """Gives the claim back; stops the servers when it was the last one and they are not to be kept."""
        if self.lease < 0:
            return
        with _only_me(self.where):
            os.close(self.lease)
            self.lease = -1
            if not _kept(self.where) and not _in_use(self.where):
                _stop(self.where)

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ensure(profile: str | None = None, *, say: Callable[[str], None] = _to_stderr) -> Handle:
    """The servers this process needs, up and answering. Raises EmbeddedError."""
    where = places(profile)
    handle = Handle(where, say)
    if not wanted():
        return handle
    _prepare(where)
    with _only_me(where):
        handle.lease = os.open(where.run / "lease", os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(handle.lease, fcntl.LOCK_SH)
        try:
            handle.started = _start_missing(where, say)
        except BaseException:
            os.close(handle.lease)
            handle.lease = -1
            raise
    return handle


def up(profile: str | None = None) -> list[str]:
    """Starts the servers and leaves them running until `down`."""
    where = places(profile)
    with ensure(profile) as handle:
        (where.run / "keep").touch()
        return handle.started


def down(profile: str | None = None) -> None:
    """Stops the servers, whoever uses them."""
    where = places(profile)
    if not where.run.exists():
        return
    with _only_me(where):
        (where.run / "keep").unlink(missing_ok=True)
        _stop(where)


def status(profile: str | None = None) -> dict[str, int | None]:
    """The pid of each server, None when it is down."""
    where = places(profile)
    return {"postgres": postgres.pid_of(where), "valkey": valkey.pid_of(where)}


def wanted() -> list[str]:
    """The servers that are embedded here: those whose address is not given."""
    return [
        name for name, variable in (("valkey", "REDIS_URL"), ("postgres", "DATABASE_URL")) if not env.given(variable)
    ]


def _start_missing(where: Places, say: Callable[[str], None]) -> list[str]:
    started = []
    for name in wanted():
        server = postgres if name == "postgres" else valkey
        if server.pid_of(where) and server.ready(where):
            continue
        if server.pid_of(where):
            server.stop(where)  # there, but it does not answer
        server.start(where, Runner(say))
        started.append(name)
    return started


def _stop(where: Places) -> None:
    valkey.stop(where)
    postgres.stop(where)


def _prepare(where: Places) -> None:
    own_directory(where.home, 0o755, chown=False)
    own_directory(where.run, 0o755, chown=False)
    own_directory(where.sockets, 0o700)


def _kept(where: Places) -> bool:
    return (where.run / "keep").exists() or env.flag("BLINKIT_KEEP_EMBEDDED", default=False)


def _in_use(where: Places) -> bool:
    """Whether another process holds a claim."""
    probe = os.open(where.run / "lease", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(probe)
    return False


@contextmanager
def _only_me(where: Places) -> Iterator[None]:
    """One process at a time starts or stops servers."""
    lock = os.open(where.run / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
