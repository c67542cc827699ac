"""How early and how rightly a promise at risk is warned of, by threshold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from orders.promise.replay import STUCK_SHARE, judge, walk
from orders.risk import CLEAR_BELOW, RISK_FROM

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Command(BaseCommand):
    help = "Walk made-up orders through their stages with random legs and print the table of thresholds."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--orders", type=int, default=4_000)
        parser.add_argument("--seed", type=int, default=5)

    def handle(self, *args: Any, orders: int, seed: int, **options: Any) -> None:
        walked = walk(orders, seed=seed)
        late = sum(order.late for order in walked)
        self.stdout.write(
            f"{orders} orders, {late} late ({100 * late / orders:.1f} %), {STUCK_SHARE:.0%} with a leg that got stuck"
        )
        self.stdout.write("threshold  warned 2 min ahead  60 s ahead  right  median lead  per 100 orders  taken back")
        for threshold in sorted({*THRESHOLDS, RISK_FROM}):
            told = judge(walked, threshold, clear=min(CLEAR_BELOW, threshold))
            mark = "  <- used" if threshold == RISK_FROM else ""
            self.stdout.write(
                f"{threshold:9.2f}  {told.recall_120_s:16.1f} %  {told.recall_60_s:8.1f} %  {told.precision:3.0f} %"
                f"  {told.lead_s:9.0f} s  {told.per_hundred:14.1f}  {told.taken_back:8.1f} %{mark}"
            )
