import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.models import Account, Entry, Transfer
from payments.tests.factories import cash, paid

pytestmark = pytest.mark.django_db


def settle_constraints() -> None:
    """What a commit would check."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def accounts() -> tuple[Account, Account]:
    return (
        Account.objects.create(code="bank", kind="asset"),
        Account.objects.create(code="orders:prepaid", kind="liability"),
    )


def test_a_balanced_transfer_is_posted_once_per_key():
    entries = {"bank": 500, "orders:prepaid": -500}
    assert ledger.post(kind="capture", key="k", entries=entries, ref=None, memo="", at=NOW)
    assert not ledger.post(kind="capture", key="k", entries=entries, ref=None, memo="", at=NOW)
    settle_constraints()
    assert ledger.balance("bank") == 500
    assert Account.objects.get(code="orders:prepaid").kind == "liability"


def test_our_own_code_refuses_an_unbalanced_posting():
    with pytest.raises(ValueError, match="do not balance"):
        ledger.post(kind="capture", key="k", entries={"bank": 500, "orders:prepaid": -499}, ref=None, memo="", at=NOW)
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("amounts", [(500, -499), (500,), ()])
def test_the_database_refuses_to_commit_an_unbalanced_transfer(amounts):
    both = accounts()
    with pytest.raises(DatabaseError, match="does not balance"), transaction.atomic():
        transfer = Transfer.objects.create(kind="capture", key="k", at=NOW)
        for account, amount in zip(both, amounts, strict=False):
            Entry.objects.create(transfer=transfer, account=account, amount_paise=amount)
        settle_constraints()


def test_an_entry_added_later_must_not_unbalance_a_transfer():
    paid()
    settle_constraints()
    with pytest.raises(DatabaseError, match="does not balance"), transaction.atomic():
        Entry.objects.create(transfer=Transfer.objects.get(), account=Account.objects.first(), amount_paise=1)
        settle_constraints()


@pytest.mark.parametrize("table", ["payments_entry", "payments_transfer"])
def test_postings_can_be_neither_changed_nor_deleted(table):
    paid()
    settle_constraints()
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def run_audit():
    out = StringIO()
    code = 0
    try:
        call_command("audit_ledger", stdout=out)
    except SystemExit as stop:
        code = stop.code
    return code, json.loads(out.getvalue().splitlines()[-1])


def test_the_audit_is_quiet_when_the_books_balance():
    paid(48_200)
    services.collect_cash(ref=cash(1_000).ref, rider_ref=7, amount_paise=1_000, now=NOW)
    code, found = run_audit()
    assert (code, found["differences"]) == (0, 0)
    assert found["balances"] == {"cash:rider:7": 1_000, "gateway:sandbox": 48_200, "orders:prepaid": -49_200}


@pytest.mark.parametrize(
    ("corruption", "finding"),
    [
        ("UPDATE payments_payment SET captured_paise = captured_paise + 1", "captured is not what the ledger says"),
        ("UPDATE payments_payment SET refunded_paise = refunded_paise - 1", "refunded is not what the ledger says"),
        ("UPDATE payments_attempt SET captured_paise = captured_paise + 1", "captured is not what the attempt says"),
        ("UPDATE payments_refund SET state = 'done'", "refunds promised are not what refunds:payable says"),
    ],
)
def test_the_audit_catches_a_corruption_by_hand(corruption, finding):
    payment = paid(48_200)
    services.lower_amount(ref=payment.ref, by_paise=100, reason="short", key="k", now=NOW)
    assert queries.audit() == []
    with connection.cursor() as cursor:
        cursor.execute(corruption)
    code, found = run_audit()
    assert code == 1
    assert finding in {row["what"] for row in found["rows"]}
