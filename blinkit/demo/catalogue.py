"""The demo catalogue as plain rows, read from the two files beside this module."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    slug: str
    name: str
    name_hi: str
    parent: str
    icon: str
    hue: int


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """Money in paise, weight in grams gross, GST in basis points. `veg` is empty for what is not food."""

    sku: str
    name: str
    name_hi: str
    brand: str
    category: str
    pack_size: int
    pack_unit: str
    mrp_paise: int
    price_paise: int
    hsn: str
    gst_bp: int
    veg: str
    zone: str
    barcode: str
    shelf_life_days: int
    max_per_order: int
    weight_g: int
    keywords: str
    art: str

    @property
    def pack(self) -> str:
        """As printed: 1200 g is "1.2 kg", 2250 ml is "2.25 l"."""
        if self.pack_unit in ("g", "ml") and self.pack_size >= 1000:
            return f"{self.pack_size / 1000:g} {'kg' if self.pack_unit == 'g' else 'l'}"
        return f"{self.pack_size} {self.pack_unit}"

    @property
    def popularity(self) -> int:
        """0 to 999, always the same for a SKU: what every kitchen buys first, the rest in a fixed shuffle."""
        if self.sku in _staples():
            return 900 + chance(self.sku, "staple", 100)
        return _WANTED.get(self.category, 300) + chance(self.sku, "popularity", 260)

    @property
    def description(self) -> str:
        if not self.veg:
            return _STORY[self.zone]
        return f"{_STORY[self.zone]} Best within {days(self.shelf_life_days)} of packing."


_STORY = {
    "ambient": "Keep in a cool, dry place, away from sunlight.",
    "produce": "Sorted by hand this morning; rinse before use.",
    "chilled": "Kept at 4 °C all the way to your door; refrigerate at once.",
    "frozen": "Kept at -18 °C; do not refreeze after thawing.",
}

_WANTED = {
    "milk": 560, "fresh-vegetables": 540, "curd-paneer": 520, "eggs": 520, "bread-bakery": 480, "fresh-fruits": 500,
    "leafy-herbs": 440, "chips-crisps": 470, "noodles-pasta": 420, "soft-drinks": 440, "biscuits-cookies": 400,
    "atta-flours": 380, "dals-pulses": 380, "oils-ghee": 380, "ice-cream": 400, "tea": 380, "coffee": 370,
    "batter-ready": 420, "salt-sugar": 360, "namkeen": 340, "chicken-mutton": 360, "chocolates-candy": 380,
}  # fmt: skip

# By name and pack, because the line numbers behind the SKUs say nothing to a reader.
_STAPLES = frozenset({
    "Potato (Aloo)", "Onion (Pyaaz)", "Tomato Local", "Coriander Leaves", "Green Chilli", "Ginger (Adrak)", "Lemon",
    "Banana Robusta", "Banana Yelakki", "Nandini Toned Milk", "Amul Taaza Toned Milk",
    "Nandini Shubham Standardised Milk",
    "Nandini Curd", "Amul Butter Salted", "Tokri White Eggs", "Tokri White Eggs Dozen", "Modern White Sandwich Bread",
    "iD Idli Dosa Batter", "Amul Fresh Paneer", "Aashirvaad Shudh Chakki Atta", "Tokri Toor Dal", "Tata Salt",
    "Tokri Sugar",
    "Fortune Sunlite Sunflower Oil", "Maggi 2-Minute Masala Noodles", "Lay's India's Magic Masala", "Parle-G Gold",
    "Coca-Cola", "Brooke Bond Red Label", "Cothas Filter Coffee Powder", "Bisleri Water", "Cadbury Dairy Milk",
})  # fmt: skip


def days(count: int) -> str:
    """A shelf life as people say it."""
    for size, word in ((365, "year"), (30, "month")):
        if count >= 2 * size or (count >= size and word == "year"):
            number = round(count / size)
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{count} day{'' if count == 1 else 's'}"


def chance(sku: str, why: str, below: int) -> int:
    """A number in [0, below) that is always the same for the same words: the demo city has no dice."""
    return zlib.crc32(f"{why}:{sku}".encode()) % below


@cache
def categories() -> tuple[CategoryPlan, ...]:
    """Departments and their shelves in the order of the home page; a parent comes before its children."""
    return tuple(
        CategoryPlan(r["slug"], r["name"], r["name_hi"], r["parent"], r["icon"], int(r["hue"]))
        for r in _rows("categories.csv")
    )


@cache
def products() -> tuple[ProductPlan, ...]:
    whole = {"pack_size", "mrp_paise", "price_paise", "gst_bp", "shelf_life_days", "max_per_order", "weight_g"}
    return tuple(
        ProductPlan(**{name: int(value) if name in whole else value for name, value in row.items()})  # type: ignore[arg-type]
        for row in _rows("catalogue.csv")
    )


@cache
def _staples() -> frozenset[str]:
    return frozenset(p.sku for p in products() if p.name in _STAPLES)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
