"""The text of the schema `ask`: one view per entity, what a caller's rights are checked with, and the role that reads.

A caller's rights are a signed setting of the transaction (`sign`): audiences, stores and an end. A view checks the
signature against a key that its reader can't read, so that whoever could send any SQL as that role could still not
widen what it sees. Views with rows of stores are barriers: no condition of a question is looked at before theirs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from dashboard.ask.layer import Entity, Layer

SCHEMA = "ask"
ROLE = "ask_reader"
SETTING = "ask.rights"
ALL_STORES = "*"
TIMEOUT_MS = 4_000
WORK_MEM_KB = 16_384
MOST_CONNECTIONS = 40
_BLOCK = 64


def sign(*, audiences: Collection[str], stores: Collection[int] | None, until: int, secret: str) -> str:
    """The setting that says what a caller may see: `stores` None is all. HMAC-SHA256 (RFC 2104)."""
    told = "|".join(
        (
            ",".join(sorted(audiences)),
            ALL_STORES if stores is None else ",".join(str(store) for store in sorted(stores)),
            str(until),
        )
    )
    return f"{told}|{hmac.new(_key(secret), told.encode(), hashlib.sha256).hexdigest()}"


def pads(secret: str) -> tuple[bytes, bytes]:
    """The two pads of HMAC, which is all that the database has to know."""
    key = _key(secret).ljust(_BLOCK, b"\0")
    return bytes(each ^ 0x36 for each in key), bytes(each ^ 0x5C for each in key)


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def mark(layer: Layer) -> str:
    """What the schema is marked with, so that it is made anew only when the layer or this text has changed."""
    told = "\n".join([FUNCTIONS, *(view(entity) for entity in layer.entities.values())])
    return f"layer {hashlib.sha256(told.encode()).hexdigest()[:24]}"


def view(entity: Entity) -> str:
    conditions = []
    if "public" not in entity.who:
        who = ",".join(sorted(entity.who))
        conditions.append(f"(SELECT ask.may('{{{who}}}'))")
    if entity.rows_of:
        conditions.append(
            f'((SELECT ask.stores()) IS NULL OR v."{entity.rows_of}" = ANY ((SELECT ask.stores())::bigint[]))'
        )
    barrier = " WITH (security_barrier = true)" if entity.rows_of else ""
    where = f"\nWHERE {' AND '.join(conditions)}" if conditions else ""
    return f'CREATE VIEW ask."{entity.name}"{barrier} AS\nSELECT v.* FROM (\n{entity.sql}\n) AS v{where}'


FUNCTIONS = """
CREATE TABLE ask.days AS
    SELECT generate_series(timestamp '2025-01-01', timestamp '2036-01-01', interval '1 day')
        AT TIME ZONE 'Asia/Kolkata' AS day;
ALTER TABLE ask.days ADD PRIMARY KEY (day);
ANALYZE ask.days;
CREATE TABLE ask.rights_key (one boolean PRIMARY KEY DEFAULT true CHECK (one), inner_pad bytea, outer_pad bytea);
CREATE FUNCTION ask.rights() RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog AS $ask$
DECLARE
    said text := current_setting('ask.rights', true);
    told text[] := string_to_array(said, '|');
    held ask.rights_key;
BEGIN
    SELECT * INTO held FROM ask.rights_key;
    IF array_length(told, 1) IS DISTINCT FROM 4 OR encode(sha256(held.outer_pad || sha256(held.inner_pad ||
        convert_to(array_to_string(told[1:3], '|'), 'UTF8'))), 'hex') IS DISTINCT FROM told[4]
    THEN
        RAISE insufficient_privilege USING MESSAGE = 'Nobody is known to ask.';
    END IF;
    IF told[3]::bigint < extract(epoch FROM statement_timestamp()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'The rights of who asks have run out.';
    END IF;
    RETURN told;
END $ask$;
CREATE FUNCTION ask.may(who text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog AS $ask$
    SELECT string_to_array((ask.rights())[1], ',') && who
$ask$;
CREATE FUNCTION ask.stores() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog AS $ask$
    SELECT CASE WHEN held <> '*' THEN string_to_array(held, ',')::bigint[] END
    FROM (SELECT (ask.rights())[2]) AS r(held)
$ask$;
REVOKE ALL ON FUNCTION ask.rights(), ask.may(text[]), ask.stores() FROM PUBLIC;
"""
ROLE_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(TIMEOUT_MS),
    "lock_timeout": "500",
    "idle_in_transaction_session_timeout": "10000",
    "work_mem": str(WORK_MEM_KB),
    "max_parallel_workers_per_gather": "0",
    "search_path": "ask",
    "jit": "off",
}
GRANTS = f"""
GRANT USAGE ON SCHEMA ask TO {ROLE};
GRANT EXECUTE ON FUNCTION ask.may(text[]), ask.stores() TO {ROLE};
"""


def schema(layer: Layer) -> str:
    """Drops and makes the whole schema, without the role's grants."""
    views = ";\n".join(view(entity) for entity in layer.entities.values())
    comment = f"COMMENT ON SCHEMA ask IS '{mark(layer)}'"
    return f"DROP SCHEMA IF EXISTS ask CASCADE;\nCREATE SCHEMA ask;\n{FUNCTIONS}\n{views};\n{comment}"


def grants(layer: Layer) -> str:
    names = ", ".join(f'ask."{name}"' for name in layer.entities)
    return f"{GRANTS}GRANT SELECT ON {names} TO {ROLE}"


def role() -> str:
    """The role and its settings, for who may make roles. Repeats and rivals do no harm: a role belongs to all
    databases of a server."""
    settings = "\n".join(f"    ALTER ROLE {ROLE} SET {name} = '{value}';" for name, value in ROLE_SETTINGS.items())
    return f"""DO $ask$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN RETURN; END IF;
    CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS
        CONNECTION LIMIT {MOST_CONNECTIONS};
{settings}
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $ask$"""
