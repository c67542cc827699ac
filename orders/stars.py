"""When stars become a score, and what it is. Plain Python.

The Bayesian average (Evan Miller's and IMDb's "weighted rating"): (m · prior + sum) / (m + n). A few stars move it
little, many move it to their plain mean. `m` is how many average ratings it takes to move somebody half way.
"""

from __future__ import annotations

from dataclasses import dataclass

MINIMUM_RATINGS = 20
"""Below this no score is shown or used: one angry evening is not a person."""
PRIOR_STARS = 4.6
"""Mean of a fresh city, an estimate of ours; `prior` replaces it where ratings are at hand."""
PRIOR_WEIGHT = 20


@dataclass(frozen=True, slots=True)
class Score:
    """`stars` from 1 to 5 in tenths, or None while there are fewer than MINIMUM_RATINGS; `count` always."""

    stars: float | None
    count: int


def score_of(*, stars_sum: int, count: int, prior: float = PRIOR_STARS) -> Score:
    if count < MINIMUM_RATINGS:
        return Score(None, count)
    return Score(round((PRIOR_WEIGHT * prior + stars_sum) / (PRIOR_WEIGHT + count), 1), count)
