"""What everybody in the simulated city shares: the clock, the dice, the doors, and the counts for the summary."""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from blinkit.demo.simulate.link import Trouble

EARTH_M = 6_371_000.0
LEGS = (
    ("confirm", "placed_at", "confirmed_at"),
    ("pick and pack", "confirmed_at", "packed_at"),
    ("handover", "packed_at", "picked_up_at"),
    ("ride", "picked_up_at", "delivered_at"),
    ("door to door", "placed_at", "delivered_at"),
)
FINISHED = frozenset({"DELIVERED", "CLOSED", "CANCELLED", "UNDELIVERED", "REFUNDED"})


@dataclass(frozen=True, slots=True)
class Place:
    lat: float
    lng: float

    def metres_to(self, other: Place) -> float:
        north = math.radians(other.lat - self.lat) * EARTH_M
        east = math.radians(other.lng - self.lng) * EARTH_M * math.cos(math.radians(self.lat))
        return math.hypot(north, east)

    def towards(self, other: Place, metres: float) -> Place:
        away = self.metres_to(other)
        share = 1.0 if away <= metres else metres / away
        return Place(self.lat + (other.lat - self.lat) * share, self.lng + (other.lng - self.lng) * share)


@dataclass(slots=True)
class Plan:
    """How big, how long and how fast. `speed` 60 lets a minute of human work take a second."""

    base_url: str
    orders: int = 40
    customers: int = 20
    pickers: int = 6
    riders: int = 12
    speed: float = 30.0
    seed: int = 1
    at_most_s: float = 600.0
    patience_s: float = 60.0
    journal: Path | None = None


@dataclass(slots=True)
class City:
    plan: Plan
    trouble: Trouble = field(default_factory=Trouble)
    refused: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    legs_s: dict[str, list[float]] = field(default_factory=dict)
    at_the_door: dict[str, str] = field(default_factory=dict)  # order id -> what its customer says: the code
    shorted: int = 0
    declined_offers: int = 0
    late: int = 0
    left: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.plan.orders

    def dice(self, who: str) -> random.Random:
        """Everybody has dice of their own: the same seed makes the same person do the same."""
        return random.Random(f"{self.plan.seed}:{who}")

    async def spend(self, seconds: float) -> None:
        """Human time, at the speed of this city."""
        await asyncio.sleep(seconds / self.plan.speed)

    @property
    def over(self) -> bool:
        return self.closing.is_set() or time.monotonic() - self.began > self.plan.at_most_s

    def take_an_order(self) -> bool:
        """Whether somebody may still order; counts it."""
        if self.left <= 0 or self.over:
            return False
        self.left -= 1
        return True

    def note_placed(self, order_id: str) -> None:
        self.placed.append(order_id)
        if self.plan.journal is not None:
            with self.plan.journal.open("a") as file:
                file.write(order_id + "\n")

    def note_end(self, seen: dict[str, Any]) -> None:
        self.ended[seen["status"]] += 1
        self.at_the_door.pop(seen["id"], None)
        if seen["status"] not in ("DELIVERED", "CLOSED"):
            return
        for name, start, end in LEGS:
            if seen.get(start) and seen.get(end):
                took = datetime.fromisoformat(seen[end]) - datetime.fromisoformat(seen[start])
                self.legs_s.setdefault(name, []).append(took.total_seconds())
        self.late += int(seen.get("late_s") or 0) > 0

    def minutes(self, leg: str) -> tuple[float, float]:
        """(median, p90) of a leg in the city's minutes: the clock's time multiplied by the speed."""
        took = [seconds * self.plan.speed / 60 for seconds in self.legs_s.get(leg, ())]
        return (round(statistics.median(took), 2), round(p90(took), 2)) if took else (0.0, 0.0)


def p90(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)]
