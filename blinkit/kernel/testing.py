"""Fixtures for every app's tests (loaded by the root conftest)."""

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import timezone
from rest_framework.test import APIClient

from blinkit.kernel import delivery, events, limits, live, metrics
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
    with metrics._lock:
        metrics._pending.clear()
    events.forget_wiring()
    try:
        keys = list(client().scan_iter(match=key("*"), count=1000))
        if keys:
            client().unlink(*keys)
    except Exception:
        pass  # a test that needs Redis fails by itself


TRUNCATE = DatabaseOperations.sql_flush


def _is_superuser(cursor: Any) -> bool:
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(cursor.fetchone()[0])


def _filled(cursor: Any, tables: list[str]) -> list[str]:
    there = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables]
    cursor.execute(" UNION ALL ".join(there))
    return [table for (table,) in cursor.fetchall()]


def _empty_what_is_filled(operations: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
    """What `flush` runs after a test that commits. Django's TRUNCATE of all tables makes a thousand files anew, for a
    handful of rows: half a second of a core each time. A deletion that looks at no trigger needs a superuser."""
    with operations.connection.cursor() as cursor:
        if not tables or not _is_superuser(cursor):
            return TRUNCATE(operations, style, tables, **options)
        filled = _filled(cursor, tables)
    return ["SET LOCAL session_replication_role = replica", *(f'DELETE FROM "{table}"' for table in filled)]


class _Refill:
    """What `flush` does next: the rows that belong to an installation (content types, permissions, templates, synonyms)
    are written again. Every app looks for what is missing the first time; from then on the same rows are copied in."""

    def __init__(self, ask_every_app: Callable[..., None]) -> None:
        self.ask_every_app = ask_every_app
        self.rows: dict[str, list[Any]] | None = None

    def __call__(self, verbosity: int, interactive: bool, db: str, **options: Any) -> None:
        with transaction.atomic(using=db), connections[db].cursor() as cursor:
            if self.rows is None or not _is_superuser(cursor):
                self.ask_every_app(verbosity, interactive, db, **options)
                tables = connections[db].introspection.django_table_names(only_existing=True, include_views=False)
                self.rows = {table: self._read(cursor, table) for table in _filled(cursor, tables)}
                return
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, chunks in self.rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN (FORMAT binary)') as copy:
                    for chunk in chunks:
                        copy.write(chunk)
        ContentType.objects.clear_cache()

    @staticmethod
    def _read(cursor: Any, table: str) -> list[Any]:
        with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
            return [bytes(chunk) for chunk in copy]


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _empty_what_is_filled)
        patch.setattr(flush, "emit_post_migrate_signal", _Refill(emit_post_migrate_signal))
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
