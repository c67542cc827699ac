"""How good the pairs are: the last thing put into a basket is hidden, and must be among ten guesses from the rest.

Leave-one-out hit rate as in Deshpande and Karypis (2004), with the item added last instead of a random one, because
that is the guess a shop makes. Baskets to be judged take no part in the learning. The baseline guesses the ten best
sellers (of the learning part) that are not in the basket yet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.affinity.pairs import STANDARD, Baskets, Pairs, Rules, learn

if TYPE_CHECKING:  # scipy takes a third of a second to load, and only learning needs it: it is imported there
    from scipy import sparse

CHUNK = 256
"""Baskets scored at a time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way of guessing. `error` is the standard error of `hit_rate`."""

    method: str
    hits: int
    tried: int
    mrr: float

    @property
    def hit_rate(self) -> float:
        return self.hits / self.tried if self.tried else 0.0

    @property
    def error(self) -> float:
        rate = self.hit_rate
        return math.sqrt(rate * (1 - rate) / self.tried) if self.tried else 0.0


@dataclass(frozen=True, slots=True)
class Scoreboard:
    popularity: Trial
    goes_with: Trial
    pairs: int
    learned_from: int

    @property
    def lift(self) -> float:
        """How many times better than the baseline; 0 when the baseline hit nothing."""
        base = self.popularity.hit_rate
        return self.goes_with.hit_rate / base if base else 0.0


def evaluate(
    baskets: Baskets, *, rules: Rules = STANDARD, k: int = 10, held_out: float = 0.1, seed: int = 2017
) -> Scoreboard:
    """Learn from the rest, judge on the share `held_out` of the baskets (those with two items or more)."""
    starts = baskets.starts()
    sizes = np.diff(starts)
    judged = np.random.default_rng(seed).random(len(sizes)) < held_out
    judged_line = np.repeat(judged, sizes)
    rest = Baskets(baskets.basket[~judged_line], baskets.product[~judged_line])
    pairs = learn(rest, rules)
    names, often = np.unique(rest.product, return_counts=True)
    chosen = np.flatnonzero(judged & (sizes >= 2))
    wanted = baskets.product[starts[chosen + 1] - 1]
    given = [baskets.product[starts[b] : starts[b + 1] - 1] for b in chosen]
    neighbours = _matrix(pairs, names)
    flat = often.astype(np.float32)[None, :]
    goes_with = _try("goes with", neighbours, None, names, given, wanted, k)
    popularity = _try("popularity", None, flat, names, given, wanted, k)
    return Scoreboard(popularity, goes_with, len(pairs), int((~judged).sum()))


def _matrix(pairs: Pairs, names: npt.NDArray[np.int64]) -> sparse.csr_matrix:
    from scipy import sparse

    at = (np.searchsorted(names, pairs.product), np.searchsorted(names, pairs.other))
    return sparse.csr_matrix((pairs.score, at), shape=(len(names), len(names)))


def _try(
    method: str,
    neighbours: sparse.csr_matrix | None,
    flat: npt.NDArray[np.float32] | None,
    names: npt.NDArray[np.int64],
    given: list[npt.NDArray[np.int64]],
    wanted: npt.NDArray[np.int64],
    k: int,
) -> Trial:
    """Score every product for each basket (sum over what is in it), never guess what it holds already."""
    from scipy import sparse

    hits, mrr = 0, 0.0
    for first in range(0, len(given), CHUNK):
        some = given[first : first + CHUNK]
        row = np.repeat(np.arange(len(some)), [len(basket) for basket in some])
        product = np.concatenate(some)
        column = np.searchsorted(names, product)
        known = (column < len(names)) & (names[np.minimum(column, len(names) - 1)] == product)
        row, column = row[known], column[known]
        if neighbours is not None:
            asked = sparse.csr_matrix(
                (np.ones(len(row), dtype=np.float32), (row, column)), shape=(len(some), len(names))
            )
            scores = (asked @ neighbours).toarray()
        else:
            assert flat is not None
            scores = np.repeat(flat, len(some), axis=0)
        scores[row, column] = -1.0
        best = np.argpartition(-scores, min(k, scores.shape[1] - 1), axis=1)[:, :k]
        best_scores = np.take_along_axis(scores, best, axis=1)
        best = np.take_along_axis(best, np.argsort(-best_scores, axis=1, kind="stable"), axis=1)
        # A product that nothing points at (score 0) is no guess.
        guessed = np.take_along_axis(scores, best, axis=1) > 0
        found = (names[best] == wanted[first : first + CHUNK, None]) & guessed
        hits += int(found.any(axis=1).sum())
        mrr += float((found / (np.arange(best.shape[1]) + 1)).sum())
    return Trial(method, hits, len(given), mrr / len(given) if given else 0.0)
