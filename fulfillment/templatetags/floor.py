"""Small words of the floor's templates. `{% load floor %}`."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def alone(value: Any) -> list[Any]:
    """A list with just this in it: for parts that take a list."""
    return [value]


@register.filter
def counting(number: int) -> range:
    """1 to `number`, at most twelve steps (the last one is always `number`'s own)."""
    return range(max(1, number - 11), number + 1)


@register.filter
def kilos(grams: int) -> str:
    """850 → "850 g", 2350 → "2.4 kg"."""
    return f"{grams} g" if grams < 1000 else f"{grams / 1000:.1f} kg"
