"""manage.py route_quality: pick walks of random floors against the exact optimum. Exit code 1 when a bar is missed."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import defaultdict
from statistics import mean
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fulfillment.routebench import Measured, measure_many

MOST_GAP = 0.05
MOST_MS = 5.0


class Command(BaseCommand):
    help = "Compare pick walks with the exact optimum on random floors of 20 to 60 bins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--floors", type=int, default=40, help="random floors per size")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **given: Any) -> None:
        by_size: dict[int, list[Measured]] = defaultdict(list)
        for one in measure_many(floors=given["floors"], seed=given["seed"]):
            by_size[one.bins].append(one)
        self.stdout.write("bins  floors  optimum m   gap mean  gap worst   ms p50   ms p95   by sequence: mean   worst")
        for bins, rows in by_size.items():
            ms = sorted(row.cpu_ms for row in rows)
            self.stdout.write(
                f"{bins:4}  {len(rows):6}  {mean(row.best for row in rows):9.1f}"
                f"   {mean(row.gap for row in rows):8.2%}  {max(row.gap for row in rows):9.2%}"
                f"   {ms[len(ms) // 2]:6.2f}   {_p95(ms):6.2f}"
                f"   {mean(row.gap_by_sequence for row in rows):17.1%}  {max(row.gap_by_sequence for row in rows):6.1%}"
            )
        every = [row for rows in by_size.values() for row in rows]
        if max(row.gap for row in every) > MOST_GAP:
            raise CommandError(f"a walk is more than {MOST_GAP:.0%} longer than the shortest one")
        if max(_p95(sorted(row.cpu_ms for row in rows)) for rows in by_size.values()) > MOST_MS:
            raise CommandError(f"p95 is above {MOST_MS} ms")


def _p95(ranked: list[float]) -> float:
    return ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
