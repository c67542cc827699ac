"""A worker's connection to the database between two tasks."""

import psycopg
import pytest
from django.db import connection

from blinkit.kernel import signals


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_tasks_is_not_used_again(monkeypatch):
    monkeypatch.setattr(signals, "_last_task_ended", 0.0)
    connection.ensure_connection()
    dead = connection.connection
    with psycopg.connect(
        **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor, "context": None}
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [dead.info.backend_pid])
    signals.look_after_connections()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.connection is not dead
    assert dead.closed


@pytest.mark.django_db(transaction=True)
def test_a_connection_used_a_moment_ago_is_trusted():
    connection.ensure_connection()
    signals.note_end_of_task()
    signals.look_after_connections()
    assert connection.health_check_done
