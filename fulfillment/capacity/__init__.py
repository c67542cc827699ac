"""How much picking a floor can do and how much is asked of it: plain Python, no Django. Seconds in, seconds out."""

from fulfillment.capacity.budget import (
    FULL_S,
    Floor,
    Hand,
    Later,
    Minute,
    begun_and_finished,
    full_in_m,
    load_by_minute,
    wait_s,
)
from fulfillment.capacity.people import STAYS_S, expected_in_s, stays_s
from fulfillment.capacity.speed import (
    HOUSE,
    PACK_SHARE,
    PICKER_FREEDOM,
    STORE_FREEDOM,
    TYPICAL,
    Pace,
    Sample,
    learn,
    spells,
)

__all__ = [
    "FULL_S",
    "HOUSE",
    "PACK_SHARE",
    "PICKER_FREEDOM",
    "STAYS_S",
    "STORE_FREEDOM",
    "TYPICAL",
    "Floor",
    "Hand",
    "Later",
    "Minute",
    "Pace",
    "Sample",
    "begun_and_finished",
    "expected_in_s",
    "full_in_m",
    "learn",
    "load_by_minute",
    "spells",
    "stays_s",
    "wait_s",
]
