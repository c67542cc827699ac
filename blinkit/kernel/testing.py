"""Fixtures for every app's tests (loaded by the root conftest)."""

import inspect
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import sql
from django.core.management.commands import flush
from django.db import connection, connections, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from blinkit.kernel import delivery, events, limits, live, metrics, redis_gate
from blinkit.kernel.models import Event, Receipt
from blinkit.kernel.redis_client import client, key
from blinkit.kernel.tokens import access_token_for


class Hint(NamedTuple):
    group: str
    what: str
    id: str


@pytest.fixture(autouse=True)
def _clean_slate() -> Iterator[None]:
    """Nothing of one test's Redis keys, pauses or counts reaches the next."""
    yield
    live._try_again_at = limits._check_again_at = delivery._publish_again_at = 0.0
    redis_gate.gate_of(settings.REDIS_URL).open()
    with metrics._lock:
        metrics._pending.clear()
    events.forget_wiring()
    try:
        keys = list(client().scan_iter(match=key("*"), count=1000))
        if keys:
            client().unlink(*keys)
    except Exception:
        pass  # a test that needs Redis fails by itself


def _is_superuser(cursor: Any) -> bool:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(cursor.fetchone()[0])


def _filled(cursor: Any, tables: Sequence[str]) -> list[str]:
    there = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables]
    cursor.execute(" UNION ALL ".join(there))
    return [table for (table,) in cursor.fetchall()]


class _Mark(NamedTuple):
    """A table's number of rows and the transactions that wrote them. No later transaction has a number of theirs: a row
    that was added or changed shows in the one, a row that was deleted in the other."""

    rows: int
    written_by: list[str]


class _Flush:
    """What `flush` does after a test that commits, in a tenth of the time.

    Django's TRUNCATE of all tables makes a thousand files anew for a handful of rows, and then every app looks for the
    rows that belong to an installation (content types, permissions, templates, synonyms) and writes them again. Here
    the apps write them once. Later they stay; what was added to them is deleted, and a table in which one is missing
    gets all of them back. Deletions and copies that look at no trigger need a superuser.
    """

    def __init__(self) -> None:
        self.tables: list[str] = []
        self.kept: dict[str, list[Any]] = {}
        self.marks: dict[str, _Mark] = {}

    def statements(self, style: Any, connection: Any, **options: Any) -> list[str]:
        with connection.cursor() as cursor:
            if not _is_superuser(cursor):
                return sql.sql_flush(style, connection, **options)
            if not self.tables:
                self.tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
            filled = _filled(cursor, [table for table in self.tables if table not in self.marks])
            added = [
                f"DELETE FROM \"{table}\" WHERE xmin::text <> ALL('{{{','.join(self.marks[table].written_by)}}}')"
                for table in self._changed(cursor)
            ]
        return [QUIETLY, *(f'DELETE FROM "{table}"' for table in filled), *added]

    def refill(self, verbosity: int, interactive: bool, db: str, **options: Any) -> None:
        with transaction.atomic(using=db), connections[db].cursor() as cursor:
            if not self.marks or not _is_superuser(cursor):
                sql.emit_post_migrate_signal(verbosity, interactive, db, **options)
                self.kept = {table: self._read(cursor, table) for table in _filled(cursor, self.tables)}
                self.marks = self._marks_of(cursor, list(self.kept))
            elif changed := self._changed(cursor):
                cursor.execute(QUIETLY)
                for table in changed:
                    cursor.execute(f'DELETE FROM "{table}"')
                    with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:
                        for chunk in self.kept[table]:
                            copy.write(chunk)
                self.marks |= self._marks_of(cursor, changed)
        ContentType.objects.clear_cache()

    def _changed(self, cursor: Any) -> list[str]:
        now = self._marks_of(cursor, list(self.marks))
        return [table for table, mark in self.marks.items() if now[table] != mark]

    @staticmethod
    def _marks_of(cursor: Any, tables: Sequence[str]) -> dict[str, _Mark]:
        if not tables:
            return {}
        each = [
            f"SELECT '{table}', count(*), coalesce(array_agg(DISTINCT xmin::text), '{{}}') FROM \"{table}\""
            for table in tables
        ]
        cursor.execute(" UNION ALL ".join(each))
        return {table: _Mark(rows, written_by) for table, rows, written_by in cursor.fetchall()}

    @staticmethod
    def _read(cursor: Any, table: str) -> list[Any]:
        with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
            return [bytes(chunk) for chunk in copy]


