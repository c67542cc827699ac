"""`manage.py stock_bench`: what holds and availability cost, and many writers on one product."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from blinkit.kernel.commands import report
from blinkit.kernel.ids import uuid7
from blinkit.kernel.scratch import scratch_database
from catalog.models import Product
from inventory import queries, racing, services

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


class Command(BaseCommand):
    help = "Statements and processor time of the hot acts of stock, in a database of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rounds", type=int, default=300)
        parser.add_argument("--processes", type=int, default=16)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        with scratch_database("bench"):
            shelf = self._shelf()
            store_id, ids = shelf
            acts: dict[str, Callable[[], object]] = {
                "hold a basket of 5": lambda: _hold(store_id, ids[:5]),
                "availability of 200": lambda: queries.free(store_id=store_id, product_ids=ids),
                "availability of 200 at a slot": lambda: queries.free(
                    store_id=store_id, product_ids=ids, arrives_at=timezone.now()
                ),
            }
            rows = [_measured(name, act, options["rounds"]) for name, act in acts.items()]
            hot = racing.scratch_shelf(units=1_000_000, now=timezone.now())
            many = racing.race("real", stock=hot, processes=options["processes"], buyers=2000, units=1_000_000)
            scarce = racing.scratch_shelf(units=50, now=timezone.now())
            last = racing.race("real", stock=scarce, processes=32, buyers=200, units=50)
            differences = len(queries.audit())
        report(rows, {"acts": rows}, title="One act", out=self.stdout)  # type: ignore[arg-type]
        races = [asdict(many), asdict(last)]
        report(races, {"races": races, "differences": differences}, title="One product", out=self.stdout)  # type: ignore[arg-type]
        if differences or many.errors or last.errors or last.sold != last.units:
            sys.exit(1)

    def _shelf(self) -> tuple[int, list[int]]:
        """A store with 200 products of two lots each."""
        now = timezone.now()
        first = racing.scratch_shelf(units=1, now=now)
        category = first.product.category
        made = Product.objects.bulk_create(
            [
                Product(sku=f"BENCH-{uuid7().hex[-10:]}-{n}", name="Bench", category=category, mrp_paise=100)
                for n in range(200)
            ]
        )
        ids = [product.pk for product in made]
        lines = [services.Arrival(pk, 500_000, None, lot) for pk in ids for lot in ("A", "B")]
        services.receive(store_id=first.store_id, lines=lines, reason="bench", actor="system", now=now)
        return first.store_id, ids


def _hold(store_id: int, products: list[int]) -> None:
    with transaction.atomic():
        services.hold(
            ref=uuid7(), store_id=store_id, basket=dict.fromkeys(products, 1), until=None, actor="bench",
            now=timezone.now(),
        )  # fmt: skip


def _measured(name: str, act: Callable[[], object], rounds: int) -> dict[str, object]:
    for _ in range(20):
        act()
    with CaptureQueriesContext(connection) as caught:
        act()
    control = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    statements = sum(not it["sql"].upper().startswith(control) for it in caught.captured_queries)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    before, web, wall = _cpu_ms(pid), time.process_time(), time.monotonic()
    for _ in range(rounds):
        act()
    wall_ms, web_ms, after = (time.monotonic() - wall) * 1000, (time.process_time() - web) * 1000, _cpu_ms(pid)
    return {
        "act": name,
        "statements": statements,
        "web_cpu_ms": round(web_ms / rounds, 2),
        "postgresql_cpu_ms": None if before is None or after is None else round((after - before) / rounds, 2),
        "wall_ms": round(wall_ms / rounds, 2),
    }


def _cpu_ms(pid: int) -> float | None:
    """Processor time of a server process on this machine; None where there is no /proc or it is elsewhere."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * TICK_MS
