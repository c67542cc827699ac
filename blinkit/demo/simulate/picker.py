"""A picker: takes the most urgent order, scans every unit, marks what is not there, packs."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import uuid4

from blinkit.demo.simulate.city import City
from blinkit.demo.simulate.link import Link, Live, Refused, Unreachable

WALK_S, SCAN_S, PACK_S = 5.0, 2.0, 20.0
NOT_FOUND = 0.02
LOOK_AGAIN_S = 1.5


class Picker:
    def __init__(self, city: City, link: Link, store: str, number: int) -> None:
        self.city = city
        self.link = link
        self.store = store
        self.dice: random.Random = city.dice(f"picker {number}")

    async def live(self) -> None:
        await self.link.post(f"floor/stores/{self.store}/shift/start/")
        base = f"floor/stores/{self.store}"

        async def look() -> Any:
            return await self.link.get(f"{base}/queue/")

        async with Live(self.link, f"stores/{self.store}/", poll=look) as live:
            while not self.city.over:
                try:
                    task = await self.link.post(f"{base}/next/")
                    if task is None:
                        await live.changed(at_most_s=LOOK_AGAIN_S)
                        continue
                    await self._pick(task)
                    await self._pack(task)
                except Refused as refusal:  # cancelled under the picker's hands, or a shelf that is full
                    self.city.refused[f"floor: {refusal.code}"] += 1
                    await asyncio.sleep(0.2)
                except Unreachable as error:
                    self.city.trouble.errors.append(str(error))
        try:
            await self.link.post(f"{base}/shift/end/")
        except (Refused, Unreachable):
            pass  # an order is still in hand

    async def _pick(self, task: dict[str, Any]) -> None:
        for line in task["lines"]:
            left = line["qty"] - line["picked_qty"] - line["short_qty"]
            if left <= 0:
                continue
            await self.city.spend(self.dice.uniform(0.5, 1.5) * WALK_S)
            missing = 1 if self.dice.random() < NOT_FOUND else 0
            for _ in range(left - missing):
                await self.city.spend(SCAN_S)
                body: dict[str, Any] = {"barcode": line["barcode"], "nonce": str(uuid4())}
                if line["weigh"]:
                    body["grams"] = self.dice.randint(line["weigh"]["least_g"], line["weigh"]["most_g"])
                await self.link.post(f"floor/tasks/{task['id']}/scan/", body)
            if missing:
                self.city.shorted += 1
                body = {"line_id": line["id"], "qty": missing, "nonce": str(uuid4())}
                await self.link.post(f"floor/tasks/{task['id']}/short/", body)

    async def _pack(self, task: dict[str, Any]) -> None:
        await self.city.spend(PACK_S)
        await self.link.post(f"floor/tasks/{task['id']}/pack/", {})
