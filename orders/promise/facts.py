"""The facts a learned promise may ask for: what the heuristic quote is made from, and the hour. Plain Python."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from orders.promise.learned import Learned, learned_from
from orders.promise.legs import Quote, range_of
from orders.promise.trees import UNKNOWN, BadTrees

FIELDS = (
    "ride_s", "backlog_s", "rider_wait_s", "lines", "units", "rush", "bad_weather", "hour", "weekday",
    "open_orders", "pickers_on", "riders_on", "riders_idle", "store",
)  # fmt: skip
_NUMBERS = FIELDS[:-1]
INCREASING = frozenset({"ride_s", "backlog_s", "rider_wait_s", "lines"})
"""An order that is further, later in the queue or larger is never promised sooner, whatever was learned."""

LEAST_FACTOR, MOST_FACTOR = 0.5, 3.0
"""A learned middle outside of these, times the rule of thumb, is not believed."""


@dataclass(frozen=True, slots=True)
class Corrector:
    """A learned model with the ranks of the stores it knows, from the quickest to the slowest against the guess."""

    learned: Learned
    stores: Mapping[str, float]

    def values(self, made_from: Mapping[str, Any]) -> list[float]:
        return facts(made_from, self.stores)

    def times(self, guess_s: float, made_from: Mapping[str, Any]) -> tuple[float, float]:
        """(p50, p90) in seconds."""
        return self.bounded(guess_s, *self.learned.times(guess_s, self.values(made_from)))

    @staticmethod
    def bounded(guess_s: float, p50_s: float, p90_s: float) -> tuple[float, float]:
        """Both within what is believed; each bound rises with the guess, so nothing falls that did not."""
        low_s, high_s = LEAST_FACTOR * guess_s, MOST_FACTOR * guess_s
        p50_s = min(high_s, max(low_s, p50_s))
        return p50_s, min(2 * high_s, max(p50_s, p90_s))

    def correct(self, quote: Quote, made_from: Mapping[str, Any]) -> Quote:
        """The quote with what was learned; the legs stay what they were, as the guess it began from."""
        p50_s, p90_s = self.times(quote.p50_s, made_from)
        from_m, to_m = range_of(p50_s, p90_s)
        return Quote(p50_s, p90_s, from_m, to_m, quote.legs, self.learned.version)

    def correct_many(self, quotes: Sequence[Quote], rows: Sequence[Sequence[float]]) -> list[Quote]:
        """`correct` of each quote with its values, to the last bit."""
        if not quotes:
            return []
        made = []
        times = self.learned.times_of_many([one.p50_s for one in quotes], np.array(rows, dtype=float))
        for quote, both in zip(quotes, times, strict=True):
            p50_s, p90_s = self.bounded(quote.p50_s, *both)
            from_m, to_m = range_of(p50_s, p90_s)
            made.append(Quote(p50_s, p90_s, from_m, to_m, quote.legs, self.learned.version))
        return made

    def as_json(self) -> dict[str, Any]:
        return {"learned": self.learned.as_json(), "stores": dict(self.stores)}


def corrector_from(kept: Any) -> Corrector:
    """What `as_json` wrote. Raises BadTrees."""
    if not isinstance(kept, dict) or not isinstance(kept.get("stores"), dict):
        raise BadTrees("No corrector.")
    stores = {}
    for code, rank in kept["stores"].items():
        if not isinstance(rank, int | float) or not math.isfinite(rank):
            raise BadTrees("A store's rank is no number.")
        stores[str(code)] = float(rank)
    return Corrector(learned_from(kept.get("learned"), fields=FIELDS), stores)


def facts(made_from: Mapping[str, Any], stores: Mapping[str, float]) -> list[float]:
    """FIELDS of the inputs a promise was made from, as the ledger keeps them; what it does not say is UNKNOWN."""
    values = [_number(made_from.get(name)) for name in _NUMBERS]
    values.append(stores.get(str(made_from.get("store")), UNKNOWN))
    return values


def _number(value: Any) -> float:
    kind = value.__class__
    return value if kind is int or kind is bool or (kind is float and math.isfinite(value)) else UNKNOWN


def guess_of(made_from: Mapping[str, Any]) -> tuple[float, float] | None:
    """(p50, p90) of the rule of thumb in seconds, out of the legs in the ledger; None where they are not there."""
    legs = made_from.get("legs")
    if not isinstance(legs, dict) or not legs:
        return None
    try:
        pairs = [(float(p50_s), float(p90_s)) for p50_s, p90_s in legs.values()]
    except (TypeError, ValueError):
        return None
    p50_s = sum(middle for middle, _bad in pairs)
    if not p50_s > 0:
        return None
    return p50_s, p50_s + math.sqrt(sum((bad - middle) ** 2 for middle, bad in pairs))
