"""How much of each line is needed, and how much of it one of each listing is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.baskets.answer import AskedLine
from catalog.baskets.asked import WantedLine
from catalog.baskets.filtering import filtered
from catalog.baskets.reading import Candidate
from catalog.market_queries.rows import Listed

MILLI = 1000


class Piece(NamedTuple):
    """One of a listing; `amount` in thousandths of the measure of its line."""

    category: int | None
    listed: Listed
    amount: int


@dataclass(slots=True)
class Need:
    """A line with its listings by platform. `amount` in thousandths of its measure."""

    line: AskedLine
    amount: int
    is_sold: bool
    """Somebody has it, if only in packs that this amount says nothing about."""
    by_platform: dict[int, list[Piece]] = field(default_factory=dict)


def need_of(number: int, line: WantedLine, found: Sequence[Candidate]) -> Need:
    kept, not_used = filtered(line.filters, found)
    pieces = max(1, line.pieces)
    amount, measure, is_assumed = line.amount, line.measure, False
    if amount is None:
        amount, measure, is_assumed = _usual(line, [it.listed for it in kept])
    measure = measure or "pc"
    by_piece = any(it.listed.measure == "pc" and it.listed.amount for it in kept)
    by_pack = amount is None or (measure == "pc" and not by_piece)
    said = line.item or next((it.listed.name for it in kept), line.sku)
    total = None if amount is None else amount * pieces
    asked = AskedLine(number, said, total, measure, is_assumed, not_used)
    need = Need(asked, max(1, round((amount or 1) * pieces * MILLI)), bool(kept))
    for platform, category, listed in kept:
        each = listed.amount if listed.measure == measure else None
        if by_pack:
            each = 1  # two breads are two packs; six bananas are not six bags of them
        if each:
            need.by_platform.setdefault(platform, []).append(Piece(category, listed, round(each * MILLI)))
    return need


def _usual(line: WantedLine, listings: Sequence[Listed]) -> tuple[float | None, str, bool]:
    """How much most platforms' packs hold; of a product its own pack."""
    sellers: dict[tuple[str, float], list[str]] = defaultdict(list)
    for listed in listings:
        if listed.amount and (not line.sku or listed.sku == line.sku):
            sellers[listed.measure, listed.amount].append(listed.platform)
    if not sellers:
        return None, "", True
    measure, amount = max(sellers, key=lambda it: (len(set(sellers[it])), len(sellers[it]), -it[1], it[0]))
    return amount, measure, not line.sku
