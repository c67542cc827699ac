"""Real processes: many that buy at once, and one that is killed."""

import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from inventory import queries, racing, services
from inventory.models import Hold, HoldState, Movement
from inventory.tests.factories import stocked

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_processes_sell_each_unit_once_and_the_careless_control_oversells(capsys):
    call_command("race", processes=4, buyers=40, units=10, control="no-lock")
    said = capsys.readouterr().out
    assert "Nothing was sold twice." in said
    assert queries.audit(store_code="nowhere") == []


def test_the_command_fails_when_the_real_hold_oversells(monkeypatch, capsys):
    monkeypatch.setitem(racing.BUYERS, "real", racing.careless)
    with pytest.raises(SystemExit):
        call_command("race", processes=4, buyers=40, units=10)
    assert "oversold" in capsys.readouterr().out


CHILD = """
    import os, sys
    os.environ["DJANGO_SETTINGS_MODULE"] = "blinkit.settings"
    import django
    django.setup()
    from datetime import datetime, timedelta
    from uuid import UUID
    from django.conf import settings
    from django.db import connection, transaction
    connection.settings_dict["NAME"] = sys.argv[1]
    from inventory import services
    where, ref, store, product, now = sys.argv[2], UUID(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6]
    now = datetime.fromisoformat(now)
    basket = dict(ref=ref, store_id=store, basket={product: 3}, until=now + timedelta(minutes=15))
    def stop():
        print("held", flush=True)
        sys.stdin.read()  # until it is killed
    with transaction.atomic():
        services.hold(**basket, actor="user:1", now=now)
        if where == "inside":
            stop()
    stop()
"""


def killed(stock, where: str):
    """A process holds three units and is killed: inside the transaction, or between its commit and what follows."""
    ref = uuid7()
    child = subprocess.Popen(
        [
            sys.executable, "-c", textwrap.dedent(CHILD), str(connection.settings_dict["NAME"]), where, str(ref),
            str(stock.store_id), str(stock.product_id), NOW.isoformat(),
        ],
        cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout.readline().strip() == "held"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=30)
    return ref


def test_units_held_by_a_process_that_is_killed_stay_held_and_come_back_with_the_sweep():
    stock = stocked(10)
    ref = killed(stock, "after")
    stock.refresh_from_db()
    assert (stock.held, Hold.objects.get(ref=ref).state) == (3, HoldState.ACTIVE)
    assert services.sweep_expired(now=NOW + timedelta(minutes=14)) == 0
    assert services.sweep_expired(now=NOW + timedelta(minutes=15)) == 1
    stock.refresh_from_db()
    assert (stock.held, stock.free) == (0, 10)
    assert queries.audit() == []


def test_a_process_killed_inside_its_transaction_holds_nothing():
    stock = stocked(10)
    ref = killed(stock, "inside")
    services.hold(  # waits for the server to notice, if it has not: the row's lock is gone with the transaction
        ref=uuid7(), store_id=stock.store_id, basket={stock.product_id: 10}, until=None, actor="user:2", now=NOW
    )
    stock.refresh_from_db()
    assert (stock.held, Hold.objects.filter(ref=ref).count(), Movement.objects.filter(ref=ref).count()) == (10, 0, 0)
    assert queries.audit() == []
