"""What goes with what when no baskets have been seen: rules of thumb of an Indian kitchen, by category slug.

They are guesses and say so (source "category"); pairs learned from orders come first. Categories the rules do not know
have no companions here: the shelf then takes their neighbours in the category tree.
"""

from __future__ import annotations

from collections.abc import Iterable

RULES: dict[str, tuple[str, ...]] = {
    "fresh-vegetables": ("leafy-herbs", "masalas", "curd-paneer", "oils-ghee"),
    "leafy-herbs": ("fresh-vegetables", "curd-paneer", "masalas"),
    "fresh-fruits": ("curd-paneer", "breakfast-cereals", "dry-fruits", "exotic-fruits"),
    "exotic-fruits": ("fresh-fruits", "curd-paneer", "breakfast-cereals"),
    "milk": ("tea", "bread-bakery", "biscuits-cookies", "breakfast-cereals", "coffee"),
    "curd-paneer": ("fresh-vegetables", "leafy-herbs", "masalas", "rice-poha"),
    "butter-cheese": ("bread-bakery", "eggs", "pickles-sauces", "noodles-pasta"),
    "eggs": ("bread-bakery", "butter-cheese", "milk", "fresh-vegetables"),
    "bread-bakery": ("butter-cheese", "eggs", "milk", "pickles-sauces"),
    "batter-ready": ("pickles-sauces", "curd-paneer", "oils-ghee", "leafy-herbs"),
    "atta-flours": ("oils-ghee", "dals-pulses", "salt-sugar", "curd-paneer"),
    "rice-poha": ("dals-pulses", "oils-ghee", "masalas", "curd-paneer"),
    "dals-pulses": ("rice-poha", "masalas", "oils-ghee", "fresh-vegetables"),
    "dry-fruits": ("milk", "breakfast-cereals", "mithai", "fresh-fruits"),
    "oils-ghee": ("atta-flours", "masalas", "dals-pulses", "fresh-vegetables"),
    "masalas": ("fresh-vegetables", "dals-pulses", "oils-ghee", "curd-paneer"),
    "salt-sugar": ("tea", "coffee", "atta-flours", "milk"),
    "pickles-sauces": ("bread-bakery", "noodles-pasta", "frozen-snacks", "namkeen"),
    "chips-crisps": ("soft-drinks", "pickles-sauces", "chocolates-candy", "namkeen"),
    "namkeen": ("tea", "soft-drinks", "chips-crisps"),
    "noodles-pasta": ("pickles-sauces", "butter-cheese", "fresh-vegetables", "eggs"),
    "biscuits-cookies": ("tea", "milk", "coffee", "chocolates-candy"),
    "chocolates-candy": ("ice-cream", "soft-drinks", "biscuits-cookies"),
    "mithai": ("dry-fruits", "namkeen", "milk"),
    "soft-drinks": ("chips-crisps", "water-mixers", "namkeen", "frozen-snacks"),
    "juices": ("breakfast-cereals", "fresh-fruits", "bread-bakery"),
    "water-mixers": ("soft-drinks", "chips-crisps", "namkeen", "fresh-fruits"),
    "tea": ("milk", "biscuits-cookies", "salt-sugar", "namkeen"),
    "coffee": ("milk", "biscuits-cookies", "salt-sugar", "chocolates-candy"),
    "health-drinks": ("milk", "breakfast-cereals", "biscuits-cookies"),
    "breakfast-cereals": ("milk", "fresh-fruits", "dry-fruits", "curd-paneer"),
    "frozen-snacks": ("pickles-sauces", "soft-drinks", "oils-ghee"),
    "frozen-veg": ("curd-paneer", "rice-poha", "masalas"),
    "ice-cream": ("chocolates-candy", "fresh-fruits", "dry-fruits", "biscuits-cookies"),
    "chicken-mutton": ("masalas", "curd-paneer", "leafy-herbs", "rice-poha"),
    "fish-seafood": ("masalas", "leafy-herbs", "oils-ghee", "rice-poha"),
    "laundry": ("dishwash-cleaners", "home-needs", "bath-soap"),
    "dishwash-cleaners": ("laundry", "home-needs", "bath-soap"),
    "home-needs": ("dishwash-cleaners", "laundry", "pooja-needs"),
    "bath-soap": ("hair-care", "oral-care", "skin-grooming", "laundry"),
    "hair-care": ("bath-soap", "skin-grooming", "oral-care"),
    "oral-care": ("bath-soap", "skin-grooming", "hygiene"),
    "skin-grooming": ("bath-soap", "hair-care", "hygiene"),
    "hygiene": ("bath-soap", "skin-grooming", "home-needs"),
    "diapers-wipes": ("baby-food-care", "hygiene", "laundry"),
    "baby-food-care": ("diapers-wipes", "milk", "fresh-fruits"),
    "dog-food": ("cat-care", "dishwash-cleaners"),
    "cat-care": ("dog-food", "dishwash-cleaners"),
    "pooja-needs": ("mithai", "fresh-fruits", "oils-ghee", "dry-fruits"),
    "stationery-party": ("chocolates-candy", "soft-drinks", "chips-crisps"),
}


def companions(slugs: Iterable[str]) -> list[str]:
    """Categories that go with these, those named most often and earliest first; never one that is there already."""
    there = set(slugs)
    weight: dict[str, float] = {}
    for slug in sorted(there):
        for place, other in enumerate(RULES.get(slug, ())):
            if other not in there:
                weight[other] = weight.get(other, 0.0) + 1 / (place + 1)
    return sorted(weight, key=lambda slug: (-weight[slug], slug))
