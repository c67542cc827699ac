"""Learn a correction from what really happened. Needs the extra `eta` (LightGBM); nothing that serves imports it.

Gradient boosting by least squares of log(actual / guess): the middle of a lognormal is its median, and unlike the
absolute error it may be told that it never falls in a feature. The spread is learned from misses of models that had not
seen the order (blocks of time left out in turn), for a model's misses on its own rows are too small.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orders.promise.conformal import Adaptive
from orders.promise.learned import Learned
from orders.promise.trees import UNKNOWN, Trees

Floats = NDArray[np.float64]

BLOCKS = 4
WILDEST = 6.0
"""A sixth of the usual time and six times of it are the ends: what lies beyond is mostly a slip of a finger."""


class NotInstalled(RuntimeError):
    def __init__(self) -> None:
        super().__init__("Learning needs LightGBM: pip install 'blinkit[eta]' (and the system's libgomp1).")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is learned, how finely. Chosen on the first three quarters of the benchmark (docs/eta.md)."""

    rounds: int = 200
    leaves: int = 24
    rate: float = 0.05
    least_rows: int = 40
    features: float = 0.4
    models: int = 12
    """So many models with other draws of rows and features are averaged."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """`scores`: of each row, its miss in usual misses by a model that had not seen it."""

    learned: Learned
    scores: tuple[float, ...]


def learn(
    values: Sequence[Sequence[float]],
    guess: Sequence[float],
    actual: Sequence[float],
    *,
    fields: Sequence[str],
    increasing: Collection[str],
    version: str,
    effort: Effort | None = None,
) -> Lesson:
    """From rows in the order of time. `increasing`: fields in which neither time may ever fall.

    Raises NotInstalled.
    """
    effort = effort or Effort()
    table, first, took = np.asarray(values, float), np.asarray(guess, float), np.asarray(actual, float)
    rises = [int(name in increasing) for name in fields]
    target = np.log(np.maximum(took, 1e-3) / first)
    target = np.clip(target - np.median(target), -np.log(WILDEST), np.log(WILDEST)) + np.median(target)
    unseen = np.empty(len(took))
    block_of = np.arange(len(took)) * BLOCKS // len(took)
    for block in range(BLOCKS):
        trees = _boost(table[block_of != block], target[block_of != block], rises, effort, models=1)
        unseen[block_of == block] = first[block_of == block] * np.exp(_say(trees, table[block_of == block]))
    miss = np.abs(took - unseen)
    few = effort.rounds * 2 // 5
    rough = replace(effort, rounds=few, leaves=8, least_rows=3 * effort.least_rows, models=1)
    usual = np.log(np.maximum(miss, 0.1 * np.median(miss)))
    spread = _boost(table, usual, rises, rough, models=1)
    scores = (took - unseen) / np.exp(_say(spread, table))
    middle = _boost(table, target, rises, effort, models=effort.models)
    learned = Learned(version, tuple(fields), middle, spread, Adaptive(scores, window=len(scores)).z())
    return Lesson(learned, tuple(float(score) for score in scores))


def booster() -> Any:
    """LightGBM. Raises NotInstalled."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: the wheel is there, the system's OpenMP is not
        raise NotInstalled() from error
    return lightgbm


def _boost(table: Floats, target: Floats, rises: list[int], effort: Effort, *, models: int) -> Trees:
    lightgbm = booster()
    trees: list[Any] = []
    for seed in range(1, models + 1):
        options = {
            "objective": "l2",
            "num_leaves": effort.leaves,
            "learning_rate": effort.rate,
            "min_data_in_leaf": effort.least_rows,
            "feature_fraction": effort.features,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "monotone_constraints": rises,
            "use_missing": False,  # what is not known is UNKNOWN
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": seed,
            "verbose": -1,
        }
        model = lightgbm.train(options, lightgbm.Dataset(table, target), effort.rounds)
        trees += [_node(tree["tree_structure"], models) for tree in model.dump_model()["tree_info"]]
    return Trees(tuple(trees))


def _node(kept: dict[str, Any], models: int) -> Any:
    if "leaf_value" in kept:
        return kept["leaf_value"] / models
    return (
        int(kept["split_feature"]),
        float(kept["threshold"]),
        _node(kept["left_child"], models),
        _node(kept["right_child"], models),
    )


def _say(trees: Trees, table: Floats) -> Floats:
    total = np.zeros(len(table))
    everything = np.arange(len(table))
    for tree in trees.trees:
        todo = [(tree, everything)]
        while todo:
            node, rows = todo.pop()
            if not isinstance(node, tuple):
                total[rows] += node
                continue
            above = table[rows, node[0]] > node[1]
            todo += [(node[3], rows[above]), (node[2], rows[~above])]
    return total


__all__ = ["UNKNOWN", "Effort", "Lesson", "NotInstalled", "booster", "learn"]
