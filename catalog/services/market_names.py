"""What a listing's name and pack say, put together with what its row says itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib import import_module
from typing import Any

from catalog import packs
from catalog.market_rows import Described, MarketRow

Describe = Callable[[str, str, str], Any]


def describer() -> Describe:
    try:
        found: Describe = import_module("catalog.matching.naming").describe
    except (ModuleNotFoundError, AttributeError):
        return _plainly
    return found


def _plainly(name: str, pack: str, hint: str) -> Described:
    """The pack alone, from its own column or the end of the name."""
    read = packs.read_pack(pack, column=True) or packs.read_pack(name)
    if read is None:
        return Described(pack=pack[:60])
    return Described(pack=(pack or read.printed)[:60], amount=read.total, measure=read.base, pieces=read.count)


def described(row: MarketRow, describe: Describe, categories: dict[str, int]) -> tuple[Described, int | None]:
    """What the row says itself goes first."""
    if row.brand and row.item and row.category_slug and row.amount is not None:
        read = Described(row.brand, row.item, row.category_slug, row.pack, row.amount, row.measure, row.pieces)
    else:
        found = describe(row.name, row.pack, row.category_slug)
        read = Described(
            brand=(row.brand or found.brand or "")[:120],
            item=(row.item or found.item or "")[:60],
            category_slug=row.category_slug if row.category_slug in categories else found.category_slug or "",
            pack=(row.pack or found.pack or "")[:60],
            amount=row.amount if row.amount is not None else found.amount,
            measure=row.measure or found.measure or "",
            pieces=row.pieces if row.pieces > 1 else found.pieces or 1,
        )
    return dataclasses.replace(read, category_slug=""), categories.get(read.category_slug)
