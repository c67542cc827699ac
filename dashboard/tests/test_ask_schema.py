"""The views, the role that reads them, what it may not do though every fence before it were gone, and that nothing of a
person is in them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import OperationalError, ProgrammingError
from django.utils.module_loading import import_string

from catalog.tests.factories import store
from dashboard.apps import drop_views, make_views
from dashboard.ask import views
from dashboard.ask.compile import compile_query
from dashboard.ask.layer import layer
from dashboard.ask.query import Intent, Query
from dashboard.errors import AskOff
from dashboard.services import ask_reading, ask_schema
from orders.models import Order
from orders.tests import factories

pytestmark = pytest.mark.django_db
FAR = 4_000_000_000
PERSONAL = re.compile(
    r"phone|mobile|email|address|contact|pincode|landmark|door|gate_|lat\b|lng\b|gps|note|text|body|comment|password|otp"
    r"|token|secret|gstin|fssai|ifsc|holder|last4|firebase|picker_id|rider_id|user_id|actor|birth|instruction|agent|device"
)
FINE = {"order.door_s", "order.rider_at_door_at", "stop.door_s"}


def two_orders() -> tuple[Order, Order]:
    """Of two stores."""
    mine, other = factories.order(), factories.order()
    other.store = store("BLR-2")
    other.save(update_fields=["store"])
    return mine, other


class Reader:
    """A cursor with the reader's role and what somebody's rights are."""

    def __init__(self, **rights: Any) -> None:
        self.rights = {"audiences": {"public"}, "stores": frozenset(), "until": FAR} | rights

    def __enter__(self) -> Any:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.cursor = connection.cursor()
        token = views.sign(**self.rights, secret=ask_schema.secret())
        self.cursor.execute("SELECT set_config('ask.rights', %s, true)", [token])
        self.cursor.execute("SET LOCAL ROLE ask_reader")
        return self.cursor

    def __exit__(self, *error: Any) -> None:
        transaction.set_rollback(True)
        self.cursor.close()
        self.atomic.__exit__(None, None, None)


def test_every_view_can_be_read_and_reads_the_tables_it_names() -> None:
    with Reader(audiences={"admin"}, stores=None) as cursor:
        for name, entity in layer().entities.items():
            cursor.execute(f'SELECT * FROM ask."{name}" LIMIT 1')
            columns = {column.name for column in cursor.description}
            wanted = {*(one.column for one in entity.dimensions), *(one.column for one in entity.measures), entity.key}
            wanted |= {one.where for one in entity.measures} | {one.column for one in entity.joins} | {entity.rows_of}
            assert wanted - {"*", ""} <= columns, name
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT v.relname, t.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
            JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid
            WHERE v.relnamespace = to_regnamespace('ask') AND t.relkind IN ('r', 'p')
            AND t.relnamespace = to_regnamespace('public')"""
        )
        read = set(cursor.fetchall())
    assert read == {(name, table) for name, entity in layer().entities.items() for table in entity.tables}
    assert len({table for _, table in read}) >= 50


