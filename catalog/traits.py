"""What filters ask of a product, as bits of one number that each shelf row carries, so that counting needs no join: the
mark on the pack (one at most), claims of the label, and by what it is measured. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable

MARKS = {"veg": 1, "nonveg": 2, "egg": 4}
TAGS = {
    "vegan": 1 << 3,
    "gluten-free": 1 << 4,
    "organic": 1 << 5,
    "sugar-free": 1 << 6,
    "jain": 1 << 7,
    "lactose-free": 1 << 8,
    "no-onion-garlic": 1 << 9,
    "high-protein": 1 << 10,
    "whole-grain": 1 << 11,
    "no-preservatives": 1 << 12,
}
"""Never renumber: rows hold them. A new tag takes the next bit; at most bit 19."""

MEASURES = {"kg": 1 << 20, "l": 1 << 21, "pc": 1 << 22}
"""Unit prices are compared within one measure only."""

MEASURED_IN = {"g": "kg", "kg": "kg", "ml": "l", "l": "l", "pc": "pc"}

TAG_NAMES = {
    "vegan": "Vegan", "gluten-free": "Gluten free", "organic": "Organic", "sugar-free": "Sugar free", "jain": "Jain",
    "lactose-free": "Lactose free", "no-onion-garlic": "No onion, no garlic", "high-protein": "High protein",
    "whole-grain": "Whole grain", "no-preservatives": "No preservatives",
}  # fmt: skip


def bits(mark: str, tags: Iterable[str] = (), pack_unit: str = "") -> int:
    """Unknown words count for nothing."""
    measure = MEASURES.get(MEASURED_IN.get(pack_unit, ""), 0)
    return MARKS.get(mark, 0) | sum(TAGS.get(tag, 0) for tag in set(tags)) | measure
