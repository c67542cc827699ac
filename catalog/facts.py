"""What the label of a product says: licence and maker, origin, ingredients, allergens, nutrition, storage, diet.

Every field may be empty: what the house does not know is not said. Nutrition is per 100 g or 100 ml, as the Food Safety
and Standards (Labelling and Display) Regulations, 2020 want it; allergens are those of its regulation 5(14).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.traits import TAG_NAMES

NUTRIENTS = {
    "energy_kcal": "Energy (kcal)",
    "protein_g": "Protein (g)",
    "carbs_g": "Carbohydrate (g)",
    "sugar_g": "of which sugars (g)",
    "added_sugar_g": "of which added sugars (g)",
    "fat_g": "Fat (g)",
    "saturated_fat_g": "of which saturated (g)",
    "trans_fat_g": "of which trans fat (g)",
    "fibre_g": "Fibre (g)",
    "cholesterol_mg": "Cholesterol (mg)",
    "sodium_mg": "Sodium (mg)",
    "calcium_mg": "Calcium (mg)",
    "iron_mg": "Iron (mg)",
}
"""In the order they are shown."""

MOST_ENERGY_KCAL = 900.0
"""Of 100 g: pure fat has it."""

ALLERGENS = {
    "gluten": "Cereals with gluten",
    "crustacean": "Crustaceans",
    "milk": "Milk",
    "egg": "Egg",
    "fish": "Fish",
    "peanut": "Peanuts",
    "nuts": "Tree nuts",
    "soy": "Soy",
    "sesame": "Sesame",
    "mustard": "Mustard",
    "sulphite": "Sulphites of 10 mg/kg and more",
}

COUNTRIES = {
    "IN": "India", "AE": "United Arab Emirates", "AF": "Afghanistan", "AR": "Argentina", "AT": "Austria",
    "AU": "Australia", "BD": "Bangladesh", "BE": "Belgium", "BG": "Bulgaria", "BR": "Brazil", "BT": "Bhutan",
    "CA": "Canada", "CH": "Switzerland", "CI": "Côte d'Ivoire", "CL": "Chile", "CN": "China", "CO": "Colombia",
    "CZ": "Czechia", "DE": "Germany", "DK": "Denmark", "EC": "Ecuador", "EG": "Egypt", "ES": "Spain", "ET": "Ethiopia",
    "FI": "Finland", "FR": "France", "GB": "United Kingdom", "GH": "Ghana", "GR": "Greece", "HK": "Hong Kong",
    "HU": "Hungary", "ID": "Indonesia", "IE": "Ireland", "IL": "Israel", "IR": "Iran", "IT": "Italy", "JP": "Japan",
    "KE": "Kenya", "KR": "South Korea", "LK": "Sri Lanka", "MA": "Morocco", "MM": "Myanmar", "MU": "Mauritius",
    "MX": "Mexico", "MY": "Malaysia", "NL": "Netherlands", "NO": "Norway", "NP": "Nepal", "NZ": "New Zealand",
    "OM": "Oman", "PE": "Peru", "PH": "Philippines", "PK": "Pakistan", "PL": "Poland", "PT": "Portugal",
    "RU": "Russia", "SA": "Saudi Arabia", "SE": "Sweden", "SG": "Singapore", "TH": "Thailand", "TN": "Tunisia",
    "TR": "Türkiye", "TW": "Taiwan", "TZ": "Tanzania", "UA": "Ukraine", "US": "United States", "UZ": "Uzbekistan",
    "VN": "Vietnam", "ZA": "South Africa",
}  # fmt: skip

MOST_ATTRIBUTES = 20


def check_nutrition(value: Any) -> None:
    """{"energy_kcal": 52, "protein_g": 0.3, …}: known names, plain numbers, nothing that 100 g cannot hold."""
    if not isinstance(value, dict):
        raise ValidationError('Write nutrition as {"energy_kcal": 52, "protein_g": 0.3}.')
    if unknown := sorted(set(map(str, value)) - NUTRIENTS.keys()):
        raise ValidationError(f"Unknown: {', '.join(unknown)}. Known are {', '.join(NUTRIENTS)}.")
    for name, amount in value.items():
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise ValidationError(f"{NUTRIENTS[name]} must be a number, not {amount!r}.")
        most = MOST_ENERGY_KCAL if name.endswith("_kcal") else 100.0 if name.endswith("_g") else 100_000.0
        if not 0 <= amount <= most:  # also refuses NaN
            raise ValidationError(f"{NUTRIENTS[name]} must lie between 0 and {most:g} per 100 g or ml.")


def check_attributes(value: Any) -> None:
    """{"Roast": "Medium"}: short texts by short names, at most twenty."""
    if not isinstance(value, dict):
        raise ValidationError('Write attributes as {"Roast": "Medium"}.')
    if len(value) > MOST_ATTRIBUTES:
        raise ValidationError(f"At most {MOST_ATTRIBUTES} attributes.")
    for name, text in value.items():
        if not (isinstance(name, str) and 0 < len(name.strip()) <= 40):
            raise ValidationError(f"The name of an attribute has 1 to 40 characters: {name!r}.")
        if not (isinstance(text, str) and 0 < len(text.strip()) <= 200):
            raise ValidationError(f"{name} must be a text of 1 to 200 characters, not {text!r}.")


def check_licence(value: str) -> None:
    if not re.fullmatch(r"[0-9]{14}", value):
        raise ValidationError("An FSSAI licence number has exactly 14 digits.")


class ProductFacts(models.Model):
    """Facts of one product's label; a product without a row has none."""

    product = models.OneToOneField("catalog.Product", on_delete=models.CASCADE, primary_key=True, related_name="facts")
    maker_fssai = models.CharField(
        "FSSAI licence", max_length=14, blank=True, validators=[check_licence], help_text="14 digits, of the maker"
    )
    origin = models.CharField("country of origin", max_length=2, blank=True, choices=list(COUNTRIES.items()))
    maker_name = models.CharField("made or packed by", max_length=160, blank=True)
    maker_address = models.CharField(max_length=300, blank=True)
    ingredients = models.TextField(blank=True, help_text="As printed, in the order of weight")
    allergens = ArrayField(models.CharField(max_length=12, choices=list(ALLERGENS.items())), default=list, blank=True)
    nutrition = models.JSONField(
        default=dict, blank=True, validators=[check_nutrition], help_text='Per 100 g or ml: {"energy_kcal": 52}'
    )
    nutrition_per = models.CharField(max_length=6, choices=[("100 g", "100 g"), ("100 ml", "100 ml")], default="100 g")
    storage = models.CharField("storage advice", max_length=200, blank=True)
    tags = ArrayField(models.CharField(max_length=16, choices=list(TAG_NAMES.items())), default=list, blank=True)
    attributes = models.JSONField(
        default=dict, blank=True, validators=[check_attributes], help_text='Anything else: {"Roast": "Medium"}'
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "product facts"
        constraints = [
            models.CheckConstraint(
                condition=Q(maker_fssai="") | Q(maker_fssai__regex=r"^[0-9]{14}$"), name="facts_licence_has_14_digits"
            ),
            models.CheckConstraint(
                condition=Q(origin="") | Q(origin__regex=r"^[A-Z]{2}$"), name="facts_origin_is_a_country_code"
            ),
        ]

    def __str__(self) -> str:
        return f"Facts of {self.product_id}"


FACT_COLUMNS = (
    "maker_fssai", "origin", "maker_name", "maker_address", "ingredients", "allergens", "nutrition", "nutrition_per",
    "storage", "tags", "attributes",
)  # fmt: skip


def as_dict(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON-able: what is known, with nutrients in their order. Unknown texts are "", unknown lists empty."""
    known = row["nutrition"] or {}
    return {
        "fssai": row["maker_fssai"] or "",
        "origin": row["origin"] or "",
        "origin_name": COUNTRIES.get(row["origin"] or "", ""),
        "maker_name": row["maker_name"] or "",
        "maker_address": row["maker_address"] or "",
        "ingredients": row["ingredients"] or "",
        "allergens": list(row["allergens"] or ()),
        "nutrition": {name: known[name] for name in NUTRIENTS if name in known},
        "nutrition_per": (row["nutrition_per"] or "100 g") if known else "",
        "storage": row["storage"] or "",
        "tags": list(row["tags"] or ()),
        "attributes": dict(row["attributes"] or {}),
    }
