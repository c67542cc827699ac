"""Promises: one quote, and 300 stores quoted for one place in one call, with a learned model in use. CPU of the process
that asks; statements as they were sent."""

from __future__ import annotations

import random
import time as clock
from collections.abc import Callable
from datetime import datetime, time, timedelta
from statistics import median
from typing import Any

from blinkit.kernel.geo import Point
from catalog import queries as goods
from catalog.models import City, Store
from orders import queries
from orders.models import EtaModel, LegStat
from orders.promise.facts import FIELDS, Corrector
from orders.promise.learned import Learned
from orders.promise.trees import Trees

STORES, QUOTES, CALLS = 300, 2_000, 30
LEGS = ("pick", "pack", "handover", "rider", "door")
PLACE = Point(12.95, 77.62)


def load(*, now: datetime) -> None:
    """300 stores with measured legs, and a model as large as `train_eta` makes them (80 and 32 trees of 8 leaves)."""
    dice = random.Random(11)
    city = City.objects.create(slug="quotes", name="Quotes", state_code="29")
    ring = [[77.4, 12.8], [77.8, 12.8], [77.8, 13.1], [77.4, 13.1]]
    Store.objects.bulk_create(
        Store(
            code=f"Q{number:03}", name="Q", city=city, lat=12.95 + dice.uniform(-0.05, 0.05),
            lng=77.62 + dice.uniform(-0.05, 0.05), area=ring, opens=time(0), closes=time(0),
        )
        for number in range(STORES)
    )  # fmt: skip
    LegStat.objects.bulk_create(
        LegStat(store=store, leg=leg, hour=hour, p50_s=60, p90_s=90, samples=100)
        for store in Store.objects.filter(city=city)
        for leg in LEGS
        for hour in range(24)
    )
    model = Corrector(Learned("bench", FIELDS, _trees(dice, 80), _trees(dice, 32), 1.5), {})
    EtaModel.objects.create(
        trained_at=now, learned_until=now - timedelta(days=1), rows=1, judged_on=1, mae_s=1, kept_percent=90,
        padding_s=1, kept=model.as_json(), is_active=True,
    )  # fmt: skip


def measure(*, now: datetime) -> dict[str, Any]:
    """Milliseconds of CPU: the median of many."""
    stores = goods.active_stores()[:STORES]
    one = stores[0]
    return {
        "quote_cpu_ms": _cpu_ms(lambda: queries.promise_for(one, to=PLACE, lines=5, units=7, now=now), QUOTES),
        "stores300_cpu_ms": _cpu_ms(lambda: queries.promises_for(stores, to=PLACE, lines=5, units=7, now=now), CALLS),
    }


def _cpu_ms(ask: Callable[[], Any], times: int) -> float:
    ask()  # the model is read and the trees compiled once per process
    took = []
    for _ in range(times):
        began = clock.process_time_ns()
        ask()
        took.append(clock.process_time_ns() - began)
    return round(median(took) / 1e6, 3)


def _trees(dice: random.Random, count: int) -> Trees:
    def node(depth: int) -> Any:
        if depth == 3:
            return dice.uniform(-0.01, 0.01)
        return (dice.randrange(len(FIELDS)), dice.uniform(0, 300), node(depth + 1), node(depth + 1))

    return Trees(tuple(node(0) for _ in range(count)))
