"""Delivery by distance and basket: a table of fees, one row per distance band, one column per basket band.

As data: `[{"beyond_metres": 0, "fees": [[0, 2500], [19900, 0]]}, {"beyond_metres": 2500, "fees": [[0, 3500], [19900,
1000]]}]`: from the store's door on a basket pays ₹25, from ₹199 nothing; beyond 2.5 km it is ₹10 more. What a door
near the store pays for the same basket may be waived; what a longer way adds to it is the rider's and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import orjson

MOST_BANDS = 8
MOST_METRES = 100_000
MOST_PAISE = 100_000_00


class BadBands(ValueError):
    """The table makes no sense; the text says what is wrong with it, for people."""


@dataclass(frozen=True, slots=True)
class Band:
    """Fees of doors further than `beyond_metres` by street: (basket from, fee) in paise, smallest basket first."""

    beyond_metres: int
    fees: tuple[tuple[int, int], ...]

    def fee(self, items_paise: int) -> int:
        paise = self.fees[0][1]
        for from_paise, fee_paise in self.fees:
            if items_paise < from_paise:
                break
            paise = fee_paise
        return paise

    def as_dict(self) -> dict[str, object]:
        baskets = [{"from_paise": step, "delivery_paise": fee} for step, fee in self.fees]
        return {"beyond_metres": self.beyond_metres, "baskets": baskets}

    def next_step(self, items_paise: int) -> tuple[int, int] | None:
        """(basket from, fee) of the next basket band that is cheaper than this basket's; None when there is none."""
        now = self.fee(items_paise)
        return next((step for step in self.fees if step[0] > items_paise and step[1] < now), None)


def one_step(*, delivery_paise: int, free_from_paise: int, far_metres: int, far_extra_paise: int) -> tuple[Band, ...]:
    """The table of a policy without bands of its own: one fee, free from a basket on, one extra beyond a distance."""

    def fees(extra_paise: int) -> tuple[tuple[int, int], ...]:
        if free_from_paise <= 0:
            return ((0, extra_paise),)
        return ((0, delivery_paise + extra_paise), (free_from_paise, extra_paise))

    return (Band(0, fees(0)), Band(far_metres, fees(far_extra_paise)))


def band_of(table: Sequence[Band], metres: float) -> Band:
    """The band of a door. `beyond_metres` itself still belongs to the nearer band."""
    found = table[0]
    for band in table[1:]:
        if metres > band.beyond_metres:
            found = band
    return found


def checked(given: Any) -> list[dict[str, Any]]:
    """The table as it is kept. Raises BadBands with a sentence when it is not one.

    The first band begins at 0 m and the first basket at 0; both rise. A larger basket never pays more and a longer way
    never less, or somebody would be asked to order less or to live elsewhere.
    """
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_BANDS:
        raise BadBands(f"Give 1 to {MOST_BANDS} distance bands.")
    table = []
    for row in given:
        if not isinstance(row, dict) or set(row) != {"beyond_metres", "fees"}:
            raise BadBands('Each band has "beyond_metres" and "fees".')
        fees = row["fees"]
        if not isinstance(fees, list) or not 1 <= len(fees) <= MOST_BANDS:
            raise BadBands(f"Each band has 1 to {MOST_BANDS} fees.")
        if any(not isinstance(pair, list | tuple) or len(pair) != 2 for pair in fees):
            raise BadBands("A fee is a pair: the basket it counts from, and what delivery costs, both in paise.")
        table.append(Band(_whole(row["beyond_metres"], MOST_METRES), tuple((_paise(a), _paise(b)) for a, b in fees)))
    if table[0].beyond_metres or any(band.fees[0][0] for band in table):
        raise BadBands("The first distance and the first basket of each band are 0.")
    for band in table:
        if any(b[0] <= a[0] or b[1] > a[1] for a, b in pairwise(band.fees)):
            raise BadBands("Baskets rise from left to right, and a larger basket never pays more for delivery.")
    for near, far in pairwise(table):
        if far.beyond_metres <= near.beyond_metres:
            raise BadBands("Distances rise from band to band.")
        steps = {step for step, _ in (*near.fees, *far.fees)}
        if any(far.fee(step) < near.fee(step) for step in steps):
            raise BadBands("A longer way never costs less than a shorter one.")
    return [{"beyond_metres": band.beyond_metres, "fees": [list(pair) for pair in band.fees]} for band in table]


def bands(kept: Any) -> tuple[Band, ...]:
    """The table of a fee policy as it is kept (JSON, or its text); () when there is none."""
    if not kept:
        return ()
    return _read(kept if isinstance(kept, str) else orjson.dumps(kept).decode())


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[Band, ...]:
    return tuple(
        Band(row["beyond_metres"], tuple((step, fee) for step, fee in row["fees"])) for row in orjson.loads(text) or ()
    )


def _paise(value: Any) -> int:
    return _whole(value, MOST_PAISE)


def _whole(value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadBands(f"Whole numbers from 0 to {most}, please.")
    return value
