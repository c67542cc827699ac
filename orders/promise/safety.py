"""The safety governor: a promise that implies an unlawful average speed is lengthened; nobody rides faster for it.

Plain Python. What was learned, and the room of a store, shorten or stretch the whole sum: each leg is taken to have
shrunk in the same proportion, and the ride among them must not fall below `least_s`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from orders.promise.legs import Quote, range_of

RIDDEN_BY = "by_"
"""Under `by_cycle` and so on the measured legs say which part of a store's orders comes with that vehicle."""
COUNTS_FROM = 0.1
"""The promise is made before anybody knows who rides. It must be lawful for the slowest vehicle that brings one order
in ten: the mean of the mix would ask the slower half to hurry, and by the slowest of all, one bicycle among fifty
scooters would make every promise longer. Who is rarer is sent by the pace of the own vehicle, and sees no countdown."""


def vehicle_for(kmh: Mapping[str, float], shares: Mapping[str, float], ridden: Iterable[str]) -> str:
    """The slowest by `kmh` of those that bring COUNTS_FROM of the orders; where nothing was measured, of `ridden`."""
    counting = [vehicle for vehicle, share in shares.items() if share >= COUNTS_FROM and vehicle in kmh]
    return min(counting or ridden, key=lambda vehicle: (kmh[vehicle], vehicle))


def ride_of(quote: Quote) -> float:
    """Seconds the middle leaves for the ride."""
    legs_s = ride_s = 0.0
    for name, p50_s, _p90_s in quote.legs:
        legs_s += p50_s
        if name == "ride":
            ride_s = p50_s
    return ride_s * min(1.0, quote.p50_s / legs_s) if legs_s > 0 else ride_s


def governed(quote: Quote, *, least_s: float) -> tuple[Quote, float]:
    """The quote with a ride of `least_s` seconds or more in its middle, and the seconds that were added (0: none).

    The end moves by as much, so a bad case is not eaten up by it.
    """
    added_s = least_s - ride_of(quote)
    if added_s <= 0:
        return quote, 0.0
    p50_s, p90_s = quote.p50_s + added_s, quote.p90_s + added_s
    from_m, to_m = range_of(p50_s, p90_s)
    return replace(quote, p50_s=p50_s, p90_s=p90_s, from_m=from_m, to_m=to_m), added_s


def reason(quote: Quote, *, metres: int, vehicle: str, kmh: float, added_s: float) -> dict[str, Any]:
    """Why `quote` was lengthened, as the ledger keeps it."""
    before_s = ride_of(quote)
    return {
        "vehicle": vehicle,
        "metres": metres,
        "kmh_lawful": kmh,
        "kmh_implied": round(metres * 3.6 / before_s, 1) if before_s > 0 else None,
        "added_s": round(added_s),
    }
