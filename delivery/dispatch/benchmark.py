"""The engine behind the public benchmark's harness (Meal Delivery Routing Problem): minutes and metres on a plane.

    python run.py DIR --policy delivery.dispatch.benchmark:make
    python run.py DIR --policy-cmd "/path/to/python -m delivery.dispatch.benchmark"

Runs in process and as a command that speaks one JSON object per line. Needs no Django and no settings.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from delivery.dispatch import STRATEGIES, Expected, FreeRider, OpenJob, Plan, Policy
from delivery.dispatch.guess import Guesses

MINUTE_S = 60.0
TOGETHER = 0.65
"""Bags that others would wait for are reckoned with when so many of such are ready: the mean of a long tail."""
PRICE = 1.0
"""A rider's waiting at a shelf against a customer's, when all riders are busy; falls with the square of their share."""
Spot = tuple[float, float]


class Plane:
    """The benchmark's travel time: the straight line in whole minutes, rounded up."""

    def __init__(self, metres_per_minute: float) -> None:
        self.speed = metres_per_minute

    def __call__(self, a: Spot, b: Spot, vehicle: str) -> float:
        dx, dy = b[0] - a[0], b[1] - a[1]
        return math.ceil(math.sqrt(dx * dx + dy * dy) / self.speed) * MINUTE_S

    def table(self, origins: Sequence[Spot], targets: Sequence[Spot], vehicle: str) -> Any:
        a, b = np.array(origins, float), np.array(targets, float)
        d = b[None, :, :] - a[:, None, :]
        return np.ceil(np.sqrt(d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1]) / self.speed) * MINUTE_S


class Seen:
    """What a dispatcher has learnt of the day so far: orders per store and hour, minutes of picking."""

    MEMORY = 60.0
    """Minutes after which an order counts for 1/e in the rate."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.weight: dict[str, float] = {}
        self.lead: dict[str, tuple[float, int]] = {}
        self.first: int | None = None
        self.last = 0

    def look(self, now: int, orders: Sequence[Mapping[str, Any]]) -> None:
        if self.first is None:
            self.first = self.last = now
        fade = math.exp(-(now - self.last) / self.MEMORY)
        self.last = now
        for store in self.weight:
            self.weight[store] *= fade
        for o in orders:
            if o["id"] not in self.known:
                self.known.add(o["id"])
                self.weight[o["store"]] = self.weight.get(o["store"], 0.0) + 1
                total, count = self.lead.get(o["store"], (0.0, 0))
                self.lead[o["store"]] = (total + o["ready"] - o["placed"], count + 1)

    def expected(self, stores: Mapping[str, Spot]) -> dict[Hashable, Expected]:
        seen = self.last - (self.first or 0) + 1
        span = self.MEMORY * (1 - math.exp(-seen / self.MEMORY))
        return {
            store: Expected(stores[store], weight / span * 60, MINUTE_S * self.lead[store][0] / self.lead[store][1])
            for store, weight in self.weight.items()
        }


class Adapter:
    def __init__(self, info: Mapping[str, Any], *, strategy: str = "rolling", **changes: Any) -> None:
        self.stores: dict[str, Spot] = {name: (float(x), float(y)) for name, (x, y) in info["stores"].items()}
        self.travel = Plane(info["speed"])
        self.interval = info["interval"]
        self.strategy = STRATEGIES[strategy]
        self.guessing = info.get("ready_info") == "estimate"
        half_pick, half_drop = info["pickup_service"] // 2, info["dropoff_service"] // 2
        self.policy = Policy(
            **{
                "seek_ahead_s": math.inf,
                "farthest_pickup_s": math.inf,
                "home_store_only": False,
                "round_s": info["interval"] * MINUTE_S,
                "pick_before_s": half_pick * MINUTE_S,
                "pick_after_s": (info["pickup_service"] - half_pick) * MINUTE_S,
                "drop_before_s": half_drop * MINUTE_S,
                "drop_after_s": (info["dropoff_service"] - half_drop) * MINUTE_S,
                "open_bundles": True,
                **changes,
            }
        )
        self.before: Plan | None = None
        self.seen = Seen()
        self.guesses = Guesses()
        self.guessed: dict[str, float] = {}
        """Picking time as first guessed, of orders whose bags are not known to be ready."""

    def assign(self, now: int, orders: Sequence[Mapping[str, Any]], couriers: Sequence[Mapping[str, Any]]) -> list[Any]:
        self.seen.look(now, orders)
        self._learn(orders)
        busy = [c["free_at"] > now for c in couriers if c["on"] <= now]
        price = PRICE * (sum(busy) / len(busy)) ** 2 if busy else PRICE
        plan = self.strategy(
            [self._job(o, now, price) for o in orders],
            [self._rider(c) for c in couriers],
            now * MINUTE_S,
            self.travel,
            replace(self.policy, demand=self.seen.expected(self.stores)),
            self.before,
        )
        self.before = plan
        # A plain strategy may count on a rider who is not free yet: the harness takes no instruction for those.
        soon = {c["id"]: c["free_at"] <= now + self.interval or c["state"] == "moving" for c in couriers}
        decisions: list[Any] = [(one.rider, list(one.jobs)) for one in plan.assignments if soon[one.rider]]
        decisions += [(move.rider, move.store) for move in plan.moves]
        return decisions

    def _learn(self, orders: Sequence[Mapping[str, Any]]) -> None:
        for o in orders:
            if not o["known"]:
                self.guessed.setdefault(o["id"], float(o["ready"] - o["placed"]))
            elif o["id"] in self.guessed:
                self.guesses.learn(self.guessed.pop(o["id"]), o["ready"] - o["placed"])

    def _job(self, o: Mapping[str, Any], now: int, price: float) -> OpenJob:
        ready, together = o["ready"], None
        if not o["known"]:
            guess = (o["placed"], self.guessed[o["id"]], now)
            ready = round(self.guesses.ready_s(*guess, price / (1.0 + price)))
            together = MINUTE_S * max(ready, round(self.guesses.ready_s(*guess, TOGETHER)))
        return OpenJob(
            id=o["id"],
            store=o["store"],
            pickup=self.stores[o["store"]],
            drop=(o["x"], o["y"]),
            placed_s=o["placed"] * MINUTE_S,
            ready_s=ready * MINUTE_S,
            due_s=o["due"] * MINUTE_S,
            is_known=o["known"],
            together_s=together,
        )

    def _rider(self, c: Mapping[str, Any]) -> FreeRider:
        return FreeRider(
            id=c["id"],
            store=None,
            at=(c["x"], c["y"]),
            free_s=c["free_at"] * MINUTE_S,
            off_s=c["off"] * MINUTE_S,
            heading=c["store"],
        )


def make(info: Mapping[str, Any]) -> Adapter:
    return Adapter(info)


def main() -> None:
    policy: Adapter | None = None
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "start":
            policy = make(message)
        elif policy is not None:
            print(json.dumps(policy.assign(message["now"], message["orders"], message["couriers"])), flush=True)


if __name__ == "__main__":
    main()
