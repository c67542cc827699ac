"""One bag's label, in words that are already in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

SHORT = 4


@dataclass(frozen=True, slots=True)
class Size:
    width_mm: int
    height_mm: int


SIZES = {"100x50": Size(100, 50), "50x40": Size(50, 40)}


@dataclass(frozen=True, slots=True)
class Label:
    """`code` is what the QR code says. `count_words`: "Bag 1 of 2"; `zone_words`: "Frozen"; `chips`: what the customer
    asked for at the door."""

    code: str
    number: int
    of: int
    slot: str
    order_short: str
    count_words: str
    zone_words: str
    slot_word: str
    chips: tuple[str, ...] = ()


def short_number(order_number: str) -> str:
    """The end of an order's number: enough to tell the orders of a shelf apart."""
    return order_number[-SHORT:]
