"""First expired, first out: which batches units are taken from. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Take(NamedTuple):
    batch_id: int
    qty: int


def allocate(free: Iterable[tuple[int, int]], qty: int) -> list[Take]:
    """Take `qty` units from (batch id, free units) in the order given. Fewer are taken when there are not enough."""
    taken: list[Take] = []
    for batch_id, units in free:
        if qty <= 0:
            break
        if units > 0:
            taken.append(Take(batch_id, min(units, qty)))
            qty -= min(units, qty)
    return taken


def units(takes: Iterable[Take]) -> int:
    return sum(take.qty for take in takes)
