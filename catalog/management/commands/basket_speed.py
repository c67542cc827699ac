"""How long the best split of a shopping list takes: invented lists and platforms, the same ones every time. Time of
the processor, so that other work on the machine does not count."""

from __future__ import annotations

import random
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.basketing import Cost, Offer, Shop, Terms, solve


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lists", type=int, default=50)
        parser.add_argument("--lines", type=int, default=20)
        parser.add_argument("--platforms", type=int, default=5)
        parser.add_argument("--percent", action="store_true", help="Most platforms have offers in percent")
        parser.add_argument("--budget", type=int, default=0, help="Rupees; 0: none")

    def handle(self, *args: Any, **options: Any) -> None:
        dice, taken, exact, split = random.Random(1), [], 0, 0
        budget = options["budget"] * 100 or None
        solve(market(dice, 5, 8))  # loads the solver
        for _ in range(options["lists"]):
            shops = market(dice, options["platforms"], options["lines"], in_percent=options["percent"])
            start = time.process_time()
            found = solve(shops, budget_paise=budget)
            taken.append(time.process_time() - start)
            exact += found is not None and found.is_exact
            split += found is not None and len(found.bills) > 1
        taken.sort()
        ms = [1000 * taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95, 1)]
        self.stdout.write(
            f"{options['lists']} lists of {options['lines']} lines on {options['platforms']} platforms:"
            f" p50 {ms[0]:.0f} ms, p95 {ms[1]:.0f} ms, slowest {ms[2]:.0f} ms; {exact} exact, {split} split"
        )


def market(dice: random.Random, platforms: int, lines: int, *, in_percent: bool = False) -> list[Shop]:
    """Prices 10 % around the same, one line in twelve missing, fees and offers as platforms have them. `in_percent`:
    most have a coupon of 5 to 20 % for all or some of the lines, and some 10 % with a bank."""
    base = [dice.randrange(2_000, 18_000, 100) for _ in range(lines)]
    shops = []
    for _ in range(platforms):
        offers: tuple[Offer, ...] = (Offer("coupon", 0, 5_000, None, 29_900),) if dice.random() < 0.5 else ()
        terms = Terms(
            dice.choice([0, 9_900, 19_900]), dice.choice([1_500, 2_500, 3_000]), dice.choice([19_900, 29_900, 49_900]),
            dice.choice([500, 900, 1_500]), 2_000, dice.choice([0, 9_900]), dice.choice([0, 0, 1_500]),
        )  # fmt: skip
        if in_percent:
            offers += _in_percent(dice)
        prices = [round(paise * dice.uniform(0.9, 1.1) / 100) * 100 for paise in base]
        some = [in_percent and offer.off_bp > 0 and dice.random() < 0.3 for offer in offers]
        costs = [
            None
            if dice.random() < 1 / 12
            else Cost(paise, tuple(0 if of_some and dice.random() < 0.7 else paise for of_some in some))
            for paise in prices
        ]
        shops.append(Shop(terms, tuple(costs), offers))
    return shops


def _in_percent(dice: random.Random) -> tuple[Offer, ...]:
    most, least = dice.choice([5_000, 10_000, 15_000, None]), dice.choice([0, 9_900, 29_900, 49_900])
    coupon = (Offer("coupon", dice.choice([500, 1_000, 1_500, 2_000]), 0, most, least),) if dice.random() < 0.8 else ()
    return coupon + ((Offer("bank", 1_000, 0, 12_500, 99_900),) if dice.random() < 0.4 else ())
