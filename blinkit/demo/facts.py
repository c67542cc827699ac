"""What the demo house can honestly say about its goods: what follows from the thing itself (milk is an allergen,
lentils have no gluten), from its zone, and from its name. No licence, maker or recipe of a real brand is made up."""

from __future__ import annotations

import re
from typing import Any

from blinkit.demo.catalogue import ProductPlan

_STORAGE = {
    "ambient": "Keep in a cool, dry place, away from sunlight; close well after opening.",
    "produce": "Keep cool and airy; rinse before use.",
    "chilled": "Keep below 5 °C; use soon after opening.",
    "frozen": "Keep below -18 °C; do not refreeze after thawing.",
}
_FRESH = frozenset(
    {"fresh-vegetables", "leafy-herbs", "fresh-fruits", "milk", "curd-paneer", "eggs", "bread-bakery", "batter-ready",
     "chicken-mutton"}
)  # fmt: skip
_PRODUCE = frozenset({"fresh-vegetables", "leafy-herbs", "fresh-fruits", "exotic-fruits"})
_PLANTS = _PRODUCE | {"dals-pulses", "rice-poha", "dry-fruits"}
_MAY_BE_IMPORTED = re.compile(
    r"royal gala|kiwi|dragon|avocado|blueberry|pear|almond|dates|pistachio|walnut|fig|chia|olive", re.I
)
_NOT_JAIN = re.compile(
    r"potato|onion|shallot|garlic|ginger|carrot|radish|beetroot|colocasia|brinjal|cauliflower|broccoli|mushroom|fig",
    re.I,
)
_MILK = frozenset({"milk", "curd-paneer", "butter-cheese", "ice-cream"})
_NUTS = re.compile(r"almond|cashew|walnut|pistachio", re.I)
_WHEAT = re.compile(r"\batta\b|maida|rava|bread|bun\b|pav\b|sooji|vermicelli", re.I)
_GLUTEN_FREE_FLOUR = re.compile(r"besan|ragi|jowar|rice flour", re.I)

# Per 100 g, raw: USDA FoodData Central, SR Legacy.
_NUTRIENTS = ("energy_kcal", "protein_g", "carbs_g", "sugar_g", "fat_g", "fibre_g", "sodium_mg")
_NUTRITION = {
    "Potato (Aloo)": (77, 2.05, 17.49, 0.82, 0.09, 2.1, 6),
    "Onion (Pyaaz)": (40, 1.1, 9.34, 4.24, 0.1, 1.7, 4),
    "Tomato Local": (18, 0.88, 3.89, 2.63, 0.2, 1.2, 5),
    "Tomato Hybrid": (18, 0.88, 3.89, 2.63, 0.2, 1.2, 5),
    "Carrot Orange": (41, 0.93, 9.58, 4.74, 0.24, 2.8, 69),
    "Cucumber": (15, 0.65, 3.63, 1.67, 0.11, 0.5, 2),
    "Banana Robusta": (89, 1.09, 22.84, 12.23, 0.33, 2.6, 1),
}

# Packs of one thing whose names say more than brand, thing and pack. By name, as the SKUs say nothing to a reader.
_FAMILIES = {
    "Tokri White Eggs": "white eggs", "Tokri White Eggs Dozen": "white eggs", "Tokri White Eggs Tray": "white eggs",
    "Tokri Sona Masoori Rice": "sona masoori", "Tokri Sona Masoori Rice Small": "sona masoori",
    "Bisleri Water": "water", "Bisleri Water Can": "water",
    "Maggi 2-Minute Masala Noodles": "masala noodles", "Maggi Masala Noodles 12 Pack": "masala noodles",
}  # fmt: skip


def family_by_hand(plan: ProductPlan) -> str:
    return _FAMILIES.get(plan.name, "")


WEIGHED = frozenset({"TK0002", "TK0009", "TK0022", "TK0027", "TK0028", "TK0029"})
"""Loose vegetables that the picker weighs."""


def facts_of(plan: ProductPlan) -> dict[str, Any]:
    """Fields of `ProductFacts` that are known; {} for what is no food and says nothing."""
    if not plan.veg:
        return {}
    known: dict[str, Any] = {"storage": _STORAGE[plan.zone]}
    may_be_imported = bool(_MAY_BE_IMPORTED.search(plan.name))
    if not may_be_imported and (plan.category in _FRESH or plan.brand == "Tokri"):
        known["origin"] = "IN"
    if tags := _tags(plan):
        known["tags"] = tags
    if allergens := _allergens(plan):
        known["allergens"] = allergens
    if figures := _NUTRITION.get(plan.name):
        known["nutrition"] = dict(zip(_NUTRIENTS, figures, strict=True))
        known["attributes"] = {"Nutrition source": "USDA FoodData Central, raw"}
    return known


def _tags(plan: ProductPlan) -> list[str]:
    is_plant = plan.category in _PLANTS
    is_plain_flour = plan.category == "atta-flours"
    tags = []
    if is_plant or is_plain_flour:
        tags.append("vegan")
    if is_plant or (is_plain_flour and _GLUTEN_FREE_FLOUR.search(plan.name)):
        tags.append("gluten-free")
    if is_plant and not _NOT_JAIN.search(plan.name):
        tags.append("jain")
    if "organic" in plan.name.lower():
        tags.append("organic")
    if re.search(r"sugar free|zero sugar", plan.name, re.I):
        tags.append("sugar-free")
    if re.search(r"(soy|almond) milk", plan.name, re.I):
        tags.append("lactose-free")
    return tags


def _allergens(plan: ProductPlan) -> list[str]:
    name = plan.name.lower()
    found = []
    if plan.category in _MILK and not re.search(r"(soy|almond) milk", name):
        found.append("milk")
    if plan.category == "eggs":
        found.append("egg")
    if plan.category == "fish-seafood":
        found.append("crustacean" if "prawn" in name else "fish")
    if plan.category in {"atta-flours", "bread-bakery"} and _WHEAT.search(name):
        found.append("gluten")
    if "peanut" in name:
        found.append("peanut")
    if re.search(r"\bsoy", name):
        found.append("soy")
    if plan.category in {"dry-fruits", "milk"} and _NUTS.search(name):
        found.append("nuts")
    return found
