"""How much room a promise needs so that the wished share of them is kept, whatever drifts. Plain Python."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable

ALPHA = 0.1
"""Of ten promises nine are to be kept."""


class Adaptive:
    """Adaptive conformal inference (Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift", NeurIPS
    2021): room is a quantile of the last misses, and which quantile moves with what was really kept.

    A score is a miss in usual misses: (actual - p50) / usual. After each the aim moves by `step` times (wished share -
    broken): whatever the order of the data, the share kept tends to the wished one.
    """

    def __init__(
        self, scores: Iterable[float] = (), *, alpha: float = ALPHA, step: float = 0.005, window: int = 1_500
    ) -> None:
        self.alpha, self.step = alpha, step
        self._aim = alpha
        self._last: deque[float] = deque(maxlen=window)
        self._sorted: list[float] = []
        for score in scores:
            self._keep(score)

    def z(self) -> float:
        """Usual misses of room for the next promise; 0 where nothing is known yet."""
        if not self._sorted:
            return 0.0
        share = min(1.0, max(0.0, 1 - self._aim))
        at = min(len(self._sorted) - 1, max(0, -int(-share * (len(self._sorted) + 1) // 1) - 1))
        return max(0.0, self._sorted[at])

    def seen(self, score: float, *, kept: bool) -> None:
        """A promise has come true or not."""
        self._aim = min(0.5, max(0.005, self._aim + self.step * (self.alpha - (not kept))))
        self._keep(score)

    def _keep(self, score: float) -> None:
        if len(self._last) == self._last.maxlen:
            del self._sorted[bisect_left(self._sorted, self._last[0])]
        self._last.append(score)
        insort(self._sorted, score)
