"""The facts of a label in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from orders.web.choosing import tag_name


@dataclass(frozen=True, slots=True)
class Nutrient:
    name: str
    amount: str
    is_part: bool = False
    """Contained in the line above."""


@dataclass(frozen=True, slots=True)
class Label:
    """Only what is known; `rows` are (name, text)."""

    rows: tuple[tuple[str, str], ...]
    nutrition: tuple[Nutrient, ...]
    nutrition_per: str
    tags: tuple[str, ...]


def facts_of(facts: dict[str, Any]) -> Label:
    allergens = _allergens()
    rows = [
        (_("Ingredients"), facts["ingredients"]),
        (_("Allergens"), ", ".join(allergens.get(name, name) for name in facts["allergens"])),
        (_("Storage"), facts["storage"]),
        (_("Country of origin"), _("India") if facts["origin"] == "IN" else facts["origin_name"]),
        (_("Made or packed by"), ", ".join(filter(None, [facts["maker_name"], facts["maker_address"]]))),
        (_("FSSAI licence"), facts["fssai"]),
        *facts["attributes"].items(),
    ]
    nutrients = _nutrients()
    return Label(
        rows=tuple((name, text) for name, text in rows if text),
        nutrition=tuple(
            Nutrient(nutrients[name][0], f"{amount:g} {nutrients[name][1]}", nutrients[name][2])
            for name, amount in facts["nutrition"].items()
            if name in nutrients
        ),
        nutrition_per=facts["nutrition_per"],
        tags=tuple(tag_name(tag) for tag in facts["tags"]),
    )


MONTH_DAYS = 30


def keeps(days: int | None) -> str:
    """How long it keeps, counted from packing: what is left of that at the door depends on the batch."""
    if not days:
        return ""
    if days < 2 * MONTH_DAYS:
        return ngettext("Keeps %(n)s day from packing", "Keeps %(n)s days from packing", days) % {"n": days}
    months = days // MONTH_DAYS  # rounded down: never more than is true
    return ngettext("Keeps %(n)s month from packing", "Keeps %(n)s months from packing", months) % {"n": months}


def _nutrients() -> dict[str, tuple[str, str, bool]]:
    return {
        "energy_kcal": (_("Energy"), "kcal", False),
        "protein_g": (_("Protein"), "g", False),
        "carbs_g": (_("Carbohydrate"), "g", False),
        "sugar_g": (_("of which sugars"), "g", True),
        "added_sugar_g": (_("of which added sugars"), "g", True),
        "fat_g": (_("Fat"), "g", False),
        "saturated_fat_g": (_("of which saturated"), "g", True),
        "trans_fat_g": (_("of which trans fat"), "g", True),
        "fibre_g": (_("Fibre"), "g", False),
        "cholesterol_mg": (_("Cholesterol"), "mg", False),
        "sodium_mg": (_("Sodium"), "mg", False),
        "calcium_mg": (_("Calcium"), "mg", False),
        "iron_mg": (_("Iron"), "mg", False),
    }


def _allergens() -> dict[str, str]:
    return {
        "gluten": _("Cereals with gluten"), "crustacean": _("Crustaceans"), "milk": _("Milk"), "egg": _("Egg"),
        "fish": _("Fish"), "peanut": _("Peanuts"), "nuts": _("Tree nuts"), "soy": _("Soy"), "sesame": _("Sesame"),
        "mustard": _("Mustard"), "sulphite": _("Sulphites"),
    }  # fmt: skip
