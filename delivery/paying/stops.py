"""The pay of one stop, and of a bundle stop by stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from delivery.paying.rates import PARTS, STANDARD, Rates

Parts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Way:
    """Whole metres to one door: from the place before it on the route, and from the store directly."""

    leg_metres: int
    direct_metres: int

    def paid_metres(self, rates: Rates) -> int:
        """The leg, never less than the stated share of the direct way."""
        return max(self.leg_metres, self.direct_metres * rates.leg_share_bp // 10_000)


def waiting_of(waited_s: int, rates: Rates = STANDARD) -> int:
    """Paise of so many seconds at the store: whole minutes beyond the free ones."""
    return max(0, waited_s - rates.wait_free_s) // 60 * rates.wait_per_min_paise


def pay_of(
    metres: int,
    *,
    rates: Rates = STANDARD,
    is_first: bool = True,
    waiting_paise: int = 0,
    surge_paise: int = 0,
    tip_paise: int = 0,
) -> Parts:
    """Paise by part of one stop whose paid way has so many metres. Never less for a longer way; the tip is whole."""
    parts = dict.fromkeys(PARTS, 0)
    parts["base_paise"] = rates.base_paise if is_first else rates.next_base_paise
    parts["distance_paise"], parts["long_distance_paise"] = _distance(metres, rates)
    parts["waiting_paise"], parts["surge_paise"], parts["tip_paise"] = waiting_paise, surge_paise, tip_paise
    return parts


def quoted(
    ways: Sequence[Way], *, tips_paise: Sequence[int], rates: Rates = STANDARD, surge_paise: int = 0
) -> list[Parts]:
    """What a trip to these doors pays at least, stop by stop, in the order of the doors.

    A bundle never pays less (tips aside) than any one of its stops would alone: what is missing is `bundle_paise` of
    the last stop. Raises ValueError unless there is one tip for each door.
    """
    stops = [
        pay_of(way.paid_metres(rates), rates=rates, is_first=not place, surge_paise=surge_paise, tip_paise=tip)
        for place, (way, tip) in enumerate(zip(ways, tips_paise, strict=True))
    ]
    if len(stops) > 1:
        alone = max(total_of(pay_of(way.direct_metres, rates=rates, surge_paise=surge_paise)) for way in ways)
        together = sum(total_of(parts) - parts["tip_paise"] for parts in stops)
        stops[-1]["bundle_paise"] = max(0, alone - together)
    return stops


def earned(parts: Parts, *, paid_metres: int, routed_metres: int, rates: Rates = STANDARD) -> Parts:
    """`parts` of the routed way, and beside them what the longer paid way is worth, as `detour_paise`."""
    more = sum(_distance(paid_metres, rates)) - sum(_distance(routed_metres, rates))
    return {**parts, "detour_paise": max(0, more)}


def at_least(parts: Parts, promised: Mapping[str, int]) -> Parts:
    """No part below what the offer said: waiting and a longer way only add. The tip is the customer's word, not ours:
    it is what the customer gives now."""
    return {name: paise if name == "tip_paise" else max(paise, promised.get(name, 0)) for name, paise in parts.items()}


def total_of(parts: Mapping[str, int]) -> int:
    return sum(parts.values())


def _distance(metres: int, rates: Rates) -> tuple[int, int]:
    beyond, far = max(0, metres - rates.first_metres), max(0, metres - rates.long_from_metres)
    return beyond * rates.per_km_paise // 1000, far * rates.long_per_km_paise // 1000
