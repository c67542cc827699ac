"""Many processes and one product: what the real hold sells, and what a careless one would. For `manage.py race`."""

from __future__ import annotations

import multiprocessing as mp
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import time as clock
from typing import Any

from django.db import connection, connections, transaction
from django.utils import timezone

from blinkit.kernel.errors import Refusal
from blinkit.kernel.ids import uuid7
from catalog.models import Category, City, Product
from catalog.services import save_store
from inventory import services
from inventory.models import Stock

THINKS_S = 0.002
"""How long a careless buyer thinks between looking and writing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`oversold`: units promised that were not there."""

    run: str
    processes: int
    buyers: int
    units: int
    sold: int
    refused: int
    errors: int
    deadlocks: int
    oversold: int
    seconds: float


def scratch_shelf(*, units: int, now: datetime) -> Stock:
    """A store of its own with one product and so many units of it."""
    mark = uuid7().hex[-8:].upper()
    city = City.objects.create(slug=f"race-{mark.lower()}", name="Race", state_code="29")
    area = [[77.60, 12.93], [77.65, 12.93], [77.65, 12.98], [77.60, 12.98]]
    store = save_store(
        code=f"RACE-{mark}", name="Race", city=city, lat=12.95, lng=77.62, area=area, opens=clock(0), closes=clock(0)
    )
    category = Category.objects.create(slug=f"race-{mark.lower()}", name="Race")
    product = Product.objects.create(sku=f"RACE-{mark}", name="The last ones", category=category, mrp_paise=100)
    services.receive(store_id=store.pk, lines=[(product.pk, units, None)], reason="race", actor="system", now=now)
    return Stock.objects.select_related("store").get(store=store, product=product)


def real(stock: Stock) -> None:
    """One buyer: the house's own hold."""
    with transaction.atomic():
        services.hold(
            ref=uuid7(), store_id=stock.store_id, basket={stock.product_id: 1}, until=None, actor="race",
            now=timezone.now(),
        )  # fmt: skip


def careless(stock: Stock) -> None:
    """One buyer who looks, thinks, and writes down what they believe: no lock, no delta."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT on_hand - held, held FROM inventory_stock WHERE id = %s", [stock.pk])
        free, held = cursor.fetchone()
        if free < 1:
            raise Refusal("Sold out.")
        time.sleep(THINKS_S)  # the race is the point
        cursor.execute("UPDATE inventory_stock SET held = %s WHERE id = %s", [held + 1, stock.pk])


BUYERS: Mapping[str, Callable[[Stock], None]] = {"real": real, "no-lock": careless}


def race(run: str, *, stock: Stock, processes: int, buyers: int, units: int) -> Outcome:
    """So many processes serve so many buyers of one unit each, as fast as they can. The processes are real ones (fork),
    with a connection each, and start together."""
    context = mp.get_context("fork")
    connections.close_all()  # a connection must not be shared with a child
    turn, barrier, told = context.Value("i", 0), context.Barrier(processes + 1), context.SimpleQueue()
    workers = [
        context.Process(target=_serve, args=(run, stock, buyers, turn, barrier, told), daemon=True)
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(timeout=120)
    started = time.monotonic()
    counts: Counter[str] = Counter()
    for _ in workers:
        counts.update(told.get())
    seconds = time.monotonic() - started
    for worker in workers:
        worker.join(timeout=60)
    errors = buyers - counts["sold"] - counts["refused"]
    return Outcome(
        run, processes, buyers, units, counts["sold"], counts["refused"], errors, counts["deadlock"],
        max(0, counts["sold"] - units), round(seconds, 2),
    )  # fmt: skip


def _serve(run: str, stock: Stock, buyers: int, turn: Any, barrier: Any, told: Any) -> None:
    counts: Counter[str] = Counter()
    connections.close_all()
    connection.ensure_connection()
    barrier.wait(timeout=120)
    while True:
        with turn.get_lock():
            if turn.value >= buyers:
                break
            turn.value += 1
        try:
            BUYERS[run](stock)
            counts["sold"] += 1
        except Refusal:
            counts["refused"] += 1
        except Exception as error:
            counts["deadlock" if "deadlock" in str(error) else "error"] += 1
    connections.close_all()
    told.put(dict(counts))
