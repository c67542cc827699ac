"""`manage.py simulate_market [--every 5] [--once] [--seed N] [--rounds N]`: prices of the demo's platforms move."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from blinkit.demo import market, places
from catalog.models import City


class Command(BaseCommand):
    help = "A believable market around the demo shop, moving every few seconds (demo data; see docs/market.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=5, help="seconds between two rounds (5)")
        parser.add_argument("--rounds", type=int, default=0, help="so many rounds, then stop (0: until interrupted)")
        parser.add_argument("--once", action="store_true", help="one round")
        parser.add_argument("--seed", type=int, default=market.SEED, help="another seed tells another story")

    def handle(self, *args: Any, every: float, rounds: int, once: bool, seed: int, **options: Any) -> None:
        if every <= 0 or rounds < 0:
            raise CommandError("--every is more than 0 seconds, --rounds a number of rounds.")
        if not City.objects.filter(slug=places.CITY["slug"]).exists():
            raise CommandError("There is no demo city yet: manage.py load_demo.")
        if made := market.make(now=timezone.now(), seed=seed):
            self.stdout.write(f"{made} listings made")
        left = 1 if once else rounds or -1
        try:
            while left:
                began = time.monotonic()
                changed = market.move(now=timezone.now(), seed=seed)
                self.stdout.write(f"{changed} prices moved in {(time.monotonic() - began) * 1000:.0f} ms")
                left -= 1
                if left:
                    time.sleep(max(0.0, every - (time.monotonic() - began)))
        except KeyboardInterrupt:
            self.stdout.write("stopped")
