"""kill -9 of every part in the middle of a working city: nothing acknowledged is lost, and the work goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from orders.states import NEXT, Status
from tests.house import ROOT, House

pytestmark = pytest.mark.slow
GOES_ON_WITHIN_S = 10
SHORT_DOORS = """
from catalog.models import City
from delivery.doors import DoorPolicy
for city in City.objects.all():
    DoorPolicy.objects.update_or_create(city=city, defaults={"wait_s": 10, "call_gap_s": 2, "store_wait_s": 10})
"""
"""Some customers of the simulated city are not at home, and the rule's five minutes at their door are real ones."""
MOVES = "SELECT count(*) FROM kernel_event WHERE code = 'orders.OrderMoved'"


@pytest.fixture
def house():
    house = House()
    try:
        house.start()
        yield house
    finally:
        house.stop()


def test_a_working_city_survives_kill_9_of_every_part(house):
    journal = house.folder / "journal"
    journal.touch()
    house.elsewhere(SHORT_DOORS)
    size = ["--customers", "12", "--pickers", "6", "--riders", "12", "--orders", "1000", "--speed", "80"]
    simulation = subprocess.Popen(
        [sys.executable, "-m", "blinkit.demo.simulate", "--url", house.url, "--journal", str(journal), *size],
        cwd=ROOT,
        env=house.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        house.until(lambda: (acknowledged(journal) and moves(house) > 10) or simulation.poll() is not None, 60)
        for part in ("web", "worker", "valkey", "postgres"):
            house.kill(part)
            before, began = moves(house), time.monotonic()
            house.until(lambda before=before: moves(house) > before, GOES_ON_WITHIN_S)
            went_on_s = time.monotonic() - began
            more = len(acknowledged(journal)) + 2
            house.until(lambda more=more: len(acknowledged(journal)) >= more, 30)  # the next wound finds work to hurt
            print(f"{part} killed; work went on {went_on_s:.1f} s after its return")
        simulation.send_signal(signal.SIGINT)  # no new orders; what is on the way is finished
        said, _ = simulation.communicate(timeout=150)
    finally:
        simulation.kill()
        simulation.wait()
    told = json.loads(said.splitlines()[-1])
    print(said)

    ids = acknowledged(journal)
    assert len(ids) == told["placed"] > 5
    there = dict(house.rows("SELECT id::text, status FROM orders_order"))
    assert [order_id for order_id in ids if order_id not in there] == []
    assert told["errors"] == 0, told["first_errors"]
    assert told["delivered"] > 0
    assert {there[order_id] for order_id in ids} <= {"DELIVERED", "CLOSED", "CANCELLED", "REFUNDED", "UNDELIVERED"}
    assert illegal_moves(house) == []
    house.audit()


def acknowledged(journal):
    return journal.read_text().split()


def moves(house):
    try:
        return house.rows(MOVES)[0][0]
    except Exception:  # the database is away, which is the point
        return -1


def illegal_moves(house):
    """Every order's story must be a walk through the table of moves that ends in its status."""
    walks = {order_id: ["PENDING"] for (order_id,) in house.rows("SELECT id::text FROM orders_order")}
    for subject, payload in house.rows(
        "SELECT subject, payload FROM kernel_event WHERE code = 'orders.OrderMoved' ORDER BY id"
    ):
        walks[subject.removeprefix("order:")].append(payload["new"])
    statuses = dict(house.rows("SELECT id::text, status FROM orders_order"))
    wrong = [
        (order_id, old, new)
        for order_id, walk in walks.items()
        for old, new in pairwise(walk)
        if Status(new) not in NEXT[Status(old)]
    ]
    return wrong + [
        (order_id, walk[-1], statuses[order_id]) for order_id, walk in walks.items() if walk[-1] != statuses[order_id]
    ]
