"""Which of the routed and the ridden way is paid, and why."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.paying.rates import STANDARD, Rates

WHYS = ("routed", "unknown", "shorter", "as-routed", "detour", "detour-capped", "turned-back")


@dataclass(frozen=True, slots=True)
class PaidWay:
    """`why`: unknown (too few positions), shorter, as-routed (within what positions measure), detour (the longer way
    is paid), detour-capped (paid up to the limit, a person looks at the rest). On a receipt also turned-back: the bags
    never came to the door, the way they did go is paid."""

    metres: int
    why: str

    @property
    def wants_a_look(self) -> bool:
        return self.why == "detour-capped"


def paid_way(*, routed_metres: int, ridden_metres: int | None, rates: Rates = STANDARD) -> PaidWay:
    """Never less than routed. A ride that was longer by more than the policy's share and metres is paid as ridden, up
    to the policy's limit."""
    if ridden_metres is None:
        return PaidWay(routed_metres, "unknown")
    if ridden_metres < routed_metres:
        return PaidWay(routed_metres, "shorter")
    more = ridden_metres - routed_metres
    if more <= rates.detour_from_metres or more * 10_000 <= routed_metres * rates.detour_from_bp:
        return PaidWay(routed_metres, "as-routed")
    # On a very short way the share alone would allow nothing.
    most = max(routed_metres * rates.detour_most_bp // 10_000, routed_metres + rates.detour_from_metres)
    if ridden_metres > most:
        return PaidWay(most, "detour-capped")
    return PaidWay(ridden_metres, "detour")
