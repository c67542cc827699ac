"""What to count first: classes by sales value, and points for every reason to doubt the book. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

POINTS = {
    "left": 60,  # units were missing that orders held: the book still has them
    "expired": 50,  # expired units lie on the shelf, or in the book only
    "short": 40,  # a picker found nothing where the book had units
    "differed": 30,  # the last count did not agree
    "surprise": 30,  # units were written off as missing
    "return": 15,  # goods came back and were put somewhere
}
"""Per reason; `short`, `surprise` and `return` count up to MOST_TIMES times."""

MOST_TIMES = 3
DUE_POINTS = 10
MOST_DUE_POINTS = 40
CLASS_POINTS = {"A": 10, "B": 5, "C": 0}


class Why(NamedTuple):
    """One reason of a score: its code, its points, and how many times (days for `due`)."""

    reason: str
    points: int
    times: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one product since it was counted last. `days_since` None: it never was."""

    days_since: int | None
    left: int = 0
    expired: int = 0
    short: int = 0
    differed: int = 0
    surprise: int = 0
    returned: int = 0


def classes(sales_value: Mapping[int, int], *, a_share_bp: int, b_share_bp: int) -> dict[int, str]:
    """A, B or C per key: what sells most makes A until its share of all value is reached, then B; the rest, and what
    does not sell, is C (Pareto analysis; Silver, Pyke and Thomas, Inventory and Production Management, ch. 2)."""
    total = sum(value for value in sales_value.values() if value > 0)
    found: dict[int, str] = {}
    before = 0
    for key, value in sorted(sales_value.items(), key=lambda item: (-item[1], item[0])):
        share_bp = before * 10_000 // total if total else 10_000
        found[key] = "C" if value <= 0 or share_bp >= b_share_bp else "B" if share_bp >= a_share_bp else "A"
        before += max(0, value)
    return found


def reasons(signals: Signals, *, abc: str, every_days: int) -> list[Why]:
    """Why a product should be counted now, most points first; empty when nothing asks for it."""
    why = [
        Why(reason, POINTS[reason] * min(times, MOST_TIMES if reason in ("short", "surprise", "return") else 1), times)
        for reason, times in (
            ("left", signals.left),
            ("expired", signals.expired),
            ("short", signals.short),
            ("differed", signals.differed),
            ("surprise", signals.surprise),
            ("return", signals.returned),
        )
        if times > 0
    ]
    if signals.days_since is None:
        why.append(Why("never", MOST_DUE_POINTS // 2 + CLASS_POINTS[abc], 1))
    elif signals.days_since >= every_days:
        overdue = min(MOST_DUE_POINTS, DUE_POINTS * signals.days_since // max(1, every_days))
        why.append(Why("due", overdue + CLASS_POINTS[abc], signals.days_since))
    return sorted(why, key=lambda one: -one.points)


def score(why: list[Why]) -> int:
    return sum(one.points for one in why)
