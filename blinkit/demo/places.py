"""Where the demo company works: three stores, the ground each one serves, and its bins. Plain data, degrees WGS84.

The areas share their borders corner by corner and together cover central Bengaluru from the old Pensioners' quarter to
Domlur and Koramangala. They are drawn by hand along main roads; no map data is copied.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CITY = {"slug": "bengaluru", "name": "Bengaluru", "state_code": "29", "timezone": "Asia/Kolkata"}

SUPPLIER = {
    "legal_name": "Tokri Retail Private Limited",
    "trade_name": "Tokri",
    "gstin": "29AAZCT4821K1ZG",
    "address": "18, 12th Main Road, HAL 2nd Stage, Indiranagar, Bengaluru 560038",
    "fssai": "11226999000100",
}
"""Who sells in the demo, by law. The numbers have the right shape and check characters and belong to nobody."""

SLOT_HOURS = range(7, 22, 2)
"""When the demo stores' delivery windows begin, each two hours long."""

# Corners that neighbours share, as GeoJSON [lng, lat].
_NORTH = [77.6205, 12.9872]
_TRINITY = [77.6188, 12.9768]
_AUSTIN_TOWN = [77.6212, 12.9668]
_MEETING = [77.6190, 12.9560]  # all three areas meet here
_DOMLUR_1, _DOMLUR_2, _DOMLUR_3 = [77.6275, 12.9548], [77.6362, 12.9571], [77.6488, 12.9542]
_HOSUR_1, _HOSUR_2, _HOSUR_3 = [77.6118, 12.9522], [77.6042, 12.9478], [77.6020, 12.9420]


@dataclass(frozen=True, slots=True)
class StorePlan:
    code: str
    name: str
    address: str
    pincode: str
    lat: float
    lng: float
    phone: str
    gstin: str
    fssai: str
    area: list[list[float]]
    price_bp: int  # this store's prices against the city's list, in basis points


STORES = (
    StorePlan(
        code="BLR-IND", name="Tokri Indiranagar", address="18, 12th Main Road, HAL 2nd Stage, Indiranagar",
        pincode="560038", lat=12.9712, lng=77.6402, phone="+919900090001", gstin="29AAZCT4821K1ZG",
        fssai="11226999000101", price_bp=10000,
        area=[
            _NORTH, [77.6310, 12.9896], [77.6420, 12.9882], [77.6490, 12.9840], [77.6498, 12.9735], [77.6482, 12.9640],
            _DOMLUR_3, _DOMLUR_2, _DOMLUR_1, _MEETING, _AUSTIN_TOWN, _TRINITY, _NORTH,
        ],
    ),
    StorePlan(
        code="BLR-RIC", name="Tokri Richmond Town", address="7, Norris Road, Richmond Town",
        pincode="560025", lat=12.9634, lng=77.6022, phone="+919900090002", gstin="29AAZCT4821K1ZG",
        fssai="11226999000102", price_bp=10200,
        area=[
            _HOSUR_3, [77.5900, 12.9455], [77.5792, 12.9540], [77.5768, 12.9640], [77.5785, 12.9745],
            [77.5842, 12.9822], [77.5935, 12.9861], [77.6065, 12.9868], _NORTH, _TRINITY, _AUSTIN_TOWN, _MEETING,
            _HOSUR_1, _HOSUR_2, _HOSUR_3,
        ],
    ),
    StorePlan(
        code="BLR-KOR", name="Tokri Koramangala", address="42, 80 Feet Road, Koramangala 4th Block",
        pincode="560034", lat=12.9368, lng=77.6271, phone="+919900090003", gstin="29AAZCT4821K1ZG",
        fssai="11226999000103", price_bp=9900,
        area=[
            _MEETING, _DOMLUR_1, _DOMLUR_2, _DOMLUR_3, [77.6496, 12.9440], [77.6470, 12.9345], [77.6400, 12.9272],
            [77.6290, 12.9253], [77.6160, 12.9262], [77.6062, 12.9310], _HOSUR_3, _HOSUR_2, _HOSUR_1, _MEETING,
        ],
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BinPlan:
    code: str
    zone: str
    sequence: int


# (aisle letter, zone, bays, shelves): A food, H what must not stand beside food, then produce, chill and frost last.
_AISLES = (
    ("A", "ambient", 10, 3),
    ("H", "ambient", 6, 2),
    ("P", "produce", 6, 2),
    ("C", "chilled", 7, 2),
    ("F", "frozen", 4, 2),
)


def bins() -> Iterator[BinPlan]:
    """The 76 bins of a store in walking order: up one aisle, down the next, the cold last so that it stays cold."""
    sequence = 0
    for number, (letter, zone, bays, shelves) in enumerate(_AISLES):
        order = range(1, bays + 1) if number % 2 == 0 else range(bays, 0, -1)
        for bay in order:
            for shelf in range(1, shelves + 1):
                sequence += 10
                yield BinPlan(code=f"{letter}-{bay:02d}-{shelf}", zone=zone, sequence=sequence)


HANDOVER_SLOTS = tuple(f"{number:02d}" for number in range(1, 25))
COLD_SLOTS = tuple(f"C{number}" for number in range(1, 9))
"""In the refrigerator beside the shelf."""


@dataclass(frozen=True, slots=True)
class Door:
    """A customer's front door."""

    store: str
    label: str
    line1: str
    line2: str
    landmark: str
    pincode: str
    lat: float
    lng: float
    instructions: str


@cache
def doors() -> tuple[Door, ...]:
    """The fifty front doors of doors.csv, in its order: invented buildings in real streets."""
    with (Path(__file__).resolve().parent / "doors.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(
            Door(**row | {"lat": float(row["lat"]), "lng": float(row["lng"])})  # type: ignore[arg-type]
            for row in csv.DictReader(lines)
        )
