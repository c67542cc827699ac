"""A database to play in: a copy of the present one that is dropped afterwards, so that nobody's data is touched."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import DatabaseError


@contextmanager
def scratch_database(purpose: str) -> Iterator[str]:
    """Within it the default connection is to a new database: a copy of the present one (CREATE DATABASE … TEMPLATE), or
    an empty one when somebody is connected to that. Its name; dropped at the end. In a test run: the test's own.
    """
    database = settings.DATABASES["default"]
    home = str(database["NAME"])
    if getattr(settings, "TESTING", False):
        yield str(connection.settings_dict["NAME"])
        return
    name = f"{home[:40]}_{purpose}_{os.getpid()}"
    before = connection.settings_dict
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]  # its connections would keep the database from being copied
    # Without a pool: processes that are forked off cannot use one.
    options = {key: value for key, value in before["OPTIONS"].items() if key != "pool"}
    connection.settings_dict = {**before, "OPTIONS": options}
    try:
        copied = _make(name, home)
        connection.settings_dict["NAME"] = name
        if not copied:
            print("The shop is running: making an empty database instead of a copy …", file=sys.stderr, flush=True)
            call_command("migrate", verbosity=0, interactive=False)
        yield name
    finally:
        connections.close_all()
        connection.settings_dict = before
        _outside(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _make(name: str, home: str) -> bool:
    """Whether it is a copy."""
    _outside(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    try:
        _outside(f'CREATE DATABASE "{name}" TEMPLATE "{home}"')
    except DatabaseError:
        _outside(f'CREATE DATABASE "{name}"')
        return False
    return True


def _outside(sql: str) -> None:
    """Run outside of any transaction, connected to the maintenance database."""
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]  # Django's own way for test databases
        cursor.execute(sql)
