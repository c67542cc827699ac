"""Baskets in, scored "goes with" pairs out.

Method: item-to-item top-N with conditional probability (Deshpande and Karypis, "Item-based top-N recommendation
algorithms", ACM TOIS 22(1), 2004, section 4.1.2): how often `other` is in a basket that holds `product`, divided by a
power of how common `other` is anyway, so that bananas do not go with everything. Pairs that were seen together a
few times only are shrunk towards zero (Bell and Koren, "Improved neighborhood-based collaborative filtering", KDD Cup
2007):

    score(product → other) = n_together / (n_together + shrink) · n_together / (n_product · n_other ^ damping)

Scores are divided by the greatest one, so they lie in (0, 1]. They may be summed over the products of a cart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:  # scipy takes a third of a second to load, and only learning needs it: it is imported there
    from scipy import sparse

MOST_PER_BASKET = 60
"""A basket longer than this is a restocking and says little about what goes with what; its later lines are left out."""

BLOCK = 1_000
"""Products whose neighbours are counted at a time: what bounds the memory."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rules:
    """`damping` 0 forgets how common the other is, 1 divides all of it out; `keep` pairs per product are the result."""

    damping: float = 0.4
    shrink: float = 10.0
    min_together: int = 2
    keep: int = 50


STANDARD = Rules()


@dataclass(frozen=True, slots=True)
class Baskets:
    """Lines of baskets as two columns of equal length: which basket, which product. Lines of a basket stand together
    in the order they were added; a product stands in a basket once."""

    basket: Ints
    product: Ints

    def __post_init__(self) -> None:
        if self.basket.shape != self.product.shape or self.basket.ndim != 1:
            raise ValueError("One basket and one product per line.")

    @classmethod
    def of(cls, baskets: Iterable[Iterable[int]]) -> Baskets:
        """From lists of products; for tests and small things."""
        lines = [(number, product) for number, basket in enumerate(baskets) for product in dict.fromkeys(basket)]
        both = np.array(lines, dtype=np.int64).reshape(-1, 2)
        return cls(both[:, 0], both[:, 1])

    def starts(self) -> Ints:
        """Where each basket begins, and the end of the last."""
        if not len(self.basket):
            return np.zeros(1, dtype=np.int64)
        inside = np.flatnonzero(self.basket[1:] != self.basket[:-1]) + 1
        return np.concatenate([[0], inside, [len(self.basket)]]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Columns of equal length, best first per product. `together`: in how many baskets both were."""

    product: Ints
    other: Ints
    score: Floats
    together: Ints
    baskets: int

    def __len__(self) -> int:
        return len(self.product)

    def rows(self) -> Iterator[tuple[int, int, float, int]]:
        """(product, other, score, together) as plain numbers."""
        columns = (self.product, self.other, self.score, self.together)
        return zip(*(column.tolist() for column in columns), strict=True)


def learn(baskets: Baskets, rules: Rules = STANDARD) -> Pairs:
    """The `keep` best companions of each product. Deterministic: equal scores are ordered by product number.

    Memory: the baskets once more as a sparse matrix, and the counts of BLOCK products at a time.
    """
    from scipy import sparse

    starts = baskets.starts()
    sizes = np.diff(starts)
    row = np.repeat(np.arange(len(sizes)), sizes)
    early = (np.arange(len(row)) - starts[row] if len(row) else row) < MOST_PER_BASKET
    names, column = np.unique(baskets.product[early], return_inverse=True)
    bought = sparse.csr_matrix(
        (np.ones(int(early.sum()), dtype=np.float32), (row[early], column)), shape=(len(sizes), len(names))
    )
    bought.data[:] = 1.0  # a product that stood twice in a basket counts once
    often = np.asarray(bought.sum(axis=0), dtype=np.float32).ravel()
    by_product = bought.T.tocsr()
    found = [_block(by_product, bought, often, first, rules) for first in range(0, len(names), BLOCK)]
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return Pairs(nothing, nothing, nothing.astype(np.float32), nothing, len(sizes))
    product, other, score, together = (np.concatenate(part) for part in zip(*found, strict=True))
    if len(score):
        score = score / score.max()
    return Pairs(names[product], names[other], score.astype(np.float32), together.astype(np.int64), len(sizes))


def _block(
    by_product: sparse.csr_matrix, bought: sparse.csr_matrix, often: Floats, first: int, rules: Rules
) -> tuple[Ints, Ints, Floats, Floats]:
    counts = (by_product[first : first + BLOCK] @ bought).tocoo()
    product = counts.row.astype(np.int64) + first
    other = counts.col.astype(np.int64)
    together = counts.data.astype(np.float32)
    wanted = (product != other) & (together >= rules.min_together)
    product, other, together = product[wanted], other[wanted], together[wanted]
    score = together / (together + rules.shrink) * together / (often[product] * often[other] ** rules.damping)
    order = np.lexsort((other, -score, product))
    product, other, together, score = product[order], other[order], together[order], score[order]
    # Place of each pair among those of its product, from 0.
    new = np.flatnonzero(np.concatenate([[True], product[1:] != product[:-1]])) if len(product) else product
    place = np.arange(len(product)) - np.repeat(new, np.diff(np.append(new, len(product))))
    kept = place < rules.keep
    return product[kept], other[kept], score[kept].astype(np.float32), together[kept]
