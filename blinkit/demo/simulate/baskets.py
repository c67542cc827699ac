"""Real baskets for the floor: the Instacart files of 2017, which are not part of this repository.

Real are which products were bought together, how often each is bought, and the hours of the day. Assumed:

- Quick-commerce baskets are smaller than a weekly shop, so only whole baskets of at most `most_lines` lines are kept
  (8: half of all, 4.6 lines on average; the sensitivity to it is in docs/floor.md). No basket is cut.
- The files have no quantities: a line has one unit three times in four, else two, three or four (`UNITS`).
- Products go to the demo store's bins by department: produce, chilled (dairy, deli, meat), frozen, what must not
  stand beside food, and the rest. Within such a part, Instacart's aisles stay together, those with most sales per
  facing nearest to the packing table; a product's facings grow with the root of its sales.
"""

from __future__ import annotations

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blinkit.demo.places import BinPlan
from fulfillment.pickroute import Layout
from fulfillment.pickroute.floor import TABLE

BASKETS, PRODUCTS, DEPARTMENTS = "order_products__train.parquet", "products.parquet", "departments.parquet"
HOURS = "instacart_sample_hours.csv"

UNITS = ((1, 0.75), (2, 0.18), (3, 0.05), (4, 0.02))

LETTERS = {
    "produce": "P", "dairy eggs": "C", "deli": "C", "meat seafood": "C", "frozen": "F",
    "household": "H", "personal care": "H", "pets": "H",
}  # fmt: skip
"""Aisle of the demo store by department; all others are A, food at room temperature."""

WEIGHTS_G = {"P": 350, "C": 450, "F": 450, "H": 400, "A": 400, "beverages": 1200}


class Absent(Exception):
    """The data are not there, or cannot be read; says what to do."""


@dataclass(frozen=True, slots=True)
class Good:
    """Where a product lies and what it weighs."""

    bin: BinPlan
    weight_g: int


@dataclass(frozen=True)
class Shop:
    """Baskets as product ids, in a random but seeded order; each product's place; orders by hour of the day."""

    baskets: list[list[int]]
    goods: dict[int, Good]
    hours: list[float]


def read(folder: Path, *, bins: Iterable[BinPlan], layout: Layout, most_lines: int, seed: int) -> Shop:
    """Raises Absent."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise Absent("Reading parquet needs pyarrow, a development package.") from None
    missing = [name for name in (BASKETS, PRODUCTS, DEPARTMENTS, HOURS) if not (folder / name).is_file()]
    if missing:
        raise Absent(f"There is no {missing[0]} in {folder}: give the folder with the Instacart files of 2017 (--data).")
    table = parquet.read_table(folder / BASKETS, columns=["order_id", "product_id"])
    found: defaultdict[int, list[int]] = defaultdict(list)
    sold: Counter[int] = Counter()
    for order, product in zip(table["order_id"].to_pylist(), table["product_id"].to_pylist(), strict=True):
        found[order].append(product)
        sold[product] += 1
    departments = {
        row["department_id"]: row["department"] for row in parquet.read_table(folder / DEPARTMENTS).to_pylist()
    }
    kinds = {
        row["product_id"]: (departments[row["department_id"]], int(row["aisle_id"]))
        for row in parquet.read_table(
            folder / PRODUCTS, columns=["product_id", "department_id", "aisle_id"]
        ).to_pylist()
    }
    baskets = [basket for _, basket in sorted(found.items()) if len(basket) <= most_lines]
    random.Random(seed).shuffle(baskets)
    return Shop(baskets, put_away(sold, kinds, bins=bins, layout=layout), read_hours(folder / HOURS))


def put_away(
    sold: Counter[int], kinds: dict[int, tuple[str, int]], *, bins: Iterable[BinPlan], layout: Layout
) -> dict[int, Good]:
    """A bin for every product that was sold; `kinds`: department and Instacart aisle."""
    faces: defaultdict[str, list[BinPlan]] = defaultdict(list)
    for one in bins:
        faces[one.code[0]].append(one)
    parts: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for product in sold:
        department, aisle = kinds[product]
        parts[LETTERS.get(department, "A")][aisle].append(product)
    goods: dict[int, Good] = {}
    for letter, aisles in parts.items():
        near_first = sorted(faces[letter], key=lambda one: (layout.metres(TABLE, layout.spot(one.code, one.sequence)), one.sequence))
        facings = {product: sold[product] ** 0.5 for products in aisles.values() for product in products}

        def per_facing(products: list[int], facings: dict[int, float] = facings) -> float:
            return sum(sold[one] for one in products) / sum(facings[one] for one in products)

        row = [
            product
            for _aisle, products in sorted(aisles.items(), key=lambda item: (-per_facing(item[1]), item[0]))
            for product in sorted(products, key=lambda one: (-sold[one], one))
        ]
        whole, filled = sum(facings.values()), 0.0
        for product in row:
            place = near_first[min(int(filled / whole * len(near_first)), len(near_first) - 1)]
            filled += facings[product]
            weight_g = WEIGHTS_G.get(kinds[product][0], WEIGHTS_G[letter])
            goods[product] = Good(place, weight_g)
    return goods


def read_hours(file: Path) -> list[float]:
    """Orders in each hour of the day, from a sample of real ones."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        counted = Counter(int(row["order_hour_of_day"]) for row in csv.DictReader(lines))
    return [float(counted[hour]) for hour in range(24)]
