"""How far a customer is trusted with cash at the door: plain rules on what the house has seen.

Cash is the one way to pay that costs us when it is refused: the ride, the goods that come back. So the limit grows with
orders that were brought and paid, and shrinks with doors that did not open. The figures are estimates of ours, not
learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

KNOWN_FROM_ORDERS = 1
TRUSTED_FROM_ORDERS = 5
TRUSTED_FROM_DAYS = 30
WATCHED_FROM_REFUSED = 2
"""So many cash orders not taken at the door within 180 days: from here on by share."""
WATCHED_SHARE = 3
"""One in so many cash orders not taken is too many."""
WATCHED_FROM_SCORE = 60
"""Of the score of a customer's claims, 0 to 100 (orders/claiming/abuse.py)."""


class Level(StrEnum):
    WATCHED = "watched"
    NEW = "new"
    KNOWN = "known"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True)
class History:
    """Orders that were delivered; of cash orders the last 180 days: taken, and not taken at the door."""

    delivered: int = 0
    cash_taken: int = 0
    cash_refused: int = 0
    account_days: int = 0
    phone_verified: bool = True
    claims_score: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """The level, why in words for staff, and what makes it better, said to the customer."""

    level: Level
    why: tuple[str, ...]
    helps: str = ""


HELPS = {
    Level.NEW: "It grows with your first delivered order.",
    Level.KNOWN: "It grows with each order you take at the door.",
    Level.WATCHED: "Orders paid by UPI or card are not limited; each one you take brings cash back.",
    Level.TRUSTED: "",
}


def judge(history: History) -> Standing:
    """The first rule that fits: watched, then trusted, known, new."""
    cash = history.cash_taken + history.cash_refused
    if history.cash_refused >= WATCHED_FROM_REFUSED and history.cash_refused * WATCHED_SHARE >= cash:
        return _standing(Level.WATCHED, f"{history.cash_refused} of {cash} cash orders were not taken at the door")
    if history.claims_score >= WATCHED_FROM_SCORE:
        return _standing(Level.WATCHED, f"claims score {history.claims_score} of 100")
    if not history.phone_verified:
        return _standing(Level.NEW, "the phone is not verified")
    if history.delivered < KNOWN_FROM_ORDERS:
        return _standing(Level.NEW, "no order was delivered yet")
    facts = (f"{history.delivered} orders delivered", f"account is {history.account_days} days old")
    if history.cash_refused:
        return _standing(Level.KNOWN, *facts, f"{history.cash_refused} cash orders were not taken at the door")
    if history.delivered >= TRUSTED_FROM_ORDERS and history.account_days >= TRUSTED_FROM_DAYS:
        return _standing(Level.TRUSTED, *facts)
    return _standing(Level.KNOWN, *facts)


def limit_paise(level: Level, *, limits: Mapping[str, int], city_paise: int) -> int:
    """What may be due in cash: the level's limit, and never more than the city's."""
    return min(city_paise, limits[level.value])


def _standing(level: Level, *why: str) -> Standing:
    return Standing(level, why, HELPS[level])
