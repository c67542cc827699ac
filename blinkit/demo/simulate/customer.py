"""A customer: looks around, fills a cart, orders, pays or does not, follows the rider, says the code at the door."""

from __future__ import annotations

import random
import time
from typing import Any

from blinkit.demo.simulate.city import FINISHED, City
from blinkit.demo.simulate.link import Link, Live, Refused, Unreachable

WORDS = ("milk", "doodh", "atta", "bread", "banana", "tomato", "paneer", "chips", "maggi", "tea", "dahi", "soap")
PAYS_ONLINE, IS_DECLINED, GIVES_UP = 0.4, 0.15, 0.4
CANCELS, LEAVE_AT_DOOR, NOBODY_HOME = 0.06, 0.12, 0.02
STUCK_AFTER_S = 180.0
STUCK_AFTER_CITY_S = 1_800.0
"""An order in which nothing moves for so long of the clock and of the city's time is reported as stuck, and its
customer orders the next one."""


class Customer:
    def __init__(self, city: City, link: Link, number: int) -> None:
        self.city = city
        self.link = link
        self.dice: random.Random = city.dice(f"customer {number}")
        self.address: dict[str, Any] = {}

    async def live(self) -> None:
        """Order as long as the city takes orders."""
        self.address = next(iter(_items(await self.link.get("me/addresses/"))))
        while self.city.take_an_order():
            try:
                await self.city.spend(self.dice.uniform(5, 90))
                order = await self._order()
                if order is not None:
                    await self._follow(order)
            except Refused as refusal:
                self.city.refused[refusal.code] += 1
            except Unreachable as error:
                self.city.trouble.errors.append(str(error))

    async def _order(self) -> dict[str, Any] | None:
        link, place = self.link, {"lat": self.address["lat"], "lng": self.address["lng"]}
        served = await link.get("serviceability/", **place)
        if not served["served"]:
            self.city.refused[served["reason"]] += 1
            return None
        store = served["store"]["code"]
        lines = await self._choose(store)
        for _ in range(3):
            cart = await link.put("cart/", {"store": store, "lines": lines, **place})
            gone = {problem["sku"] for problem in cart["problems"] if problem["sku"]}
            if not gone:
                break
            self.city.refused["sold out in the cart"] += len(gone)
            lines = [line for line in lines if line["sku"] not in gone] or await self._choose(store)
        await self.city.spend(self.dice.uniform(3, 20))
        online = self.dice.random() < PAYS_ONLINE
        at_door = self.dice.random() < LEAVE_AT_DOOR and online  # cash needs a hand
        chips = ["leave_at_door"] if at_door else []
        body = {
            "address_id": self.address["id"],
            "method": "online" if online else "cod",
            "bill_fingerprint": cart["bill"]["fingerprint"],
            "instructions": chips,
        }
        try:
            order: dict[str, Any] = await link.post("checkout/", body)
        except Refused as refusal:
            if refusal.code != "bill-changed":
                raise
            self.city.refused["bill-changed"] += 1  # looks at the new bill and agrees
            cart = await link.get("cart/", **place)
            order = await link.post("checkout/", {**body, "bill_fingerprint": cart["bill"]["fingerprint"]})
        self.city.note_placed(order["id"])
        if online:
            await self._pay(order)
        return order

    async def _choose(self, store: str) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        tree = (await self.link.get(f"stores/{store}/categories/"))["items"]
        shelves = [child["slug"] for top in tree for child in top["children"] or [top]]
        wanted = self.dice.randint(1, 6)
        for _ in range(12):
            if len(found) >= wanted:
                break
            if self.dice.random() < 0.35:
                page = await self.link.get(f"stores/{store}/search/", q=self.dice.choice(WORDS))
            else:
                page = await self.link.get(f"stores/{store}/products/", category=self.dice.choice(shelves))
            cards = [card for card in page["items"] if card["available"]]
            for card in self.dice.sample(cards, min(2, len(cards))):
                qty = min(self.dice.choice((1, 1, 1, 2, 3)), card["max_qty"])
                found[card["sku"]] = {"sku": card["sku"], "qty": qty}
        return list(found.values())[:wanted]

    async def _pay(self, order: dict[str, Any]) -> None:
        if self.dice.random() < IS_DECLINED:
            await self._attempt(order, "decline")
            await self.city.spend(10)
            if self.dice.random() < GIVES_UP:
                return await self._cancel(order, "My payment was declined")
        await self._attempt(order, "pay")

    async def _attempt(self, order: dict[str, Any], outcome: str) -> None:
        instrument = self.dice.choice(("upi", "card"))
        started = await self.link.post(f"payments/{order['payment_id']}/attempts/", {"instrument": instrument})
        await self.city.spend(self.dice.uniform(4, 15))
        path = f"/sandbox-gateway/intents/{started['intent_id']}/confirm"
        await self.link.send("POST", path, {"outcome": outcome, "instrument": instrument}, signed=False)

    async def _cancel(self, order: dict[str, Any], reason: str) -> None:
        try:
            await self.link.post(f"orders/{order['id']}/cancel/", {"reason": reason})
        except Refused as refusal:  # "too late" is an answer, not an error
            self.city.refused[refusal.code] += 1

    async def _follow(self, order: dict[str, Any]) -> None:
        order_id = order["id"]
        changes_mind = self.dice.random() < CANCELS
        hears_the_bell = self.dice.random() >= NOBODY_HOME
        moved_at, status = time.monotonic(), ""
        stuck_after_s = max(STUCK_AFTER_S, STUCK_AFTER_CITY_S / self.city.plan.speed)

        async def look() -> Any:
            return await self.link.get(f"orders/{order_id}/tracking/")

        async with Live(self.link, f"orders/{order_id}/", poll=look) as live:
            while True:
                seen = await live.changed()
                if seen["otp"] and hears_the_bell:
                    self.city.at_the_door[order_id] = seen["otp"]
                if seen["status"] in FINISHED:
                    break
                if seen["status"] != status:
                    moved_at, status = time.monotonic(), seen["status"]
                if changes_mind and seen["can_cancel"]:
                    changes_mind = False
                    await self.city.spend(self.dice.uniform(1, 15))
                    await self._cancel(order, "I changed my mind")
                if time.monotonic() - moved_at > stuck_after_s or self.city.over:
                    self.city.ended[f"still {status}"] += 1
                    self.city.trouble.errors.append(f"order {seen['number']} stays {status}")
                    return
        self.city.note_end(await look())


def _items(answer: Any) -> list[dict[str, Any]]:
    """Short lists come bare or as pages."""
    if isinstance(answer, list):
        return answer
    return list(answer.get("items") or answer.get("results") or [])
