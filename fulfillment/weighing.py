"""How much a weighed pack may be off. Plain Python: no Django."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MOST_OVER = 0.15
"""So much more than wanted the shop gives away before the picker takes some out."""


@dataclass(frozen=True, slots=True)
class Range:
    """Grams that one pack may weigh."""

    wanted_g: int
    least_g: int
    most_g: int

    def off_g(self, grams: int) -> int:
        """Grams that are missing (negative) or too many; 0 when it is right."""
        return min(0, grams - self.least_g) + max(0, grams - self.most_g)


def allowed(wanted_g: int) -> Range:
    """Not lighter than the maximum permissible error of a prepacked quantity (Legal Metrology (Packaged Commodities)
    Rules 2011, First Schedule, as OIML R 87), not heavier than the shop gives away."""
    return Range(wanted_g, wanted_g - _permissible_g(wanted_g), round(wanted_g * (1 + MOST_OVER)))


def wanted_g(pack_size: Decimal | None, pack_unit: str, weight_g: int) -> int:
    """What one pack should weigh: as it is sold ("500 g", "1 kg"), else the gross weight the catalogue knows."""
    grams = {"g": 1, "kg": 1000}.get(pack_unit.strip().lower(), 0) * (pack_size or 0)
    return round(grams) or weight_g


def _permissible_g(wanted_g: int) -> int:
    for most_g, percent, grams in (
        (50, 9.0, 0.0), (100, 0, 4.5), (200, 4.5, 0), (300, 0, 9), (500, 3, 0), (1_000, 0, 15), (10_000, 1.5, 0),
        (15_000, 0, 150),
    ):  # fmt: skip
        if wanted_g <= most_g:
            return int(grams or wanted_g * percent / 100)
    return int(wanted_g * 0.01)
