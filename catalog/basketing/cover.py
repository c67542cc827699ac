"""The cheapest way to buy at least so much of something from packs of several sizes: an integer covering knapsack,
solved exactly by branch and bound over the price per amount (Martello and Toth, Knapsack Problems, 1990, ch. 2-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_PIECES = 60
"""Of one pack. Who needs more than that of one thing is no household."""
MOST_PACKS = 16
"""Packs that are weighed against each other: the cheapest by amount, and the cheapest of all."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """For every full `pieces` of the pack, so much off."""

    pieces: int
    off_bp: int = 0
    off_paise: int = 0


@dataclass(frozen=True, slots=True)
class Pack:
    """`amount` is positive. From `bulk_from` pieces on each costs `bulk_paise`."""

    key: int
    amount: int
    paise: int
    bulk_paise: int | None = None
    bulk_from: int | None = None
    bundle: Bundle | None = None

    def cost(self, pieces: int) -> int:
        each = self.paise
        if self.bulk_paise is not None and self.bulk_from and pieces >= self.bulk_from:
            each = min(each, self.bulk_paise)
        off = 0
        if self.bundle is not None and (sets := pieces // max(1, self.bundle.pieces)):
            per_set = each * self.bundle.pieces * self.bundle.off_bp // 10_000 + self.bundle.off_paise
            off = sets * min(per_set, each * self.bundle.pieces)
        return pieces * each - off

    @property
    def worth_up_to(self) -> int:
        """Pieces up to which one more may make all of them cheaper."""
        return max(self.bulk_from or 1, self.bundle.pieces if self.bundle else 1)


@dataclass(frozen=True, slots=True)
class Cover:
    """Pieces of each pack by its key, what they cost, and how much that is (at least what was needed)."""

    parts: tuple[tuple[int, int], ...]
    paise: int
    amount: int

    @property
    def pieces(self) -> int:
        return sum(pieces for _, pieces in self.parts)


def cover(packs: Sequence[Pack], need: int) -> Cover | None:
    """The cheapest pieces with `need` or more in all; of equally cheap ones the fewest, then the least too much.

    None when there are no packs, or MOST_PIECES of the largest are too little.
    """
    need = max(1, need)
    ordered = sorted(_worth_a_look(packs, need), key=lambda it: (it[2], -it[0].amount, it[0].key))
    best: Cover | None = None
    least = [rate for _, _, rate in ordered] + [0.0]  # sorted: the first of what is left has the lowest rate

    def go(at: int, left: int, spent: int, chosen: tuple[tuple[int, int], ...], amount: int) -> None:
        nonlocal best
        if left <= 0:
            found = Cover(tuple(sorted(chosen)), spent, amount)
            if best is None or _rank(found) < _rank(best):
                best = found
            return
        if at == len(ordered) or (best is not None and spent + left * least[at] - 1e-6 > best.paise):
            return
        pack, most, _ = ordered[at]
        for pieces in range(most, 0, -1):
            go(at + 1, left - pieces * pack.amount, spent + pack.cost(pieces), (*chosen, (pack.key, pieces)),
               amount + pieces * pack.amount)  # fmt: skip
        go(at + 1, left, spent, chosen, amount)

    go(0, need, 0, (), 0)
    return best


def _rank(found: Cover) -> tuple[int, int, int, tuple[tuple[int, int], ...]]:
    return found.paise, found.pieces, found.amount, found.parts


def _worth_a_look(packs: Sequence[Pack], need: int) -> list[tuple[Pack, int, float]]:
    """(pack, most pieces, lowest price per amount); without packs that another beats in size and price alike."""
    plain = sorted(packs, key=lambda it: (it.paise, -it.amount, it.key))
    kept: list[Pack] = []
    largest = 0
    for pack in plain:
        if pack.amount <= 0:
            continue
        special = pack.bundle is not None or pack.bulk_paise is not None
        if special or pack.amount > largest:
            kept.append(pack)
        largest = max(largest, pack.amount)
    found = []
    for pack in kept:
        most = min(MOST_PIECES, max(-(-need // pack.amount), pack.worth_up_to))
        rate = min(pack.cost(pieces) / min(pieces * pack.amount, need) for pieces in range(1, most + 1))
        found.append((pack, most, rate))
    if len(found) > MOST_PACKS:
        by_rate = sorted(found, key=lambda it: (it[2], it[0].key))[: MOST_PACKS - 4]
        by_price = sorted((it for it in found if it not in by_rate), key=lambda it: (it[0].paise, it[0].key))[:4]
        found = by_rate + by_price
    return found
