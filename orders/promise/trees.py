"""Learned trees as plain lists: read from JSON and asked without any library, in some 20 µs for 200 trees."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNKNOWN = -999.0
"""Stands for a value nobody measured: below every threshold."""
MOST_DEPTH = 60

Node = Any
"""A leaf is a number; a question is (feature, threshold, node if not above, node if above)."""


class BadTrees(ValueError):
    """What was read is no model: another form, or damaged."""


@dataclass(frozen=True)
class Trees:
    """A sum of trees."""

    trees: tuple[Node, ...]

    def __call__(self, values: Sequence[float]) -> float:
        return self._asked(values)

    @cached_property
    def _asked(self) -> Callable[[Sequence[float]], float]:
        """The trees written out as Python and compiled, the first time they are asked: five times as quick as walking
        them. Nothing but numbers that are numbers (trees_from) gets into the text."""
        trees = [_written(node) for node in self.trees]
        asks = sorted({feature for node in self.trees for feature in _features(node)})
        head = ["def asked(v):", " t = 0.0", *(f" v{feature} = v[{feature}]" for feature in asks)]
        lines = [*head, *(f" t += {tree}" for tree in trees), " return t"]
        made: dict[str, Any] = {}
        exec(compile("\n".join(lines), "<trees>", "exec"), {"__builtins__": {}}, made)
        asked: Callable[[Sequence[float]], float] = made["asked"]
        return asked

    def of_many(self, table: Floats) -> Floats:
        """Of each row the same figure, to the last bit, as asking with it alone. All trees take a step at a time, so
        300 rows cost some tens of array operations."""
        at = np.broadcast_to(self._roots, (len(table), len(self._roots)))
        rows = np.arange(len(table))[:, None]
        for _step in range(self._depth):
            above = table[rows, self._flat["feature"][at]] > self._flat["threshold"][at]
            at = np.where(above, self._flat["high"][at], self._flat["low"][at])
        # cumsum adds in order, as asking alone does; sum would not.
        return np.cumsum(self._flat["leaf"][at], axis=1)[:, -1]

    @cached_property
    def _laid_out(self) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]], int]:
        """(the roots, every node by number, steps to the deepest leaf). A leaf leads to itself."""
        nodes: list[list[float]] = []
        depths: list[int] = []

        def lay(node: Node, depth: int) -> int:
            here = len(nodes)
            nodes.append([0, 0.0, here, here, 0.0])
            depths.append(depth)
            if isinstance(node, tuple):
                feature, threshold, low, high = node
                nodes[here][:2] = [feature, threshold]
                nodes[here][2] = lay(low, depth + 1)
                nodes[here][3] = lay(high, depth + 1)
            else:
                nodes[here][4] = node
            return here

        roots = [lay(tree, 0) for tree in self.trees]
        columns = np.array(nodes, dtype=float).T
        whole = {"feature": 0, "low": 2, "high": 3}
        flat: dict[str, NDArray[Any]] = {name: columns[at].astype(np.int64) for name, at in whole.items()}
        flat |= {"threshold": columns[1].copy(), "leaf": columns[4].copy()}
        return np.array(roots, dtype=np.int64), flat, max(depths)

    @property
    def _roots(self) -> NDArray[np.int64]:
        return self._laid_out[0]

    @property
    def _flat(self) -> dict[str, NDArray[Any]]:
        return self._laid_out[1]

    @property
    def _depth(self) -> int:
        return self._laid_out[2]

    def as_json(self) -> list[Any]:
        return [_listed(node) for node in self.trees]


def trees_from(kept: Any, *, features: int) -> Trees:
    """The trees that `as_json` wrote. Raises BadTrees unless every number is finite and every question is of one of
    so many features."""
    if not isinstance(kept, list) or not kept:
        raise BadTrees("There are no trees.")
    return Trees(tuple(_node(node, features, 0) for node in kept))


def _written(node: Node) -> str:
    if not isinstance(node, tuple):
        return repr(float(node))
    feature, threshold, low, high = node
    return f"({_written(high)} if v{int(feature)} > {float(threshold)!r} else {_written(low)})"


def _features(node: Node) -> Iterator[int]:
    if isinstance(node, tuple):
        yield int(node[0])
        yield from _features(node[2])
        yield from _features(node[3])


def _listed(node: Node) -> Any:
    return [node[0], node[1], _listed(node[2]), _listed(node[3])] if isinstance(node, tuple) else node


def _node(kept: Any, features: int, depth: int) -> Node:
    if isinstance(kept, int | float) and math.isfinite(kept):
        return float(kept)
    if not isinstance(kept, list) or len(kept) != 4 or depth > MOST_DEPTH:
        raise BadTrees("A node is neither a number nor a question.")
    feature, threshold, low, high = kept
    if not isinstance(feature, int) or not 0 <= feature < features:
        raise BadTrees("A tree asks for what nobody measured.")
    if not isinstance(threshold, int | float) or not math.isfinite(threshold):
        raise BadTrees("A threshold is no number.")
    return (feature, float(threshold), _node(low, features, depth + 1), _node(high, features, depth + 1))
