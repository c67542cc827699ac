"""The one way from a compiled question to rows: a pool of connections of the role `ask_reader`, kept apart from the
shop's own, few and bounded. Rights are set for the transaction, the statement is weighed, and only then run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog
from django.conf import settings
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from blinkit.kernel import metrics
from blinkit.kernel.breakers import ServiceDown, breaker
from dashboard.ask.compile import Compiled
from dashboard.ask.views import ROLE
from dashboard.errors import AskBusy, AskOff, NoQuestion, TooMuch

log = structlog.get_logger(__name__)
WAIT_S = 5.0
MOST_WAITING = 200
CHEAP = 10
"""A statement this many times cheaper than allowed is not weighed again with other values over as long a time."""
MOST_KNOWN = 2_000

_lock = threading.Lock()
_pool: ConnectionPool | None = None
_cheap: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[tuple[Any, ...]]
    cost: float | None
    """As PostgreSQL reckoned it; None when it was known to be little."""


def read(compiled: Compiled, *, rights: str) -> Found:
    """Raises AskOff, AskBusy, TooMuch. When its database has not answered some times, it is left alone for a moment."""
    try:
        with breaker("ask", fail_max=5, reset_s=10):
            return _borrow_and_read(compiled, rights)
    except ServiceDown:
        raise AskOff from None
    except psycopg.OperationalError as error:
        log.warning("ask can't reach its database", why=str(error).splitlines()[0] if str(error) else repr(error))
        raise AskOff from None


def _borrow_and_read(compiled: Compiled, rights: str) -> Found:
    try:
        with borrowed() as connection, connection.transaction():
            return _read(connection, compiled, rights)
    except (PoolTimeout, TooManyRequests):
        if _pool is not None and _pool.pop_stats().get("connections_errors"):
            raise psycopg.OperationalError("no connection could be made") from None
        metrics.count("ask_refused_total", why="busy")
        raise AskBusy from None
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        raise TooMuch from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedColumn) as error:
        log.warning("ask is off: manage.py ask_views makes its views", why=str(error).splitlines()[0])
        raise AskOff from None
    except psycopg.DataError as error:
        log.warning("a value was none for the database", why=str(error).splitlines()[0])
        raise NoQuestion from None
    except psycopg.errors.InsufficientPrivilege as error:
        log.error("ask was refused by the database", why=str(error).splitlines()[0])
        raise AskOff from None


def _read(connection: psycopg.Connection, compiled: Compiled, rights: str) -> Found:
    connection.execute("SELECT set_config('ask.rights', %s, true)", [rights])
    cost, known = None, (compiled.sql, _days(compiled.params))
    if known not in _cheap:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {compiled.sql}", compiled.params).fetchone()  # type: ignore[arg-type]
        assert row is not None
        cost = float(row[0][0]["Plan"]["Total Cost"])
        if cost > settings.ASK_MOST_COST:
            raise TooMuch
        if cost * CHEAP < settings.ASK_MOST_COST:
            if len(_cheap) > MOST_KNOWN:
                _cheap.clear()
            _cheap.add(known)
    return Found(connection.execute(compiled.sql, compiled.params).fetchall(), cost)  # type: ignore[arg-type]


def _days(params: dict[str, Any]) -> int:
    """How long a time the values span: with it, above all, grows what a statement costs."""
    moments = [value for value in params.values() if isinstance(value, datetime)]
    return (max(moments) - min(moments)).days if moments else 0


@contextmanager
def borrowed() -> Iterator[psycopg.Connection]:
    """A connection of the reader. (Tests, whose data no other connection sees, borrow their own with its role.)"""
    with _opened().connection(timeout=WAIT_S) as connection:
        yield connection


def address() -> str:
    """Where the reader connects: ASK_DATABASE_URL, else the shop's database as `ask_reader`."""
    if settings.ASK_DATABASE_URL:
        return settings.ASK_DATABASE_URL
    shop = settings.DATABASES["default"]
    kept = {name: value for name, value in shop["OPTIONS"].items() if name.startswith("ssl")}
    return make_conninfo(
        dbname=shop["NAME"], host=shop["HOST"] or None, port=shop["PORT"] or None, user=ROLE,
        password=settings.ASK_PASSWORD or None, application_name="ask", connect_timeout=3, **kept,
    )  # fmt: skip


def _opened() -> ConnectionPool:
    global _pool
    through_pgbouncer = settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"]
    with _lock:
        if _pool is None:
            _pool = ConnectionPool(
                address(), min_size=0, max_size=settings.ASK_POOL_SIZE, max_waiting=MOST_WAITING, timeout=WAIT_S,
                max_idle=120, reconnect_timeout=2, open=True, name="ask",
                kwargs={"prepare_threshold": None if through_pgbouncer else 5},
            )  # fmt: skip
        return _pool


def close() -> None:
    global _pool
    with _lock:
        pool, _pool = _pool, None
        _cheap.clear()
    if pool is not None:
        pool.close(timeout=1)


def _forget() -> None:
    """A forked worker must not share its parent's sockets."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
