"""How unusual a customer's claims are, 0 to 100, each part said. For staff only; it decides nothing but who looks.

The weights are estimates of ours, not learned: they only put the odd ones in front of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blinkit.kernel.said import say

if TYPE_CHECKING:
    from orders.claiming.rules import History

USUAL_CLAIMS_BP = 500
"""One claim in twenty orders is nothing special."""
PRIOR_ORDERS = 5
PRIOR_PAISE = 100_000
"""Shares are taken as if so many quiet orders lay before: one claim on a first order is not a habit."""


@dataclass(frozen=True, slots=True)
class ScorePart:
    name: str
    points: int
    words: str

    def as_dict(self) -> dict[str, object]:
        return {"name": self.name, "points": self.points, "words": self.words}


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    parts: tuple[ScorePart, ...]

    def as_dict(self) -> dict[str, object]:
        return {"points": self.points, "parts": [part.as_dict() for part in self.parts]}


def score(history: History) -> Score:
    """The sum of its parts, at most 100. More claims, refusals or money back never lower it."""
    parts: list[ScorePart] = []

    def add(name: str, points: float, words: str) -> None:
        if round(points) > 0:
            parts.append(ScorePart(name, round(points), words))

    per_order_bp = history.claims * 10_000 // (history.orders + PRIOR_ORDERS)
    add(
        "claims-per-order",
        min(40, max(0, per_order_bp - USUAL_CLAIMS_BP) / 200),
        say("{n} claims on {orders} orders in 90 days", n=history.claims, orders=history.orders),
    )
    add(
        "money-back",
        min(30, history.refunded_paise * 100 / (history.spent_paise + PRIOR_PAISE)),
        say("{n} % of what was spent came back", n=history.refunded_paise * 100 // max(1, history.spent_paise)),
    )
    add("refused-before", min(30, 10 * history.refused), say("{n} claims were refused", n=history.refused))
    add(
        "against-the-evidence",
        min(30, 10 * history.missing_handed_over),
        say("{n} times “missing” although scanned and handed over with the code", n=history.missing_handed_over),
    )
    if history.orders <= 1 and history.claims:
        add("first-order", 10, "Claims on the very first order")
    return Score(min(100, sum(part.points for part in parts)), tuple(parts))
