"""`manage.py market_speed [--rows 1000]`: what a feed costs, and how soon an open screen hears of a change.

On a platform of its own that is taken away again.
"""

from __future__ import annotations

import asyncio
import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.core.management.base import BaseCommand
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from blinkit.kernel.commands import report
from catalog.market import FeedRun, Listing, Platform
from catalog.market_rows import MarketRow
from catalog.models import City
from catalog.services import market

ROUNDS = 20
LONGEST_S = 5


class Command(BaseCommand):
    help = "What a feed of others' prices costs, and how soon an open screen hears of a change."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=1000)

    def handle(self, *args: Any, rows: int, **options: Any) -> None:
        city, _ = City.objects.get_or_create(slug="market-speed", defaults={"name": "Speed", "state_code": "29"})
        platform = Platform.objects.create(slug=f"speed-{time.time_ns()}", name="Speed", is_active=False)
        try:
            self._measure(platform, city, rows)
        finally:
            Listing.objects.filter(platform=platform).delete()
            FeedRun.objects.filter(source="speed").delete()
            platform.delete()
            city.delete()

    def _measure(self, platform: Platform, city: City, rows: int) -> None:
        now = timezone.now() - timedelta(minutes=5)
        table = []
        for what, more, seconds in (("new", 0, 0), ("all changed", 1, 1), ("nothing changed", 1, 2)):
            at = now + timedelta(seconds=seconds)
            feed = [MarketRow(n, f"Thing {n} 500 g", (20 + n % 50 + more) * 100, at) for n in range(rows)]
            with CaptureQueriesContext(connection) as asked:
                began, cpu = time.monotonic(), time.process_time()
                market.record(feed, source="speed", platform=platform, city=city, now=at)
                took, worked = time.monotonic() - began, time.process_time() - cpu
            table.append(
                {"rows": rows, "what": what, "statements": len(asked), "ms": round(took * 1000),
                 "own CPU ms": round(worked * 1000)}
            )  # fmt: skip
        delays = sorted(async_to_sync(self._listen)(platform, city))
        figures = {
            "hint_ms_median": delays[len(delays) // 2], "hint_ms_worst": delays[-1],
            **{str(row["what"]).replace(" ", "_") + "_ms": row["ms"] for row in table},
        }  # fmt: skip
        report(table, figures, title=f"A feed, and {ROUNDS} changes of one price heard by an open screen")

    async def _listen(self, platform: Platform, city: City) -> list[float]:
        layer: Any = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(f"market.{city.slug}", channel)
        delays = []
        for n in range(ROUNDS):
            row = MarketRow(1, "Heard 1 kg", (100 + n) * 100)
            began = time.monotonic()
            await sync_to_async(market.record)([row], source="speed", platform=platform, city=city, now=timezone.now())
            await asyncio.wait_for(layer.receive(channel), LONGEST_S)
            delays.append(round((time.monotonic() - began) * 1000, 1))
        return delays
