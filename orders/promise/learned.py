"""A learned correction of a first guess: its middle (p50) and its bad case (p90). Plain Python; no training here.

    p50 = guess * exp(middle(values))        p90 = p50 + z * exp(spread(values))

`middle` and `spread` never fall in the features that lengthen an order (learning.learn sees to it) and z is never below
zero, so p50 <= p90, and where the guess does not fall with the distance or the backlog neither promise does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from orders.promise.trees import BadTrees, Floats, Trees, trees_from

FORM = 1
"""Of the JSON; a model of another form is not read."""


@dataclass(frozen=True, slots=True)
class Learned:
    """`fields` are the names of the values, in order; `z` is how many usual misses the bad case lies above the
    middle."""

    version: str
    fields: tuple[str, ...]
    middle: Trees
    spread: Trees
    z: float

    def times(self, guess: float, values: Sequence[float]) -> tuple[float, float]:
        """(p50, p90) in the unit of the guess."""
        p50 = guess * math.exp(self.middle(values))
        return p50, p50 + self.z * self.usual_miss(values)

    def times_of_many(self, guesses: Sequence[float], table: Floats) -> list[tuple[float, float]]:
        """`times` of each guess with its row."""
        middle, spread = self.middle.of_many(table).tolist(), self.spread.of_many(table).tolist()
        return [
            (p50 := guess * math.exp(a), p50 + self.z * math.exp(b))
            for guess, a, b in zip(guesses, middle, spread, strict=True)
        ]

    def usual_miss(self, values: Sequence[float]) -> float:
        return math.exp(self.spread(values))

    def with_z(self, z: float) -> Learned:
        return replace(self, z=max(0.0, z))

    def as_json(self) -> dict[str, Any]:
        return {
            "form": FORM,
            "version": self.version,
            "fields": list(self.fields),
            "middle": self.middle.as_json(),
            "spread": self.spread.as_json(),
            "z": self.z,
        }


def learned_from(kept: Any, *, fields: Sequence[str] | None = None) -> Learned:
    """What `as_json` wrote. Raises BadTrees for another form, other `fields` than these, or damage of any kind."""
    if not isinstance(kept, dict) or kept.get("form") != FORM:
        raise BadTrees(f"No model of form {FORM}.")
    names, z = kept.get("fields"), kept.get("z")
    if not isinstance(names, list) or not names or (fields is not None and names != list(fields)):
        raise BadTrees("It asks for other facts than there are.")
    if not isinstance(z, int | float) or not math.isfinite(z) or z < 0:
        raise BadTrees("Its bad case is no number.")
    return Learned(
        version=str(kept.get("version", "")),
        fields=tuple(names),
        middle=trees_from(kept.get("middle"), features=len(names)),
        spread=trees_from(kept.get("spread"), features=len(names)),
        z=float(z),
    )
