"""`manage.py bill_bench`: what deciding on promotions and making the bill costs, and one rich cart explained."""

from __future__ import annotations

import random
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand

from blinkit.kernel.commands import report
from blinkit.kernel.money import rupees
from catalog.pricing import Bill, BillInput, FeeRules, LineInput, base_delivery, make_bill
from catalog.pricing.promotions import Basket, Item, Kind, Rule, Shopper, decide

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CATEGORIES = tuple(f"category-{n}" for n in range(8))
WARM_UP = 10
"""Baskets not counted: the first ones pay for what a process does once."""
BRANDS = tuple(f"Brand {n}" for n in range(10))


def some_items(chance: random.Random, lines: int) -> list[Item]:
    return [
        Item(
            n,
            chance.randint(1, 4),
            chance.randrange(500, 40_000, 100),
            chance.choice(CATEGORIES),
            chance.choice(BRANDS),
        )
        for n in range(1, lines + 1)
    ]


def some_rules(chance: random.Random, promotions: int, lines: int) -> list[Rule]:
    """A mixture of all kinds, half of them on something in the basket."""
    rules = []
    for id in range(1, promotions + 1):
        kind = chance.choice(list(Kind))
        bp = chance.choice([500, 1_000, 1_500, 2_000])
        rule: dict[str, Any] = {"id": id, "kind": kind, "name": f"{kind.value} {id}", "percent_bp": bp}
        if kind in (Kind.FLAT, Kind.CASHBACK):
            rule |= {"percent_bp": 0, "amount_paise": chance.randrange(1_000, 10_000, 500), "min_items_paise": 20_000}
        if kind in (Kind.FREE_ITEM, Kind.FLASH):
            rule |= {"products": frozenset({chance.randint(1, lines * 2)}), "amount_paise": 400, "percent_bp": 0}
        elif kind == Kind.BUNDLE:
            rule |= {"parts": tuple((n, 1) for n in chance.sample(range(1, lines + 1), 2)), "amount_paise": 2_000}
        elif kind != Kind.FREE_DELIVERY and chance.random() < 0.8:
            rule |= {"categories": frozenset({chance.choice(CATEGORIES)})}
            if chance.random() < 0.3:
                rule |= {"cap_paise": 5_000}
        if kind == Kind.BUY_GET:
            rule |= {"buy_qty": chance.randint(1, 2), "percent_bp": 0}
        if kind == Kind.PERCENT and chance.random() < 0.2:
            rule |= {"categories": frozenset(), "method": "online"}
        rules.append(Rule(**rule))
    return rules


def billed(items: list[Item], rules: list[Rule]) -> Bill:
    policy = FeeRules()
    basket = Basket(items, base_delivery(policy, sum(item.qty * item.unit_price_paise for item in items)))
    decision = decide(basket, rules, shopper=Shopper(False, method="online"), now=NOW)
    lines = [LineInput(i.product_id, i.qty, i.unit_price_paise, i.unit_price_paise, 500) for i in items]
    bill = make_bill(BillInput(lines=lines, policy=policy, promotions=decision))
    bill.fingerprint()
    return bill


class Command(BaseCommand):
    help = (
        "Measure promotions and bill: CPU and wall milliseconds over many random baskets, and the explanation of one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lines", type=int, default=20)
        parser.add_argument("--promotions", type=int, default=50)
        parser.add_argument("--baskets", type=int, default=300)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        chance = random.Random(options["seed"])
        times, walls, proven, bill = [], [], 0, None
        for n in range(WARM_UP + max(2, options["baskets"])):
            items = some_items(chance, options["lines"])
            rules = some_rules(chance, options["promotions"], options["lines"])
            started, started_wall = time.thread_time(), time.perf_counter()
            bill = billed(items, rules)
            cpu, wall = time.thread_time() - started, time.perf_counter() - started_wall
            if n >= WARM_UP:
                times.append(cpu * 1000)
                walls.append(wall * 1000)
                proven += bill.promotions.is_proven
        assert bill is not None
        applied = bill.promotions.applied
        yes = [(one, one.discount_paise + one.waived_paise + one.credit_paise) for one in applied]
        rows = [{"promotion": one.rule.name, "worth": rupees(paise), "why not": ""} for one, paise in yes]
        rows += [{"promotion": no.rule.name, "worth": "", "why not": no.sentence} for no in bill.promotions.refused]
        figures = {
            "lines": options["lines"],
            "promotions": options["promotions"],
            "baskets": len(times),
            "cpu_p50_ms": round(median(times), 3),
            "cpu_p95_ms": round(quantiles(times, n=20)[-1], 3),
            "cpu_worst_ms": round(max(times), 3),
            "wall_p50_ms": round(median(walls), 3),
            "wall_p95_ms": round(quantiles(walls, n=20)[-1], 3),
            "proven_best": proven,
        }
        title = f"One of {len(times)} baskets: {rupees(bill.items_paise)}, {rupees(bill.discount_paise)} off"
        report(rows, figures, title=title, out=cast(TextIO, self.stdout))
