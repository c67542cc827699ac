"""Before the parts start: the database has its newest shape and the demo city.

Run by the supervisor in a process of its own, so that the supervisor stays small and a failure is one exit status. The
last line of the output is one JSON object: {"addresses": [[label, path], ...], "sign_ins": [[who, how], ...]}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

SCREENS = [
    ("Shop", "/"),
    ("Store", "/store/"),
    ("Rider", "/rider/"),
    ("Operations", "/ops/"),
    ("Demo inbox", "/inbox/"),
    ("Administration", "/admin/"),
    ("API", "/api/docs/"),
]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
    import django

    django.setup()
    _check_servers()
    _migrate()
    _load_demo()
    print(json.dumps({"addresses": _addresses(), "sign_ins": _sign_ins()}), flush=True)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _check_servers() -> None:
    import redis
    from django.conf import settings
    from django.db import connection
    from django.db.utils import OperationalError

    try:
        connection.ensure_connection()
    except OperationalError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[-1].strip()
        sys.exit(f"The database cannot be reached (DATABASE_URL): {reason}")
    if connection.pg_version < 150000:  # type: ignore[attr-defined]
        sys.exit("The database (DATABASE_URL) must be PostgreSQL 15 or later.")
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5).ping()
    except (redis.RedisError, ValueError) as error:
        sys.exit(f"Redis cannot be reached (REDIS_URL): {error}")


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        say(f"Building the tables ({waiting} migrations)")
        started = time.monotonic()
        call_command("migrate", verbosity=0, interactive=False)
        say(f"Tables are in place ({time.monotonic() - started:.0f} s)")


def _load_demo() -> None:
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command, get_commands

    from blinkit import env

    if not env.flag("LOAD_DEMO", default=settings.DEMO_MODE) or "load_demo" not in get_commands():
        return
    if apps.get_model("catalog", "Store")._default_manager.exists():
        return
    say("Loading the demo city")
    started = time.monotonic()
    real, sys.stdout = sys.stdout, sys.stderr  # the last line of our own output is for the supervisor
    try:
        call_command("load_demo")
    finally:
        sys.stdout = real
    say(f"The demo city is in place ({time.monotonic() - started:.0f} s)")


def _addresses() -> list[tuple[str, str]]:
    from django.urls import Resolver404, resolve

    found = []
    for label, path in SCREENS:
        try:
            resolve(path)
        except Resolver404:
            continue
        found.append((label, path))
    return found


def _sign_ins() -> list[Any]:
    from django.conf import settings

    if not settings.DEMO_MODE:
        return []
    try:
        from blinkit import demo  # type: ignore[attr-defined]
    except ImportError:
        return []
    return [list(row) for row in demo.sign_ins()]


if __name__ == "__main__":
    main()
