"""What a late delivery is worth, by a table: plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Step:
    """From `from_m` whole minutes late on: `amount` paise, or basis points of the fee or the total; never over the
    cap."""

    from_m: int
    of: str
    amount: int
    cap_paise: int

    def worth_paise(self, *, delivery_paise: int, total_paise: int) -> int:
        """Parts are rounded up, in the customer's favour."""
        base_paise = {"delivery": delivery_paise, "total": total_paise}.get(self.of)
        paise = self.amount if base_paise is None else -(-base_paise * self.amount // 10_000)
        return min(self.cap_paise, max(0, paise))

    def words(self) -> str:
        amount = f"{self.amount} paise" if self.of == "paise" else f"{self.amount / 100:g} % of the {self.of}"
        return f"from {self.from_m} minutes: {amount}, at most {self.cap_paise} paise"


STANDARD = (Step(10, "delivery", 10_000, 5_000), Step(20, "paise", 5_000, 5_000), Step(40, "paise", 10_000, 10_000))
"""What holds where nobody has written a table: the delivery fee from ten minutes on, ₹50 from twenty, ₹100 from forty.
Estimates of ours."""


def late_m(*, promised_by: datetime, at_door: datetime | None, handed_over: datetime) -> int:
    """Whole minutes after the promise. The rider's waiting at the door is not ours: their arrival counts."""
    came = handed_over if at_door is None else min(at_door, handed_over)
    return max(0, int((came - promised_by).total_seconds() // 60))


def step_for(minutes: int, steps: Sequence[Step]) -> Step | None:
    """The last step that has been reached; None when it was not late enough for any."""
    reached = [step for step in steps if step.from_m <= minutes]
    return max(reached, key=lambda step: step.from_m, default=None)
