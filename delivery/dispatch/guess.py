"""When bags will be ready that are only expected: learnt from how far earlier guesses were off.

A rider who comes `x` too early waits, at `price` per second of a customer's waiting; who comes too late lets the
customer wait. The arrival that costs least is the `price / (1 + price)` quantile of the ready time (the newsvendor:
Arrow, Harris and Marschak, "Optimal inventory policy", 1951), given that the bags are not ready yet: an order that is
overdue is not ready "now", it is late by as much as late orders usually are.
"""

from __future__ import annotations

from bisect import bisect_right, insort

PRIOR = (0.45, 0.6, 0.75, 0.85, 0.95, 1.05, 1.15, 1.3, 1.5, 1.85)
"""Real over guessed picking time, before anything has been seen: counts as ten orders."""
MOST = 2000


class Guesses:
    """Ratios of real to guessed picking times, kept in order."""

    def __init__(self) -> None:
        self.ratios = list(PRIOR)

    def learn(self, guessed_s: float, real_s: float) -> None:
        if guessed_s > 0 and len(self.ratios) < MOST:
            insort(self.ratios, real_s / guessed_s)

    def ready_s(self, placed_s: float, guessed_s: float, now_s: float, share: float) -> float:
        """By when `share` of such bags are ready, of those not ready at `now_s`. `guessed_s`: the picking time as first
        thought."""
        if guessed_s <= 0:
            return now_s
        open_ = self.ratios[bisect_right(self.ratios, (now_s - placed_s) / guessed_s) :]
        if not open_:
            return now_s
        at = share * (len(open_) - 1)
        low = int(at)
        high = min(low + 1, len(open_) - 1)
        ratio = open_[low] + (at - low) * (open_[high] - open_[low])
        return max(now_s, placed_s + ratio * guessed_s)
