"""The price per comparable quantity, as Legal Metrology wants it shown: per 100 g or ml, per kg or l, per piece."""

from __future__ import annotations

from dataclasses import dataclass

_PER = {"g": (100, "100 g"), "ml": (100, "100 ml"), "kg": (1, "kg"), "l": (1, "l"), "pc": (1, "pc")}


@dataclass(frozen=True, slots=True)
class UnitPrice:
    paise: int
    per: str


def unit_price(price_paise: int, pack_size: float | None, pack_unit: str) -> UnitPrice | None:
    """Rounded to a whole paisa; None when the pack is unknown, or is one single piece (the price says it already)."""
    if not pack_size or pack_size <= 0 or pack_unit not in _PER:
        return None
    if pack_unit == "pc" and pack_size == 1:
        return None
    amount, per = _PER[pack_unit]
    return UnitPrice(round(price_paise * amount / pack_size), per)
