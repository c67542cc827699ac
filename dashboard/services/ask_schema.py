"""The schema `ask` in the database: made and kept in step with the layer after every migrate, by `manage.py ask_views`,
or not at all where it may not be: then Ask is off and says what to run."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from dashboard.ask import views
from dashboard.ask.layer import layer

log = structlog.get_logger(__name__)
LOCK = 7_100_031
"""One process at a time makes the schema; another one finds it made."""
_STATE = """
SELECT obj_description(to_regnamespace('ask')::oid, 'pg_namespace'),
    EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s),
    (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
"""


@dataclass(frozen=True, slots=True)
class State:
    """`problem` is "" when Ask can answer; else one sentence that says what to do."""

    made: bool = False
    problem: str = ""


def secret() -> str:
    return settings.ASK_SECRET


def refresh(*, force: bool = False) -> State:
    """Makes what is missing or out of date. Idempotent; several processes at once do no harm."""
    wanted = layer()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_STATE, {"role": views.ROLE})
        marked, has_role, may_make_roles = cursor.fetchone()
        if not has_role and may_make_roles:
            cursor.execute(views.role())
            has_role, force = True, True
        made = force or marked != views.mark(wanted)
        if made:
            cursor.execute(views.schema(wanted))
        _keep_key(cursor)
        if not has_role:
            return State(made, f"The role {views.ROLE} is missing and may not be made here: {by_hand()}")
        if made:
            cursor.execute(views.grants(wanted))
            if may_make_roles and settings.ASK_PASSWORD:
                cursor.execute(f"ALTER ROLE {views.ROLE} PASSWORD '{_scrambled(settings.ASK_PASSWORD)}'")
        cursor.execute("SELECT has_database_privilege(%s, current_database(), 'TEMP')", [views.ROLE])
        if cursor.fetchone()[0]:
            # Everybody may make temporary tables by default; a reader has no use for them.
            cursor.execute(f'REVOKE TEMPORARY ON DATABASE "{connection.settings_dict["NAME"]}" FROM PUBLIC')
    return State(made)


def by_hand() -> str:
    """What somebody who may make roles has to run."""
    return "let an administrator of the database run “manage.py ask_views --role” as SQL, then run manage.py ask_views."


def drop() -> None:
    """Before migrations: a view would stand in the way of a column that changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('ask') IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute("DROP SCHEMA IF EXISTS ask CASCADE")


def up_to_date() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_STATE, {"role": views.ROLE})
        marked, has_role, _ = cursor.fetchone()
    return bool(has_role) and marked == views.mark(layer())


def refresh_or_say() -> None:
    """After a migrate, which never fails because of it."""
    try:
        state = refresh()
    except DatabaseError as error:
        log.warning("ask is off: its views could not be made", error=str(error).strip().splitlines()[0])
        return
    if state.problem:
        log.warning("ask is off", what=state.problem)


def _keep_key(cursor: object) -> None:
    inner, outer = views.pads(secret())
    cursor.execute(  # type: ignore[attr-defined]
        "INSERT INTO ask.rights_key (inner_pad, outer_pad) VALUES (%(inner)s, %(outer)s) ON CONFLICT (one) DO UPDATE "
        "SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad "
        "WHERE (rights_key.inner_pad, rights_key.outer_pad) IS DISTINCT FROM (excluded.inner_pad, excluded.outer_pad)",
        {"inner": inner, "outer": outer},
    )


def _scrambled(password: str) -> str:
    """As the server would keep it, so that the password itself stands in no log."""
    raw: psycopg.Connection = connection.connection
    return raw.pgconn.encrypt_password(password.encode(), views.ROLE.encode(), b"scram-sha-256").decode()