def test_nothing_of_a_person_is_in_any_view() -> None:
    """By the names of columns, and by what each room that holds personal data calls it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'ask'")
        columns = {f"{table}.{column}" for table, column in cursor.fetchall() if table != "rights_key"}
    assert len(columns) > 700
    assert {one for one in columns if PERSONAL.search(one.partition(".")[2])} <= FINE
    # What is kept of people by the rooms that must tell and forget it: no such column is read under its own name.
    rooms: dict[str, tuple[str, str]] = import_string(settings.PERSONAL_DATA)
    kept = {
        field.column
        for room in rooms.values()
        for model in apps.get_app_config(room[0].partition(".")[0]).get_models()
        for field in model._meta.concrete_fields
        if field.related_model is apps.get_model("accounts", "User") or PERSONAL.search(field.column)
    }
    assert {"customer_id", "contact_phone", "address_text"} <= kept
    assert {one for one in columns if one.partition(".")[2] in kept} <= FINE
    shown = {
        f"{name}.{one.column}" for name, entity in layer().entities.items() for one in entity.dimensions
    }  # who ordered can be counted, never shown or grouped by
    assert "order.customer_mark" not in shown and "wallet_balance.mark" not in shown


def test_people_of_a_store_have_a_row_rule_wherever_there_is_a_store() -> None:
    for name, entity in layer().entities.items():
        if name == "fee_policy":
            continue  # what every customer is told
        if "store" in entity.who and "public" not in entity.who and "store_id" in entity.sql:
            assert entity.rows_of, name


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM public.accounts_user",
        "SELECT count(*) FROM orders_order",
        "SELECT inner_pad FROM ask.rights_key",
        "SELECT rolpassword FROM pg_authid",
        "INSERT INTO ask.city (name) VALUES ('x')",
        "UPDATE catalog_listing SET price_paise = 1",
        "DELETE FROM ask.listing",
        "TRUNCATE orders_order",
        "CREATE TABLE ask.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE FUNCTION ask.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP VIEW ask.listing",
        "ALTER ROLE ask_reader SUPERUSER",
        "CREATE ROLE mine SUPERUSER",
        "SET SESSION AUTHORIZATION postgres",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT lo_import('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY ask.city TO '/tmp/x'",
        "SELECT ask.rights()",
        "SELECT pg_terminate_backend(pg_backend_pid()) FROM pg_authid",
    ],
)
def test_the_role_itself_refuses(statement: str) -> None:
    """As if there were no compiler and no fence: the statement goes straight to the database."""
    with Reader(audiences={"admin"}, stores=None) as cursor:
        if statement.startswith("SET SESSION"):
            # `SET ROLE` in this test comes from a superuser's session; the reader's own has no way back up.
            cursor.execute(
                "SELECT pg_has_role('ask_reader', rolname, 'MEMBER') FROM pg_roles WHERE rolname <> 'ask_reader'"
            )
            assert not any(row[0] for row in cursor.fetchall())
            return
        with pytest.raises(
            (ProgrammingError, OperationalError), match=r"permission denied|must be|cannot (insert|delete)"
        ):
            cursor.execute(statement)


def test_rows_of_other_stores_stay_hidden_from_a_store_whatever_is_sent() -> None:
    mine, other = two_orders()
    with Reader(audiences={"store"}, stores={mine.store_id}) as cursor:
        cursor.execute('SELECT number FROM ask."order"')
        assert cursor.fetchall() == [(mine.number,)]
        cursor.execute('SELECT number FROM ask."order" WHERE store_id = %s OR true', [other.store_id])
        assert cursor.fetchall() == [(mine.number,)]
        # Somebody who could send any SQL would try to be somebody else.
        for told in ("admin|*|4000000000|00", "", "admin|*|4000000000"):
            cursor.execute("SELECT set_config('ask.rights', %s, true)", [told])
            with pytest.raises(ProgrammingError, match="Nobody is known"), transaction.atomic():
                cursor.execute('SELECT number FROM ask."order"')
    with Reader(audiences={"ops"}, stores=None) as cursor:
        cursor.execute('SELECT count(*) FROM ask."order"')
        assert cursor.fetchone() == (2,)


def test_rights_run_out_and_audiences_see_their_own() -> None:
    factories.order()
    late = Reader(audiences={"ops"}, stores=None, until=int(time.time()) - 1)
    with late as cursor, pytest.raises(ProgrammingError, match="run out"):
        cursor.execute('SELECT count(*) FROM ask."order"')
    with Reader(audiences={"public"}) as cursor:
        cursor.execute("SELECT count(*) FROM ask.listing")
        cursor.execute('SELECT count(*) FROM ask."order"')
        assert cursor.fetchone() == (0,)
    with Reader(audiences={"ops"}, stores=None) as cursor:
        cursor.execute("SELECT count(*) FROM ask.payment")
        assert cursor.fetchone() == (0,)
    with Reader(audiences={"finance"}, stores=None) as cursor:
        cursor.execute("SELECT count(*) FROM ask.payment")
        assert cursor.fetchone() == (1,)


def test_a_migration_makes_way_and_the_views_come_back() -> None:
    with connection.cursor() as cursor:
        drop_views(using="default", plan=["a migration"])
        cursor.execute("SELECT to_regnamespace('ask')")
        assert cursor.fetchone() == (None,) and not ask_schema.up_to_date()
        cursor.execute("ALTER TABLE catalog_city ALTER COLUMN name TYPE varchar(90)")
    make_views(using="default")
    assert ask_schema.up_to_date()
    assert ask_schema.refresh() == ask_schema.State(made=False)
    call_command("ask_views", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_several_processes_make_the_schema_at_once(race: Callable[..., list[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA ask CASCADE")
    states = race(4, lambda: ask_schema.refresh())
    assert sorted(state.made for state in states) == [False, False, False, True] and ask_schema.up_to_date()


def test_where_no_role_may_be_made_ask_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "ROLE", "ask_missing")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE ask_poor; ALTER SCHEMA ask OWNER TO ask_poor")
        cursor.execute(f'GRANT CREATE ON DATABASE "{connection.settings_dict["NAME"]}" TO ask_poor')
        cursor.execute("SET LOCAL ROLE ask_poor")
        state = ask_schema.refresh(force=True)
        assert state.made and "ask_missing" in state.problem and "manage.py ask_views --role" in state.problem
        with pytest.raises(CommandError, match="may not be made here"):
            call_command("ask_views", verbosity=0)
        cursor.execute("RESET ROLE")
    call_command("ask_views", "--role", stdout=(told := StringIO()))
    assert told.getvalue().startswith("DO $ask$") and "PASSWORD" in told.getvalue()


def test_the_role_is_made_once_by_all_who_would() -> None:
    assert "IF EXISTS" in views.role() and "duplicate_object" in views.role()
    with connection.cursor() as cursor:
        cursor.execute(views.role())
        cursor.execute("SELECT rolsuper, rolcreaterole, rolcreatedb, rolinherit, rolcanlogin FROM pg_roles "
                       "WHERE rolname = %s", [views.ROLE])  # fmt: skip
        assert cursor.fetchone() == (False, False, False, False, True)
        cursor.execute("SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole "
                       "WHERE rolname = %s", [views.ROLE])  # fmt: skip
        held = {row[0] for row in cursor.fetchall()}
    assert {"default_transaction_read_only=on", "statement_timeout=4000", "work_mem=16384"} <= held


def test_the_reader_signs_in_by_itself_and_gets_no_further() -> None:
    """With the product's own address, over a connection of its own (it sees what is committed: the views)."""
    with psycopg.connect(ask_reading.address(), autocommit=True) as own:
        told = own.execute(
            "SELECT current_user, current_setting('transaction_read_only'), current_setting('statement_timeout')"
        )
        assert told.fetchone() == ("ask_reader", "on", "4s")
        assert own.execute("SELECT count(*) FROM ask.listing").fetchone() == (0,)
        for statement in ("SET ROLE postgres",
                          "SET SESSION AUTHORIZATION postgres", "SELECT 1 FROM public.orders_order",
                          "RESET ROLE; SET ROLE pg_read_all_data", "SELECT inner_pad FROM ask.rights_key",
                          "SET transaction_read_only = off; CREATE TEMP TABLE t (x int)",
                          "BEGIN READ WRITE; SELECT * FROM public.accounts_user"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(statement)
            own.execute("ROLLBACK") if own.info.transaction_status.name != "IDLE" else None
        own.execute("SET statement_timeout = 1")
        with pytest.raises(psycopg.errors.QueryCanceled):
            own.execute("SELECT count(*) FROM generate_series(1, 100000000)")


def test_the_pool_answers_with_the_rights_of_each_question() -> None:
    """What the product does, without a test's connection in between; what is not committed it does not see."""
    orders = compile_query(Query(Intent.FIGURE, "order", ("order.count",)), layer())
    try:
        rights = views.sign(audiences={"ops"}, stores=None, until=FAR, secret=ask_schema.secret())
        assert ask_reading.read(orders, rights=rights).rows == [(0, None)]
        with pytest.raises(AskOff):
            ask_reading.read(orders, rights="")
        assert ask_reading.read(orders, rights=rights).cost is None  # known to be cheap, and no rights are left behind
    finally:
        ask_reading.close()
