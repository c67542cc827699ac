"""Sixteen processes, some of them killed, do everything at once to one small shop; then everything is settled, and the
books of stock, orders, money and gateway must agree. Controls take one lock out and show that this is noticed.

`manage.py race` runs the narrower race of buyers for few units against a scratch database and prints its table.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings

from blinkit.kernel.errors import Refusal
from inventory.services import ledger
from orders.models import Order
from orders.services import mover
from tests import world
from tests.world import NothingToDo, World

PROCESSES = 16
ACTS_EACH = 20
KILLED = 4

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def _act(shop: World, seed: int, said: Any, acts: int) -> None:
    """One process: so many random acts. Says what came of them; a fault is said with its traceback."""
    connections.close_all()
    shop.chance = random.Random(seed)
    done: Counter[str] = Counter()
    faults: list[str] = []
    for _ in range(acts):
        act = shop.chance.choice(world.ACTS)
        try:
            act(shop)
            done[act.__name__] += 1
        except NothingToDo:
            continue
        except Refusal as refusal:
            done[refusal.code] += 1
        except Exception as error:
            faults.append(f"{act.__name__}: {error!r}\n{traceback.format_exc(limit=-6)}")
    said.send((done, faults))
    os._exit(0)  # no clean-up of the parent's servers and connections


def _race(shop: World, *, kill: int = 0, acts: int = ACTS_EACH) -> tuple[Counter[str], list[str]]:
    """What happened, and what no act should have raised."""
    connections.close_all()  # each process opens its own
    context = get_context("fork")
    # A pipe each: what they say of a common queue stays locked for good when one of them is killed while speaking.
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    running = [
        context.Process(target=_act, args=(shop, number, said, acts), daemon=True)
        for number, (_, said) in enumerate(pipes)
    ]
    for process, (_, said) in zip(running, pipes, strict=True):
        process.start()
        said.close()
    victims = running[:kill]
    for process in victims:  # in the middle of whatever they do
        while process.is_alive() and _acted(shop) < 2:
            os.sched_yield()
        if process.pid and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
    answers: list[tuple[Counter[str], list[str]]] = []
    deadline = time.monotonic() + 120
    for listen, _ in pipes:
        assert listen.poll(deadline - time.monotonic()), "the race does not end"
        with contextlib.suppress(EOFError):  # killed
            answers.append(listen.recv())
    done: Counter[str] = Counter()
    faults: list[str] = []
    for counted, found in answers:
        done += counted
        faults += found
    return done, faults


def _acted(shop: World) -> int:
    return Order.objects.filter(store_id=shop.store.pk).count()


@override_settings(ORDER_MOST_OPEN_UNPAID=500, ORDER_MOST_OPEN_CASH=500)
def test_sixteen_processes_with_kills_leave_books_that_agree() -> None:
    shop = World(random.Random(1), products=3, customers=6, units=40)
    done, faults = _race(shop, kill=KILLED)
    assert faults == []
    assert world.faults() == []
    shop.settle()
    assert world.faults() == []
    assert world.gateway_differs() == []
    assert done["check_out"] > 5, done
    print(dict(done.most_common()))


def _caught(shop: World, control: Callable[[], None]) -> list[str]:
    """What is noticed when one lock is missing: acts that the database refuses, or books that differ."""
    found: list[str] = []
    for _ in range(3):
        control()
        found += _race(shop, acts=ACTS_EACH)[1] + world.faults()
        if found:
            break
    return found


@override_settings(ORDER_MOST_OPEN_UNPAID=500, ORDER_MOST_OPEN_CASH=500)
def test_control_without_the_stock_lock_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(sql: str, values: Any) -> Any:
        return execute(sql.replace("FOR UPDATE OF s, h", "").replace("FOR UPDATE OF s", ""), values)

    execute = ledger.execute
    shop = World(random.Random(2), products=1, customers=6, units=30)
    assert _caught(shop, lambda: monkeypatch.setattr(ledger, "execute", unlocked))


@override_settings(ORDER_MOST_OPEN_UNPAID=500, ORDER_MOST_OPEN_CASH=500)
def test_control_without_the_orders_lock_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(order_id: Any) -> Order:
        return Order.objects.select_related("store").get(pk=order_id)

    def everywhere() -> None:
        for name in ("ending", "floor", "street", "substituting", "mover", "claims", "cashback", "slots"):
            module = __import__(f"orders.services.{name}", fromlist=["lock"])
            if hasattr(module, "lock"):
                monkeypatch.setattr(module, "lock", unlocked)

    shop = World(random.Random(3), products=2, customers=6, units=60)
    assert mover.lock is not unlocked
    assert _caught(shop, everywhere)
