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
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from blinkit.demo.places import BinPlan
from fulfillment.pickroute import Layout
from fulfillment.pickroute.floor import TABLE

Array = np.ndarray[Any, np.dtype[Any]]
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


@dataclass(frozen=True)
class Sales:
    """The files as read: product of every line, where each basket's lines begin (and the last ends); department and
    Instacart aisle of each product; orders by hour."""

    products: Array
    begins: Array
    kinds: dict[int, tuple[str, int]]
    hours: list[float]


def read(folder: Path, *, bins: Sequence[BinPlan], layout: Layout, most_lines: int, baskets: int, seed: int) -> Shop:
    """A random choice of so many baskets, or all there are. Raises Absent."""
    sales = read_sales(folder)
    small = np.flatnonzero(np.diff(sales.begins) <= most_lines)
    chosen = np.random.default_rng(seed).permutation(small)[:baskets]
    products, counted = np.unique(sales.products, return_counts=True)
    sold = dict(zip(products.tolist(), counted.tolist(), strict=True))
    return Shop(
        [sales.products[sales.begins[one] : sales.begins[one + 1]].tolist() for one in chosen],
        put_away(sold, sales.kinds, bins=bins, layout=layout),
        sales.hours,
    )


@cache
def read_sales(folder: Path) -> Sales:
    """Raises Absent."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise Absent("Reading parquet needs pyarrow, a development package.") from None
    missing = [name for name in (BASKETS, PRODUCTS, DEPARTMENTS, HOURS) if not (folder / name).is_file()]
    if missing:
        raise Absent(
            f"There is no {missing[0]} in {folder}: give the folder with the Instacart files of 2017 (--data)."
        )
    table = parquet.read_table(folder / BASKETS, columns=["order_id", "product_id"])
    orders = table["order_id"].to_numpy()
    by_order = np.argsort(orders, kind="stable")
    begins = np.flatnonzero(np.diff(orders[by_order], prepend=-1))
    names = {row["department_id"]: row["department"] for row in parquet.read_table(folder / DEPARTMENTS).to_pylist()}
    about = parquet.read_table(folder / PRODUCTS, columns=["product_id", "department_id", "aisle_id"])
    numbers, departments, aisles = (about[name].to_pylist() for name in about.column_names)
    return Sales(
        table["product_id"].to_numpy()[by_order],
        np.append(begins, len(orders)),
        {
            number: (names[department], aisle)
            for number, department, aisle in zip(numbers, departments, aisles, strict=True)
        },
        read_hours(folder / HOURS),
    )


def put_away(
    sold: Mapping[int, int], kinds: dict[int, tuple[str, int]], *, bins: Sequence[BinPlan], layout: Layout
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
        near_first = sorted(
            faces[letter], key=lambda one: (layout.metres(TABLE, layout.spot(one.code, one.sequence)), one.sequence)
        )
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
