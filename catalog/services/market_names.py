"""What a listing's name and pack say, put together with what its row says itself."""

from __future__ import annotations

import dataclasses

from catalog.market_rows import Described, MarketRow
from catalog.matching.naming import describe


def described(row: MarketRow, categories: dict[str, int]) -> tuple[Described, int | None]:
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