QUIETLY = "SET LOCAL session_replication_role = replica"


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    quick = _Flush()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", quick.statements)
        patch.setattr(flush, "emit_post_migrate_signal", quick.refill)
        yield


@pytest.fixture
def run_events() -> Callable[..., list[str]]:
    """`run_events()` runs all waiting reactions in this process, and those they cause, and returns the codes in order.

    A failing handler fails the test; `run_events(failures=True)` leaves it as a receipt, as a worker would.
    """

    def run(*, failures: bool = False) -> list[str]:
        codes: list[str] = []
        for _ in range(100):
            waiting = Event.objects.filter(handed_out_at=None, code__in=list(events.reactions())).order_by("pk")
            ids = list(waiting.values_list("pk", flat=True))
            if not ids:
                return codes
            codes += delivery.deliver(ids, now=timezone.now())
            failed = Receipt.objects.filter(done_at=None).first()
            if failed is not None and not failures:
                raise AssertionError(f"{failed.handler} failed: {failed.last_error}")
        raise AssertionError("Events cause each other without end.")

    return run


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(user)` is a client with that person's access token; `api()` is a stranger."""

    def client_for(user: Any = None, *, roles: Any = None) -> APIClient:
        http = APIClient()
        if user is not None:
            token = access_token_for(user.pk, user.roles if roles is None else roles)
            http.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return http

    return client_for


@pytest.fixture
def captured_hints(monkeypatch: pytest.MonkeyPatch) -> list[Hint]:
    """Every `live.touch`, at the moment of the call (a test's transaction never commits)."""
    hints: list[Hint] = []
    gather = live.gather

    def capture(deliver: Any, item: Any) -> None:
        if deliver is live._send_hints:
            hints.append(Hint(*item))
        else:
            gather(deliver, item)

    monkeypatch.setattr(live, "gather", capture)
    return hints


@pytest.fixture
def captured_shares(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every `live.share`, also of a `live.Batch`, as (group, payload)."""
    shares: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(live, "share", lambda group, payload: shares.append((group, payload)))
    monkeypatch.setattr(live.Batch, "share", lambda batch, group, payload: shares.append((group, payload)))
    return shares


def race(n: int, act: Callable[..., Any]) -> list[Any]:
    """Run `act` in n threads that start together; what each returned, or the exception it raised.

    `act` may take the thread's number. Needs `@pytest.mark.django_db(transaction=True)`: threads have connections of
    their own and see only what is committed.
    """
    takes_number = bool(inspect.signature(act).parameters)
    barrier = threading.Barrier(n)
    results: list[Any] = [None] * n

    def run(number: int) -> None:
        try:
            barrier.wait(timeout=10)
            results[number] = act(number) if takes_number else act()
        except BaseException as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    if any(thread.is_alive() for thread in threads):
        raise AssertionError("A racer is stuck.")
    return results


def somebody_waits() -> bool:
    """Whether a connection to this database (that of no other worker) stands before a lock at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction is told again what it was told first
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


def until_somebody_waits() -> None:
    """Another connection stands before a lock, after ten seconds at most."""
    deadline = time.monotonic() + 10
    while not somebody_waits():
        if time.monotonic() > deadline:
            raise AssertionError("Nobody waits.")


@pytest.fixture(name="race")
def race_fixture() -> Callable[..., list[Any]]:
    return race
