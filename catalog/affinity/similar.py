"""What may stand in for a product: the same kind of thing, near in pack and price.

A weighted sum of five likenesses in 0..1 (Gower, "A general coefficient of similarity", Biometrics 27, 1971): words of
the name (Dice), price per unit and pack size (ratio of the smaller to the greater), brand, veg mark. Candidates come
from the same category, which is what makes them comparable at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WORDS, PRICE, PACK, BRAND, VEG = 0.5, 0.2, 0.15, 0.05, 0.1


@dataclass(frozen=True, slots=True)
class Trait:
    """What is compared. Price in paise per pack; `size` in the unit's measure, 0 when unknown; `rank` breaks ties."""

    product_id: int
    words: frozenset[str]
    price_paise: int
    size: float
    unit: str
    brand: str
    veg: str
    rank: int = 0


def likeness(a: Trait, b: Trait) -> float:
    """0 to 1, the same both ways."""
    shared = len(a.words & b.words)
    words = 2 * shared / (len(a.words) + len(b.words)) if shared else 0.0
    per_unit = bool(a.size and b.size and a.unit == b.unit)
    price = _ratio(a.price_paise / a.size, b.price_paise / b.size) if per_unit else _ratio(a.price_paise, b.price_paise)
    pack = _ratio(a.size, b.size) if per_unit else 0.0
    brand = float(bool(a.brand) and a.brand == b.brand)
    return WORDS * words + PRICE * price + PACK * pack + BRAND * brand + VEG * (a.veg == b.veg)


def most_similar(of: Trait, among: Iterable[Trait], *, limit: int) -> list[tuple[int, float]]:
    """(product id, likeness), most like first; equal ones by rank, then by id. Never the product itself."""
    scored = [(likeness(of, it), it.rank, it.product_id) for it in among if it.product_id != of.product_id]
    scored.sort(key=lambda it: (-it[0], -it[1], it[2]))
    return [(product_id, score) for score, _, product_id in scored[:limit]]


def _ratio(a: float, b: float) -> float:
    return min(a, b) / max(a, b) if a > 0 and b > 0 else 0.0
