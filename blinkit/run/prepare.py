"""What must be true before the parts start: servers that answer, the newest tables, the demo city.

The supervisor asks `work_waits()` (some milliseconds); when there is work, this module does it in a process of its own.
"""

from __future__ import annotations

import gc
import os
import pkgutil
import sys
import time
from importlib import import_module
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
    gc.set_threshold(50_000, 20, 20)  # every migration builds classes by the hundred: a fifth of the time else
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
    import django

    django.setup()
    check_servers()
    if migrations_wait():
        _migrate()
    elif views_wait():
        _make_views()
    if demo_waits():
        _load_demo()


def work_waits() -> bool:
    return migrations_wait() or views_wait() or demo_waits()


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def check_servers() -> None:
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


def migrations_wait() -> bool:
    """Whether a migration on disk is not in the database. Compares names only, so that a second start is quick."""
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    applied = set(MigrationRecorder(connection).applied_migrations())
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        try:
            folder = import_module(module) if module else None
        except ModuleNotFoundError:
            continue
        for found in pkgutil.iter_modules(getattr(folder, "__path__", [])):
            if not found.ispkg and found.name[0] not in "_~" and (app.label, found.name) not in applied:
                return True
    return False


def demo_waits() -> bool:
    from django.apps import apps
    from django.conf import settings
    from django.core.management import get_commands

    from blinkit import env

    if not env.flag("LOAD_DEMO", default=settings.DEMO_MODE) or "load_demo" not in get_commands():
        return False
    return not apps.get_model("catalog", "Store")._default_manager.exists()


def views_wait() -> bool:
    """Whether what questions may ask about was declared anew since the views of Ask were made."""
    from django.db import DatabaseError

    from dashboard.services import ask_schema

    try:
        return not ask_schema.up_to_date()
    except DatabaseError:
        return False


def _make_views() -> None:
    from dashboard.services import ask_schema

    ask_schema.refresh_or_say()


def _migrate() -> None:
    from django.core.management import call_command

    say("Building the tables")
    started = time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    say(f"Tables are in place ({time.monotonic() - started:.0f} s)")


def _load_demo() -> None:
    from django.core.management import call_command

    say("Loading the demo city")
    started = time.monotonic()
    call_command("load_demo")
    say(f"The demo city is in place ({time.monotonic() - started:.0f} s)")


def addresses() -> list[tuple[str, str]]:
    from django.urls import Resolver404, resolve

    found = []
    for label, path in SCREENS:
        try:
            resolve(path)
        except Resolver404:
            continue
        found.append((label, path))
    return found


def sign_ins() -> list[Any]:
    from django.conf import settings

    if not settings.DEMO_MODE:
        return []
    try:
        from blinkit import demo  # type: ignore[attr-defined]
    except ImportError:
        return []
    rows = demo.sign_ins() if hasattr(demo, "sign_ins") else []
    return [list(row) for row in rows]


if __name__ == "__main__":
    main()
