"""Score the stores whose area contains the customer and take the one that will be there first with everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from catalog.hours import is_open


class Reason(StrEnum):
    """Why a store can't be chosen; the value goes to programs."""

    CLOSED = "closed"
    PAUSED = "paused"
    FULL = "full"
    MISSING_ITEMS = "missing-items"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A store whose area contains the place. `free` is what it could sell now; None when nobody asked for goods."""

    store_id: int
    code: str
    street_metres: float
    opens: time
    closes: time
    timezone: str
    mode: str = "open"
    mode_until: datetime | None = None
    mode_reason: str = ""
    open_orders: int = 0
    max_open_orders: int = 120
    backlog_s: int = 0
    rider_wait_s: int = 0
    free: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """The basket by product id, and the store the customer has been shopping in."""

    basket: Mapping[int, int] = field(default_factory=dict)
    prefers_store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One candidate judged: `reason` None means it can serve. Lower `score` is better (seconds until it is there)."""

    store_id: int
    code: str
    score: float
    reason: Reason | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    missing: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"store": self.code, "score": round(self.score, 1), "parts": dict(self.parts)}
        if self.reason:
            out["reason"] = self.reason.value
        if self.missing:
            out["missing"] = list(self.missing)
        return out


@dataclass(frozen=True, slots=True)
class Choice:
    """The store chosen (None: nobody can), and every candidate judged, best first."""

    store_id: int | None
    why: tuple[Verdict, ...]

    @property
    def refusal(self) -> Reason | None:
        """Why the best candidate can't serve; None when one was chosen or when there was no candidate at all."""
        return None if self.store_id is not None or not self.why else self.why[0].reason


METRES_PER_SECOND = 4.2
"""About 15 km/h door to door: the pace of an electric scooter in city traffic with its lights and turns."""
KEEP_STORE_BONUS_S = 240.0
"""A basket already chosen at one store stays there unless another is clearly quicker: prices and shelves differ."""
# What has to change soonest for the customer is said first.
_BLAME = {Reason.MISSING_ITEMS: 0, Reason.FULL: 1, Reason.PAUSED: 2, Reason.CLOSED: 3}

Strategy = Callable[[Sequence[Candidate], Need, datetime], Choice]


def effective_mode(mode: str, until: datetime | None, now: datetime) -> str:
    """A mode that has run out is "open" again, whether or not somebody cleaned it up."""
    return "open" if until is not None and until <= now else mode


def quickest(candidates: Sequence[Candidate], need: Need, now: datetime) -> Choice:
    """The store that will be at the door first; the cart's own store has a bonus."""
    verdicts = sorted((_judge(candidate, need, now) for candidate in candidates), key=_order)
    best = verdicts[0] if verdicts else None
    return Choice(best.store_id if best is not None and best.reason is None else None, tuple(verdicts))


STRATEGIES: dict[str, Strategy] = {"quickest": quickest}


def choose(candidates: Sequence[Candidate], need: Need, *, now: datetime, strategy: str = "quickest") -> Choice:
    """Judge all candidates with the named strategy. `now` is aware."""
    return STRATEGIES[strategy](candidates, need, now)


def _order(verdict: Verdict) -> tuple[int, int, float, str]:
    blocked = verdict.reason is not None
    return (int(blocked), _BLAME[verdict.reason] if verdict.reason else 0, verdict.score, verdict.code)


def _judge(candidate: Candidate, need: Need, now: datetime) -> Verdict:
    parts = {"ride": candidate.street_metres / METRES_PER_SECOND, "backlog": float(candidate.backlog_s)}
    # The rider comes while the order is picked; only the wait beyond the picking delays it.
    parts["rider"] = float(max(0, candidate.rider_wait_s - candidate.backlog_s))
    if candidate.store_id == need.prefers_store_id:
        parts["cart_is_here"] = -KEEP_STORE_BONUS_S
    missing: tuple[int, ...] = ()
    if candidate.free is not None:
        missing = tuple(sorted(p for p, qty in need.basket.items() if candidate.free.get(p, 0) < qty))
    return Verdict(
        store_id=candidate.store_id,
        code=candidate.code,
        score=sum(parts.values()),
        reason=_blocked(candidate, bool(missing), now),
        parts={name: round(value, 1) for name, value in parts.items()},
        missing=missing,
    )


def _blocked(candidate: Candidate, is_missing: bool, now: datetime) -> Reason | None:
    if not is_open(opens=candidate.opens, closes=candidate.closes, timezone=candidate.timezone, now=now):
        return Reason.CLOSED
    if effective_mode(candidate.mode, candidate.mode_until, now) == "paused":
        return Reason.PAUSED
    if candidate.open_orders >= candidate.max_open_orders:
        return Reason.FULL
    if is_missing:
        return Reason.MISSING_ITEMS
    return None
