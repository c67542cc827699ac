"""A rider: on duty, answers offers, rides and says where, picks up, hands over at the door."""

from __future__ import annotations

import asyncio
import base64
import random
import time
from typing import Any

from blinkit.demo.simulate.city import City, Place
from blinkit.demo.simulate.link import Link, Live, Refused, Unreachable
from catalog.travel import LAWFUL_KMH, STANDARD

METRES_PER_S = {vehicle: 0.9 * kmh / 3.6 * 1_000 / STANDARD.metres(1_000) for vehicle, kmh in LAWFUL_KMH.items()}
"""As the crow flies: a straight line takes as long as the way by street a tenth below the fastest lawful average."""
STEP_S = 0.5
"""Of the clock: how often a moving rider says where."""
DECLINES = 0.08
WAITS_AT_DOOR_S = 120.0
ON_ROAD = ("depart", "arrive", "deliver")
LOOK_AGAIN_S = 3.0
NEAR_M = 60.0
"""Near enough to the store to wait there."""
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Rider:
    def __init__(self, city: City, link: Link, number: int) -> None:
        self.city = city
        self.link = link
        self.dice: random.Random = city.dice(f"rider {number}")
        self.at = Place(0, 0)
        self.pace = METRES_PER_S["cycle"]
        self.answered: set[str] = set()

    async def live(self) -> None:
        state = await self._look()
        store = state["rider"]["store"]
        self.pace = METRES_PER_S.get(state["rider"]["vehicle"], METRES_PER_S["cycle"])
        self.at = Place(
            store["lat"] + self.dice.uniform(-0.004, 0.004), store["lng"] + self.dice.uniform(-0.004, 0.004)
        )
        await self.link.post("rider/duty/", {"on": True})
        async with Live(self.link, "rider/", poll=self._look, every_s=LOOK_AGAIN_S) as live:
            await self._report(live)
            is_away = False
            while not self.city.over:
                try:
                    state = await live.changed(at_most_s=0.0 if is_away else None)
                    if state["trip"]:
                        await self._ride(live)
                    elif state["offer"]:
                        await self._answer(state["offer"], live)
                    is_away = await self._come_back(state, live)
                except Refused as refusal:
                    self.city.refused[f"rider: {refusal.code}"] += 1
                    await asyncio.sleep(0.2)
                except Unreachable as error:
                    self.city.trouble.errors.append(str(error))
        try:
            await self.link.post("rider/duty/", {"on": False})
        except (Refused, Unreachable):
            pass  # a trip that is not over

    async def _come_back(self, state: dict[str, Any], live: Live) -> bool:
        """Who has nothing to do rides to where the next order is likely, or back to the store, a little at a time.
        Whether there is more of the way."""
        store = state["wait_at"] or state["rider"]["store"]
        to, until = Place(store["lat"], store["lng"]), time.monotonic() + LOOK_AGAIN_S
        while (is_away := self.at.metres_to(to) > NEAR_M) and time.monotonic() < until and not live.has_news:
            self.at = self.at.towards(to, self.pace * self.city.plan.speed * STEP_S)
            await self._report(live)
            await asyncio.sleep(STEP_S)
        return is_away

    async def _look(self) -> Any:
        return await self.link.get("rider/me/")

    async def _answer(self, offer: dict[str, Any], live: Live) -> None:
        if offer["id"] in self.answered:
            return
        self.answered.add(offer["id"])
        await self.city.spend(self.dice.uniform(2, 8))
        if self.dice.random() < DECLINES:
            self.city.declined_offers += 1
            await self.link.post(f"rider/offers/{offer['id']}/decline/", {"reason": "Too far for me"})
            return
        await self.link.post(f"rider/offers/{offer['id']}/accept/")
        await self._ride(live)

    async def _ride(self, live: Live) -> None:
        """Do the one thing that each stop asks for, until the trip is over or taken away."""
        while not self.city.over:
            trip = (await self.link.get("rider/trip/"))["trip"]
            if trip is None:
                return
            store = Place(trip["store"]["lat"], trip["store"]["lng"])
            if trip["next"] in ("ride-back", "hand-in"):
                await self._bring_back(trip, store, live)
                continue
            # Those on the shelf first, then door by door.
            stops = sorted((stop for stop in trip["stops"] if stop["next"]), key=lambda stop: stop["next"] in ON_ROAD)
            stop = stops[0] if stops else None
            if stop is None:
                return
            door = Place(stop["drop"]["lat"], stop["drop"]["lng"])
            match stop["next"]:
                case "at-store":
                    await self._move(store, live)
                    await self._say_there("rider/trip/at-store/")
                case "wait":
                    await live.changed(at_most_s=1.0)
                case "pick-up":
                    await self._move(store, live)
                    await self.city.spend(self.dice.uniform(4, 12))
                    await self.link.post(f"rider/stops/{stop['id']}/pick-up/", {"bag_codes": stop["bag_codes"]})
                case "depart" | "arrive":
                    await self._move(door, live)
                    await self._say_there(f"rider/stops/{stop['id']}/arrive/")
                case "deliver":
                    await self._hand_over(stop)
                case _:
                    return

    async def _say_there(self, path: str) -> None:
        """ "I am there", and before it where that is, by a request: it is known when the word comes. What was told over
        the socket may still be on its way, most of all in a city that runs faster than the clock."""
        for _try in range(3):
            await self.link.post("rider/positions/", {"positions": [self._here()]})
            try:
                await self.link.post(path)
                return
            except Refused as refusal:
                if refusal.code != "not-there":
                    raise
            await asyncio.sleep(STEP_S)
        await self.link.post(path, {"sure": True})

    async def _hand_over(self, stop: dict[str, Any]) -> None:
        await self.city.spend(self.dice.uniform(5, 25))
        path = f"rider/stops/{stop['id']}/deliver/"
        cash = stop["cash_paise"] or None
        if stop["photo_allowed"] and cash is None:
            here = {"lat": str(self.at.lat), "lng": str(self.at.lng)}
            await self.link.post(path, here, files={"photo": ("door.png", PHOTO, "image/png")})
            return
        deadline = time.monotonic() + WAITS_AT_DOOR_S / self.city.plan.speed + 2
        while stop["order_id"] not in self.city.at_the_door and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        code = self.city.at_the_door.get(stop["order_id"])
        if code is None:
            await self._nobody_opens(stop)
            return
        await self.link.post(path, {"otp": code, "cash_paise": cash, "lat": self.at.lat, "lng": self.at.lng})

    async def _nobody_opens(self, stop: dict[str, Any]) -> None:
        """By the rule: tell, call twice, wait until the clock of the row says so."""
        path = f"rider/stops/{stop['id']}"
        if stop["waiting"] is None:
            await self.link.post(f"{path}/wait/")
        elif stop["waiting"]["may_leave"]:
            await self.link.post(f"{path}/fail/", {"reason": "nobody"})
        elif stop["waiting"]["calls"] < stop["waiting"]["calls_needed"]:
            await self.link.post(f"{path}/call/", {"nonce": f"{self.dice.random()}"})
            await asyncio.sleep(5)  # too early counts as the same call
        else:
            await asyncio.sleep(5)

    async def _bring_back(self, trip: dict[str, Any], store: Place, live: Live) -> None:
        await self._move(store, live)
        if trip["next"] == "ride-back":
            await self.link.post("rider/trip/back/")
        elif any(it["may_put_down"] for it in trip["returns"]):
            await self.link.post("rider/trip/put-down/")
        else:
            await asyncio.sleep(5)

    async def _move(self, to: Place, live: Live) -> None:
        while self.at.metres_to(to) > 1 and not self.city.over:
            self.at = self.at.towards(to, self.pace * self.city.plan.speed * STEP_S)
            await self._report(live)
            await asyncio.sleep(STEP_S)

    async def _report(self, live: Live) -> None:
        if not await live.tell({"type": "position", **self._here()}):
            await self.link.post("rider/positions/", {"positions": [self._here()]})

    def _here(self) -> dict[str, float]:
        return {"lat": self.at.lat, "lng": self.at.lng, "accuracy_metres": 5}
