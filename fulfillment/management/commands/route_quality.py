"""manage.py route_quality: pick walks of random floors against the exact optimum. Exit code 1 when a bar is missed."""

from __future__ import annotations

from argparse import ArgumentParser
from itertools import groupby
from statistics import mean
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fulfillment.routebench import measure_many

MOST_GAP = 0.05
MOST_MS = 5.0


class Command(BaseCommand):
    help = "Compare pick walks with the exact optimum on random floors of 20 to 60 bins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--floors", type=int, default=40, help="random floors per size")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **given: Any) -> None:
        self.stdout.write("bins  floors  optimum m   gap mean  gap worst   ms p50   ms p95   by sequence: mean   worst")
        worst_gap = worst_ms = 0.0
        for bins, measured in groupby(
            measure_many(floors=given["floors"], seed=given["seed"]), key=lambda one: one.bins
        ):
            rows = list(measured)
            ms = sorted(row.cpu_ms for row in rows)
            self.stdout.write(
                f"{bins:4}  {len(rows):6}  {mean(row.best for row in rows):9.1f}"
                f"   {mean(row.gap for row in rows):8.2%}  {max(row.gap for row in rows):9.2%}"
                f"   {ms[len(ms) // 2]:6.2f}   {_p95(ms):6.2f}"
                f"   {mean(row.gap_by_sequence for row in rows):17.1%}  {max(row.gap_by_sequence for row in rows):6.1%}"
            )
            self.stdout.flush()
            worst_gap = max(worst_gap, *(row.gap for row in rows))
            worst_ms = max(worst_ms, _p95(ms))
        if worst_gap > MOST_GAP:
            raise CommandError(f"a walk is more than {MOST_GAP:.0%} longer than the shortest one")
        if worst_ms > MOST_MS:
            raise CommandError(f"p95 is above {MOST_MS} ms")


def _p95(ranked: list[float]) -> float:
    return ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]
