"""A picker: takes what is most urgent, up to three orders on a walk, scans every unit, marks what is missing, packs."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import uuid4

from blinkit.demo.simulate.city import City
from blinkit.demo.simulate.link import Link, Live, Refused, Unreachable

WALK_S, SCAN_S, PACK_S = 5.0, 2.0, 20.0
TOTES = 3
NOT_FOUND = 0.02
LOOK_AGAIN_S = 1.5


class Picker:
    def __init__(self, city: City, link: Link, store: str, number: int) -> None:
        self.city = city
        self.link = link
        self.store = store
        self.base = f"floor/stores/{store}"
        self.dice: random.Random = city.dice(f"picker {number}")

    async def live(self) -> None:
        await self.link.post(f"{self.base}/shift/start/")

        async def look() -> Any:
            return await self.link.get(f"{self.base}/queue/")

        async with Live(self.link, f"stores/{self.store}/", poll=look) as live:
            while not self.city.over:
                try:
                    task = await self.link.post(f"{self.base}/next/", {"totes": TOTES})
                    if task is None:
                        await live.changed(at_most_s=LOOK_AGAIN_S)
                        continue
                    await self._walk()
                except Refused as refusal:  # cancelled under the picker's hands, or a shelf that is full
                    self.city.refused[f"floor: {refusal.code}"] += 1
                    await asyncio.sleep(0.2)
                except Unreachable as error:
                    self.city.trouble.errors.append(str(error))
        try:
            await self.link.post(f"{self.base}/shift/end/")
        except (Refused, Unreachable):
            pass  # an order is still in hand

    async def _walk(self) -> None:
        """Everything in hand, line by line in walking order, each item into its tote; then bag after bag."""
        while (walk := await self.link.get(self.base + "/walk/"))["totes"] and not self.city.over:
            line = next((line for line in walk["lines"] if line["picked"] + line["short"] < line["qty"]), None)
            if line is None:
                break
            await self.city.spend(self.dice.uniform(0.5, 1.5) * WALK_S)
            left = line["qty"] - line["picked"] - line["short"]
            missing = 1 if self.dice.random() < NOT_FOUND else 0
            actions = [await self._scan(line) for _ in range(left - missing)]
            if missing:
                self.city.shorted += 1
                actions.append(self._action(line, do="short", qty=missing))
            answer = await self.link.post(self.base + "/walk/", {"actions": actions})
            for result in answer["results"]:
                if not result["ok"]:
                    self.city.refused[f"floor: {result['code']}"] += 1
        for tote in sorted(walk["totes"], key=lambda tote: tote["due_at"]):
            await self._pack(tote["task"])

    async def _scan(self, line: dict[str, Any]) -> dict[str, Any]:
        await self.city.spend(SCAN_S)
        action = self._action(line, do="scan", code=line["codes"][0])
        if line["tote"]:
            action["tote"] = line["tote"]
        if line["weigh"]:
            action["grams"] = self.dice.randint(line["weigh"]["least_g"], line["weigh"]["most_g"])
        return action

    @staticmethod
    def _action(line: dict[str, Any], **what: Any) -> dict[str, Any]:
        return {"nonce": str(uuid4()), "task": line["task"], "line": line["id"], **what}

    async def _pack(self, task_id: str) -> None:
        await self.city.spend(PACK_S)
        await self.link.post(f"floor/tasks/{task_id}/pack/", {})
