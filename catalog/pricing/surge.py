"""The busy-hour fee: from open work against the hands there are, smoothed, capped, and over by itself.

Pressure is the larger of two: how long an order waits for a picker against `PICK_CALM_S`, and open orders per rider on
duty against `ORDERS_PER_RIDER`. Up to 1 nothing is asked; at 2 and above the cap. The level follows with a half-life,
so that one burst of orders does not make a price, and the fee moves in whole steps. The constants are estimates until
they are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PICK_CALM_S = 240
ORDERS_PER_RIDER = 3
HALF_LIFE_S = 180
STEP_PAISE = 500
GOOD_FOR = timedelta(minutes=5)
STALE_AFTER = timedelta(minutes=10)

PICKERS = "More orders than our pickers can pack at once just now. It ends by itself."
RIDERS = "More orders than riders just now. It ends by itself."


@dataclass(frozen=True, slots=True)
class Work:
    """What floor and riders wrote down, and when."""

    open_orders: int
    pick_backlog_s: int
    riders_on: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Surge:
    """`level` from 0 to 1 is what the next step starts from. Over at `until`, whoever looks after it or not."""

    level: float = 0.0
    paise: int = 0
    why: str = ""
    until: datetime | None = None


def pressure(work: Work, *, now: datetime) -> tuple[float, str]:
    """How busy it is (1 is as much as the hands there are can do) and what is short. Old facts say nothing: 0."""
    if now - work.as_of > STALE_AFTER:
        return 0.0, ""
    picking = work.pick_backlog_s / PICK_CALM_S
    riding = work.open_orders / (max(1, work.riders_on) * ORDERS_PER_RIDER)
    return (picking, PICKERS) if picking > riding else (riding, RIDERS)


def next_surge(before: Surge, work: Work, *, cap_paise: int, elapsed_s: float, now: datetime) -> Surge:
    """The surge from now on: never above the cap, in whole steps, gone within minutes when nothing renews it."""
    busy, why = pressure(work, now=now)
    wanted = min(1.0, max(0.0, busy - 1.0))
    level = before.level if before.until is not None and before.until > now else 0.0
    follow = 1 - 0.5 ** (max(0.0, elapsed_s) / HALF_LIFE_S)
    level += (wanted - level) * follow
    paise = int(max(0, cap_paise) * level) // STEP_PAISE * STEP_PAISE
    return Surge(level, paise, (why or before.why) if paise else "", now + GOOD_FOR)
